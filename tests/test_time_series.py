"""Forecasts as a task: what is proposed for which files, what is refused with which sentence, and runs end to end."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gristmill import app, intake, tables, tasks
from gristmill.catalog import Catalog
from gristmill.dispatch import Dispatcher
from gristmill.errors import DataRejected, GristmillError, NotConfirmed, UsageError
from gristmill.mill import Mill, Parts
from gristmill.records import (
    EventKind,
    Profile,
    Proposal,
    Resources,
    RunRequest,
    RunStatus,
    Severity,
    TableForm,
    replace,
)
from gristmill.sandbox.process import ProcessSandbox
from gristmill.serving import Serving
from gristmill.stores import open_store
from gristmill.tasks import LoadPlan
from gristmill.tasks.series import Facts
from gristmill.tasks.series_columns import Columns
from gristmill.tasks.series_tables import arranged
from gristmill.worker import Worker
from gristmill.worker.attempt import Tools

EXAMPLES = Path(__file__).parent.parent / "examples"
DAYS = 150

Look = Callable[..., tuple[Profile, Proposal]]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Profiles a frame as sales.csv, or frames by name as files of a ZIP, and proposes; data lies in `tmp_path`."""

    def looked(frames: pd.DataFrame | dict[str, pd.DataFrame], **chosen: str) -> tuple[Profile, Proposal]:
        path = tmp_path / "sales.csv"
        if isinstance(frames, dict):
            path = tmp_path / "sales.zip"
            with zipfile.ZipFile(path, "w") as archive:
                for name, frame in frames.items():
                    archive.writestr(name, frame.to_csv(index=False))
        else:
            frames.to_csv(path, index=False)
        profile = intake.inspect(path, tmp_path / "scratch")
        return profile, intake.propose(profile, sample=intake.sample(tmp_path / "scratch"), **chosen)

    return looked


def one(periods: int = DAYS, freq: str = "D", seed: int = 0) -> pd.DataFrame:
    """A single series with a season of seven."""
    random = np.random.default_rng(seed)
    values = 50 + 10 * np.sin(2 * np.pi * np.arange(periods) / 7) + random.normal(0, 1, periods)
    return pd.DataFrame({"date": pd.date_range("2024-01-01", periods=periods, freq=freq), "sales": values.round(2)})


def panel(items: int = 6) -> pd.DataFrame:
    return pd.concat([one(seed=item).assign(shop=f"shop {item}") for item in range(items)], ignore_index=True)[
        ["shop", "date", "sales"]
    ]


def load(look: tuple[Profile, Proposal], folder: Path, **settings: Any) -> tuple[Any, Any]:
    profile, proposal = look
    kind = tasks.find("time-series")
    return kind.load(folder / "scratch" / "data", profile, LoadPlan(target=proposal.target, settings=settings))


# --- proposals -------------------------------------------------------------------------------------------------------


def test_a_panel_is_proposed_as_series_with_horizon_and_step(look: Look) -> None:
    _, proposal = look(panel())
    assert (proposal.task, proposal.target, proposal.metric) == ("time-series", "sales", "MASE")
    told = next(notice for notice in proposal.notices if notice.code == "series")
    assert "6 series of 150 values each in steps of one day" in told.message
    assert "The next 14 days are forecast: about two weeks" in told.message


def test_a_single_series_is_proposed(look: Look) -> None:
    _, proposal = look(one(96, "MS"))
    assert (proposal.task, proposal.target) == ("time-series", "sales")


def test_a_wide_table_is_arranged(look: Look) -> None:
    wide = one()[["date"]].assign(**{f"store_{number}": one(seed=number)["sales"] for number in range(4)})
    profile, proposal = look(wide)
    assert profile.arranged == "time-series"
    assert (proposal.task, proposal.target, profile.rows) == ("time-series", "store", 600)


def test_a_row_an_item_is_arranged(look: Look) -> None:
    months = [str(month)[:7] for month in pd.date_range("2020-01-01", periods=36, freq="MS")]
    wide = pd.DataFrame(np.random.default_rng(0).poisson(30, (6, 36)), columns=months)
    wide.insert(0, "region", list("abcdef"))
    profile, proposal = look(wide)
    assert (profile.arranged, proposal.task, proposal.target) == ("time-series", "time-series", "value")


def test_a_file_a_series_is_arranged(look: Look) -> None:
    profile, proposal = look({f"{name}.csv": one(seed=at) for at, name in enumerate(("north", "south"))})
    assert (profile.arranged, proposal.task) == ("time-series", "time-series")
    assert profile.column("series").distinct == 2


def test_a_series_that_has_only_begun_is_one_of_its_own(look: Look) -> None:
    rows = pd.concat([one().assign(shop="old"), one(5, seed=1).assign(shop="new")], ignore_index=True)
    _, proposal = look(rows[["shop", "date", "sales"]])
    assert proposal.task == "time-series"
    assert "2 series of 5 to 150 values" in next(one.message for one in proposal.notices if one.code == "series")


def test_a_long_table_stays_as_it_is(look: Look) -> None:
    profile, _ = look(panel())
    assert (profile.arranged, profile.main.path) == ("", "sales.csv")
    assert profile.facts


def test_events_stay_tabular(look: Look) -> None:
    random = np.random.default_rng(0)
    rows = one(400).assign(date=lambda frame: sorted(random.choice(frame["date"], 400)))
    _, proposal = look(rows.assign(price=random.normal(size=400).round(2)))
    assert proposal.task == "tabular-regression"


def test_a_table_without_a_time_is_told_by_its_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = pd.DataFrame({"size": range(20_000), "price": np.linspace(0.5, 9.5, 20_000)})
    numbers.to_csv(tmp_path / "plain.csv", index=False)
    one(2_000).to_csv(tmp_path / "daily.csv", index=False)
    taken: dict[str, int] = {}
    whole = tables.read

    def read(path: Path, form: TableForm, **choice: Any) -> pd.DataFrame:
        rows = whole(path, form, **choice)
        taken[path.name] = taken.get(path.name, 0) + len(rows)
        return rows

    monkeypatch.setattr("gristmill.tables.read", read)
    assert arranged(tmp_path, ["plain.csv"]) is None
    assert arranged(tmp_path, ["daily.csv"]) is not None
    assert taken == {"plain.csv": 1_000, "daily.csv": 5_000}  # its head, all of it, and the words of its moments


def test_a_day_with_much_beside_it_stays_tabular(look: Look) -> None:
    random = np.random.default_rng(0)
    beside = {name: random.normal(size=DAYS).round(2) for name in ("wind", "rain", "humidity", "pressure", "price")}
    _, proposal = look(one().assign(**beside)[["date", *beside, "sales"]])
    assert proposal.task == "tabular-regression"


def test_gaps_and_early_ends_are_told(look: Look) -> None:
    rows = panel().drop(index=[*range(20, 26), *range(290, 300)])
    codes = {notice.code for notice in look(rows)[1].notices}
    assert {"series-gaps", "series-end-early"} <= codes


# --- refusals --------------------------------------------------------------------------------------------------------


def refused(look: Look, rows: pd.DataFrame, **chosen: str) -> DataRejected:
    with pytest.raises(DataRejected) as error:
        look(rows, **chosen)
    assert error.value.failure.cure
    return error.value


def test_a_moment_that_comes_twice_is_refused(look: Look) -> None:
    rows = panel()
    error = refused(look, pd.concat([rows, rows.iloc[[7]]], ignore_index=True))
    assert error.failure.code == "duplicate-moments"
    assert "the first is 2024-01-08 of 'shop 0' in line 902 of sales.csv" in error.failure.what


@pytest.mark.parametrize("zones", [("+01:00", ""), ("+01:00", "+05:00")])
def test_mixed_time_zones_are_refused(look: Look, zones: tuple[str, str]) -> None:
    rows = one(200, "h")
    moments = rows["date"].dt.strftime("%Y-%m-%dT%H:%M:%S")
    rows["date"] = [f"{moment}{zones[at >= 100]}" for at, moment in enumerate(moments)]
    error = refused(look, rows)
    assert error.failure.code == "mixed-zones"
    assert f"{zones[1] or 'none'} from line 102 of sales.csv" in error.failure.what


def test_offsets_that_change_with_the_season_are_told_of(look: Look) -> None:
    rows = one(200, "h")
    written = zip(rows["date"], range(200), strict=True)
    rows["date"] = [
        (moment + pd.Timedelta(hours=2 if at >= 100 else 1)).strftime(f"%Y-%m-%dT%H:%M:%S+0{2 if at >= 100 else 1}:00")
        for moment, at in written
    ]
    profile, proposal = look(rows)
    told = next(notice.message for notice in profile.notices if notice.code == "offsets")
    assert "+01:00 from line 2 of sales.csv, +02:00 from line 102 of sales.csv" in told
    assert proposal.task == "time-series"


def test_a_row_whose_moment_is_none_is_left_out_and_named(look: Look) -> None:
    rows = one().assign(date=lambda frame: frame["date"].dt.strftime("%Y-%m-%d"))
    rows.loc[50, "date"] = "yesterday"
    profile, proposal = look(rows)
    told = next(notice.message for notice in profile.notices if notice.code == "stray-moments")
    assert "A row is left out" in told
    assert "the first is 'yesterday' in line 52 of sales.csv" in told
    assert (proposal.task, profile.rows) == ("time-series", DAYS - 1)


def test_what_names_a_series_is_no_answer(look: Look) -> None:
    _, proposal = look(panel()[["date", "sales", "shop"]])
    assert (proposal.task, proposal.target) == ("time-series", "sales")


def test_a_target_of_words_is_refused(look: Look) -> None:
    rows = panel().assign(weather=lambda frame: np.resize(["sun", "rain", "snow"], len(frame)))
    assert refused(look, rows, task="time-series", target="weather").failure.code == "not-a-number"


def test_an_irregular_series_needs_a_yes(look: Look) -> None:
    random = np.random.default_rng(0)
    rows = one(300, "h")
    rows["date"] += pd.to_timedelta(random.integers(-500, 500, 300), "s")
    _, proposal = look(rows)
    asked = [notice.code for notice in proposal.notices if notice.severity is Severity.CONFIRM]
    assert asked == ["regularize"]


def test_a_horizon_that_series_are_too_short_for_is_refused(look: Look, tmp_path: Path) -> None:
    found = look(panel())
    with pytest.raises(
        DataRejected, match=r"series of sales.csv has 150 days, too few to forecast 100 days.*horizon=49"
    ):
        load(found, tmp_path, horizon=100)


def test_a_step_that_is_none_is_refused(look: Look, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no step in time"):
        load(look(panel()), tmp_path, frequency="fortnightish")


def test_rows_beside_any_grid_are_brought_onto_one_if_asked(look: Look, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(random.integers(0, 8_000_000, 900)), "s")
    rows = pd.DataFrame({"date": times, "sales": random.normal(10, 1, 900).round(2), "price": random.normal(size=900)})
    found = look(rows, task="time-series", target="sales")
    assert [notice.code for notice in found[1].notices if notice.severity is Severity.CONFIRM] == ["regularize"]
    with pytest.raises(UsageError, match="the step to forecast in must be named"):
        load(found, tmp_path)
    train, test = load(found, tmp_path, frequency="D")
    assert train.freq == "D"
    assert len(test) == len(times.normalize().unique())


# --- columns beside the values ---------------------------------------------------------------------------------------


def beside(items: int = 6, foretold: int = 0) -> pd.DataFrame:
    """A panel with a plan (known for `foretold` days more than the sales), the weather, and a town for each shop."""
    rows = panel(items).assign(promo=lambda frame: (np.arange(len(frame)) % 5 == 0).astype(int))
    rows["rain"] = np.random.default_rng(0).gamma(1.0, 2.0, len(rows)).round(1)
    rows["town"] = rows["shop"].map(lambda shop: "Ulm" if shop[-1] in "012" else "Bonn")
    late = rows.groupby("shop").cumcount() >= DAYS - foretold
    return rows.assign(sales=rows["sales"].mask(late), rain=rows["rain"].mask(late))


def taken(profile: Profile, **settings: Any) -> Columns:
    facts = Facts.read(profile.facts)
    assert facts is not None
    return Columns.of(profile, facts, "sales", settings)


def test_a_column_is_known_ahead_where_the_rows_tell_it_beyond_the_values(look: Look) -> None:
    profile, proposal = look(beside(foretold=10), task="time-series", target="sales")
    columns = taken(profile)
    assert (columns.known, columns.past, columns.static) == (("promo",), ("rain",), ("town",))
    told = {notice.code: notice.message for notice in proposal.notices}
    assert "'promo' is taken as known ahead: the rows tell it for 10 days" in told["columns-known"]
    assert "'rain' is taken as known for the past only" in told["columns-past"]
    assert "'town' has one value throughout each series" in told["columns-static"]
    assert "The next 10 days are forecast: as many as the last rows" in told["series"]


def test_a_column_that_is_empty_at_the_end_waits_for_a_forecast(look: Look) -> None:
    rows = beside(foretold=10).drop(columns="rain")[["sales", "shop", "date", "town", "promo"]]
    _, proposal = look(rows)
    assert (proposal.task, proposal.target) == ("time-series", "sales")
    assert "has no value in the last rows of each series" in proposal.reasons["target"]


def test_a_column_that_ends_with_the_values_is_known_for_the_past_only(look: Look) -> None:
    profile, _ = look(beside(), task="time-series", target="sales")
    assert (taken(profile).known, taken(profile).past) == ((), ("promo", "rain"))


def test_a_persons_word_goes_before_what_the_rows_suggest(look: Look) -> None:
    profile, _ = look(beside(), task="time-series", target="sales")
    columns = taken(profile, known="promo, rain", ignore=["town"])
    assert (columns.known, columns.past, columns.static, columns.unused) == (("promo", "rain"), (), (), ("town",))


@pytest.mark.parametrize("role", ["known", "past", "static", "ignore"])
def test_a_column_that_there_is_not_is_no_column_beside(look: Look, role: str) -> None:
    profile, _ = look(beside(), task="time-series", target="sales")
    for name in ("prommo", "sales", "shop", "date"):
        with pytest.raises(UsageError, match=f"no column '{name}'"):
            taken(profile, **{role: name})


def test_a_second_name_of_each_series_does_not_describe_it(look: Look) -> None:
    rows = beside().assign(street=lambda frame: "way of " + frame["shop"])
    profile, _ = look(rows, task="time-series", target="sales")
    facts = Facts.read(profile.facts)
    assert facts is not None
    assert {"shop", "street"} == {*taken(profile).unused, *facts.panel.items}
    assert taken(profile).static == ("town",)


def test_settings_that_cannot_be_are_refused_before_anything_is_trained(look: Look) -> None:
    profile, _ = look(beside(), task="time-series", target="sales")
    kind = tasks.find("time-series")
    for settings, error in (
        ({"horizon": 100}, DataRejected), ({"horizon": "soon"}, UsageError), ({"known": "prommo"}, UsageError),
        ({"frequency": "fortnightish"}, UsageError),
    ):  # fmt: skip
        with pytest.raises(error):
            kind.settle(profile, "sales", settings)
    kind.settle(profile, "sales", {"horizon": 7, "known": "promo", "frequency": "D"})


# --- what a run reads ------------------------------------------------------------------------------------------------


@pytest.mark.engine
def test_the_last_windows_are_held_out(look: Look, tmp_path: Path) -> None:
    train, test = load(look(panel()), tmp_path, horizon=10)
    told = test.attrs["series"]
    assert (told["horizon"], told["windows"], told["season"]) == (10, 3, 7)
    assert len(test) == 6 * DAYS
    assert len(train) == 6 * (DAYS - 30)
    assert train.freq == "D"


@pytest.mark.engine
def test_another_step_may_be_named(look: Look, tmp_path: Path) -> None:
    train, test = load(look(panel()), tmp_path, frequency="W", horizon=2, aggregate="sum")
    assert train.freq == "W-MON"
    assert test["sales"].mean() > 300  # seven days of fifty


@pytest.mark.engine
def test_what_is_known_ahead_is_kept_for_the_forecast(look: Look, tmp_path: Path) -> None:
    rows = one().assign(promo=np.resize([0, 1, 0], DAYS))
    rows.loc[DAYS - 14 :, "sales"] = np.nan
    _, test = load(look(rows, target="sales", task="time-series"), tmp_path, known="promo")
    assert test.columns.tolist() == ["sales", "promo"]
    assert len(test) == DAYS - 14
    assert len(test.attrs["series"]["future"]["promo"]) == 14


def test_metrics_are_those_of_autogluon() -> None:
    from autogluon.timeseries.metrics import check_get_evaluation_metric

    for metric in tasks.find("time-series").metrics:
        theirs = check_get_evaluation_metric(metric.name, prediction_length=1)
        assert metric.greater_is_better == theirs.greater_is_better_internal


def test_what_a_hub_would_have_to_bring_is_left_out_with_a_word(look: Look) -> None:
    profile, _ = look(panel())
    kind = tasks.find("time-series")
    parameters, notices = kind.plan(profile, 60.0, Resources(cpus=2, memory=8_000_000_000))
    tried = parameters["quick"].keys() | parameters["hyperparameters"].keys()
    assert {"SeasonalNaive", "Theta", "ETS"} <= tried
    for name in ("Chronos2", "Toto2"):
        assert (name in tried) != any(name in notice.message for notice in notices)


# --- scores ----------------------------------------------------------------------------------------------------------


@pytest.mark.engine
@pytest.mark.parametrize("metric", ["MASE", "WQL", "WAPE", "SMAPE", "RMSE", "MAE"])
def test_scores_are_those_of_autogluon(look: Look, tmp_path: Path, metric: str) -> None:
    from autogluon.timeseries.metrics import check_get_evaluation_metric

    from gristmill.engines.series import Windows
    from gristmill.figures.forecasts import Forecasts

    _, test = load(look(panel()), tmp_path, horizon=7)
    truths, forecasts = [], []
    random = np.random.default_rng(0)
    for back in (14, 7, 0):
        truth = test.slice_by_timestep(None, -back or None)
        forecast = truth.slice_by_timestep(-7, None).rename(columns={"sales": "mean"})
        forecast["mean"] += random.normal(0, 3, len(forecast))
        for level in (0.1, 0.5, 0.9):
            forecast[f"{level:g}"] = forecast["mean"] + 4 * (level - 0.5)
        truths.append(truth)
        forecasts.append(forecast)
    found = Windows(truths, forecasts, "sales")
    ours = Forecasts.of(found, test, metric)
    theirs = found.score(check_get_evaluation_metric(metric, prediction_length=7, seasonal_period=7))
    assert ours.score(ours.parts()) == pytest.approx(-theirs)


# --- charts ----------------------------------------------------------------------------------------------------------


def test_a_forecast_is_drawn_for_desk_and_phone_and_no_line_goes_through_a_gap() -> None:
    from gristmill.figures.forecasts import Forecasts, forecast_ahead, forecast_charts, item_errors

    history = one().rename(columns={"date": "timestamp", "sales": "value"}).assign(item_id="north")
    steps = (
        history.tail(28).rename(columns={"value": "truth"}).assign(window=np.repeat([0, 1], 14), naive=50.0, scale=1.0)
    )
    steps = steps.assign(prediction=50.0, **{"0.1": 40.0, "0.9": 60.0})
    history.loc[DAYS - 20 : DAYS - 18, "value"] = np.nan
    found = Forecasts(
        target="sales", metric="MASE", horizon=14, windows=2, season=7, steps=steps, history=history, levels=(0.1, 0.9)
    )
    (figure,) = forecast_charts(found)
    for size in ("gm-broad", "gm-slim"):
        chart = figure.body.partition(f'<div class="{size}">')[2].partition("</div>")[0]
        assert chart.count('class="gm-band gm-s2"') == chart.count('class="gm-guide"') == 2
        assert chart.count('class="gm-line gm-s1"') == 2  # before the gap and after it

    ahead = steps.tail(14).assign(timestamp=lambda rows: rows["timestamp"] + pd.Timedelta(days=14))
    known = history.set_index(["item_id", "timestamp"])[["value"]]
    known.attrs = {"series": {"horizon": 14}}
    (figure,) = forecast_ahead(ahead.rename(columns={"prediction": "mean"}).set_index(["item_id", "timestamp"]), known)
    assert figure.body.count('class="gm-band gm-s2"') == 2
    assert 'class="gm-guide"' not in figure.body

    both = [of_item(steps, name) for name in ("north", "south")]
    several = Forecasts(
        target="sales", metric="MASE", horizon=14, windows=2, season=7, steps=pd.concat(both), levels=(0.1, 0.9),
        history=pd.concat([of_item(history, name) for name in ("north", "south")]),
    )  # fmt: skip
    assert ["gm-broad" in figure.body for figure in forecast_charts(several)] == [False, False]
    assert item_errors(several).caption.endswith("% of 2 series.")


def test_a_series_that_has_ended_early_is_drawn_with_the_time_in_which_nothing_was_known() -> None:
    from gristmill.figures.forecasts import forecast_ahead

    history = one().rename(columns={"date": "timestamp"}).assign(item_id="north")
    known = history.set_index(["item_id", "timestamp"])[["sales"]]
    known.attrs = {"series": {"horizon": 14}}

    def caption(starts: str, freq: str = "D") -> str:
        moments = pd.date_range(starts, periods=14, freq=freq)
        ahead = pd.DataFrame({"item_id": "north", "timestamp": moments, "mean": 50.0, "0.1": 40.0, "0.9": 60.0})
        (figure,) = forecast_ahead(ahead.set_index(["item_id", "timestamp"]), known)
        return str(figure.caption)

    end = history["timestamp"].max()
    assert "last value" not in caption(str(end + pd.Timedelta(days=1)))
    assert caption(str(end + pd.Timedelta(days=31))).endswith(f"Its last value is of {end:%Y-%m-%d}.")


def of_item(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return rows.assign(item_id=name)


# --- runs ------------------------------------------------------------------------------------------------------------


class NobodyComes(Dispatcher):
    """Leaves the work to whoever the test sends."""

    def hint(self, run_id: str) -> None: ...

    def nudge(self) -> None: ...


@pytest.fixture
def house(home: Path) -> Iterator[tuple[Mill, Tools]]:
    """A platform of the test's own, and a worker's tools."""
    settings = app.Settings.read()
    with Catalog.open(settings.catalog) as catalog:
        store, sandbox = open_store(settings.store), ProcessSandbox(cache=home / "cache")
        mill = Mill(Parts(catalog=catalog, store=store, dispatcher=NobodyComes(), sandbox=sandbox, home=home))
        yield mill, Tools(catalog=catalog, store=store, sandbox=sandbox, folder=home / "work", lease_seconds=3.0)


@pytest.mark.engine
@pytest.mark.slow
def test_the_bakeries_are_forecast(house: tuple[Mill, Tools], tmp_path: Path) -> None:
    mill, tools = house
    dataset = mill.admit(mill.upload(EXAMPLES / "bakeries.zip").id)
    settings = {"quick": {"SeasonalNaive": {"n_jobs": 1}, "Theta": {"n_jobs": 1}}, "hyperparameters": {}}
    run = mill.train(RunRequest(dataset_id=dataset.id, budget=100.0, settings={**settings, "horizon": 7}))
    assert Worker(tools, name="test").work_once()
    run = mill.run(run.id)
    assert (run.status, run.failure, run.salvaged) == (RunStatus.SUCCEEDED, None, False)
    assert run.score is not None
    assert run.score < 0.9
    assert "closer to what came than repeating the last season" in mill.model(run.id).metrics["verdict"]
    fits = [
        event.body["model"] for event in mill.events(run.id) if event.kind is EventKind.PHASE and "model" in event.body
    ]
    assert fits == ["SeasonalNaive", "Theta"]

    assert mill.predict(run.id, None, tmp_path / "next.csv") == 70
    answers = pd.read_csv(tmp_path / "next.csv")
    assert answers.columns[:3].tolist() == ["bakery", "date", "prediction"]
    assert set(answers["date"]) == {str(day.date()) for day in pd.date_range("2024-12-31", periods=7)}
    assert (answers["quantile.0.1"] <= answers["quantile.0.9"]).all()
    assert (answers["bakery"] == "Church").sum() == 7  # closed early, and answered for the same dates

    assert mill.predict(run.id, None, tmp_path / "two.csv", {"horizon": 2}) == 20
    serving = Serving(mill._parts.sandbox, tmp_path / "serving")
    warm = Mill(replace(mill._parts, serving=serving))
    assert warm.ask(run.id).content == (tmp_path / "next.csv").read_bytes()
    assert warm.ask(run.id, None, {"horizon": 2}).content == (tmp_path / "two.csv").read_bytes()
    serving.close()
    with pytest.raises(GristmillError, match="trained to forecast 7 steps"):
        mill.predict(run.id, None, tmp_path / "far.csv", {"horizon": 30})

    newer = pd.DataFrame({"bakery": "Mill", "date": ["2024-12-31", "2025-01-01"], "loaves": [100, 110]})
    newer.to_csv(tmp_path / "newer.csv", index=False)
    assert mill.predict(run.id, tmp_path / "newer.csv", tmp_path / "on.csv") == 7
    assert pd.read_csv(tmp_path / "on.csv")["date"].min() == "2025-01-02"
    with pytest.raises(UsageError, match="cannot go on with horizon=14: its models were trained with horizon=7"):
        mill.resume(run.id, 60.0, {"horizon": 14})
    assert mill.resume(run.id, 60.0, {"horizon": 7, "validations": 1}).status is RunStatus.QUEUED
    report = mill.fetch(run.id, "report", tmp_path / "report.html").read_text()
    for part in ("verdict", "forecast", "ahead", "windows", "items", "leaderboard"):
        assert f'data-part="{part}"' in report


@pytest.mark.engine
@pytest.mark.slow
def test_what_is_known_ahead_may_come_with_the_file_to_predict(house: tuple[Mill, Tools], tmp_path: Path) -> None:
    mill, tools = house
    rows = beside(foretold=7)
    rows.loc[rows["shop"] == "shop 3", "promo"] = np.nan  # nothing is told of it
    rows.to_csv(tmp_path / "sales.csv", index=False)
    dataset = mill.admit(mill.upload(tmp_path / "sales.csv").id)
    settings = {"quick": {"SeasonalNaive": {"n_jobs": 1}}, "hyperparameters": {"DirectTabular": {}}, "known": "promo"}
    request = RunRequest(dataset_id=dataset.id, task="time-series", target="sales", budget=100.0, settings=settings)
    run = mill.train(request)
    assert Worker(tools, name="test").work_once()
    run = mill.run(run.id)
    assert (run.status, run.failure) == (RunStatus.SUCCEEDED, None)
    report = mill.fetch(run.id, "report", tmp_path / "report.html").read_text()
    assert 'data-part="beside"' in report
    assert 'data-part="ahead"' in report

    told: list[str] = []
    assert mill.predict(run.id, None, tmp_path / "next.csv", told=told.append) == 35  # as far as the rows have told
    assert told == ["No prediction for shop 3: nothing is known of the steps to come."]
    newer = rows[rows["shop"] == "shop 1"].tail(7).assign(sales=50.0)
    ahead = newer.assign(date=newer["date"] + pd.Timedelta(days=7), sales=np.nan)
    pd.concat([newer, ahead]).to_csv(tmp_path / "newer.csv", index=False)
    assert mill.predict(run.id, tmp_path / "newer.csv", tmp_path / "on.csv") == 7
    assert pd.read_csv(tmp_path / "on.csv")["date"].tolist() == ahead["date"].dt.strftime("%Y-%m-%d").tolist()
    ahead = ahead.drop(columns=["sales", "rain", "town"])
    ahead.to_csv(tmp_path / "ahead.csv", index=False)  # the steps before these are those that training was told of
    assert mill.predict(run.id, tmp_path / "ahead.csv", tmp_path / "same.csv") == 7
    pd.concat([newer, ahead.iloc[1:]]).to_csv(tmp_path / "gap.csv", index=False)
    with pytest.raises(DataRejected, match="needs 'promo' for all 7 steps ahead"):
        mill.predict(run.id, tmp_path / "gap.csv", tmp_path / "no.csv")


@pytest.mark.engine
@pytest.mark.slow
def test_a_candidate_that_fails_says_why(look: Look, tmp_path: Path) -> None:
    from autogluon.timeseries import TimeSeriesPredictor

    from gristmill.engines.series import SeriesEngine

    train, _ = load(look(panel()), tmp_path, horizon=7)
    engine, folder = SeriesEngine(), tmp_path / "model"
    predictor = TimeSeriesPredictor(target="sales", prediction_length=7, freq="D", eval_metric="MASE", path=str(folder))
    with engine.watch(lambda *_: None).over(predictor):
        candidates = {"SeasonalNaive": {"n_jobs": 1}, "Theta": {"n_jobs": "as many as there are"}}
        predictor.fit(train, hyperparameters=candidates)
    assert engine.failures(predictor).keys() == {"Theta"}
    assert "n_jobs must be a float" in engine.failures(predictor)["Theta"]


@pytest.mark.engine
@pytest.mark.slow
def test_a_fit_that_was_killed_is_taken_up_again(look: Look, tmp_path: Path) -> None:
    from autogluon.timeseries import TimeSeriesPredictor

    from gristmill.engines.series import SeriesEngine, ensemble, fits, go_on, remember

    found = look(panel())
    train, test = load(found, tmp_path, horizon=7)
    other, _ = load(found, tmp_path, horizon=5)
    said: list[str] = []

    def say(kind: EventKind, body: dict[str, Any]) -> None:
        said.append(str(kind))
        if kind is EventKind.PHASE and body["model"] == "Naive":
            raise KeyboardInterrupt

    engine, folder = SeriesEngine(), tmp_path / "model"
    assert engine.reopen(folder) is None
    predictor = TimeSeriesPredictor(target="sales", prediction_length=7, freq="D", eval_metric="MASE", path=str(folder))
    alone = {"n_jobs": 1}
    with pytest.raises(KeyboardInterrupt), engine.watch(say).over(predictor):
        predictor.fit(train, hyperparameters={"SeasonalNaive": alone, "Average": alone, "Naive": alone}, verbosity=0)
    assert "leaderboard" in said

    opened = engine.reopen(folder)
    assert opened is not None
    assert fits(opened, train)
    assert not fits(opened, other)
    finished = set(opened.model_names())
    assert finished
    assert "Naive" not in finished
    go_on(opened, {"SeasonalAverage": alone}, time_limit=60.0)
    ensemble(opened)
    assert {"SeasonalAverage"} | finished < set(opened.model_names())

    remember(opened, test)
    rows = engine.compare(opened, test, seconds=60.0)
    assert all(row.test_score is not None and row.test_score > 0 for row in rows)
    engine.trim(opened, tmp_path / "trimmed")
    trimmed = TimeSeriesPredictor.load(str(tmp_path / "trimmed"))
    assert trimmed.model_best == opened.model_best
    assert trimmed.predict(test).equals(opened.predict(test))
    assert not list((tmp_path / "trimmed").rglob("train.pkl"))  # what it was trained on
    assert json.loads((tmp_path / "trimmed" / "series.json").read_text())["horizon"] == 7


@pytest.mark.engine
@pytest.mark.slow
def test_irregular_series_are_trained_only_with_a_yes(house: tuple[Mill, Tools], tmp_path: Path) -> None:
    mill, _ = house
    rows = one(300, "h")
    rows["date"] += pd.to_timedelta(np.random.default_rng(0).integers(-500, 500, 300), "s")
    rows.to_csv(tmp_path / "meter.csv", index=False)
    dataset = mill.admit(mill.upload(tmp_path / "meter.csv").id)
    with pytest.raises(NotConfirmed, match="not quite evenly spaced"):
        mill.train(RunRequest(dataset_id=dataset.id, budget=60.0))
    request = RunRequest(dataset_id=dataset.id, budget=60.0, accepted=("regularize",))
    with pytest.raises(DataRejected, match=r"of meter\.csv has 300 hours, too few to forecast 200 hours"):
        mill.train(replace(request, settings={"horizon": 200}))
    assert mill.train(request).status is RunStatus.QUEUED
