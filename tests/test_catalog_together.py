"""What is written together: one transaction for a thread's block, on both databases; and what runs were asked with."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from gristmill.catalog import Catalog
from gristmill.errors import Conflict, OverLimit
from gristmill.records import Account, Deed, Power, Run, Who, new_id
from services.catalogs import a_dataset, run_on

OLGA = Who(name="olga", powers=frozenset({Power.USE, Power.TRAIN}))
PATIENCE = 30.0


class Off(Exception):
    """Ends a block."""


def a_deed(thing: str = "run-1") -> Deed:
    return Deed(
        id=new_id("deed"), created_at=1.0, who="olga", address="", action="run.train", thing=thing, project_id=None,
        outcome="done",
    )  # fmt: skip


def test_what_a_block_writes_is_there_when_it_ends(catalog: Catalog) -> None:
    dataset, run = a_dataset(catalog), run_on(a_dataset(catalog))
    seen: list[int] = []

    def look() -> None:
        with Catalog.open(str(catalog._database._writer.url.render_as_string(hide_password=False))) as other:
            seen.append(len(other.runs.list([dataset.project_id])))

    with catalog.together():
        catalog.runs.add(run, {"recipe": b"{}"})
        assert catalog.runs.get(run.id) == run  # its own thread sees it
        catalog.deeds.add(a_deed(run.id))
        look_from_elsewhere = threading.Thread(target=look)
        look_from_elsewhere.start()
        look_from_elsewhere.join(PATIENCE)
    look()
    assert seen == [0, 1]
    assert [deed.thing for deed in catalog.deeds.list()] == [run.id]


def test_a_block_that_raises_leaves_nothing(catalog: Catalog) -> None:
    run = run_on(a_dataset(catalog))

    def write() -> None:
        with catalog.together():
            catalog.runs.add(run, {"recipe": b"{}"})
            catalog.deeds.add(a_deed())
            raise Off

    with pytest.raises(Off):
        write()
    assert (catalog.runs.list(), catalog.deeds.list(), catalog.papers.of(run.id)) == ((), (), {})
    catalog.runs.add(run)  # and nothing of it is in the way


def test_what_fails_in_a_block_undoes_what_came_before(catalog: Catalog) -> None:
    run = run_on(a_dataset(catalog))
    with catalog.together():
        catalog.deeds.add(a_deed())
        with pytest.raises(Conflict):
            _twice(catalog, run)
    assert (catalog.runs.list(), catalog.deeds.list()) == ((), ())


def refuse(_: Sequence[Account]) -> None:
    raise OverLimit("Too much.")


def _twice(catalog: Catalog, run: Run) -> None:
    catalog.runs.add(run)
    catalog.runs.add(run)


def test_a_block_inside_another_is_part_of_it(catalog: Catalog) -> None:
    run = run_on(a_dataset(catalog))

    def write() -> None:
        with catalog.together():
            with catalog.together():
                catalog.runs.add(run)
            raise Off

    with pytest.raises(Off):
        write()
    assert catalog.runs.list() == ()


def test_nobody_waits_for_a_block_that_has_only_read(catalog: Catalog) -> None:
    dataset, written = a_dataset(catalog), threading.Event()

    def write() -> None:
        catalog.runs.add(run_on(dataset))
        written.set()

    with catalog.together():
        assert catalog.runs.list() == ()
        other = threading.Thread(target=write)
        other.start()
        assert written.wait(PATIENCE)
        assert len(catalog.runs.list()) == 1  # and it goes on seeing what there is
    other.join(PATIENCE)


def test_what_is_to_be_done_afterwards_waits_until_all_is_kept(catalog: Catalog) -> None:
    dataset = a_dataset(catalog)
    told: list[str] = []
    catalog.afterwards(lambda: told.append("at once"))
    with catalog.together():
        catalog.runs.add(run_on(dataset))
        catalog.afterwards(lambda: told.append("kept"))
        catalog.afterwards(lambda: told.append("always"), always=True)
        assert told == ["at once"]

    def fail() -> None:
        with catalog.together():
            catalog.afterwards(lambda: told.append("never"))
            catalog.afterwards(lambda: told.append("all the same"), always=True)
            raise Off

    with pytest.raises(Off):
        fail()
    assert told == ["at once", "kept", "always", "all the same"]


def test_papers_are_kept_with_their_run_until_they_are_in_the_store(catalog: Catalog) -> None:
    run = run_on(a_dataset(catalog))
    catalog.runs.add(run, {"a": '{"löwe": 1}'.encode(), "b": b"[]"})
    assert catalog.papers.of(run.id) == {"a": '{"löwe": 1}'.encode(), "b": b"[]"}
    assert catalog.papers.read(run.id, "b", lambda key: key.encode() * 2) == b"[]"
    catalog.papers.drop(run.id)
    assert catalog.papers.of(run.id) == {}
    assert catalog.papers.read(run.id, "b", lambda key: f"{key} from the store".encode()) == b"b from the store"


def test_who_is_refused_leaves_no_papers(catalog: Catalog) -> None:
    run = run_on(a_dataset(catalog), owner="olga")

    with pytest.raises(OverLimit):
        catalog.runs.add(run, {"a": b"{}"}, who=OLGA, decide=refuse)
    assert (catalog.runs.list(), catalog.papers.of(run.id)) == ((), {})


def test_teams_that_were_refused_are_remembered_the_next_time(catalog: Catalog) -> None:
    """What is believed of teams for a while is what was found in the catalog, not what was undone."""
    who = Who(name="olga", teams=("millers",))
    counted: list[Sequence[Account]] = []

    dataset = a_dataset(catalog)
    for _ in range(3):
        with pytest.raises(OverLimit):
            catalog.runs.add(run_on(dataset, owner="olga"), who=who, decide=refuse)
    for number in range(3):
        catalog.runs.add(run_on(dataset, owner="olga", created_at=float(number)), who=who, decide=counted.append)
    assert [accounts[1].queued for accounts in counted] == [0, 1, 2]
