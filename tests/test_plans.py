"""How much is tried: by size, budget and memory, said before it happens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gristmill.records import Profile, Resources, Role, Severity, Table, TableForm
from gristmill.tasks.plans import tabular_plan

ROOMY = Resources(cpus=2, memory=16 * 10**9)


def profile(*, rows: int, bytes: int) -> Profile:
    table = Table(path="t.csv", role=Role.TRAIN, form=TableForm(format="csv"), rows=rows, columns=())
    return Profile(tables=(table,), files=1, bytes=bytes)


SMALL = profile(rows=5_000, bytes=10**6)


def test_a_minute_validates_on_a_hold_out_and_longer_runs_of_small_tables_bag() -> None:
    assert tabular_plan(SMALL, 60, ROOMY)[0]["folds"] == 0
    assert tabular_plan(SMALL, 300, ROOMY)[0]["folds"] == 5
    assert tabular_plan(profile(rows=10**6, bytes=10**8), 300, ROOMY)[0]["folds"] == 0


def test_the_quick_candidates_come_first_and_time_that_is_left_is_used() -> None:
    parameters, notices = tabular_plan(SMALL, 60, ROOMY)
    assert next(iter(parameters["hyperparameters"])) == "GBM"
    assert parameters["portfolio"] == "zeroshot"
    assert notices == ()


@pytest.mark.parametrize("smaller", [False, True])
def test_where_memory_would_not_do_less_is_tried_and_it_is_said(smaller: bool) -> None:
    tight = ROOMY if smaller else replace(ROOMY, memory=2 * 10**9)
    parameters, (notice,) = tabular_plan(profile(rows=10**6, bytes=5 * 10**8), 300, tight, smaller=smaller)
    assert (list(parameters["hyperparameters"]), parameters["folds"], parameters["portfolio"]) == (["GBM"], 0, "")
    assert notice.severity is Severity.WARNING
    assert ("ran out of memory" if smaller else "6.8 GB of memory; 2.0 GB are free") in notice.message
