"""What is proposed for a dataset, why, and what is said to be doubtful, dangerous or impossible."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gristmill.errors import DataRejected, UsageError
from gristmill.intake.leakage import leaks
from gristmill.intake.profile import profile
from gristmill.intake.propose import propose
from gristmill.records import Notice, Profile, Proposal, Severity, replace

ROWS = 400
Look = Callable[..., tuple[Profile, pd.DataFrame]]


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Profiles a frame, or frames by file name, and gives a draw of the rows, too."""

    def profiled(frames: pd.DataFrame | dict[str, pd.DataFrame]) -> tuple[Profile, pd.DataFrame]:
        named = frames if isinstance(frames, dict) else {"data.csv": frames}
        for name, frame in named.items():
            frame.to_csv(tmp_path / name, index=False)
        drawn: list[pd.DataFrame] = []
        found = profile(tmp_path, sorted(named), keep=drawn.append)
        return found, drawn[0]

    return profiled


@pytest.fixture
def rows(random: np.random.Generator) -> pd.DataFrame:
    """Two columns of noise, to which a test adds what it is about."""
    return pd.DataFrame({"a": random.normal(size=ROWS).round(3), "b": random.integers(0, 500, ROWS)})


def codes(proposal: Proposal) -> set[str]:
    return {notice.code for notice in proposal.notices}


def notice(proposal: Proposal, code: str) -> Notice:
    return next(notice for notice in proposal.notices if notice.code == code)


def rejected(found: Profile, **chosen: str) -> DataRejected:
    with pytest.raises(DataRejected) as refused:
        propose(found, **chosen)
    assert refused.value.failure.cure
    return refused.value


# --- target and task -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "task", "metric"),
    [
        ("species", ["cat", "dog", "owl"], "tabular-classification", "accuracy"),
        ("churned", ["yes", "no"], "tabular-classification", "roc_auc"),
        ("survived", [0, 1], "tabular-classification", "roc_auc"),
        ("target", [0, 1, 2], "tabular-classification", "accuracy"),
        ("sale_price", np.linspace(1, 99, 77).round(2).tolist(), "tabular-regression", "root_mean_squared_error"),
        ("Income", list(range(1000, 1200)), "tabular-regression", "root_mean_squared_error"),
    ],
)
def test_target_task_and_metric_are_proposed_with_reasons(
    look: Look, rows: pd.DataFrame, random: np.random.Generator, name: str, values: list[object], task: str, metric: str
) -> None:
    rows.insert(1, name, random.choice(values, ROWS))
    found, sample = look(rows)
    proposal = propose(found, sample=sample)
    assert (proposal.target, proposal.task, proposal.metric) == (name, task, metric)
    assert set(proposal.reasons) == {"task", "target", "metric", "budget"}
    assert all(reason.endswith(".") and len(reason) > 30 for reason in proposal.reasons.values())
    assert name in proposal.reasons["target"]
    assert set(proposal.targets) == {"a", "b"}
    assert "doubtful-target" not in codes(proposal)


def test_the_last_column_is_guessed_where_no_name_speaks(look: Look, rows: pd.DataFrame) -> None:
    proposal = propose(look(rows.assign(c=rows["a"] ** 2))[0])
    assert proposal.target == "c"
    assert notice(proposal, "doubtful-target").severity is Severity.DOUBT
    assert "'b'" in notice(proposal, "doubtful-target").message


def test_what_rows_to_predict_lack_is_the_target(look: Look, rows: pd.DataFrame) -> None:
    wide = rows.assign(c=rows["a"], d=rows["a"] + 1)
    found, _ = look({"train.csv": wide, "test.csv": wide.drop(columns="b").head(50)})
    proposal = propose(found)
    assert proposal.target == "b"
    assert "test.csv" in proposal.reasons["target"]


@pytest.mark.parametrize(
    ("name", "values", "task", "code", "said"),
    [
        ("stars", [1, 2, 3, 4, 5], "tabular-regression", "doubtful-numbers", "rating"),
        ("quality", [3, 4, 5, 6, 7, 8], "tabular-regression", "doubtful-numbers", "rating"),
        ("y", [1, 2, 3, 4, 5], "tabular-regression", "doubtful-numbers", "rating"),
        ("result", [0, 1, 2, 3, 4, 5, 6], "tabular-classification", "doubtful-classes", "7 different whole numbers"),
        ("class", [1, 2, 3, 4, 5, 6, 7], "tabular-classification", "doubtful-classes", "7 different whole numbers"),
        ("year", list(range(1990, 2020)), "tabular-regression", "doubtful-numbers", "years"),
        ("zip_code", [10115, 20095, 50667, 80331], "tabular-classification", "doubtful-classes", "postal code"),
        ("children", [0, 1, 2, 3, 4], "tabular-regression", "doubtful-numbers", "5 different whole numbers"),
        ("half_points", [0.5, 1.0, 1.5, 2.0], "tabular-regression", "doubtful-numbers", "4 different values"),
    ],
)
def test_doubtful_cases_are_said_to_be_doubtful(
    look: Look, rows: pd.DataFrame, random: np.random.Generator, name: str, values: list[float], task: str, code: str,
    said: str,
) -> None:  # fmt: skip
    found, _ = look(rows.assign(**{name: random.choice(values, ROWS)}))
    proposal = propose(found, target=name)
    assert proposal.task == task
    doubt = notice(proposal, code)
    assert doubt.severity is Severity.DOUBT
    assert said in doubt.message
    assert "tabular-" in doubt.cure
    assert doubt.cure.count(task) == 0


def test_what_a_person_has_settled_is_not_doubted(look: Look, rows: pd.DataFrame, random: np.random.Generator) -> None:
    found, _ = look(rows.assign(stars=random.integers(1, 6, ROWS)))
    proposal = propose(found, task="tabular-classification", target="stars", metric="qwk")
    assert (proposal.task, proposal.metric) == ("tabular-classification", "quadratic_kappa")
    assert proposal.reasons["task"] == proposal.reasons["target"] == "You chose it."
    assert proposal.reasons["metric"].startswith("You chose it.")
    assert not {"doubtful-classes", "doubtful-target"} & codes(proposal)


@pytest.mark.parametrize("wrong", ["roc_auc", "nonsense", "acuracy"])
def test_a_wrong_metric_is_answered_with_the_right_ones(look: Look, rows: pd.DataFrame, wrong: str) -> None:
    found, _ = look(rows)
    with pytest.raises(UsageError, match="root_mean_squared_error, r2, mean_absolute_error") as refused:
        propose(found, target="a", metric=wrong)
    assert refused.value.failure.code == "unknown-metric"


def test_a_near_miss_of_a_metric_is_understood(look: Look, rows: pd.DataFrame) -> None:
    found, _ = look(rows)
    with pytest.raises(UsageError, match=r"Did you mean r2\?"):
        propose(found, target="a", metric="r22")
    assert propose(found, target="a", metric="RMSE").metric == "root_mean_squared_error"


def test_budgets_grow_with_the_data(look: Look, rows: pd.DataFrame) -> None:
    found, _ = look(rows)
    large = replace(found, tables=(replace(found.main, rows=8_000_000),))
    assert propose(found).budget == 120
    assert propose(large).budget == 3_600
    assert "8,000,000 rows" in propose(large).reasons["budget"]


# --- order -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "dates", "order"),
    [
        ("sold_on", pd.date_range("2020-01-01", periods=ROWS), True),
        ("sold_on", pd.date_range("2020-01-01", periods=ROWS)[::-1], True),
        ("sold_on", np.random.default_rng(0).permutation(pd.date_range("2020-01-01", periods=ROWS)), False),
        ("date_of_birth", pd.date_range("1950-01-01", periods=ROWS), False),
        ("sold_on", [pd.Timestamp("2020-01-01")] * 200 + [pd.Timestamp("2020-01-02")] * 200, False),
    ],
)
def test_rows_in_the_order_of_a_date_are_events_in_time(
    look: Look, rows: pd.DataFrame, name: str, dates: pd.DatetimeIndex, *, order: bool
) -> None:
    rows.insert(0, name, dates)
    proposal = propose(look(rows)[0], target="a")
    assert proposal.order == (name if order else None)
    assert ("order" in proposal.reasons) is order


# --- classes ---------------------------------------------------------------------------------------------------------


def test_rare_classes_are_named_and_must_be_confirmed(look: Look, rows: pd.DataFrame) -> None:
    kinds = ["x"] * 200 + ["y"] * 191 + ["odd"] * 7 + ["queer"] * 2
    proposal = propose(look(rows.assign(kind=kinds))[0], target="kind")
    rare = notice(proposal, "rare-classes")
    assert rare.severity is Severity.CONFIRM
    assert "'odd' (7) and 'queer' (2)" in rare.message
    assert "rare_classes=merge" in rare.cure
    assert proposal.metric == "balanced_accuracy"


def test_rare_classes_among_very_many_are_never_passed_over(look: Look, random: np.random.Generator) -> None:
    many = np.repeat([f"c{number}" for number in range(1_500)], 11)
    found, _ = look(pd.DataFrame({"a": random.normal(size=len(many)), "b": random.normal(size=len(many)), "c": many}))
    proposal = propose(found, target="c")
    assert "that are not counted" in notice(proposal, "rare-classes").message
    assert notice(proposal, "many-classes").severity is Severity.DOUBT


@pytest.mark.parametrize(("share", "code"), [(0.5, "class-balance"), (0.05, "uneven-classes")])
def test_the_balance_of_classes_is_told(look: Look, rows: pd.DataFrame, share: float, code: str) -> None:
    fraud = np.arange(ROWS) < share * ROWS
    told = notice(propose(look(rows.assign(fraud=np.where(fraud, "yes", "no")))[0]), code)
    assert f"{share:.0%}" in told.message


def test_two_classes_of_which_one_is_rare_are_warned_of(look: Look, rows: pd.DataFrame) -> None:
    proposal = propose(look(rows.assign(fraud=["yes"] * 4 + ["no"] * (ROWS - 4)))[0])
    assert "Only 4 rows are 'yes'" in notice(proposal, "few-examples").message
    assert "rare-classes" not in codes(proposal)


def test_classes_that_only_the_test_file_has_are_told(look: Look, rows: pd.DataFrame) -> None:
    rows["kind"] = ["x", "y"] * (ROWS // 2)
    strange = rows.head(60).assign(kind=["x", "y", "z"] * 20)
    assert "'z' (20)" in notice(propose(look({"train.csv": rows, "test.csv": strange})[0]), "test-classes").message
    other = rows.head(60).assign(kind=["x.", "y."] * 30)
    assert rejected(look({"train.csv": rows, "test.csv": other})[0]).failure.code == "test-classes"


def test_rows_without_a_target_are_counted(look: Look, rows: pd.DataFrame) -> None:
    rows.loc[:9, "a"] = np.nan
    told = notice(propose(look(rows)[0], target="a"), "target-missing-rows")
    assert told.message.startswith("10 of 400 rows have no value of 'a'")


# --- refusals --------------------------------------------------------------------------------------------------------


def test_a_missing_target_is_answered_with_the_nearest_names(look: Look, rows: pd.DataFrame) -> None:
    found, _ = look(rows.assign(price=1.0, prize=2.0))
    failure = rejected(found, target="Pirce").failure
    assert failure.code == "target-missing"
    assert "'price'" in failure.cause
    assert "data.csv has no column 'Pirce'" in failure.what
    assert "'a', 'b'" in rejected(found, target="zzzzzz").failure.cure


@pytest.mark.parametrize(
    ("values", "task", "code"),
    [
        (["x"] * ROWS, "tabular-classification", "one-class"),
        ([5] * ROWS, "tabular-regression", "one-value"),
        ([None] * ROWS, None, "target-empty"),
        ([f"w{number}" for number in range(ROWS)], "tabular-classification", "too-many-classes"),
        ([f"w{number}" for number in range(ROWS)], None, None),
        (["x", "y"] * (ROWS // 2), "tabular-regression", "not-a-number"),
        (pd.date_range("2020-01-01", periods=ROWS), "tabular-regression", "target-kind"),
        ([1.5] * 9 + [2.5] * 9 + [None] * (ROWS - 18), "tabular-regression", "too-few-rows"),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused(
    look: Look, rows: pd.DataFrame, values: list[object], task: str | None, code: str | None
) -> None:
    found, _ = look(rows.assign(aim=values))
    chosen = {"target": "aim"} if task is None else {"target": "aim", "task": task}
    failure = rejected(found, **chosen).failure
    assert code is None or failure.code == code
    assert "data.csv" in failure.what


def test_data_in_which_nothing_can_be_a_target_is_refused(look: Look) -> None:
    frame = pd.DataFrame({"id": range(ROWS), "when": pd.date_range("2020-01-01", periods=ROWS), "unit": "kg"})
    assert rejected(look(frame)[0]).failure.code == "no-target"


def test_an_unknown_task_is_answered_with_the_known_ones(look: Look, rows: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="tabular-classification, tabular-regression"):
        propose(look(rows)[0], task="tabular")


# --- leakage ---------------------------------------------------------------------------------------------------------


def suspects(frame: pd.DataFrame, target: str, *, are_classes: bool) -> set[str | None]:
    return {notice.column for notice in leaks(frame, target, are_classes=are_classes)}


def test_columns_that_give_classes_away_are_found(random: np.random.Generator) -> None:
    target = random.choice(["yes", "no"], 1_000)
    score = np.where(target == "yes", 2.0, 0.0) + random.normal(size=1_000) / 10
    frame = pd.DataFrame(
        {
            "target": target,
            "copy": target,
            "code": np.where(target == "yes", 7, 3),
            "several_codes": np.where(target == "yes", random.choice([1, 2, 3], 1_000), random.choice([4, 5], 1_000)),
            "separated": score,
            "filled_in": np.where(target == "yes", random.choice(["p", "q"], 1_000), None),
            "mostly_filled_in": np.where(
                (target == "yes") ^ (random.random(1_000) < 0.02), random.random(1_000), np.nan
            ),
            "honest": np.where(target == "yes", 1.0, 0.0) + random.normal(size=1_000),
            "strong": np.where(target == "yes", 3.0, 0.0) + random.normal(size=1_000),
            "noise": random.normal(size=1_000),
            "row_id": [f"r{number}" for number in range(1_000)],
            "gaps": np.where(random.random(1_000) < 0.5, 1.0, np.nan),
        }
    )
    found = suspects(frame, "target", are_classes=True)
    assert found == {"copy", "code", "several_codes", "separated", "filled_in", "mostly_filled_in"}


def test_columns_that_give_numbers_away_are_found(random: np.random.Generator) -> None:
    price = random.lognormal(8, 1, 1_000)
    frame = pd.DataFrame(
        {
            "price": price,
            "with_tax": price * 1.19,
            "log": np.log(price),
            "falling": 1 / price,
            "nearly": price * random.normal(1, 0.005, 1_000),
            "honest": price * random.lognormal(0, 0.5, 1_000),
            "noise": random.normal(size=1_000),
            "row_id": np.arange(1_000),
            "city": random.choice(["Bern", "Oslo"], 1_000),
        }
    )
    assert suspects(frame, "price", are_classes=False) == {"with_tax", "log", "falling", "nearly"}


def test_three_classes_are_given_away_by_their_codes_only(random: np.random.Generator) -> None:
    kind = random.choice(["x", "y", "z"], 600)
    number = pd.Series(kind).map({"x": 0, "y": 1, "z": 2})
    frame = pd.DataFrame({"kind": kind, "code": number, "petal": number + random.normal(size=600) / 4})
    assert suspects(frame, "kind", are_classes=True) == {"code"}


def test_an_honest_table_raises_no_suspicion() -> None:
    from sklearn import datasets

    for load in (datasets.load_iris, datasets.load_breast_cancer, datasets.load_wine):
        assert suspects(load(as_frame=True).frame, "target", are_classes=True) == set()
    assert suspects(datasets.load_diabetes(as_frame=True).frame, "target", are_classes=False) == set()


def test_what_moves_slowly_in_time_gives_nothing_away(random: np.random.Generator) -> None:
    price = np.arange(500) + random.normal(size=500)
    frame = pd.DataFrame({"price": price, "day": pd.date_range("2020-01-01", periods=500)})
    assert suspects(frame, "price", are_classes=False) == set()


def test_a_leak_is_a_warning_that_names_column_strength_and_cure(look: Look, rows: pd.DataFrame) -> None:
    rows["sold_for"] = (rows["a"] * 3 + 1).round(4)
    rows.insert(0, "id", range(ROWS))
    found, sample = look(rows.sort_values("a").assign(id=range(ROWS)))
    proposal = propose(found, target="a", sample=sample)
    warned = notice(proposal, "leakage")
    assert (warned.column, warned.severity) == ("sold_for", Severity.WARNING)
    assert "R² of the ranks 1.000" in warned.message
    assert "ignore='sold_for'" in warned.cure
    assert [other.column for other in proposal.notices if other.code == "leakage"] == ["sold_for"]
    assert "leakage" not in codes(propose(found, target="a"))


@pytest.mark.parametrize("target", ["t", "u"])
def test_too_few_rows_or_classes_raise_no_suspicion(target: str) -> None:
    frame = pd.DataFrame({"t": ["x"] * 50, "u": [f"w{number}" for number in range(50)], "v": range(50)})
    if target == "u":
        frame = pd.concat([frame] * 2).assign(u=[f"w{number}" for number in range(100)])
    assert suspects(frame, target, are_classes=True) == set()
