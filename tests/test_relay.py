"""From the run folder to the catalog: what a notebook writes is read like any stranger's words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gristmill.catalog import Catalog
from gristmill.errors import CatalogFailed
from gristmill.mill import Mill, Parts
from gristmill.records import EventKind, Run, RunRequest
from gristmill.sandbox.process import ProcessSandbox
from gristmill.stores import open_store
from gristmill.worker.relay import Relay
from services.catalogs import lay_catalog
from services.mills import Notepad

EXAMPLES = Path(__file__).parent.parent / "examples"
BOARD = [{"model": "LightGBM", "score": 0.9, "level": 1}]


@pytest.fixture
def catalog(home: Path) -> Iterator[Catalog]:
    with Catalog.open(lay_catalog(home)) as opened:
        yield opened


@pytest.fixture
def run(home: Path, catalog: Catalog) -> Run:
    sandbox = ProcessSandbox(cache=home / "cache")
    store = open_store((home / "store").as_uri())
    mill = Mill(Parts(catalog=catalog, store=store, dispatcher=Notepad(), sandbox=sandbox, home=home))
    mill.train(RunRequest(dataset_id=mill.admit(mill.upload(EXAMPLES / "penguins.csv").id).id))
    claimed = catalog.runs.claim("test", 60)
    assert claimed is not None
    return claimed


def say(folder: Path, *lines: object) -> None:
    with (folder / "events.jsonl").open("a") as events:
        events.writelines((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)


def test_events_log_and_leaderboard_arrive_once_and_in_order(tmp_path: Path, catalog: Catalog, run: Run) -> None:
    relay = Relay(tmp_path, catalog, run)
    relay.phase("fetch", 1.0)
    say(tmp_path, {"at": 3.0, "kind": "phase", "body": {"phase": "load", "warm": 2.5}})
    say(tmp_path, {"at": 4.0, "kind": "leaderboard", "body": {"rows": BOARD}})
    (tmp_path / "log.txt").write_text("Größe\n")
    relay.pump()
    relay.pump()
    kinds = [event.kind for event in catalog.events.after(run.id)]
    assert kinds == [EventKind.PHASE, EventKind.PHASE, EventKind.LEADERBOARD, EventKind.LOG]
    assert catalog.runs.get(run.id).leaderboard[0].model == "LightGBM"
    assert (relay.now, relay.warm, relay.began("load"), relay.began("fit")) == ("load", 2.5, 3.0, None)
    assert relay.seconds(until=10.0) == {"fetch": 2.0, "load": 7.0}


def test_what_is_not_as_it_should_be_is_skipped(tmp_path: Path, catalog: Catalog, run: Run) -> None:
    relay = Relay(tmp_path, catalog, run)
    say(
        tmp_path,
        "no json",
        "[]",
        {"kind": "status", "body": {"status": "succeeded"}, "at": 1},
        {"kind": "log", "body": {"text": "forged"}, "at": 1},
        {"kind": "leaderboard", "body": {"rows": [{"score": "high"}]}, "at": 1},
        {"kind": "phase", "body": {}, "at": 1},
        {"kind": "notice", "body": {"code": "x", "message": "x" * 300_000}, "at": 1},
    )
    for _ in range(5):
        relay.pump()
    assert catalog.events.after(run.id) == ()
    say(tmp_path, {"kind": "phase", "body": {"phase": "fit"}, "at": 2.0})
    relay.pump()
    assert relay.now == "fit"


def test_news_wait_while_the_catalog_is_away(
    tmp_path: Path, catalog: Catalog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay(tmp_path, catalog, run)

    def away(*_: object) -> None:
        raise CatalogFailed("The catalog cannot be reached.")

    with monkeypatch.context() as broken:
        broken.setattr(catalog.events, "add", away)
        relay.phase("fetch", 1.0)
    relay.pump()
    assert [event.body for event in catalog.events.after(run.id)] == [{"phase": "fetch"}]
