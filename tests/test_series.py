"""Steps, panels and even series: found by the spacing of rows, whatever way moments are written and gaps lie."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.tasks.series import (
    ITEM,
    STAMP,
    Facts,
    Panel,
    SeriesError,
    Shape,
    Step,
    beside,
    coming,
    even,
    fewest_steps,
    find,
    latest_context,
    melted,
    parted,
    shape_of,
    told_apart,
    windows_of,
)

CODES = ("s", "min", "15min", "h", "6h", "D", "B", "W-MON", "W-SUN", "MS", "ME", "QS", "QE", "YS", "YE")


def single(times: pd.DatetimeIndex, **more: object) -> pd.DataFrame:
    return pd.DataFrame({"at": times, "value": np.arange(len(times)) % 7 + 0.5, **more})


def several(items: int, times: pd.DatetimeIndex) -> pd.DataFrame:
    return pd.concat([single(times, shop=f"shop {item}") for item in range(items)], ignore_index=True)


@given(st.sampled_from(CODES), st.integers(min_value=0, max_value=250))
def test_positions_and_stamps_are_each_others_inverse(code: str, position: int) -> None:
    step = Step.of(code)
    assert step.positions(step.stamps([position])).tolist() == [position]


@pytest.mark.parametrize("code", CODES)
def test_a_step_is_found_by_the_spacing_of_rows(code: str) -> None:
    found = find(single(pd.date_range("2023-01-01", periods=60, freq=code)))
    assert found is not None
    assert (found.step.code, found.items, found.is_regular) == (code, (), True)


@pytest.mark.parametrize("code", CODES)
def test_stamps_are_what_pandas_makes_of_the_same_code(code: str) -> None:
    times = pd.date_range("2023-01-01", periods=30, freq=code)
    panel = find(single(times))
    assert panel is not None
    made = even(single(times), panel, ["value"])
    assert made[STAMP].tolist() == times.tolist()


def test_the_column_that_names_an_item_is_found() -> None:
    rows = several(5, pd.date_range("2023-01-01", periods=50))
    rows["price"] = np.linspace(1, 2, len(rows))
    found = find(rows)
    assert found is not None
    assert found.items == ("shop",)


def test_two_columns_may_name_an_item() -> None:
    rows = pd.concat(
        [several(4, pd.date_range("2023-01-01", periods=40)).assign(product=name) for name in ("bread", "cake")],
        ignore_index=True,
    )
    found = find(rows)
    assert found is not None
    assert set(found.items) == {"shop", "product"}


def test_events_are_no_panel() -> None:
    random = np.random.default_rng(0)
    times = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.sort(random.integers(0, 30_000_000, 2_000)), "s")
    assert find(single(pd.DatetimeIndex(times), who=random.choice(list("abc"), 2_000))) is None
    assert find(single(pd.DatetimeIndex(times.normalize()), who=random.choice(list("abc"), 2_000))) is None


def test_gaps_keep_a_series_regular_and_are_counted() -> None:
    rows = single(pd.date_range("2023-01-01", periods=100)).drop(index=range(20, 30))
    found = find(rows)
    assert found is not None
    assert found.is_regular
    assert Facts.of(rows, found, Shape("long")).gaps == 10
    assert even(rows, found, ["value"])["value"].isna().sum() == 10


def test_moments_beside_the_grid_are_no_regular_series() -> None:
    random = np.random.default_rng(0)
    times = pd.date_range("2023-01-01", periods=200, freq="h") + pd.to_timedelta(random.integers(-500, 500, 200), "s")
    found = find(single(times))
    assert found is not None
    assert (found.step.code, found.is_regular) == ("h", False)


def test_summer_time_is_no_irregularity() -> None:
    berlin = pd.date_range("2023-01-01", periods=300, tz="Europe/Berlin").tz_convert(None)
    found = find(single(berlin))
    assert found is not None
    assert (found.step.code, found.is_regular) == ("D", True)
    assert even(single(berlin), found, ["value"])["value"].notna().all()


def test_rows_of_one_moment_are_counted() -> None:
    rows = single(pd.date_range("2023-01-01", periods=100))
    found = find(pd.concat([rows, rows.iloc[[3, 4]]], ignore_index=True))
    assert found is not None
    assert found.duplicates == 2


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (lambda times: times.strftime("%Y-%m"), "MS"),
        (lambda times: times.strftime("%b %Y"), "MS"),
        (lambda times: times.year.astype(str) + " Q" + times.quarter.astype(str), "QS"),
        (lambda times: "Q" + times.quarter.astype(str) + " " + times.year.astype(str), "QS"),
    ],
)
def test_moments_are_read_as_people_write_them(write: Callable[[pd.DatetimeIndex], pd.Index], code: str) -> None:
    times = pd.date_range("2010-01-01", periods=60, freq=code)
    found = find(single(times).assign(at=write(times)))
    assert found is not None
    assert found.step.code == code


@pytest.mark.parametrize(("way", "freq"), [("%Y%m%d", "D"), ("%Y%m", "MS")])
def test_whole_numbers_are_moments_where_all_of_them_can_be_read_so(way: str, freq: str) -> None:
    times = pd.date_range("2015-01-01", periods=90, freq=freq)
    found = find(single(times).assign(at=times.strftime(way).astype(int)).rename(columns={"at": "day"}))
    assert found is not None
    assert (found.time, found.step.code, found.written) == ("day", freq, way)
    assert find(single(times).assign(at=times.strftime(way).astype(int) + 60)) is None


def test_a_word_that_is_no_moment_spoils_no_column() -> None:
    rows = single(pd.date_range("2023-01-01", periods=60))
    rows["at"] = rows["at"].dt.strftime("%Y-%m-%d")
    rows.loc[[7, 30], "at"] = ["yesterday", "2023-02-30"]
    found = find(rows)
    assert found is not None
    assert (found.time, found.step.code, found.is_regular) == ("at", "D", True)


@pytest.mark.parametrize("parts", [("year", "month"), ("year", "month", "day"), ("date", "hour")])
def test_columns_tell_the_time_together(parts: tuple[str, ...]) -> None:
    freq = {"month": "MS", "day": "D", "hour": "h"}[parts[-1]]
    times = pd.Series(pd.date_range("2020-01-01", periods=100, freq=freq))
    columns = {part: times.dt.normalize() if part == "date" else getattr(times.dt, part) for part in parts}
    rows = pd.DataFrame(columns).assign(value=np.arange(100) % 7)
    shape = shape_of(rows)
    assert (shape.kind, shape.parts) == ("parts", parts)
    long = melted(rows, shape)
    found = find(long)
    assert found is not None
    assert (found.time, found.step.code, found.items) == ("moment", freq, ())
    assert long["moment"].tolist() == times.tolist()
    for name, values in parted(long["moment"], parts).items():
        assert values.tolist() == rows[name].tolist()


def test_the_last_working_day_of_a_month_stands_for_its_end() -> None:
    found = find(single(pd.date_range("2015-01-31", periods=40, freq="BME")))
    assert found is not None
    assert found.step.code == "ME"


def test_moments_that_stray_by_fractions_of_a_second_are_near_a_step() -> None:
    times = pd.date_range("2023-01-01", periods=300, freq="h")
    stray = times + pd.to_timedelta(np.random.default_rng(0).integers(0, 900, 300), "ms")
    found = find(single(pd.DatetimeIndex(stray)))
    assert found is not None
    assert (found.step.code, found.is_regular) == ("h", False)
    assert Step.every(250_000_000).length == 250_000_000


def test_years_are_moments() -> None:
    found = find(pd.DataFrame({"year": range(1960, 2020), "value": np.arange(60) / 2}))
    assert found is not None
    assert (found.time, found.step.code) == ("year", "YS")


def test_columns_called_alike_are_items() -> None:
    times = pd.date_range("2023-01-01", periods=50)
    wide = pd.DataFrame({"date": times} | {f"meter_{number}": np.arange(50) + number for number in range(4)})
    shape = shape_of(wide)
    assert (shape.kind, shape.value) == ("columns", "meter")
    long = melted(wide, shape)
    assert long.columns.tolist() == ["series", "date", "meter"]
    assert len(long) == 200


def test_columns_called_differently_are_not() -> None:
    wide = pd.DataFrame({"date": pd.date_range("2023-01-01", periods=50), "sales": 1.0, "rain": 2.0, "price": 3.0})
    assert shape_of(wide).kind == "long"
    figures = pd.DataFrame(
        {"date": pd.date_range("2023-01-01", periods=50), "temp_min": 1.0, "temp_max": 2.0, "temp_mean": 3.0}
    )
    assert shape_of(figures).kind == "long"


def test_a_header_of_moments_means_a_row_an_item() -> None:
    months = [str(month)[:7] for month in pd.date_range("2020-01-01", periods=24, freq="MS")]
    wide = pd.DataFrame(np.arange(72).reshape(3, 24), columns=months)
    wide.insert(0, "region", list("abc"))
    shape = shape_of(wide)
    assert shape.kind == "rows"
    found = find(melted(wide, shape))
    assert found is not None
    assert (found.items, found.step.code) == (("region",), "MS")


@pytest.mark.parametrize("way", ["%d.%m.%Y", "%m/%d/%Y", "%b %Y", "%Y/%m", "%m/%Y", "%b-%y"])
def test_moments_in_a_header_are_read_as_people_write_them(way: str) -> None:
    freq = "D" if "%d" in way else "MS"
    times = pd.date_range("2020-01-01", periods=40, freq=freq)
    wide = pd.DataFrame(np.arange(120).reshape(3, 40), columns=times.strftime(way)).assign(region=list("abc"))
    long = melted(wide, shape_of(wide))
    found = find(long)
    assert found is not None
    assert (found.items, found.step.code) == (("region",), freq)
    assert sorted(set(long["time"])) == times.tolist()


def test_columns_that_merely_look_like_months_are_none() -> None:
    wide = pd.DataFrame(np.arange(90.0).reshape(3, 30), columns=[f"area {number}" for number in range(10, 40)])
    assert shape_of(wide).kind == "long"


def test_what_ends_early_is_drawn_out_to_the_common_end() -> None:
    rows = several(2, pd.date_range("2023-01-01", periods=30)).drop(index=range(50, 60))
    panel = find(rows)
    assert panel is not None
    series = even(rows, panel, ["value"])
    context = latest_context(series, Panel((ITEM,), STAMP, panel.step), most=25)
    assert context.groupby(ITEM)[STAMP].max().nunique() == 1
    assert context.groupby(ITEM).size().tolist() == [25, 25]
    assert context["value"].isna().sum() == 10


def test_rows_without_a_value_at_the_end_are_still_to_come() -> None:
    rows = single(pd.date_range("2023-01-01", periods=30))
    rows.loc[25:, "value"] = np.nan
    panel = find(rows)
    assert panel is not None
    past, future = told_apart(even(rows, panel, ["value"]), "value")
    assert (len(past), len(future)) == (25, 5)


def test_several_rows_of_a_step_become_one() -> None:
    rows = single(pd.date_range("2023-01-01", periods=48, freq="h")).assign(value=1.0)
    daily = Panel((), "at", Step.of("D"))
    assert even(rows, daily, ["value"])["value"].tolist() == [1.0, 1.0]
    assert even(rows, daily, ["value"], sums=["value"])["value"].tolist() == [24.0, 24.0]


@given(st.integers(min_value=1, max_value=400), st.integers(min_value=1, max_value=60))
def test_windows_leave_enough_to_learn_from(length: int, horizon: int) -> None:
    windows = windows_of(length, horizon)
    assert 1 <= windows <= 3
    assert windows == 1 or windows * horizon <= 0.4 * length
    assert fewest_steps(horizon) > 2 * horizon


def test_facts_are_read_as_they_were_written() -> None:
    rows = several(3, pd.date_range("2023-01-01", periods=30))
    panel = find(rows)
    assert panel is not None
    facts = Facts.of(rows, panel, Shape("long"), "{}")
    assert Facts.read(facts.written()) == facts
    assert Facts.read({}) is None


@pytest.mark.parametrize(
    ("code", "noun", "words"),
    [
        ("D", "day", "14 days"),
        ("15min", "15 minutes", "96 steps of 15 minutes"),
        ("B", "working day", "10 working days"),
    ],
)
def test_a_step_is_named_in_words(code: str, noun: str, words: str) -> None:
    step = Step.of(code)
    assert step.noun == noun
    assert step.amount(step.habit()[0]) == words


def test_what_describes_an_item_is_told_from_what_ends_early() -> None:
    rows = several(3, pd.date_range("2023-01-01", periods=30)).assign(plan=1.0, rain=2.0)
    rows["town"] = rows["shop"].map({"shop 0": "Ulm", "shop 1": "Ulm", "shop 2": None})
    rows["plan"] += np.arange(len(rows))
    late = rows.groupby("shop").cumcount() >= 25
    rows = rows.assign(value=rows["value"].mask(late)).sample(frac=1, random_state=0)
    panel = find(rows)
    assert panel is not None
    constant, empty = beside(rows, panel)
    assert constant == ("rain", "town")
    assert empty == {"value": 5, "plan": 0, "rain": 0, "town": 0}


def test_what_is_known_of_the_steps_to_come_is_laid_beside_them() -> None:
    days = pd.date_range("2023-02-01", periods=3)
    steps = pd.DataFrame({ITEM: ["a"] * 3 + ["over"] * 3, STAMP: [*days, *days]})
    future = pd.DataFrame({ITEM: "a", STAMP: days, "promo": [0.0, 1.0, 0.0]})
    told = coming(steps, future, ["promo"])
    assert (told[ITEM].unique().tolist(), told["promo"].tolist()) == (["a"], [0.0, 1.0, 0.0])
    with pytest.raises(SeriesError, match="needs 'promo' for all 3 steps ahead; the first that lacks it is 2023-02-02"):
        coming(steps, future.drop(index=1), ["promo"])
    with pytest.raises(SeriesError, match="no row tells it"):
        coming(steps, future.iloc[:0], ["promo"])


def test_only_what_adds_up_is_added() -> None:
    rows = single(pd.date_range("2023-01-01", periods=48, freq="h"), price=3.0).assign(value=1.0)
    made = even(rows, Panel((), "at", Step.of("D")), ["value", "price"], sums=["value"])
    assert (made["value"].tolist(), made["price"].tolist()) == ([24.0, 24.0], [3.0, 3.0])
