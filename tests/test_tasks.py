"""Tasks: the registry, what a plugin must bring, metrics, and the rows to train on and to hold out."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gristmill.errors import DataRejected, NotPossible, UsageError
from gristmill.intake.profile import profile
from gristmill.records import Profile, Resources
from gristmill.tasks import LoadPlan, Metric, TaskKind, all_kinds, find, holdout, registry
from gristmill.tasks.tabular import Tabular, left_out
from gristmill.tasks.tabular_regression import TabularRegression

ROWS = 500
CLASSES = "tabular-classification"
NUMBERS = "tabular-regression"


@pytest.fixture
def rows() -> pd.DataFrame:
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "id": range(ROWS),
            "size": random.normal(size=ROWS).round(3),
            "unit": "kg",
            "kind": random.choice(["x", "y", "z"], ROWS),
            "price": random.gamma(2, 50, ROWS).round(2),
        }
    )


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., Profile]:
    """Profiles a frame, or frames by file name, in tmp_path."""

    def profiled(frames: pd.DataFrame | dict[str, pd.DataFrame]) -> Profile:
        named = frames if isinstance(frames, dict) else {"data.csv": frames}
        for name, frame in named.items():
            frame.to_csv(tmp_path / name, index=False)
        return profile(tmp_path, sorted(named))

    return profiled


def load(folder: Path, found: Profile, task: str, target: str, **plan: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    return find(task).load(folder, found, LoadPlan(target=target, **plan))  # type: ignore[arg-type]


# --- the registry ----------------------------------------------------------------------------------------------------


def test_tasks_are_found_by_name() -> None:
    names = [kind.name for kind in all_kinds()]
    assert {CLASSES, NUMBERS} <= set(names)
    assert find(CLASSES) is find(CLASSES)
    with pytest.raises(UsageError, match=f"Choose one of: {', '.join(names)}"):
        find("clustering")


def test_the_distribution_registers_its_tasks_as_a_plugin_would() -> None:
    points = registry.entry_points(group=registry.GROUP)
    assert {point.name: point.value for point in points if point.name.startswith("tabular-")} == {
        CLASSES: "gristmill.tasks.tabular_classification:TabularClassification",
        NUMBERS: "gristmill.tasks.tabular_regression:TabularRegression",
    }


@pytest.mark.parametrize("value", ["gristmill.tasks.nowhere:Task", "gristmill.records:Run"])
def test_a_plugin_that_is_no_task_says_so(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    broken = EntryPoint(name="broken", value=value, group=registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [broken])
    all_kinds.cache_clear()
    try:
        with pytest.raises(NotPossible, match="broken"):
            all_kinds()
    finally:
        all_kinds.cache_clear()


def test_an_incomplete_task_is_refused_when_it_is_defined() -> None:
    with pytest.raises(TypeError, match="lacks name, title, summary, metrics, draw, fitness, metric_reason"):

        class Half(Tabular):
            pass

    with pytest.raises(TypeError, match=r"lacks relabel\.$"):

        class NearlyWhole(TabularRegression):
            relabel = Tabular.relabel  # type: ignore[assignment]


def test_tasks_say_what_they_are() -> None:
    for kind in all_kinds():
        assert kind.title
        assert kind.summary
        assert kind.recipe.endswith(".ipynb")
        assert kind.metrics


# --- metrics ---------------------------------------------------------------------------------------------------------


def metrics() -> list[tuple[TaskKind, Metric]]:
    return [(kind, metric) for kind in all_kinds() for metric in kind.metrics]


@pytest.mark.engine
def test_metrics_are_those_of_autogluon() -> None:
    from autogluon.core.metrics import METRICS

    known = {CLASSES: {**METRICS["binary"], **METRICS["multiclass"]}, NUMBERS: METRICS["regression"]}
    known["image-classification"] = known[CLASSES]
    for kind, metric in ((kind, metric) for kind, metric in metrics() if kind.name in known):
        theirs = known[kind.name][metric.name]
        assert metric.greater_is_better == (theirs._sign > 0)


def test_metrics_are_explained_in_a_sentence() -> None:
    for _, metric in metrics():
        assert metric.explain.endswith(".")
        assert metric.title
        if metric.lower is not None and metric.upper is not None:
            assert metric.lower < metric.upper


def test_metrics_follow_the_number_of_classes(look: Callable[..., Profile], rows: pd.DataFrame) -> None:
    found, kind = look(rows.assign(paid=["yes", "no"] * (ROWS // 2))), find(CLASSES)
    assert kind.metric_for(found, "paid").name == "roc_auc"
    assert kind.metric_for(found, "kind").name == "accuracy"
    assert kind.metric_for(found, "kind", "auc").name == "roc_auc_ovr_macro"
    with pytest.raises(UsageError, match="accuracy, balanced_accuracy"):
        kind.metric_for(found, "kind", "f1")
    assert kind.metric_for(found, "paid", "F1").name == "f1"
    assert find(NUMBERS).metric_for(found, "price").name == "root_mean_squared_error"


# --- loading ---------------------------------------------------------------------------------------------------------


def test_rows_are_split_and_columns_without_use_left_out(
    look: Callable[..., Profile], tmp_path: Path, rows: pd.DataFrame
) -> None:
    train, test = load(tmp_path, look(rows), NUMBERS, "price")
    assert list(train.columns) == list(test.columns) == ["size", "kind", "price"]
    assert (len(train), len(test)) == (400, 100)
    assert not set(train.index) & set(test.index)
    together = pd.concat([train, test]).sort_index()
    assert together["price"].tolist() == rows["price"].tolist()


def test_a_split_is_the_same_for_the_same_seed(
    look: Callable[..., Profile], tmp_path: Path, rows: pd.DataFrame
) -> None:
    found = look(rows)
    for task, target in ((NUMBERS, "price"), (CLASSES, "kind")):
        first, again, other = (load(tmp_path, found, task, target, seed=seed)[1] for seed in (1, 1, 2))
        assert first.equals(again)
        assert first.index.tolist() != other.index.tolist()


def test_columns_to_ignore_can_be_chosen(look: Callable[..., Profile], tmp_path: Path, rows: pd.DataFrame) -> None:
    found = look(rows)
    train, _ = load(tmp_path, found, NUMBERS, "price", settings={"ignore": ["size"]})
    assert list(train.columns) == ["id", "unit", "kind", "price"]
    assert left_out(found, LoadPlan(target="price", settings={"ignore": "size"})) == ("size",)
    assert left_out(found, LoadPlan(target="id")) == ("unit",)
    assert left_out(found, LoadPlan(target="price", settings={"ignore": []})) == ()
    with pytest.raises(UsageError, match="'colour'"):
        load(tmp_path, found, NUMBERS, "price", settings={"ignore": ["colour"]})


def test_rows_without_a_target_are_left_out(look: Callable[..., Profile], tmp_path: Path, rows: pd.DataFrame) -> None:
    rows.loc[:99, "price"] = np.nan
    rows.loc[100:149, "kind"] = None
    found = look(rows)
    assert sum(map(len, load(tmp_path, found, NUMBERS, "price"))) == 400
    assert sum(map(len, load(tmp_path, found, CLASSES, "kind"))) == 450


def test_classes_keep_their_shares(look: Callable[..., Profile], tmp_path: Path, rows: pd.DataFrame) -> None:
    rows["kind"] = ["x"] * 440 + ["y"] * 50 + ["z"] * 10
    _, test = load(tmp_path, look(rows), CLASSES, "kind")
    assert test["kind"].value_counts().to_dict() == {"x": 88, "y": 10, "z": 2}


def test_whole_numbers_stay_whole_as_classes(look: Callable[..., Profile], tmp_path: Path, rows: pd.DataFrame) -> None:
    rows["grade"] = np.where(np.arange(ROWS) < 3, np.nan, np.arange(ROWS) % 3)
    train, test = load(tmp_path, look(rows), CLASSES, "grade")
    assert train["grade"].dtype == "int64"
    assert set(train["grade"]) == set(test["grade"]) == {0, 1, 2}


def test_a_given_test_file_is_held_out(look: Callable[..., Profile], tmp_path: Path, rows: pd.DataFrame) -> None:
    given_rows = rows.head(40)[["price", "kind", "unit", "size", "id"]].assign(extra=1)
    train, test = load(tmp_path, look({"train.csv": rows, "test.csv": given_rows}), CLASSES, "kind")
    assert (len(train), len(test)) == (ROWS, 40)
    assert list(test.columns) == list(train.columns)


def test_held_out_rows_of_unknown_classes_are_not_judged(
    look: Callable[..., Profile], tmp_path: Path, rows: pd.DataFrame
) -> None:
    given_rows = rows.head(40).assign(kind=["x", "new"] * 20)
    _, test = load(tmp_path, look({"train.csv": rows, "test.csv": given_rows}), CLASSES, "kind")
    assert test["kind"].tolist() == ["x"] * 20


def test_the_latest_rows_are_held_out(look: Callable[..., Profile], tmp_path: Path, rows: pd.DataFrame) -> None:
    days = pd.date_range("2020-01-01", periods=ROWS // 2).repeat(2)
    rows["day"] = np.random.default_rng(0).permutation(days)
    for task, target in ((NUMBERS, "price"), (CLASSES, "kind")):
        train, test = load(tmp_path, look(rows), task, target, order="day")
        assert train["day"].max() < test["day"].min()
        assert len(test) == 100


def test_files_of_one_table_are_read_as_one(look: Callable[..., Profile], tmp_path: Path, rows: pd.DataFrame) -> None:
    found = look({"a.csv": rows, "b.csv": rows[["price", "size", "unit", "kind", "id"]]})
    train, test = load(tmp_path, found, NUMBERS, "price", settings={"ignore": []})
    assert len(train) + len(test) == 2 * ROWS
    assert train.index.append(test.index).is_unique
    assert list(train.columns) == list(rows.columns)


def test_a_column_of_numbers_here_and_words_there_is_words(
    look: Callable[..., Profile], tmp_path: Path, rows: pd.DataFrame
) -> None:
    days = pd.date_range("2024-01-01", periods=ROWS)
    codes = rows.assign(size=["k1", "k2"] * (ROWS // 2), unit=np.nan, spare=np.nan, day=None)
    found = look({"a.csv": rows.assign(unit=7, spare=1.5, day=days), "b.csv": codes})
    train, test = load(tmp_path, found, NUMBERS, "price", settings={"ignore": []})
    together = pd.concat([train, test]).sort_index()
    assert {type(value) for value in together["size"]} == {str}
    assert together["unit"].dtype == together["spare"].dtype == "float64"
    assert together["day"].dtype == "datetime64[ns]"
    assert found.column("size").dtype == "object"
    assert found.column("spare").dtype == "float64"


def test_a_test_file_has_the_types_of_the_training_file(
    look: Callable[..., Profile], tmp_path: Path, rows: pd.DataFrame
) -> None:
    odd = rows.head(40).assign(size="big", kind="1")
    found = look({"train.csv": rows.assign(kind=["1", "b"] * (ROWS // 2)), "test.csv": odd})
    train, test = load(tmp_path, found, NUMBERS, "price")
    assert (train.dtypes == test.dtypes).all()
    assert test["size"].isna().all()
    assert set(test["kind"]) == {"1"}


@pytest.fixture
def rare(look: Callable[..., Profile], rows: pd.DataFrame) -> Profile:
    """x and y are common, p and q have four rows each."""
    return look(rows.assign(kind=["x"] * 300 + ["y"] * 192 + ["p"] * 4 + ["q"] * 4))


@pytest.mark.parametrize(
    ("settings", "counts"),
    [
        ({}, {"x": 300, "y": 192}),
        ({"rare_classes": "leave-out"}, {"x": 300, "y": 192}),
        ({"rare_classes": "keep"}, {"x": 300, "y": 192, "p": 4, "q": 4}),
        ({"rare_classes": "merge"}, {"x": 300, "y": 192, "other": 8}),
    ],
)
def test_rare_classes_are_treated_as_was_said(
    rare: Profile, tmp_path: Path, settings: dict[str, str], counts: dict[str, int]
) -> None:
    train, test = load(tmp_path, rare, CLASSES, "kind", settings=settings)
    assert pd.concat([train, test])["kind"].value_counts().to_dict() == counts
    assert set(test["kind"]) == set(train["kind"]) == set(counts)


def test_a_wrong_treatment_of_rare_classes_is_refused(rare: Profile, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leave-out, keep, merge"):
        load(tmp_path, rare, CLASSES, "kind", settings={"rare_classes": "drop"})


def test_rare_classes_that_leave_nothing_are_refused(
    look: Callable[..., Profile], tmp_path: Path, rows: pd.DataFrame
) -> None:
    found = look(rows.assign(kind=["x"] * 494 + ["p"] * 3 + ["q"] * 3))
    with pytest.raises(DataRejected, match="fewer than two classes"):
        load(tmp_path, found, CLASSES, "kind")


def test_classes_merged_in_training_are_merged_in_a_given_test_file(
    look: Callable[..., Profile], tmp_path: Path, rows: pd.DataFrame
) -> None:
    kinds = ["x"] * 300 + ["y"] * 192 + ["p"] * 4 + ["q"] * 4
    found = look({"train.csv": rows.assign(kind=kinds), "test.csv": rows.tail(20).assign(kind=kinds[-20:])})
    _, test = load(tmp_path, found, CLASSES, "kind", settings={"rare_classes": "merge"})
    assert test["kind"].value_counts().to_dict() == {"y": 12, "other": 8}


def test_problem_types_are_autogluons() -> None:
    assert find(CLASSES).problem_type(pd.Series(["a", "b", "a"])) == "binary"
    assert find(CLASSES).problem_type(pd.Series([1, 2, 3])) == "multiclass"
    assert find(NUMBERS).problem_type(pd.Series([1, 2, 3])) == "regression"


def test_a_plan_fits_memory(look: Callable[..., Profile], rows: pd.DataFrame) -> None:
    found = look(rows)
    ample, none = find(NUMBERS).plan(found, 60, Resources(cpus=2, memory=8 << 30))
    tight, told = find(NUMBERS).plan(found, 60, Resources(cpus=2, memory=8 << 30), smaller=True)
    assert none == ()
    assert told[0].code == "smaller-plan"
    assert ample != tight


# --- holding out -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "rarest", "held"),
    [(20, None, 4), (500, None, 100), (50_000, None, 10_000), (1_000_000, None, 10_000), (1_000_000, 1_000, 50_000),
     (1_000_000, 10_000, 10_000), (1_000_000, 3, 50_000)],
)  # fmt: skip
def test_the_share_held_out(rows: int, rarest: int | None, held: int) -> None:
    assert round(rows * holdout.share_of(rows, rarest)) == held


def test_a_rare_class_among_very_many_rows_is_held_out_too() -> None:
    classes = pd.Series(["x"] * 999_990 + ["y"] * 10)
    held = holdout.draw_by_class(classes, 0)
    assert held.sum() == pytest.approx(50_000, abs=10)
    assert held[classes == "y"].sum() == 2


@given(st.lists(st.sampled_from("aaaabbc"), min_size=20, max_size=200), st.integers(0, 5))
@settings(deadline=None)
def test_every_class_of_two_rows_stands_on_both_sides(labels: list[str], seed: int) -> None:
    classes = pd.Series(labels)
    held = holdout.draw_by_class(classes, seed)
    counts = classes.value_counts()
    for label in counts.index[counts >= 2]:
        assert (classes[held] == label).any()
        assert (classes[~held] == label).any()
    assert held.sum() <= len(labels) * 0.5


@given(st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=20, max_size=100))
@settings(deadline=None)
def test_the_latest_rows_are_never_earlier_than_the_rest(moments: list[int | None]) -> None:
    values = pd.Series(moments, dtype=float)
    if values.notna().sum() < 5:
        return
    held = holdout.latest(values)
    assert 0 < held.sum() < len(values)
    assert not values[held].isna().any()
    assert not (values[~held].dropna() > values[held].min()).any()
