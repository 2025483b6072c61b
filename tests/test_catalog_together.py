"""What is written together: a thread's block or a group of blocks in one transaction, on both databases; and papers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event, select

from gristmill.catalog import Catalog, tables
from gristmill.errors import Conflict, GristmillError, NotFound, OverLimit
from gristmill.records import Account, CommonText, Deed, Power, Run, Wanted, Who, new_id, replace
from services.catalogs import a_dataset, lay_catalog, run_on

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


def texts(catalog: Catalog) -> list[tuple[str, str]]:
    with catalog._database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(tables.texts))]


def test_a_text_that_many_runs_are_asked_with_is_kept_once(catalog: Catalog) -> None:
    dataset, recipe = a_dataset(catalog), CommonText(digest="ab", text='{"cells":[]}')
    runs = [catalog.runs.add(run_on(dataset), {"recipe": recipe, "proposal": b"{}"}) for _ in range(3)]
    for run in runs:
        assert catalog.papers.of(run.id) == {"recipe": b'{"cells":[]}', "proposal": b"{}"}
        assert catalog.papers.read(run.id, "recipe", lambda _: b"from the store") == b'{"cells":[]}'
    assert texts(catalog) == [("ab", '{"cells":[]}')]
    catalog.papers.drop(runs[0].id)
    assert catalog.papers.of(runs[0].id) == {}
    assert catalog.papers.read(runs[0].id, "recipe", lambda _: b"from the store") == b"from the store"
    assert catalog.papers.of(runs[1].id)["recipe"] == b'{"cells":[]}'


def test_two_who_keep_a_text_at_once_both_have_it(catalog: Catalog) -> None:
    dataset, recipe = a_dataset(catalog), CommonText(digest="ab", text='{"cells":[]}')
    first, second = run_on(dataset), run_on(dataset)
    with catalog.together():
        catalog.runs.add(first, {"recipe": recipe})
        other = threading.Thread(target=catalog.runs.add, args=(second, {"recipe": recipe}))
        other.start()  # it waits until it is known whether the first one's text is kept
    other.join(PATIENCE)
    assert [catalog.papers.of(run.id) for run in (first, second)] == [{"recipe": b'{"cells":[]}'}] * 2


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


@pytest.fixture
def shelved(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(lay_catalog(tmp_path)) as catalog:
        yield catalog


def anything(*_: object) -> None: ...


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


def test_papers_of_what_has_ended_are_found(catalog: Catalog) -> None:
    waits, over = run_on(a_dataset(catalog)), run_on(a_dataset(catalog))
    for run in (waits, over):
        catalog.runs.add(run, {"a": b"{}", "b": b"{}"})
    assert catalog.papers.left_over() == ()
    catalog.runs.want(over.id, Wanted.CANCEL)
    assert catalog.papers.left_over() == (over.id,)
    catalog.papers.drop(over.id)
    assert catalog.papers.left_over() == ()


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


@pytest.mark.parametrize("in_block", [True, False])
def test_teams_that_were_not_kept_are_written_the_next_time(catalog: Catalog, *, in_block: bool) -> None:
    """Which teams stand in the catalog is remembered for a while, once they do."""
    dataset, who = a_dataset(catalog), replace(OLGA, teams=("millers",))
    with suppress(OverLimit), catalog.together() if in_block else nullcontext():
        catalog.runs.add(run_on(dataset, owner="olga"), who=who, decide=refuse)
    assert catalog.fair_use.mates("millers") == ()
    for _ in range(3):
        with catalog.together() if in_block else nullcontext():
            catalog.runs.add(run_on(dataset, owner="olga"), who=who, decide=lambda _: None)
        assert catalog.fair_use.mates("millers") == ("olga",)
    with catalog.together():
        catalog.runs.add(run_on(dataset, owner="olga"), who=replace(OLGA, teams=("bakers",)), decide=lambda _: None)
    assert (catalog.fair_use.mates("millers"), catalog.fair_use.mates("bakers")) == ((), ("olga",))


# --- groups ----------------------------------------------------------------------------------------------------------


def blocks(catalog: Catalog, *writes: Callable[[], object]) -> list[GristmillError | None]:
    """What each block in one group was told."""
    told: list[GristmillError | None] = []

    def block(write: Callable[[], object]) -> None:
        with suppress(Off), catalog.together():
            write()

    with catalog.grouped() as group:
        for write in writes:
            group.carry_out(partial(block, write), lambda _, lost: told.append(lost))
    assert len(told) == len(writes)
    return told


def test_blocks_of_a_group_are_kept_in_one_transaction_and_see_one_another(catalog: Catalog) -> None:
    runs = [run_on(a_dataset(catalog)) for _ in range(3)]
    commits: list[object] = []
    event.listen(catalog._database._writer, "commit", commits.append)

    def write(number: int) -> None:
        assert len(catalog.runs.list()) == number
        catalog.runs.add(runs[number], {"recipe": b"{}"})
        catalog.afterwards(lambda: kept.append(len(commits)))

    kept: list[int] = []
    assert blocks(catalog, *(partial(write, number) for number in range(3))) == [None, None, None]
    assert (len(commits), kept) == (1, [1, 1, 1])  # nobody is told before all is kept
    assert {run.id for run in catalog.runs.list()} == {run.id for run in runs}


def test_one_block_of_a_group_that_raises_is_undone_alone(catalog: Catalog) -> None:
    runs = [run_on(a_dataset(catalog)) for _ in range(3)]
    noted: list[str] = []

    def write(number: int) -> None:
        catalog.runs.add(runs[number], {"recipe": b"{}"})
        catalog.afterwards(lambda: noted.append(f"kept {number}"))
        catalog.afterwards(lambda: noted.append(f"always {number}"), always=True)
        if number == 1:
            raise Off

    blocks(catalog, *(partial(write, number) for number in range(3)))
    assert {run.id for run in catalog.runs.list()} == {runs[0].id, runs[2].id}
    assert catalog.papers.of(runs[1].id) == {}
    assert noted == ["kept 0", "always 0", "always 1", "kept 2", "always 2"]


def test_what_fails_before_it_has_written_costs_the_others_nothing(catalog: Catalog) -> None:
    first, refused, last = (run_on(a_dataset(catalog)) for _ in range(3))
    carried_out: list[str] = []

    def fails() -> None:
        carried_out.append("fails")
        with pytest.raises(OverLimit):
            catalog.runs.add(refused, who=OLGA, decide=refuse)

    def writes(run: Run) -> None:
        carried_out.append(run.id)
        catalog.runs.add(run)

    with catalog.grouped() as group:
        for what in (partial(writes, first), fails, partial(writes, last)):
            group.carry_out(what, anything)
    assert carried_out == [first.id, "fails", last.id]
    assert {run.id for run in catalog.runs.list()} == {first.id, last.id}


def test_a_block_that_fails_half_way_is_carried_out_again_by_itself_and_its_answer_is_kept(catalog: Catalog) -> None:
    """What it writes after it has failed counts."""
    runs, carried_out = [run_on(a_dataset(catalog)) for _ in range(3)], []

    def write(number: int) -> None:
        carried_out.append(number)
        with suppress(Off), catalog.together():
            catalog.runs.add(runs[number])
            if number == 1:
                raise Off
        catalog.deeds.add(a_deed())

    with catalog.grouped() as group:
        for number in range(3):
            group.carry_out(partial(write, number), anything)
    assert carried_out == [0, 1, 0, 1, 2]
    assert {run.id for run in catalog.runs.list()} == {runs[0].id, runs[2].id}
    assert len(catalog.deeds.list()) == 3


@pytest.mark.parametrize("behind", [0, 1, 3])
def test_who_writes_what_cannot_be_hears_it_and_the_others_hear_nothing(catalog: Catalog, behind: int) -> None:
    """However late the database says so: with what somebody else asks, or when all is to be kept."""
    first, rival, *others = (run_on(a_dataset(catalog)) for _ in range(2 + behind))
    heard: list[tuple[str, type[GristmillError] | None]] = []

    def write(run: Run) -> type[GristmillError] | None:
        try:
            with catalog.together():
                assert catalog.runs.list() is not None
                catalog.runs.add(run)
                catalog.deeds.add(a_deed(run.name))
        except GristmillError as error:
            return type(error)
        return None

    with catalog.grouped() as group:
        for run in (replace(first, name="first"), replace(rival, id=first.id, name="rival"), *others):
            group.carry_out(partial(write, run), lambda error, lost, name=run.name: heard.append((name, lost or error)))
    assert heard == [("first", None), ("rival", Conflict), *((run.name, None) for run in others)]
    assert {run.id for run in catalog.runs.list()} == {first.id, *(run.id for run in others)}
    assert sorted(deed.thing for deed in catalog.deeds.list()) == sorted(["first", *(run.name for run in others)])


def test_what_cannot_be_is_found_out_before_somebody_goes_to_a_store(catalog: Catalog) -> None:
    run, went = run_on(a_dataset(catalog)), []

    def go() -> None:
        catalog.rest()
        went.append(len(catalog.deeds.list()))
        catalog.deeds.add(a_deed())

    with catalog.grouped() as group:
        group.carry_out(lambda: catalog.deeds.add(a_deed()), anything)
        for _ in range(2):
            group.carry_out(partial(fails_to_add, catalog, run), anything)
        group.carry_out(go, anything)
    assert (went[-1], len(catalog.runs.list()), len(catalog.deeds.list())) == (1, 1, 2)


def fails_to_add(catalog: Catalog, run: Run) -> None:
    with suppress(Conflict):
        catalog.runs.add(run)


def test_half_of_a_block_that_fails_is_not_kept_when_it_goes_to_a_store(catalog: Catalog) -> None:
    runs = [run_on(a_dataset(catalog)) for _ in range(2)]

    def write(number: int) -> None:
        with suppress(Off), catalog.together():
            catalog.runs.add(runs[number])
            raise Off
        catalog.rest()
        catalog.runs.list()

    with catalog.grouped() as group:
        group.carry_out(lambda: catalog.deeds.add(a_deed()), anything)
        for number in range(2):
            group.carry_out(partial(write, number), anything)
    assert (catalog.runs.list(), len(catalog.deeds.list())) == ((), 1)


def test_what_no_group_carries_out_has_a_transaction_of_its_own(catalog: Catalog) -> None:
    run, told = run_on(a_dataset(catalog)), []
    with catalog.grouped() as group:
        group.carry_out(lambda: catalog.deeds.add(a_deed()), lambda _, lost: told.append(lost))
        catalog.runs.add(run)
        assert told == [None]  # what came before is kept before
        with pytest.raises(Conflict):
            catalog.runs.add(run)
        with pytest.raises(OverLimit):
            catalog.runs.add(run_on(a_dataset(catalog), owner="olga"), who=OLGA, decide=refuse)
        catalog.deeds.add(a_deed())
    assert ([one.id for one in catalog.runs.list()], len(catalog.deeds.list())) == ([run.id], 2)


def test_who_goes_to_a_store_has_what_came_before_kept(catalog: Catalog) -> None:
    told: list[GristmillError | None] = []

    def go() -> None:
        with suppress(Off), catalog.together():
            catalog.deeds.list()
            catalog.rest()
            assert told == [None]
            catalog.deeds.add(a_deed())
            catalog.rest()  # in the middle of a block nothing is kept
            raise Off

    with catalog.grouped() as group:
        group.carry_out(lambda: catalog.deeds.add(a_deed()), lambda _, lost: told.append(lost))
        group.carry_out(go, anything)
    assert len(catalog.deeds.list()) == 1


def test_a_group_that_cannot_be_kept_says_so_to_all(tmp_path: Path) -> None:
    with Catalog.open(f"sqlite:///{tmp_path}/catalog.db") as catalog:
        run = run_on(a_dataset(catalog))

        def spoil() -> None:
            with catalog._database.writing() as connection:  # a debt that SQLite asks for with the commit
                connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
                connection.exec_driver_sql("INSERT INTO papers VALUES ('run-0', 'recipe', '{}', NULL)")

        told = blocks(catalog, lambda: catalog.runs.add(run), spoil, lambda: catalog.deeds.add(a_deed()))
        assert [type(error) for error in told] == [NotFound] * 3
        assert (catalog.runs.list(), catalog.deeds.list()) == ((), ())
        catalog.runs.add(run)  # and nothing of it is in the way


def test_who_fails_half_way_after_going_to_a_store_is_carried_out_again_as_well(catalog: Catalog) -> None:
    run, went = run_on(a_dataset(catalog)), []

    def write() -> None:
        catalog.rest()
        went.append(len(catalog.deeds.list()))
        with suppress(Off), catalog.together():
            catalog.runs.add(run)
            raise Off
        catalog.deeds.add(a_deed())

    with catalog.grouped() as group:
        group.carry_out(lambda: catalog.deeds.add(a_deed()), anything)
        group.carry_out(write, anything)
    assert went == [1, 1]
    assert (catalog.runs.list(), len(catalog.deeds.list())) == ((), 2)


def give_up(catalog: Catalog) -> None:
    """As SQLite does itself where the disk is full."""
    with catalog._database.writing() as connection:
        connection.exec_driver_sql("ROLLBACK")
        raise Off


def test_a_group_that_the_database_has_given_up_is_not_gone_on_with(tmp_path: Path) -> None:
    with Catalog.open(f"sqlite:///{tmp_path}/catalog.db") as catalog:
        told = blocks(
            catalog, lambda: catalog.deeds.add(a_deed()), lambda: give_up(catalog), lambda: catalog.deeds.add(a_deed())
        )
        assert (told, len(catalog.deeds.list())) == ([None] * 3, 2)


def test_what_was_written_is_in_the_file_once_it_has_caught_up(tmp_path: Path) -> None:
    file, alone = tmp_path / "catalog.db", tmp_path / "alone.db"
    with Catalog.open(f"sqlite:///{file}") as catalog:
        run = catalog.runs.add(run_on(a_dataset(catalog)))
        with catalog.together():
            catalog.deeds.add(a_deed())  # somebody is writing
            catalog.catch_up()
        alone.write_bytes(file.read_bytes())  # without what stands beside it
    with Catalog.open(f"sqlite:///{alone}") as kept:
        assert (kept.runs.get(run.id), kept.deeds.list()) == (run, ())


def test_catching_up_is_nothing_where_nobody_falls_behind(catalog: Catalog) -> None:
    run = catalog.runs.add(run_on(a_dataset(catalog)))
    catalog.catch_up()
    assert catalog.runs.get(run.id) == run
