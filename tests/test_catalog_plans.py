"""How SQLite looks things up: what is asked all day goes by an index, however many runs there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from gristmill.catalog import Catalog, Outcome, prepared
from gristmill.records import CommonText, Limits, RunKind, RunStatus, Subject, Who
from services.catalogs import a_dataset, add_runs, run_on

QUEUED = RunStatus.QUEUED


class Watched:
    """A catalog, and each statement that it has sent."""

    def __init__(self, catalog: Catalog, patch: pytest.MonkeyPatch) -> None:
        self.catalog = catalog
        self.sent: list[tuple[str, Any]] = []
        for engine in (catalog._database._reader, catalog._database._writer):
            event.listen(engine, "before_cursor_execute", self._note)
        found, carry_out = prepared._Made.found, prepared._Made.carry_out

        def found_too(made: prepared._Made, connection: Connection, bound: Any) -> list[tuple[Any, ...]]:
            self._note(None, None, made.text, tuple(bound))
            return found(made, connection, bound)

        def done_too(made: prepared._Made, connection: Connection, several: Sequence[Any]) -> None:
            self._note(None, None, made.text, tuple(several[0]))
            carry_out(made, connection, several)

        patch.setattr(prepared._Made, "found", found_too)  # SQLAlchemy does not see these
        patch.setattr(prepared._Made, "carry_out", done_too)

    def _note(self, _connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH", "UPDATE", "INSERT", "DELETE")):
            self.sent.append((statement, values))

    def plans(self, ask: Callable[[], object]) -> list[str]:
        """How each statement is carried out that asking sends."""
        self.sent.clear()
        ask()
        found = []
        for statement, values in list(self.sent):
            with self.catalog._database._reader.connect() as connection:
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
            found += [row.detail for row in rows]
        return found


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    with Catalog.open(f"sqlite:///{tmp_path}/catalog.db") as catalog:
        add_runs(catalog, 5)
        yield Watched(catalog, monkeypatch)


def walks(plans: list[str], table: str = "runs") -> list[str]:
    """What goes through a whole table, or a whole index that does not narrow it."""
    return [plan for plan in plans if plan.split(" USING ")[0] in (f"SCAN {table}", f"SCAN TABLE {table}")]


IN_A_PROJECT = "COVERING INDEX ix_runs_project_id_created_at_id_owner_kind_task (project_id=?"
LISTS: dict[str, tuple[dict[str, Any], str]] = {
    "project": ({"project_ids": ["p-1"]}, IN_A_PROJECT),
    "projects": ({"project_ids": ["p-1", "p-2", "p-3"]}, IN_A_PROJECT),
    "many projects": ({"project_ids": [f"p-{number}" for number in range(250)]}, IN_A_PROJECT),
    "project, owner": ({"project_ids": ["p-1", "p-2"], "owner": "olga"}, IN_A_PROJECT),
    "project, task": ({"project_ids": ["p-1"], "task": "tabular-regression"}, IN_A_PROJECT),
    "project, kind": ({"project_ids": ["p-1"], "kind": RunKind.BATCH}, IN_A_PROJECT),
    "project, status": (
        {"project_ids": ["p-1"], "statuses": [QUEUED]},
        "COVERING INDEX ix_runs_project_id_status_created_at_id (project_id=? AND status=?",
    ),
    "status": ({"statuses": [QUEUED]}, "COVERING INDEX ix_runs_status_created_at_id (status=?"),
    "owner": ({"owner": "olga"}, "COVERING INDEX ix_runs_owner_created_at_id (owner=?"),
    "task": ({"task": "tabular-regression"}, "COVERING INDEX ix_runs_task_created_at_id (task=?"),
    "kind": ({"kind": RunKind.BATCH}, "COVERING INDEX ix_runs_kind_created_at_id (kind=?"),
}


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(("narrowed", "index"), LISTS.values(), ids=LISTS.keys())
def test_a_page_is_read_off_an_index_that_stands_in_its_order(
    watched: Watched, narrowed: dict[str, Any], index: str, *, later: bool
) -> None:
    before = watched.catalog.runs.list()[0].id if later else None
    plans = watched.plans(lambda: watched.catalog.runs.list(**narrowed, before=before))
    pages = [plan for plan in plans if "ix_runs" in plan]
    assert pages
    assert all(index in plan for plan in pages), pages
    assert not walks(plans)
    assert not [plan for plan in plans if "TEMP B-TREE" in plan]


def test_all_runs_are_read_from_their_newest(watched: Watched) -> None:
    plans = watched.plans(watched.catalog.runs.list)
    assert walks(plans) == ["SCAN runs USING COVERING INDEX ix_runs_created_at_id"]  # its end, as it is limited


@pytest.mark.parametrize("limited", [False, True])
def test_a_claim_looks_at_no_run_that_is_over(watched: Watched, *, limited: bool) -> None:
    catalog = watched.catalog
    if limited:
        for kind, name in ((Subject.EVERYBODY, ""), (Subject.PERSON, "olga"), (Subject.TEAM, "millers")):
            catalog.fair_use.limits.put(Limits(kind=kind, name=name, runs_at_once=2))
    plans = watched.plans(lambda: catalog.runs.claim("worker", 15))
    assert not walks(plans)
    searched = [plan for plan in plans if "ix_runs" in plan]
    assert searched
    assert all("(status=?" in plan for plan in searched), searched


def test_a_submit_and_a_run_s_end_search_by_keys(watched: Watched) -> None:
    catalog, dataset = watched.catalog, a_dataset(watched.catalog)
    run, olga = run_on(dataset, owner="olga", created_at=0.5), Who(name="olga", teams=("millers",))
    recipe = CommonText(digest="ab", text="{}")
    plans = watched.plans(lambda: catalog.runs.add(run, {"recipe": recipe}, who=olga, decide=lambda _: None))
    assert "SEARCH teammates USING COVERING INDEX ix_teammates_team_person (team=?)" in plans
    assert not walks(plans)
    plans = watched.plans(lambda: catalog.papers.of(run.id))
    assert [plan.partition(" (")[0] for plan in plans] == [
        "SEARCH papers USING INDEX sqlite_autoindex_papers_1",
        "SEARCH texts USING INDEX sqlite_autoindex_texts_1",
    ]
    assert not walks(watched.plans(lambda: catalog.datasets.found(dataset.id, olga)), "uploads")
    held = catalog.runs.claim("worker", 15, only=run.id)
    assert held is not None
    outcome = Outcome(status=RunStatus.FAILED)
    assert not walks(watched.plans(lambda: catalog.runs.finish(run.id, held.fence, outcome)))


def test_how_a_team_stands_takes_a_row_for_each_of_its_people(watched: Watched) -> None:
    plans = watched.plans(lambda: watched.catalog.fair_use.accounts(Who(name="olga", teams=("millers",))))
    assert not [plan for table in ("runs", "asked", "uploads", "usage") for plan in walks(plans, table)]
    assert len([plan for plan in plans if "SEARCH asked USING INDEX sqlite_autoindex_asked_1 (owner=?)" in plan]) == 2
    counted = [plan for plan in plans if "SEARCH runs" in plan]
    assert len(counted) == 2
    of_those_that_run = ("ix_runs_owner (owner=?)", "ix_runs_status_created_at_id (status=?)")
    assert all(plan.endswith(of_those_that_run) for plan in counted), counted
    assert [plan for plan in plans if "SEARCH uploads USING COVERING INDEX" in plan]


def test_indexes_of_what_few_runs_have_are_used(watched: Watched) -> None:
    ended = watched.plans(lambda: watched.catalog.seeing.ended(0.0))
    assert ended == ["SEARCH runs USING INDEX ix_runs_finished_at_id (finished_at>?)"]
    predicted = watched.plans(lambda: watched.catalog.schedules.has_predicted("schedule-1", "upload-1"))
    assert not walks(predicted)
    assert "SEARCH runs USING INDEX ix_runs_upload_id_id (upload_id=?)" in predicted


def test_a_walk_is_seen(watched: Watched) -> None:
    from sqlalchemy import select

    from gristmill.catalog.tables import runs

    def walk() -> None:
        with watched.catalog._database.reading() as connection:
            connection.execute(select(runs).where(runs.c.target == "flour"))

    assert walks(watched.plans(walk)) == ["SCAN runs"]
