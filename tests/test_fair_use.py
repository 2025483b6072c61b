"""Fair use in the catalog: who may claim, what is metered, and who asks at once; on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from gristmill.catalog import Outcome
from gristmill.errors import NotFound, OverLimit
from gristmill.notify import Teller, Ways
from gristmill.records import (
    LOCAL,
    Account,
    Artifact,
    Limits,
    NewsKind,
    Run,
    RunKind,
    RunStatus,
    Subject,
    Wanted,
    Who,
    new_id,
    replace,
)
from services.catalogs import a_dataset, an_upload, model_of, run_on

if TYPE_CHECKING:
    from gristmill.catalog import Catalog
    from services.catalogs import Clock

ADA, BERT, CLEO = (Who(name=name) for name in ("ada", "bert", "cleo"))
MILLERS = [replace(who, teams=("millers",)) for who in (ADA, BERT)]
FAILED = Outcome(status=RunStatus.FAILED)
EVERYBODY, TEAM, PERSON = Subject.EVERYBODY, Subject.TEAM, Subject.PERSON


def welcome(_: Sequence[Account]) -> None:
    """Lets everybody."""


def queue(catalog: Catalog, *owners: Who, **fields: Any) -> list[Run]:
    """A queued run for each of these, in their order."""
    dataset = a_dataset(catalog)
    return [
        catalog.runs.add(run_on(dataset, owner=who.name, created_at=10.0 + at, **fields), who=who, decide=welcome)
        for at, who in enumerate(owners)
    ]


def claimed(catalog: Catalog) -> list[str]:
    """Whose runs are claimed until none is left that may be."""
    owners = []
    while (run := catalog.runs.claim("worker", 60)) is not None:
        owners.append(run.owner)
    return owners


def test_who_runs_enough_at_once_waits_while_others_go_on(catalog: Catalog) -> None:
    catalog.fair_use.limits.put(Limits(kind=EVERYBODY, runs_at_once=1))
    first, *_ = queue(catalog, ADA, ADA, ADA, BERT, LOCAL, LOCAL)
    assert claimed(catalog) == ["ada", "bert", "local", "local"]
    catalog.runs.finish(first.id, 1, FAILED)
    assert claimed(catalog) == ["ada"]


def test_what_has_lapsed_is_claimed_whoever_runs_enough(timed_catalog: Catalog, clock: Clock) -> None:
    timed_catalog.fair_use.limits.put(Limits(kind=EVERYBODY, runs_at_once=1))
    first, _ = queue(timed_catalog, ADA, ADA)
    assert claimed(timed_catalog) == ["ada"]
    clock.time += 61
    again = timed_catalog.runs.claim("heir", 60)
    assert again is not None
    assert (again.id, again.fence) == (first.id, 2)


def test_a_persons_own_limits_stand_in_place_of_everybodys(catalog: Catalog) -> None:
    catalog.fair_use.limits.put(Limits(kind=EVERYBODY, runs_at_once=1))
    catalog.fair_use.limits.put(Limits(kind=PERSON, name="ada", runs_at_once=2))
    catalog.fair_use.limits.put(Limits(kind=PERSON, name="bert", queued_runs=5))  # and any number at once
    queue(catalog, *[ADA, BERT, CLEO] * 3)
    assert sorted(claimed(catalog)) == ["ada"] * 2 + ["bert"] * 3 + ["cleo"]
    catalog.fair_use.limits.remove(PERSON, "bert")
    with pytest.raises(NotFound):
        catalog.fair_use.limits.remove(PERSON, "bert")


def test_a_team_runs_no_more_at_once_than_all_its_members_together(catalog: Catalog) -> None:
    catalog.fair_use.limits.put(Limits(kind=TEAM, name="millers", runs_at_once=3))
    queue(catalog, *MILLERS * 3, CLEO, CLEO)
    owners = claimed(catalog)
    assert owners.count("cleo") == 2
    assert len(owners) == 5


def test_many_workers_together_claim_no_more_than_somebody_may(catalog: Catalog) -> None:
    catalog.fair_use.limits.put(Limits(kind=EVERYBODY, runs_at_once=2))
    queue(catalog, *[ADA] * 8, *[BERT] * 8)
    with ThreadPoolExecutor(8) as threads:
        runs = list(threads.map(lambda number: catalog.runs.claim(f"worker-{number}", 60), range(12)))
    assert sorted(run.owner for run in runs if run is not None) == ["ada"] * 2 + ["bert"] * 2


def test_many_who_ask_at_once_do_not_slip_past_a_limit_together(catalog: Catalog) -> None:
    dataset = a_dataset(catalog)

    def three_at_most(accounts: Sequence[Account]) -> None:
        if any(account.queued >= 3 for account in accounts):
            raise OverLimit("Enough.")

    def ask(number: int) -> bool:
        who = MILLERS[number % 2]
        try:
            catalog.runs.add(run_on(dataset, owner=who.name), who=who, decide=three_at_most)
        except OverLimit:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(ask, range(12))) == 3
    assert catalog.runs.waiting() == 3


def test_what_a_run_used_is_metered_for_its_owner_and_their_teams(timed_catalog: Catalog, clock: Clock) -> None:
    catalog = timed_catalog
    run, other = queue(catalog, MILLERS[0], CLEO, price=3.0, gpus=2)
    claimed(catalog)
    clock.time += 600
    left = (Artifact(name="report", key="r", size=7, sha256="ab"), Artifact(name="model", key="m", size=5, sha256="ab"))
    catalog.runs.finish(run.id, 1, Outcome(status=RunStatus.SUCCEEDED, artifacts=left), model_of(run))
    catalog.runs.finish(other.id, 1, FAILED)
    (sum_,) = catalog.fair_use.usage.list(TEAM)
    mine = catalog.fair_use.usage.list(PERSON, name="ada")
    assert [(one.name, one.month, one.runs, one.seconds, one.gpu_seconds, one.money, one.bytes) for one in mine] == [
        ("ada", "1970-01", 1, 600.0, 1200.0, 0.5, 12)
    ]
    assert (sum_.name, sum_.money, sum_.project_id) == ("millers", 0.5, run.project_id)
    assert {one.name for one in catalog.fair_use.usage.list(project_id=run.project_id)} == {"ada", "cleo"}


def test_a_months_sums_are_raised_and_another_month_begins_anew(timed_catalog: Catalog, clock: Clock) -> None:
    catalog = timed_catalog
    for _ in range(2):
        (run,) = queue(catalog, ADA, price=1.0)
        claimed(catalog)
        clock.time += 1800
        catalog.runs.finish(run.id, 1, FAILED)
    (used,) = catalog.fair_use.usage.list(name="ada")
    assert (used.runs, used.money) == (2, 1.0)
    (person,) = catalog.fair_use.accounts(ADA)
    assert person.money == 1.0
    clock.time += 31 * 86400
    (person,) = catalog.fair_use.accounts(ADA)
    assert (person.month, person.money) == ("1970-02", 0.0)


@pytest.mark.parametrize("end", ["cancelled while it waits", "released and cancelled"])
def test_only_what_ran_is_metered(timed_catalog: Catalog, clock: Clock, end: str) -> None:
    (run,) = queue(timed_catalog, ADA, price=1.0)
    if end == "released and cancelled":
        claimed(timed_catalog)
        clock.time += 60
        timed_catalog.runs.want(run.id, Wanted.CANCEL)
        timed_catalog.runs.release(run.id, 1)
    else:
        timed_catalog.runs.want(run.id, Wanted.CANCEL)
    assert [one.seconds for one in timed_catalog.fair_use.usage.list()] == (
        [60.0] if end == "released and cancelled" else []
    )


def test_an_account_counts_what_is_open_and_what_is_stored(catalog: Catalog) -> None:
    first, _ = queue(catalog, ADA, ADA, price=2.0, gpus=1, budget=1800.0)
    queue(catalog, ADA, price=2.0, gpus=1, budget=86400.0, kind=RunKind.BATCH)
    queue(catalog, BERT)
    catalog.runs.claim("worker", 60, only=first.id)
    upload = an_upload(catalog, owner="ada", size=100)
    an_upload(catalog, owner="bert", size=1)
    (account,) = catalog.fair_use.accounts(ADA)
    assert (account.running, account.queued, account.bytes) == (1, 2, 100)
    assert (account.asked_money, account.asked_gpu_seconds) == (2.0, 3600.0)  # nobody knows how long a batch takes
    assert catalog.uploads.get(upload.id).owner == "ada"


def test_a_team_is_who_came_with_it_last(catalog: Catalog) -> None:
    queue(catalog, *MILLERS)
    assert [(one.name, one.queued) for one in catalog.fair_use.accounts(MILLERS[0])] == [("ada", 1), ("millers", 2)]
    queue(catalog, replace(BERT, teams=("bakers",)))
    assert [(one.name, one.queued) for one in catalog.fair_use.accounts(MILLERS[0])] == [("ada", 1), ("millers", 1)]


def test_nothing_is_made_where_it_was_refused(catalog: Catalog) -> None:
    dataset = a_dataset(catalog)

    def refuse(_: Sequence[Account]) -> None:
        raise OverLimit("No.")

    with pytest.raises(OverLimit):
        catalog.runs.add(run_on(dataset, id=(id := new_id("run"))), who=ADA, decide=refuse)
    with pytest.raises(NotFound):
        catalog.runs.get(id)


# --- nearly used up --------------------------------------------------------------------------------------------------


def spend(catalog: Catalog, clock: Clock, who: Who, money: float) -> None:
    """A run of an hour's price that takes as long as to cost that much."""
    (run,) = queue(catalog, who, price=1.0)
    assert catalog.runs.claim("worker", 60, only=run.id) is not None
    clock.time += 3600 * money
    catalog.runs.finish(run.id, 1, Outcome(status=RunStatus.FAILED))


def told(catalog: Catalog, who: str = "ada") -> list[str]:
    """What somebody was told of limits, the first first."""
    Teller(catalog, Ways(currency="EUR")).spread()
    kinds = (NewsKind.BUDGET_NEAR, NewsKind.QUOTA_NEAR)
    return [news.title for news in reversed(catalog.news.list(who)) if news.kind in kinds]


def test_who_has_nearly_used_up_their_money_is_told_once_a_month(timed_catalog: Catalog, clock: Clock) -> None:
    catalog = timed_catalog
    clock.time = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()
    catalog.fair_use.limits.put(Limits(kind=EVERYBODY, money=10.0))
    spend(catalog, clock, ADA, 7.0)
    assert told(catalog) == []
    spend(catalog, clock, ADA, 1.0)
    assert told(catalog) == ["80 % of your money of 2026-01 used"]
    (news,) = [one for one in catalog.news.list("ada") if one.kind is NewsKind.BUDGET_NEAR]
    assert news.text.startswith("8.00 EUR of 10.00 EUR. What would go beyond it is refused")
    spend(catalog, clock, ADA, 1.0)
    assert len(told(catalog)) == 1  # not again with each run
    assert told(catalog, "bert") == []
    clock.time = datetime(2026, 1, 31, 23, 30, tzinfo=UTC).timestamp()
    spend(catalog, clock, ADA, 8.5)  # it ends in February, and counts there
    assert told(catalog)[1:] == ["85 % of your money of 2026-02 used"]
    catalog.fair_use.limits.put(Limits(kind=EVERYBODY, money=20.0))
    spend(catalog, clock, ADA, 1.0)
    assert len(told(catalog)) == 2
    spend(catalog, clock, ADA, 7.0)  # the limit was raised, and is nearly used up again
    assert told(catalog)[2:] == ["82 % of your money of 2026-02 used"]


def test_a_teams_money_and_gpu_hours_are_told_to_each_member(timed_catalog: Catalog, clock: Clock) -> None:
    catalog = timed_catalog
    catalog.fair_use.limits.put(Limits(kind=TEAM, name="millers", gpu_hours=2.0))
    runs = queue(catalog, *MILLERS, gpus=1)
    for run in runs:
        assert catalog.runs.claim("worker", 60, only=run.id) is not None
    clock.time += 0.9 * 3600
    for run in runs:
        catalog.runs.finish(run.id, 1, FAILED)
    expected = ["90 % of the millers team's GPU hours of 1970-01 used"]
    assert (told(catalog), told(catalog, "bert"), told(catalog, "cleo")) == (expected, expected, [])


def test_storage_and_places_that_are_nearly_used_up_are_told_once(timed_catalog: Catalog) -> None:
    catalog = timed_catalog
    catalog.fair_use.limits.put(Limits(kind=PERSON, name="ada", storage=100, queued_runs=5))
    project = catalog.projects.ensure("mill").id
    for number, store_id in enumerate((None, "store-1", None, None)):
        upload = replace(an_upload(catalog, project_id=project), id=new_id("upload"), size=30, owner="ada")
        catalog.uploads.add(replace(upload, store_id=store_id), who=ADA, decide=welcome)
        assert len(told(catalog)) == (1 if number == 3 else 0)  # what lies in a project's own store is not counted
    queue(catalog, ADA, ADA, ADA)
    assert told(catalog) == ["90 % of your storage used"]
    queue(catalog, ADA, ADA)
    assert sorted(told(catalog)) == ["80 % of your places for runs that wait used", "90 % of your storage used"]


def test_who_has_no_limit_is_told_nothing(timed_catalog: Catalog, clock: Clock) -> None:
    timed_catalog.fair_use.limits.put(Limits(kind=EVERYBODY, money=0.0, storage=0))  # 0 is nothing, and never near
    spend(timed_catalog, clock, ADA, 1.0)
    spend(timed_catalog, clock, LOCAL, 1.0)
    assert told(timed_catalog) == told(timed_catalog, "local") == []
