"""Logs: one event a line, with what it is about and without what nobody may read."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from gristmill.errors import UsageError
from gristmill.logs import about, struck_out, write_logs


@pytest.fixture
def to() -> Iterator[io.StringIO]:
    """Where the log goes; what was set up before is set up again."""
    root, ours = logging.getLogger(), logging.getLogger("gristmill")
    handlers, level, our_level = root.handlers[:], root.level, ours.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(our_level)


def test_an_event_is_one_line_of_json_that_names_its_run(to: io.StringIO) -> None:
    write_logs("json", to)
    with about(run="run-1"):
        logging.getLogger("gristmill.worker").info("claimed\nby %s", "worker-1", extra={"fence": 2})
    logging.getLogger("gristmill.api").warning("alone")
    first, second = (json.loads(line) for line in to.getvalue().splitlines())
    assert (first["run"], first["fence"], first["message"], first["level"]) == (
        "run-1",
        2,
        "claimed\nby worker-1",
        "info",
    )
    assert "run" not in second


def test_text_is_one_line_too(to: io.StringIO) -> None:
    write_logs("text", to)
    with about(run="run-1"):
        logging.getLogger("gristmill.worker").info("claimed\n2026-01-01 ERROR forged")
    (line,) = to.getvalue().splitlines()
    assert "INFO gristmill.worker run=run-1: claimed 2026-01-01 ERROR forged" in line


@pytest.mark.parametrize("form", ["json", "text"])
def test_secrets_never_reach_a_line(to: io.StringIO, form: str) -> None:
    write_logs(form, to)
    log = logging.getLogger("gristmill.api")
    try:
        raise ValueError("Authorization: Bearer hush-hush-hush")
    except ValueError:
        log.exception(
            "postgresql://olga:hush-hush@db/x failed", extra={"url": "https://s3/x?X-Amz-Signature=hush123&a=b"}
        )
    log.info("signed by %s, token hush-hush-hush", "whsec_hush-hush")
    assert "hush" not in to.getvalue()
    assert "a=b" in to.getvalue()


def test_what_is_no_secret_stays() -> None:
    for text in ("The token is not valid here.", "https://example.org:8443/hook", "basic: 3 runs"):
        assert struck_out(text) == text


def test_a_form_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"GRISTMILL_LOG is 'xml'.*text or json"):
        write_logs("xml")
