"""The command line with a hub: signing in, people, and every command there or with a sentence."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gristmill import cli
from gristmill.client import connecting
from gristmill.client.connecting import Address
from gristmill.client.hub import Hub
from services.apis import Api, a_table, badge


@dataclass
class Shell:
    """Carries out command lines of one person against a hub, as in a pipe."""

    home: Path
    hub: Hub
    capture: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""

    def __call__(self, *args: str) -> int:
        code = cli.run(lambda: self.hub, files=self.home / "files", args=args, more=cli.signing_in(self.home))
        self.out, self.err = self.capture.readouterr()
        return code

    def said(self, *args: str) -> str:
        """What a command line that does its work prints."""
        assert self(*args) == 0, self.err
        return self.out


@pytest.fixture
def person(api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[str], Shell]]:
    """Name -> their command line."""
    hubs: list[Hub] = []

    def of(name: str) -> Shell:
        home = tmp_path / name
        hubs.append(Hub(Address.of(api.url, badge(name)), home))
        return Shell(home, hubs[-1], capsys)

    yield of
    for hub in hubs:
        hub.close()


def test_a_hub_is_signed_in_to_and_out_of(
    api: Api, person: Callable[[str], Shell], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = person("olga")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{badge('olga')}\n"))
    assert shell.said("login", api.url) == f"Signed in to {api.url}/ as olga.\n"
    assert connecting.find(shell.home, {}) == Address.of(api.url, badge("olga"))
    assert shell.said("logout") == "Signed out.\n"
    assert connecting.find(shell.home, {}) is None
    assert shell.said("logout") == "You were not signed in.\n"


@pytest.mark.parametrize(
    ("url", "token", "says"),
    [
        (None, "a-secret", "This token is not valid"),
        (None, "", "There is no token."),
        (None, "two words", "That is no token."),
        ("hub.example.org", "a-secret", "That is no hub's address."),
        ("https://me:a-secret@hub.example.org", "a-secret", "A hub's address holds no user and no password."),
    ],
)
def test_who_cannot_sign_in_is_told_why(
    api: Api, person: Callable[[str], Shell], monkeypatch: pytest.MonkeyPatch, url: str | None, token: str, says: str
) -> None:
    shell = person("olga")
    monkeypatch.setattr("sys.stdin", io.StringIO(token))
    assert shell("login", url or api.url) == 2
    assert says in shell.err
    assert "a-secret" not in shell.err + shell.out
    assert connecting.find(shell.home, {}) is None


def test_people_share_a_project(person: Callable[[str], Shell]) -> None:
    olga, vera = person("olga"), person("vera")
    id, name, owner = olga.said("projects", "--new", "mill").strip().split("\t")
    assert (name, owner) == ("olga/mill", "olga")
    assert olga.said("share", "mill", "vera", "--as", "editor") == "vera is now editor of mill.\n"
    assert olga.said("share", "mill", "bakers", "--team") == "bakers is now viewer of mill.\n"
    assert vera.said("members", "olga/mill").splitlines() == [
        "person\tolga\towner",
        "person\tvera\teditor",
        "team\tbakers\tviewer",
    ]
    assert vera.said("projects").split("\t")[0] == id
    assert vera("share", "olga/mill", "sam") == 2
    assert "It takes an owner of the project" in vera.err
    olga.said("unshare", "mill", "bakers", "--team")
    vera.said("unshare", "olga/mill", "vera")
    assert vera("members", id) == 2
    assert vera.err.startswith("There is no project")


def test_a_link_lets_somebody_in(person: Callable[[str], Shell]) -> None:
    olga, sam = person("olga"), person("sam")
    olga.said("projects", "--new", "mill")
    made = json.loads(olga.said("invite", "mill", "--as", "editor", "--lasts", "12h", "--json"))
    lasts = made["invitation"]["expires_at"] - made["invitation"]["created_at"]
    assert (made["invitation"]["membership"], round(lasts)) == ("editor", 12 * 3600)
    assert olga.said("invitations", "mill").startswith(f"{made['invitation']['id']}\teditor\tolga\t")
    assert sam.said("join", made["token"]) == "You are a member of olga/mill.\n"
    token = re.findall(r"(?m)^token\t(\S+)$", olga.said("invite", "mill"))[0]
    for line in olga.said("invitations", "mill").splitlines():
        olga.said("withdraw", line.split("\t")[0])
    assert person("vera")("join", token) == 2


def test_every_command_works_there_or_says_what_is_missing(person: Callable[[str], Shell], tmp_path: Path) -> None:
    shell = person("olga")
    grain, notebook = tmp_path / "grain.csv", tmp_path / "mine.ipynb"
    grain.write_bytes(a_table())
    assert "name\tolga" in shell.said("me")
    assert "target\tripe" in shell.said("check", str(grain))
    trained = shell.said("train", str(grain), "--budget", "60s", "--no-wait", "--project", "mill")
    run = re.findall(r"(?m)^run\t(\S+)$", trained)[0]
    assert shell.said("runs", "--project", "mill").startswith(f"{run}\tqueued")
    assert "status\tqueued" in shell.said("show")
    assert shell.said("logs", run) == ""
    assert shell.said("cancel", run) == f"{run} is cancelled\n"
    assert "status\tqueued" in shell.said("resume", run, "--budget", "60s", "--no-wait")
    assert str(tmp_path / "run") in shell.said("notebook", run, "--folder", str(tmp_path / "run"))
    assert (tmp_path / "run" / "data" / "grain.csv").read_bytes() == a_table()
    assert "tabular@" in shell.said("recipe", "list")
    shell.said("recipe", "show", run, "-o", str(notebook))
    second = re.findall(r"(?m)^run\t(\S+)$", shell.said("rerun", run, "--no-wait"))[0]
    compared = shell.said("compare", run, second).splitlines()
    assert (compared[0], compared[1]) == (f"id\t{run}\t{second}", "status\tcancelled\tqueued")
    assert json.loads(shell.said("compare", run, second, "--json"))["comparable"] is True
    assert shell("compare", run) == 2
    assert shell("stage", run, "production") == 2
    assert "may not do this" in shell.err
    again = shell.said("train", str(grain), "--recipe", str(notebook), "--no-wait", "--json")
    assert json.loads(again)["status"] == "queued"
    for args, says in (
        (("report", run), "has no report"),
        (("download", run), "has no model"),
        (("predict", run, str(grain), "-o", str(tmp_path / "out.csv")), "has no model"),
        (("predict", "model-0", str(grain), "-o", str(tmp_path / "out.csv")), "There is no model"),
        (("explore", "dataset-0", "-o", str(tmp_path / "page.html")), "There is no dataset"),
    ):
        assert shell(*args) in (2, 4)
        assert says in shell.err
