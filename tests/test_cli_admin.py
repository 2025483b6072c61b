"""Commands for owners and admins, as they are typed: a project's own store, what was done, what was used."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gristmill import app, cli
from gristmill.mill import Mill
from gristmill.records import Limits, Subject, Wanted
from services.catalogs import a_dataset, run_on

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def mill(home: Path) -> Iterator[Mill]:
    assert home.is_dir()
    made = app.embedded(app.Settings.read())
    yield made
    made._catalog.close()


@pytest.fixture
def typed(mill: Mill, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    """A command's exit code, and what it says to stdout and stderr."""

    def type_(*args: str) -> tuple[int, str, str]:
        code = cli.run(lambda: mill, files=tmp_path, args=args)
        said = capsys.readouterr()
        return code, said.out, said.err

    return type_


def test_a_project_gets_a_store_and_leaves_it(typed: Typed, mill: Mill, tmp_path: Path) -> None:
    project = mill.make_project("mill")
    assert typed("projects")[1] == f"{project.id}\tmill\tlocal\n"
    code, _, said = typed("projects", "store", "mill")
    assert (code, said.splitlines()[0]) == (2, "The project mill has no store of its own.")
    url = (tmp_path / "another").as_uri()
    code, out, _ = typed("projects", "store", "mill", url, "--json")
    kept = json.loads(out)["store"]
    assert (code, kept["url"], kept["credentials"]) == (0, url, "")
    assert typed("projects", "store", "mill")[1] == f"id\t{kept['id']}\nurl\t{url}\nby\tlocal\n"
    assert typed("projects", "store", "mill", "--drop")[0] == 0
    assert mill.project("mill").store_id is None


def test_credentials_are_read_from_stdin_and_never_said(
    typed: Typed, mill: Mill, monkeypatch: pytest.MonkeyPatch
) -> None:
    mill.make_project("mill")
    given = b"aws_access_key_id=hunter2-id\naws_secret_access_key=hunter2-key\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
    url = "s3://bucket?endpoint=http://127.0.0.1:9&region=eu-west-1"
    code, out, said = typed("projects", "store", "mill", url, "--credentials", "-")
    assert (code, said.splitlines()[0]) == (2, "This store cannot be used.")
    assert "hunter2" not in out + said
    for args in (("--credentials", "-"), ("--drop", url)):
        assert typed("projects", "store", "mill", *args)[0] == 2


def test_admins_see_what_was_done_and_used(typed: Typed, mill: Mill) -> None:
    mill.make_project("mill")
    mill.set_limits(Limits(kind=Subject.EVERYBODY, money=5.0))
    run = mill._catalog.runs.add(run_on(a_dataset(mill._catalog), owner="ada\x1b[31m"))
    assert mill._catalog.runs.claim("test", 60, only=run.id) is not None
    mill._catalog.runs.release(run.id, 1)
    mill._catalog.runs.want(run.id, Wanted.CANCEL)
    _, deeds, _ = typed("admin", "deeds")
    assert [line.split("\t")[3] for line in deeds.splitlines()] == ["limits.set", "project.make"]
    _, narrowed, _ = typed("admin", "deeds", "--action", "project.make", "--json")
    assert [one["thing"] for one in json.loads(narrowed)["deeds"]] == [mill.project("mill").id]
    _, used, _ = typed("admin", "usage")
    (line,) = used.splitlines()
    assert line.split("\t")[1:4] == ["ada", run.project_id, "1"]  # and nothing that would steer a terminal
    assert typed("admin", "usage", "--teams")[1] == ""
    assert typed("admin", "usage", "--month", "2026-13")[0] == 2
