"""A retraining from its tick to production, with a real worker and real models."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gristmill import app, records
from gristmill.catalog import Catalog
from gristmill.mill import Mill, Parts
from gristmill.mill.ticking import Ticking
from gristmill.records import (
    Action,
    Dataset,
    RunKind,
    RunRequest,
    RunStatus,
    ScheduleRequest,
    Stage,
    TickOutcome,
    Verdict,
)
from gristmill.sandbox.process import ProcessSandbox
from gristmill.stores import open_store
from gristmill.worker import Worker
from gristmill.worker.attempt import Tools
from services.mills import Notepad

pytestmark = [pytest.mark.engine, pytest.mark.slow]

PENGUINS = Path(__file__).parent.parent / "examples" / "penguins.csv"
QUICK = {"hyperparameters": {"GBM": [{"num_boost_round": 20}]}, "portfolio": "", "folds": 0}


def test_a_better_model_takes_the_place_of_the_one_in_production(home: Path) -> None:
    settings, sandbox = app.Settings.read(), ProcessSandbox(cache=home / "cache")
    catalog, store = Catalog.open(settings.catalog), open_store(settings.store)
    mill = Mill(Parts(catalog=catalog, store=store, dispatcher=Notepad(), sandbox=sandbox, home=home))
    tools = Tools(catalog=catalog, store=store, sandbox=sandbox, folder=home / "work")

    def given(rows: pd.DataFrame) -> Dataset:
        rows.to_csv(home / "penguins.csv", index=False)
        return mill.admit(mill.upload(home / "penguins.csv").id)

    rows = pd.read_csv(PENGUINS).sample(frac=1.0, random_state=0).reset_index(drop=True)
    muddled = rows[:200].copy()  # what most of the first rows are is anybody's guess: their model does badly
    muddled.loc[50:, "species"] = muddled.loc[50:, "species"].sample(frac=1.0, random_state=1).to_numpy()
    first = mill.train(RunRequest(dataset_id=given(muddled).id, target="species", budget=120.0, settings=QUICK))
    assert Worker(tools).work_once()
    champion = mill.stage(first.id, Stage.PRODUCTION)
    request = ScheduleRequest(cron="0 6 * * 1", action=Action.RETRAIN, subject=first.id, margin=0.01)
    schedule = mill.schedule(request)
    newer = given(rows)

    tick = mill.run_schedule(schedule.id)
    ticking = Ticking(mill._parts)
    ticking.round()
    assert mill.run(tick.run_id).dataset_id == newer.id
    assert Worker(tools).work_once()
    challenger = mill.model(tick.run_id)
    ticking.round()
    assert Worker(tools).work_once()
    comparison = mill.run(tick.comparison_id)
    assert (comparison.kind, comparison.status, comparison.failure) == (RunKind.COMPARE, RunStatus.SUCCEEDED, None)
    ticking.round()
    (tick,) = mill.outlook(schedule.id).ticks

    results = comparison.artifact("results")
    assert results is not None
    verdict = records.decode(store.read(results.key), Verdict)
    assert verdict.seen > 0  # rows that the champion was trained on are among those that were held out
    assert verdict.rows >= 20
    assert verdict.champion < verdict.challenger <= 1.0
    assert tick.outcome is TickOutcome.PROMOTED
    assert f"On {verdict.rows} rows that neither was trained on" in tick.said
    assert mill.model(challenger.id).stage is Stage.PRODUCTION
    assert mill.model(champion.id).stage is Stage.RETIRED
    catalog.close()
