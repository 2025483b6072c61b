"""What is done every so often beside a process's work: whatever goes wrong in one round, there is a next one."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from gristmill import app
from gristmill.errors import CatalogFailed
from gristmill.rounds import Round
from gristmill.settings import Settings

PATIENCE = 30.0


class FailsFirst:
    """Something to do that fails the first time."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error
        self.done = 0
        self.again = threading.Event()

    def __call__(self) -> None:
        self.done += 1
        error, self._error = self._error, None
        if error is not None:
            raise error
        self.again.set()

    round = __call__


@pytest.mark.parametrize("prompt", [True, False])
@pytest.mark.parametrize(
    ("error", "level"), [(CatalogFailed("It is away."), logging.WARNING), (KeyError("flour"), logging.ERROR)]
)
def test_a_round_that_fails_is_followed_by_the_next(
    error: Exception, level: int, caplog: pytest.LogCaptureFixture, *, prompt: bool
) -> None:
    what = FailsFirst(error)
    with Round("milling", what, seconds=0.01, prompt=prompt):
        assert what.again.wait(PATIENCE)
    assert [record.levelno for record in caplog.records] == [level]
    assert "milling" in caplog.text


def test_a_round_is_done_at_once_and_once_more_at_the_end() -> None:
    done: list[int] = []
    begun = threading.Event()

    def what() -> None:
        done.append(1)
        begun.set()

    with Round("milling", what, seconds=3600):
        assert begun.wait(PATIENCE)
    assert len(done) == 2


def test_what_is_not_prompt_is_neither_done_at_once_nor_at_the_end() -> None:
    done: list[int] = []
    with Round("milling", lambda: done.append(1), seconds=3600, prompt=False) as going:
        pass
    going._thread.join(PATIENCE)
    assert done == []


@pytest.mark.parametrize("where", ["making ready", "a round"])
def test_the_schedules_time_is_kept_whatever_goes_wrong(
    where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    unforeseen = KeyError("flour")
    making = FailsFirst(unforeseen if where == "making ready" else None)
    ticking = FailsFirst(unforeseen if where == "a round" else None)

    def make(*_: Any) -> FailsFirst:
        making()
        return ticking

    monkeypatch.setattr(app, "_ticking", make)
    monkeypatch.setattr(app, "_TICK_EVERY", 0.01)
    tools: Any = None  # which only the real one asks for
    with app._keeping_time(Settings.read({"GRISTMILL_HOME": str(tmp_path)}), tools):
        assert ticking.again.wait(PATIENCE)
    assert making.done == (2 if where == "making ready" else 1)
    assert "KeyError: 'flour'" in caplog.text
