"""Groups on PostgreSQL: two that need the same turns, and what goes to the server together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gristmill.catalog import Catalog, prepared
from gristmill.errors import Conflict
from gristmill.records import Account, Who
from services.catalogs import a_dataset, clear, run_on

ADA, BERT = Who(name="ada", teams=("millers",)), Who(name="bert", teams=("bakers",))
PATIENCE = 30.0


@pytest.fixture
def shared(postgres_catalog: str) -> Iterator[Catalog]:
    with Catalog.open(postgres_catalog) as catalog:
        clear(catalog)
        yield catalog


def anything(_: object) -> None: ...


def test_two_groups_that_need_each_other_s_turns_both_come_to_their_end(shared: Catalog, postgres_catalog: str) -> None:
    dataset, both_have_one = a_dataset(shared), threading.Barrier(2)
    counted: list[tuple[Account, ...]] = []

    def submit(first: Who, second: Who) -> None:
        with Catalog.open(postgres_catalog) as catalog, catalog.grouped():
            catalog.runs.add(run_on(dataset, owner=first.name), who=first, decide=anything)
            both_have_one.wait(PATIENCE)
            catalog.runs.add(run_on(dataset, owner=second.name), who=second, decide=counted.append)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(submit, ADA, BERT), threads.submit(submit, BERT, ADA)]:
            done.result(PATIENCE)
    assert len(shared.runs.list()) == 4
    # Each saw what the other had queued before: nobody slips past a limit.
    assert [[account.queued for account in accounts] for accounts in counted] == [[1, 1], [1, 1]]


def test_what_nobody_waits_for_goes_off_with_the_next_question(
    shared: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_on(a_dataset(shared), owner="ada")
    hand_over, sent = prepared._hand_over, []

    def noted(connection: Any, cursor: Any, letters: list[tuple[str, Any]]) -> None:
        sent.append([" ".join(text.split()[:3]) for text, _ in letters])
        hand_over(connection, cursor, letters)

    monkeypatch.setattr(prepared, "_hand_over", noted)
    with shared.grouped():
        shared.runs.add(run, {"recipe": b"{}", "proposal": b"{}"}, who=ADA, decide=anything)
        assert run.id in [one.id for one in shared.runs.list()]  # by a statement of SQLAlchemy's own
    begin, *_, end = sent
    assert begin[0] == "SAVEPOINT block"
    assert end == ["INSERT INTO runs", "INSERT INTO asked", *["INSERT INTO papers"] * 2, "RELEASE block"]
    assert shared.papers.of(run.id).keys() == {"recipe", "proposal"}


def test_what_has_gone_off_and_fails_is_heard_in_its_own_block(shared: Catalog) -> None:
    run, other = run_on(a_dataset(shared)), run_on(a_dataset(shared))
    with shared.grouped():
        shared.runs.add(run)
        with pytest.raises(Conflict):
            shared.runs.add(run, {"recipe": b"{}"})
        shared.runs.add(other)
    assert {one.id for one in shared.runs.list()} == {run.id, other.id}
    assert shared.papers.of(run.id) == {}
    shared.runs.add(run_on(a_dataset(shared)))  # the connection is as good as before
    assert len(shared.runs.list()) == 3
