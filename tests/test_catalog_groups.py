"""Groups on PostgreSQL: two that need the same turns, and what goes to the server together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from gristmill.catalog import Catalog, prepared
from gristmill.errors import CatalogFailed, Conflict, GristmillError, UsageError
from gristmill.records import Account, Run, Who
from services.catalogs import a_dataset, clear, run_on

ADA, BERT = Who(name="ada", teams=("millers",)), Who(name="bert", teams=("bakers",))
PATIENCE = 30.0


@pytest.fixture
def shared(postgres_catalog: str) -> Iterator[Catalog]:
    with Catalog.open(postgres_catalog) as catalog:
        clear(catalog)
        yield catalog


def anything(*_: object) -> None: ...


def carry_out(catalog: Catalog, *whats: Callable[[], object]) -> list[GristmillError | None]:
    """What each of these blocks of one group was told."""
    told: list[GristmillError | None] = []
    with catalog.grouped() as group:
        for what in whats:
            group.carry_out(what, lambda _, lost: told.append(lost))
    return told


def test_two_groups_that_need_each_other_s_turns_both_come_to_their_end(shared: Catalog, postgres_catalog: str) -> None:
    dataset, both_have_one = a_dataset(shared), threading.Barrier(2)
    counted: list[tuple[Account, ...]] = []

    def submit(first: Who, second: Who) -> None:
        def one() -> None:
            catalog.runs.add(run_on(dataset, owner=first.name), who=first, decide=anything)
            both_have_one.wait(PATIENCE)

        def other() -> None:
            catalog.runs.add(run_on(dataset, owner=second.name), who=second, decide=counted.append)

        with Catalog.open(postgres_catalog) as catalog:
            assert carry_out(catalog, one, other) == [None, None]

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(submit, ADA, BERT), threads.submit(submit, BERT, ADA)]:
            done.result(PATIENCE)
    assert len(shared.runs.list()) == 4
    # Each saw what the other had queued before: nobody slips past a limit.
    assert [[account.queued for account in accounts] for accounts in counted] == [[1, 1], [1, 1]]


def test_what_nobody_waits_for_goes_off_with_the_next_question(
    shared: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Be it somebody else's."""
    runs = [run_on(a_dataset(shared), owner="ada") for _ in range(2)]
    go_off = prepared._Post.go_off
    sent: list[list[str]] = []

    def noted(post: prepared._Post, cursor: Any, *question: tuple[str, Any]) -> None:
        sent.append([" ".join(text.split()[:3]) for text, _ in [*post.waiting, *question]])
        go_off(post, cursor, *question)

    def add(run: Run) -> None:
        shared.runs.add(run, {"recipe": b"{}", "proposal": b"{}"}, who=ADA, decide=anything)

    add(run_on(a_dataset(shared), owner="ada"))  # her team is known from now on
    monkeypatch.setattr(prepared._Post, "go_off", noted)
    written = ["INSERT INTO runs", "INSERT INTO asked", *["INSERT INTO papers"] * 2]
    carry_out(shared, *(partial(add, run) for run in runs))
    assert [sent[0][:-1], *sent[1:]] == [written, written]  # the first with a question of the second
    sent.clear()

    def add_and_look() -> None:
        add(run)
        assert run.id in [one.id for one in shared.runs.list()]  # by a statement of SQLAlchemy's own

    run = run_on(a_dataset(shared), owner="ada")
    carry_out(shared, add_and_look)
    assert sent == [written]
    assert shared.papers.of(run.id).keys() == {"recipe", "proposal"}


def test_what_has_gone_off_and_fails_costs_nobody_else_anything(shared: Catalog) -> None:
    run, other = run_on(a_dataset(shared)), run_on(a_dataset(shared))
    heard: list[type[GristmillError]] = []

    def again() -> None:
        try:
            shared.runs.add(run, {"recipe": b"{}"})
        except GristmillError as error:
            heard.append(type(error))

    assert carry_out(shared, lambda: shared.runs.add(run), again, lambda: shared.runs.add(other)) == [None] * 3
    assert heard == [Conflict]
    assert {one.id for one in shared.runs.list()} == {run.id, other.id}
    assert shared.papers.of(run.id) == {}
    shared.runs.add(run_on(a_dataset(shared)))  # the connection is as good as before
    assert len(shared.runs.list()) == 3


def test_a_group_whose_server_hangs_up_is_carried_out_again(shared: Catalog, postgres_catalog: str) -> None:
    runs, hung_up = [run_on(a_dataset(shared)) for _ in range(3)], []

    def hang_up() -> None:
        shared.runs.add(runs[1])
        if hung_up:
            return
        with shared._database.reading() as connection:
            hung_up.append(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
        with Catalog.open(postgres_catalog) as other, other._database.reading() as connection:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({hung_up[0]})").all()

    told = carry_out(shared, lambda: shared.runs.add(runs[0]), hang_up, lambda: shared.runs.add(runs[2]))
    assert (told, len(hung_up)) == ([None] * 3, 1)
    assert {run.id for run in shared.runs.list()} == {run.id for run in runs}


def test_what_the_server_has_undone_is_carried_out_again(shared: Catalog) -> None:
    run, tried = run_on(a_dataset(shared)), []

    def divide() -> None:
        tried.append(run.id)
        with pytest.raises(UsageError), shared._database.reading() as connection:
            connection.exec_driver_sql("SELECT 1 / 0")

    assert carry_out(shared, lambda: shared.runs.add(run), divide) == [None, None]
    assert ([one.id for one in shared.runs.list()], len(tried)) == ([run.id], 2)


def test_a_group_that_is_cut_off_while_it_is_kept_is_lost_to_all(
    shared: Catalog, postgres_catalog: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it was kept, nobody knows: who carried it out again might have it twice."""
    dataset = a_dataset(shared)
    must_stand = shared._database._must_stand

    def cut_off(connection: Any) -> None:
        must_stand(connection)
        backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with Catalog.open(postgres_catalog) as other, other._database.reading() as line:
            line.exec_driver_sql(f"SELECT pg_terminate_backend({backend})").all()

    monkeypatch.setattr(shared._database, "_must_stand", cut_off)
    told = carry_out(shared, lambda: shared.runs.add(run_on(dataset)), lambda: shared.runs.add(run_on(dataset)))
    assert [type(lost) for lost in told] == [CatalogFailed, CatalogFailed]
    assert shared.runs.list() == ()
