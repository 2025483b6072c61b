"""Creates that stand in line: kept several at once, in order, and nobody waits for who takes long."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event

from gristmill.api.line import Line
from gristmill.catalog import Catalog
from gristmill.errors import NotFound
from gristmill.records import Answer, Deed, new_id
from services.catalogs import lay_catalog

PATIENCE = 30.0


@pytest.fixture
def shelved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    catalog = Catalog.open(lay_catalog(tmp_path))
    monkeypatch.setattr(catalog._database, "group_lasts", PATIENCE)  # busy cores may stand still for some time
    return catalog


def write(catalog: Catalog, thing: str) -> str:
    deed = Deed(
        id=new_id("deed"), created_at=1.0, who="olga", address="", action="run.train", thing=thing, project_id=None,
        outcome="done",
    )  # fmt: skip
    catalog.deeds.add(deed)
    return thing


def take(catalog: Catalog, *whats: Callable[[], str]) -> list[str | BaseException]:
    async def all_at_once() -> list[str | BaseException]:
        line: Line[str] = Line(catalog)
        return await asyncio.gather(*(line.take(lambda _, what=what: what()) for what in whats), return_exceptions=True)

    return asyncio.run(all_at_once())


def test_many_at_once_are_kept_in_few_transactions_and_in_order(shelved: Catalog) -> None:
    commits: list[object] = []
    event.listen(shelved._database._writer, "commit", commits.append)
    carried_out: list[str] = []

    def one(thing: str) -> str:
        carried_out.append(thing)
        return write(shelved, thing)

    things = [f"{number}" for number in range(40)]
    assert take(shelved, *(partial(one, thing) for thing in things)) == things
    assert carried_out == things
    assert len(commits) < 20
    assert {deed.thing for deed in shelved.deeds.list()} == set(things)


def test_nobody_waits_for_who_takes_long(shelved: Catalog) -> None:
    others = threading.Event()

    def slow() -> str:
        shelved.rest()
        assert others.wait(PATIENCE)  # as for a store that is far away
        return write(shelved, "slow")

    def last() -> str:
        others.set()
        return write(shelved, "last")

    answers = take(shelved, partial(write, shelved, "first"), slow, partial(write, shelved, "third"), last)
    assert answers == ["first", "slow", "third", "last"]


def test_a_catalog_that_takes_long_is_written_to_by_one_at_a_time(shelved: Catalog) -> None:
    seen: list[str] = []

    def slow(thing: str) -> str:
        seen.append(f"{thing} begins")
        with shelved.together():
            write(shelved, thing)
            time.sleep(0.5)  # as for a disk that is busy
        seen.append(f"{thing} ends")
        return thing

    assert take(shelved, partial(slow, "first"), partial(slow, "second")) == ["first", "second"]
    assert seen == ["first begins", "first ends", "second begins", "second ends"]


def test_who_goes_to_a_store_keeps_nobody_from_writing(shelved: Catalog) -> None:
    """What came before is kept first: a worker's process must not wait for somebody's store."""
    written = threading.Event()

    def elsewhere() -> None:
        with Catalog.open(str(shelved._database._writer.url)) as other:
            write(other, "elsewhere")
        written.set()

    def slow() -> str:
        shelved.rest()
        threading.Thread(target=elsewhere).start()
        assert written.wait(PATIENCE)
        return "slow"

    assert take(shelved, partial(write, shelved, "first"), slow) == ["first", "slow"]


def test_what_could_not_be_kept_is_told_to_all_of_them(shelved: Catalog) -> None:
    def spoil() -> str:
        with shelved._database.writing() as connection:  # a debt that SQLite asks for with the commit
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            connection.exec_driver_sql("INSERT INTO papers VALUES ('run-0', 'recipe', '{}', NULL)")
        return "spoiled"

    answers = take(shelved, partial(write, shelved, "first"), spoil)
    assert [type(answer) for answer in answers] == [NotFound, NotFound]
    assert shelved.deeds.list() == ()


def test_who_asks_what_was_asked_before_is_told_so(shelved: Catalog) -> None:
    def asked(key: str) -> Answer:
        return Answer(who="olga", key=key, digest="ab", created_at=1.0, status=201)

    shelved.answers.keep(asked("known"))
    told: list[tuple[str, bool]] = []

    def note(key: str, fresh: bool) -> None:
        told.append((key, fresh))

    async def all_at_once() -> None:
        line: Line[None] = Line(shelved)
        keys = ["new", "known", "twice", "twice", *(f"{number}" for number in range(20))]
        taken = [line.take(partial(note, key), asked(key)) for key in keys]
        await asyncio.gather(*taken, line.take(partial(note, "without")))

    asyncio.run(all_at_once())
    assert told[:4] == [("new", True), ("known", False), ("twice", True), ("twice", False)]
    assert told[4:-1] == [(f"{number}", True) for number in range(20)]
    assert told[-1] == ("without", False)


def test_where_it_cannot_be_looked_up_nobody_is_told_that_theirs_is_new(shelved: Catalog) -> None:
    async def one() -> bool:
        line: Line[bool] = Line(shelved)
        return await line.take(lambda fresh: fresh, Answer(who="olga", key="k", digest="ab", created_at=1.0))

    assert asyncio.run(one())
    with shelved._database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE answers RENAME TO elsewhere")
    assert not asyncio.run(one())
