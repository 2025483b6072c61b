"""Figures: right numbers, honest words, and bounds that hold whatever comes in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill import figures, wording
from gristmill.figures import Answers
from gristmill.figures.answers import class_looked_for
from gristmill.figures.classes import confusion
from gristmill.figures.drawing import Axis, Chart
from gristmill.figures.measures import measure_named, measure_of
from gristmill.figures.scores import bootstrap
from gristmill.records import Column, ColumnKind, LeaderboardRow, Notice, Profile, Role, Severity, Table, TableForm

HOSTILE = "<script>alert(1)</script>\"'&"


def two_classes(rows: int = 400, *, metric: str = "roc_auc", skill: float = 0.3, seed: int = 1) -> Answers:
    random = np.random.default_rng(seed)
    late = random.random(rows) < 0.3
    held = np.clip(0.3 + skill * late + random.normal(0, 0.15, rows), 0.01, 0.99)
    shares = pd.DataFrame({"late": held, "on time": 1 - held})
    return Answers.of_classes("arrival", metric, pd.Series(np.where(late, "late", "on time")), shares, "late")


def many_classes(rows: int = 600, kinds: int = 5, *, metric: str = "accuracy", skill: float = 1.0) -> Answers:
    random = np.random.default_rng(2)
    truth = random.integers(0, kinds, rows)
    held = random.random((rows, kinds))
    held[np.arange(rows), truth] += skill
    held /= held.sum(axis=1, keepdims=True)
    names = [f"class {index}" for index in range(kinds)]
    return Answers.of_classes("kind", metric, pd.Series(np.array(names)[truth]), pd.DataFrame(held, columns=names))


def numbers(rows: int = 400, *, metric: str = "rmse", noise: float = 5.0) -> Answers:
    random = np.random.default_rng(3)
    truth = random.gamma(4, 20, rows)
    return Answers.of_numbers("price", metric, truth, truth + random.normal(0, noise, rows))


def learned(answers: Answers) -> Any:
    return np.array(answers.classes)[answers.truth] if answers.classes else answers.truth


ALL_SHAPES = {"two classes": two_classes, "many classes": many_classes, "numbers": numbers}


# --- scores ----------------------------------------------------------------------------------------------------------

BINARY = [
    "accuracy",
    "balanced_accuracy",
    "log_loss",
    "f1",
    "precision",
    "recall",
    "mcc",
    "roc_auc",
    "average_precision",
]
MULTICLASS = [
    "accuracy", "balanced_accuracy", "log_loss", "f1_macro", "f1_micro", "f1_weighted", "mcc", "quadratic_kappa",
    "roc_auc_ovr_macro",
]  # fmt: skip
REGRESSION = [
    "root_mean_squared_error", "mean_squared_error", "mean_absolute_error", "median_absolute_error", "r2", "spearmanr",
    "mean_absolute_percentage_error",
]  # fmt: skip


def by_autogluon(answers: Answers, problem_type: str) -> float:
    from autogluon.core.metrics import get_metric

    scorer = get_metric(answers.metric, problem_type=problem_type)
    truth, said, held = answers.truth, answers.prediction, answers.probabilities
    if problem_type == "binary":
        truth, said, held = truth == answers.positive, said == answers.positive, held[:, answers.positive]
        truth, said = truth.astype(int), said.astype(int)
    by_probability = scorer.needs_proba or scorer.needs_threshold
    return scorer.convert_score_to_original(scorer(truth, held if by_probability else said))


@pytest.mark.parametrize("metric", BINARY)
def test_binary_scores_are_autogluons(metric: str) -> None:
    answers = two_classes(metric=metric)
    assert measure_of(answers).score(answers) == pytest.approx(by_autogluon(answers, "binary"), abs=1e-6)


@pytest.mark.parametrize("metric", MULTICLASS)
def test_multiclass_scores_are_autogluons(metric: str) -> None:
    answers = many_classes(metric=metric)
    assert measure_of(answers).score(answers) == pytest.approx(by_autogluon(answers, "multiclass"), abs=1e-6)


@pytest.mark.parametrize("metric", REGRESSION)
def test_regression_scores_are_autogluons(metric: str) -> None:
    answers = numbers(metric=metric)
    assert measure_of(answers).score(answers) == pytest.approx(by_autogluon(answers, "regression"), rel=1e-6)


def test_a_metric_that_is_not_listed_is_asked_of_autogluon() -> None:
    answers = numbers(metric="symmetric_mean_absolute_percentage_error")
    measure = measure_of(answers)
    assert not measure.greater_is_better
    assert measure.score(answers) == pytest.approx(by_autogluon(answers, "regression"))
    assert figures.verdict(answers, answers.truth).numbers["standing"] == "better"


def test_the_interval_holds_the_score_repeats_and_narrows_with_rows() -> None:
    few, many = two_classes(100), two_classes(90_000)
    wide, narrow = (bootstrap(some, measure_of(some)) for some in (few, many))
    assert wide.low < wide.score < wide.high
    assert bootstrap(few, measure_of(few)) == wide
    # 900 times the rows: a thirtieth of the width, also beyond the number of rows that one resample draws
    assert (narrow.high - narrow.low) / (wide.high - wide.low) == pytest.approx(1 / 30, rel=0.3)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        right = random.random(150) < 0.8
        held = pd.DataFrame({"a": np.where(right, 0.9, 0.1), "b": np.where(right, 0.1, 0.9)})
        answers = Answers.of_classes("y", "accuracy", pd.Series(["a"] * 150), held)
        found = bootstrap(answers, measure_of(answers))
        covered += found.low <= 0.8 <= found.high
    assert 0.89 <= covered / 200 <= 0.99


def test_no_errors_at_all_does_not_mean_there_will_be_none() -> None:
    answers = many_classes(60, skill=9.0)
    found = bootstrap(answers, measure_of(answers))
    assert found.score == 1.0
    assert 0.93 < found.low < 0.95  # the exact bound for 60 of 60


# --- the verdict -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ALL_SHAPES)
def test_a_good_model_is_said_to_be_better_than_guessing(shape: str) -> None:
    answers = ALL_SHAPES[shape]()
    found = figures.verdict(answers, learned(answers))
    assert found.numbers["standing"] == "better"
    assert 0 < found.numbers["skill"] <= 1
    assert "95% interval" in found.sentence
    assert found.sentence.count(".") >= 1
    assert found.sentence == found.numbers["sentence"]
    assert "guessing" in found.title


def test_a_model_that_guesses_is_said_to_guess() -> None:
    answers = two_classes(skill=0.0)
    found = figures.verdict(answers, learned(answers))
    assert found.numbers["standing"] == "same"
    assert "No better than guessing" in found.html()
    assert found.sentence.startswith("This model cannot be told from guessing")


def test_a_model_that_misleads_is_said_to_be_worse() -> None:
    found = figures.verdict(two_classes(skill=-0.3), np.array(["late"] * 3 + ["on time"] * 7))
    assert found.numbers["standing"] == "worse"
    assert found.numbers["skill"] < 0


def test_the_guess_for_f1_is_the_better_of_two() -> None:
    answers = two_classes(metric="f1")
    found = figures.verdict(answers, learned(answers))
    assert found.numbers["baseline_name"] == "always answering \u2018late\u2019"
    assert found.numbers["baseline"] > 0


def test_where_rows_are_in_order_the_last_value_is_a_guess() -> None:
    truth = np.linspace(100, 101, 50)
    answers = Answers.of_numbers("level", "mae", truth, truth + 0.1)
    past = np.linspace(0, 100, 200)
    assert "last value" not in figures.verdict(answers, past).sentence
    assert "the last value, 100" in figures.verdict(answers, past, ordered=True).sentence


def test_few_rows_and_perfection_raise_doubts() -> None:
    assert "Only 60 rows were held out" in figures.verdict(two_classes(60), ["late", "on time"]).html()
    perfect = numbers(noise=0.0)
    assert "Check that no column gives the answer away" in figures.verdict(perfect, perfect.truth).html()


def test_a_label_that_training_never_saw_counts_as_wrong() -> None:
    held = pd.DataFrame({"a": [0.9, 0.8], "b": [0.1, 0.2]})
    answers = Answers.of_classes("y", "accuracy", pd.Series(["a", "z"]), held)
    assert answers.classes == ("a", "b", "z")
    assert figures.verdict(answers, ["a", "b"]).numbers["score"] == 0.5
    assert len(figures.performance(answers)) == 8


# --- charts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ALL_SHAPES)
def test_every_chart_has_a_title_words_and_labelled_axes(shape: str) -> None:
    for figure in figures.performance(ALL_SHAPES[shape]()):
        html = figure.html()
        assert figure.title
        assert len(figure.caption.split()) > 6
        for chart in re.findall(r'<svg class="gm-chart".*?</svg>', html, re.DOTALL):
            assert 'role="img"' in chart
            assert len(re.findall(r'aria-label="[^"]{40,}"', chart)) == 1
            assert chart.count("gm-label") == 2


def test_the_confusion_matrix_counts() -> None:
    held = pd.DataFrame({"a": [0.9, 0.9, 0.2, 0.9], "b": [0.1, 0.1, 0.8, 0.1]})
    answers = Answers.of_classes("y", "accuracy", pd.Series(["a", "b", "b", "b"]), held)
    confusion = figures.performance(answers)[0]
    assert "2 of 4 answers are right." in confusion.caption
    assert "Of 3 rows called \u2018a\u2019, 1 was; 2 were \u2018b\u2019 instead." in confusion.caption


def test_gain_and_lift_count() -> None:
    late = np.arange(40) < 12
    held = np.linspace(0.9, 0.1, 40)  # ranks every late row before every other
    labels = pd.Series(np.where(late, "late", "no"))
    answers = Answers.of_classes("y", "roc_auc", labels, pd.DataFrame({"late": held, "no": 1 - held}), "late")
    captions = {figure.title: figure.caption for figure in figures.performance(answers)}
    assert "hold 67% of all \u2018late\u2019" in captions["Cumulative gain"]  # 8 of 12
    assert "is 3.3 times as common" in captions["Lift"]  # 4 of 4 against 12 of 40
    assert "(area 1)" in captions["ROC curve"]


def test_a_steep_curve_keeps_its_shape() -> None:
    """One row in a thousand is looked for: all that matters happens in the first few rows."""
    hit = np.arange(50_000) < 50
    held = np.linspace(1, 0, 50_000)
    labels = pd.Series(np.where(hit, "rare", "no"))
    answers = Answers.of_classes("y", "roc_auc", labels, pd.DataFrame({"rare": held, "no": 1 - held}), "rare")
    line = re.search(r'gm-line gm-s1" d="([^"]+)"', figures.performance(answers)[1].html())
    assert line is not None
    (first, *_, last) = re.findall(r"([\d.]+) ([\d.]+)", line[1])
    corner = [y for x, y in re.findall(r"([\d.]+) ([\d.]+)", line[1]) if x == first[0]]
    assert last[1] in corner  # straight up to "all found", then straight across


@pytest.mark.parametrize(
    ("make", "seconds", "letters"),
    [
        (lambda: two_classes(2_000), 2.0, 60_000),
        (lambda: many_classes(2_000, 100), 2.0, 90_000),
        (lambda: two_classes(1_000_000), 8.0, 60_000),
        (lambda: numbers(1_000_000), 8.0, 90_000),
    ],
    ids=["usual", "100 classes", "1,000,000 rows", "1,000,000 numbers"],
)
def test_figures_are_bounded(make: Callable[[], Answers], seconds: float, letters: int) -> None:
    answers = make()
    before = time.process_time()
    html = figures.verdict(answers, learned(answers)).html() + figures.performance(answers).html()
    assert time.process_time() - before < seconds
    assert len(html) < letters


@pytest.mark.parametrize("kinds", [2, 4])
def test_what_is_answered_is_called_by_its_name(kinds: int) -> None:
    answers = replace(two_classes(80) if kinds == 2 else many_classes(80, kinds), item="picture")
    board = figures.leaderboard([LeaderboardRow(model="A", score=0.9)], "accuracy", rows_tested=80, item="picture")
    told = [figures.verdict(answers, learned(answers)).html(), figures.performance(answers).html(), board.html()]
    for page in told:
        words = re.sub(r"<[^>]*>", " ", page)
        assert "pictures" in words
        assert not re.search(r"\brows?\b", words)


@pytest.mark.parametrize("rows", [1, 2, 5, 13])
@pytest.mark.parametrize("shape", ALL_SHAPES)
def test_few_rows_break_nothing(shape: str, rows: int) -> None:
    answers = ALL_SHAPES[shape](rows)
    assert figures.verdict(answers, learned(answers)).sentence
    assert "nan" not in figures.performance(answers).html()


def test_where_the_metric_means_nothing_there_is_no_verdict() -> None:
    answers = two_classes(2)
    assert answers.counts.tolist() == [0, 2]
    found = figures.verdict(answers, learned(answers))
    assert found.numbers["standing"] == "unknown"
    assert found.sentence == (
        "Nothing can be said of how good the model is: ROC AUC is not defined for the 2 held-out rows."
    )


def test_a_constant_prediction_breaks_nothing() -> None:
    answers = Answers.of_numbers("y", "rmse", [3.0] * 40, [3.0] * 40)
    assert "nan" not in figures.performance(answers).html()
    assert figures.verdict(answers, [3.0]).numbers["score"] == 0


# --- data, candidates, errors, provenance ----------------------------------------------------------------------------


def profile_of(columns: int, name: str = "column") -> Profile:
    kinds = list(ColumnKind)
    listed = tuple(
        Column(
            name=f"{name} {index}",
            kind=kinds[index % len(kinds)],
            dtype="object",
            rows=100,
            missing=index % 7,
            distinct=3,
            top=((f"{name} value", 60), ("other", 40)),
        )
        for index in range(columns)
    )
    table = Table(path=f"{name}.csv", role=Role.TRAIN, form=TableForm(format="csv"), rows=100, columns=listed)
    return Profile(tables=(table,), files=1, bytes=1000)


def test_the_data_summary_says_what_to_know_gravest_first() -> None:
    notices = (
        Notice(code="a", message="Just so you know.", severity=Severity.INFO),
        Notice(code="b", message="This leaks.", severity=Severity.WARNING, cure="Drop it."),
    )
    html = figures.data_summary(profile_of(5), notices, target="column 3").html()
    assert html.index("This leaks.") < html.index("Drop it.") < html.index("Just so you know.")
    assert 'data-severity="warning"' in html
    assert html.index("gm-mark") > 0


def test_five_thousand_columns_are_listed_in_part() -> None:
    html = figures.data_summary(profile_of(5000), target="column 4000").html()
    assert "The first 200 of 5,000 are listed." in html
    assert len(html) < 200_000


def test_the_leaderboard_marks_the_choice_and_knows_which_way_is_better() -> None:
    rows = [LeaderboardRow(model="A", score=2.0), LeaderboardRow(model="B", score=1.0, test_score=1.5, bytes=2_000_000)]
    html = figures.leaderboard(rows, "root_mean_squared_error").html()
    assert html.index("<td>") < html.index(">B ") < html.index(">A<")
    assert "lower is better" in html
    assert "2.0 MB" in html
    assert figures.leaderboard([], "accuracy").caption == "No candidate was finished."


def test_the_timeline_tells_phases_candidates_and_failures() -> None:
    rows = [LeaderboardRow(model="A", score=2.0, fit_seconds=3.0)]
    figure = figures.timeline({"load": 1.0, "fit": 4.0}, rows, budget=10, failures={"B": "out of memory"})
    assert "5.0 s so far, of a budget of 10 s (50%); fit took 4.0 s." in figure.caption
    assert "out of memory" in figure.body


def test_worst_errors_are_the_worst_and_name_their_rows() -> None:
    truth = np.arange(30.0)
    answers = Answers.of_numbers("y", "rmse", truth, np.where(truth == 17, 90.0, truth + 0.1))
    test = pd.DataFrame({"y": truth, "colour": ["red"] * 30, "when": pd.Timestamp("2024-05-01")})
    body = figures.worst_errors(test, answers, features=("colour",)).body
    assert re.search(r"<tbody><tr><td class=.gm-n.>17</td>.*?90.*?red", body)
    right = Answers.of_numbers("y", "rmse", truth, truth)
    assert figures.worst_errors(test, right).caption == "Every held-out row was answered rightly."


def test_reproducibility_gives_facts_and_versions() -> None:
    text = figures.reproducibility({"data (SHA-256)": "abc123", "seed": 7}, packages=("numpy", "no-such-package")).body
    assert "abc123" in text
    assert np.__version__ in text
    assert "no-such-package" not in text


def test_words_of_the_users_are_escaped_everywhere() -> None:
    truth = pd.Series([HOSTILE, "b"] * 30)
    held = pd.DataFrame({HOSTILE: [0.8, 0.4] * 30, "b": [0.2, 0.6] * 30})
    answers = Answers.of_classes(HOSTILE, "accuracy", truth, held, HOSTILE)
    test = pd.DataFrame({HOSTILE: truth, f"x{HOSTILE}": truth})
    notice = Notice(code="a", message=HOSTILE, cure=HOSTILE)
    shown = [
        figures.verdict(answers, truth),
        figures.performance(answers),
        figures.data_summary(profile_of(14, HOSTILE), [notice], target=f"{HOSTILE} 3"),
        figures.leaderboard([LeaderboardRow(model=HOSTILE, score=1.0)], "accuracy"),
        figures.timeline(
            {HOSTILE: 1.0}, [LeaderboardRow(model=HOSTILE, score=1, fit_seconds=1)], failures={"a": HOSTILE}
        ),
        figures.worst_errors(test, answers),
        figures.reproducibility({HOSTILE: HOSTILE}),
    ]
    assert not [figure for figure in shown if "<script" in figure.html()]


def test_a_figure_shows_itself_anywhere() -> None:
    data, metadata = figures.reproducibility({"seed": 1})._repr_mimebundle_()
    assert data["text/html"].startswith("<style>")
    assert data["text/plain"].startswith("To make this run again: ")
    assert metadata == {"gristmill": {"part": "provenance"}}
    assert "http" not in data["text/html"]


def test_all_public_names_are_there() -> None:
    assert all(hasattr(figures, name) for name in figures.__all__)


# --- wording and drawing ---------------------------------------------------------------------------------------------


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_any_number_can_be_written(value: float) -> None:
    for form in (wording.number, wording.share, wording.brief):
        assert 0 < len(form(value)) < 400


@given(st.floats(min_value=1e-4, max_value=9e8))
def test_a_written_number_is_the_number(value: float) -> None:
    assert float(wording.number(value, 4).replace(",", "")) == pytest.approx(value, rel=6e-4)


@given(st.text(), st.integers(min_value=8, max_value=60))
def test_a_shortened_name_is_short(text: str, limit: int) -> None:
    assert len(wording.shorten(text, limit)) <= limit


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0004, "under 1 ms"),
        (0.05, "50 ms"),
        (1.24, "1.2 s"),
        (75, "75 s"),
        (120, "2 min"),
        (150, "2 min 30 s"),
        (7200, "2 h"),
        (7290, "2 h 1 min"),
    ],
)
def test_durations_as_people_say_them(value: float, said: str) -> None:
    assert wording.duration(value) == said


def test_shares_one_under_another_are_whole_only_where_they_are_exact() -> None:
    said = [wording.share_alike(value) for value in (1.0, 0.9999, 0.875, 0.72, 0.0001, 0.0, float("nan"))]
    assert said == ["100%", "99.99%", "87.5%", "72.0%", "0.01%", "0%", "\N{EN DASH}"]


@pytest.mark.parametrize(("kinds", "named"), [(4, True), (10, False)])
def test_a_confusion_matrix_names_its_columns_where_there_is_room(kinds: int, named: bool) -> None:
    html = confusion(many_classes(kinds=kinds)).html()  # names of seven letters
    assert ('<th scope="col" title="class 1">class 1</th>' in html) is named
    assert ('<th scope="col" title="class 1">2</th>' in html) is not named


def test_classes_that_are_digits_head_their_columns_themselves() -> None:
    truth = pd.Series([str(digit) for digit in range(10)] * 3)
    html = confusion(Answers.of_classes("digit", "accuracy", truth, pd.get_dummies(truth).astype(float))).html()
    assert re.findall(r'<th scope="col" title="\d">(\d)</th>', html) == [str(digit) for digit in range(10)]


def test_what_intake_made_of_files_is_not_shown_as_a_table_of_the_users() -> None:
    columns = tuple(
        Column(name=name, kind=kind, dtype="object", rows=40, missing=0, distinct=2, top=(("good", 20), ("bad", 20)))
        for name, kind in (("text", ColumnKind.TEXT), ("label", ColumnKind.CATEGORY), ("file", ColumnKind.IDENTIFIER))
    )
    form = TableForm(format="parquet")
    table = Table(path="listing.train.parquet", role=Role.TRAIN, form=form, rows=40, columns=columns)
    profile = Profile(tables=(table,), files=40, bytes=9, item="text", arranged="text-classification")
    html = figures.data_summary(profile, target="label").html()
    assert "listing" not in html
    assert "of the texts" in html
    assert "row" not in re.sub(r"<[^>]+>", " ", html.replace("gm-", "")).lower().split()


def test_a_share_is_whole_only_where_it_is() -> None:
    assert [wording.share(value) for value in (1.0, 0.99999, 0.5, 0.00001, 0.0)] == [
        "100%", "99.999%", "50%", "0.001%", "0%",
    ]  # fmt: skip
    assert wording.share(0.001, 0) == "<1%"


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_and_within_the_axis(low: float, span: float) -> None:
    axis = Axis("x", low, low + span)
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 7
    assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick in ticks)


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=1, max_size=50))
def test_marks_stay_within_the_chart(points: list[tuple[float, float]]) -> None:
    xs, ys = zip(*points, strict=True)
    chart = Chart(Axis("x", -100, 100), Axis("y", -100, 100))
    chart.dots(xs, ys)
    drawn = re.findall(r"M([\d.]+) ([\d.]+)h0", chart.svg("dots"))
    assert len(drawn) == len(points)
    assert all(0 <= float(x) <= 340 and 0 <= float(y) <= 250 for x, y in drawn)


def test_a_known_metric_says_which_way_is_better() -> None:
    assert measure_named("accuracy").greater_is_better
    assert not measure_named("root_mean_squared_error").greater_is_better


# --- with a real predictor -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, pd.DataFrame]:
    from autogluon.tabular import TabularPredictor

    random = np.random.default_rng(5)
    rows = 700
    table = pd.DataFrame(
        {
            "distance": random.gamma(2, 200, rows).round(1),
            "carrier": random.choice(["Blue Line", "Hansa", "Kestrel"], rows),
            "ordered": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 500, rows), unit="D"),
            "noise": random.normal(size=rows),
        }
    )
    late = table["distance"] / 400 + (table["carrier"] == "Hansa") + random.normal(0, 0.4, rows) > 1.7
    table["arrival"] = np.where(late, "late", "on time")
    folder = tmp_path_factory.mktemp("fitted")
    predictor = TabularPredictor(label="arrival", path=str(folder), eval_metric="roc_auc", verbosity=0)
    predictor.fit(table.head(500), hyperparameters={"GBM": {"num_boost_round": 30}}, num_cpus=1)
    return predictor, table.tail(200)


@pytest.mark.engine
@pytest.mark.filterwarnings("ignore")
def test_figures_of_a_real_predictor(fitted: tuple[Any, pd.DataFrame]) -> None:
    predictor, test = fitted
    test = test.copy()
    test.iloc[3, test.columns.get_loc("arrival")] = None
    answers = Answers.of(predictor, test)
    assert len(answers) == 199
    assert answers.looked_for == "late"  # the rarer one, though AutoGluon's positive class is the last by name
    known = test[test["arrival"].notna()]
    expected = predictor.evaluate_predictions(known["arrival"], predictor.predict_proba(known), auxiliary_metrics=False)
    assert figures.verdict(answers, test["arrival"].dropna()).numbers["score"] == pytest.approx(expected["roc_auc"])

    importance = figures.importance(predictor, test, time_limit=2)
    assert importance.features[0] in ("distance", "carrier")
    assert "95% intervals" in importance.caption
    charts = figures.partial_dependence(predictor, test, ("distance", "carrier", "ordered"), time_limit=2)
    assert [chart.title for chart in charts] == [
        f"How \u2018{name}\u2019 moves the answer" for name in ("distance", "carrier", "ordered")
    ]
    assert "\u2018Hansa\u2019" in charts[1].caption
    assert "2024-" in charts[2].body
    assert figures.worst_errors(test, answers, features=importance.features).body
    told = test.assign(remark=[f"a remark about flight {row}" for row in range(len(test))])
    assert len(figures.partial_dependence(predictor, told, ("remark", "distance"), time_limit=2)) == 1


@pytest.mark.engine
@pytest.mark.filterwarnings("ignore")
def test_importance_looks_at_the_likeliest_columns_when_time_is_short(
    fitted: tuple[Any, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor, test = fitted
    monkeypatch.setattr("gristmill.figures.explanation._FEWEST_COLUMNS", 2)
    monkeypatch.setattr("gristmill.figures.explanation._MOST_COLUMNS", 2)
    importance = figures.importance(predictor, test, time_limit=20)
    assert set(importance.scores) == {"distance", "carrier"}
    assert "Of 4 columns, the 2 that go most along" in importance.caption


@pytest.mark.engine
@pytest.mark.filterwarnings("ignore")
def test_without_time_nothing_is_explained(fitted: tuple[Any, pd.DataFrame]) -> None:
    predictor, test = fitted
    importance = figures.importance(predictor, test, time_limit=0.001)
    assert importance.features == ()
    assert "no time" in importance.caption
    assert len(figures.partial_dependence(predictor, test, ["distance"], time_limit=0.001)) == 0


def test_people_look_for_the_rarer_class_unless_a_name_says_yes() -> None:
    class Predictor:
        problem_type = "binary"
        positive_class: Any = "on time"
        class_labels: Any = ("late", "on time")
        eval_metric = type("Scorer", (), {"name": "accuracy"})

    predictor = Predictor()
    truth = pd.Series(["late"] * 2 + ["on time"] * 8)
    assert class_looked_for(predictor, truth) == "late"
    predictor.eval_metric.name = "f1"
    assert class_looked_for(predictor, truth) == "on time"
    predictor.eval_metric.name, predictor.positive_class, predictor.class_labels = "roc_auc", 1, (0, 1)
    assert class_looked_for(predictor, pd.Series([1] * 8 + [0] * 2)) == 1


def test_figures_import_nothing_heavy() -> None:
    import subprocess
    import sys

    code = "import sys, gristmill.figures; print([n for n in ('matplotlib', 'autogluon', 'torch') if n in sys.modules])"
    path = str(Path(figures.__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", code], cwd=path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
