"""What intake finds in a dataset: columns, repeats, roles of files, and what it refuses."""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gristmill import intake
from gristmill.errors import DataRejected, GristmillError, UsageError
from gristmill.intake.findings import findings
from gristmill.intake.hashing import MISSING, DistinctCount, RepeatCount, hash_numbers, hash_texts
from gristmill.intake.profile import Survey, profile
from gristmill.intake.sampling import RowSample
from gristmill.intake.tally import ColumnTally
from gristmill.records import Column, ColumnKind, Profile, Role, Severity, decode, encode

RANDOM = np.random.default_rng(7)
ROWS = 200


def column_of(values: object, name: str = "x") -> Column:
    """The column that a survey of these values finds."""
    survey = Survey([name])
    survey.add(pd.DataFrame({name: values}))
    return survey.columns()[0]


def people(rows: int = ROWS) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "age": RANDOM.integers(18, 90, rows),
            "income": RANDOM.gamma(2, 20_000, rows).round(2),
            "churn": RANDOM.choice(["yes", "no"], rows),
        }
    )


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., Profile]:
    """Profiles frames by file name, written as CSV."""

    def profiled(frames: dict[str, pd.DataFrame], table: str | None = None) -> Profile:
        for name, frame in frames.items():
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            frame.to_csv(path, index=False)
        return profile(tmp_path / "data", sorted(frames), table=table)

    return profiled


def codes(found: Profile) -> set[str]:
    return {notice.code for notice in found.notices}


def message(found: Profile, code: str) -> str:
    return next(notice.message for notice in found.notices if notice.code == code)


# --- kinds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("height", RANDOM.normal(size=ROWS), ColumnKind.NUMBER),
        ("children", RANDOM.integers(0, 5, ROWS), ColumnKind.INTEGER),
        ("income", RANDOM.choice(10**6, ROWS, replace=False), ColumnKind.INTEGER),
        ("year", np.arange(1900, 1900 + 100), ColumnKind.INTEGER),
        ("row", np.arange(ROWS), ColumnKind.IDENTIFIER),
        ("place", RANDOM.permutation(ROWS), ColumnKind.IDENTIFIER),
        ("customer_id", RANDOM.choice(10**6, ROWS, replace=False), ColumnKind.IDENTIFIER),
        ("CustomerId", RANDOM.choice(10**6, ROWS, replace=False), ColumnKind.IDENTIFIER),
        ("key", [str(uuid.UUID(int=number)) for number in range(ROWS)], ColumnKind.IDENTIFIER),
        ("mail", [f"a{number}@example.org" for number in range(ROWS)], ColumnKind.IDENTIFIER),
        ("city", RANDOM.choice(["Bern", "Oslo", "Rome"], ROWS), ColumnKind.CATEGORY),
        ("paid", RANDOM.choice(["Yes", "No"], ROWS), ColumnKind.YES_NO),
        ("paid", RANDOM.choice([0, 1], ROWS), ColumnKind.YES_NO),
        ("paid", RANDOM.choice([0.0, 1.0, np.nan], ROWS), ColumnKind.YES_NO),
        ("paid", RANDOM.choice([True, False], ROWS), ColumnKind.YES_NO),
        ("size", RANDOM.choice([1, 2], ROWS), ColumnKind.INTEGER),
        ("when", pd.date_range("2024-01-01", periods=ROWS), ColumnKind.DATE),
        ("review", [f"the {number}th time that it broke" for number in range(ROWS)], ColumnKind.TEXT),
        ("unit", ["kg"] * ROWS, ColumnKind.CONSTANT),
        ("note", [None] * ROWS, ColumnKind.EMPTY),
        ("flag", ["x", None] * (ROWS // 2), ColumnKind.CATEGORY),
    ],
)
def test_a_column_is_called_what_a_person_would_call_it(name: str, values: object, kind: ColumnKind) -> None:
    assert column_of(values, name).kind is kind


def test_a_column_is_described() -> None:
    column = column_of([3.0, 1.0, 2.0, 2.0, np.nan, np.inf])
    assert (column.rows, column.missing, column.distinct, column.distinct_is_exact) == (6, 2, 3, True)
    assert (column.minimum, column.maximum, column.mean) == (1.0, 3.0, 2.0)
    assert column.deviation == pytest.approx(np.std([3, 1, 2, 2], ddof=1))
    assert column.top[0] == ("2", 2)
    assert sum(count for _, _, count in column.histogram) == 4
    assert column.quantiles[2] == 2.0
    assert column.dtype == "float64"
    assert not column.sampled


def test_dates_have_a_range_and_an_order() -> None:
    column = column_of(pd.to_datetime(["2024-01-01", "2024-01-02", "2024-03-01"]))
    assert (column.minimum, column.maximum) == ("2024-01-01", "2024-03-01")
    assert column.order == "rising"
    assert column.top[0][0] == "2024-01-01"


@pytest.mark.parametrize(
    ("values", "order"),
    [([1, 2, 2, 3], "rising"), ([3, 2, 1], "falling"), ([1, 3, 2], ""), ([1, 1], ""), ([1, np.nan, 2], "")],
)
def test_order_is_seen_across_batches(values: list[float], order: str) -> None:
    survey = Survey(["x"])
    for value in values:
        survey.add(pd.DataFrame({"x": [value]}, dtype=float))
    assert survey.columns()[0].order == order


# --- counting --------------------------------------------------------------------------------------------------------

LETTERS = st.characters(codec="utf-8", exclude_characters="\0")  # pandas takes "\0" for "", and no file of text has it
CELLS = st.one_of(
    st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62)), min_size=1, max_size=40),
    st.lists(st.one_of(st.none(), st.floats(width=64)), min_size=1, max_size=40),
    st.lists(st.one_of(st.none(), st.text(LETTERS, max_size=5)), min_size=1, max_size=40),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=1, max_size=40),
    st.lists(st.one_of(st.none(), st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01"))), min_size=1),
)


def frame_of(columns: list[list[object]]) -> pd.DataFrame:
    rows = min(len(column) for column in columns)
    return pd.DataFrame({f"c{at}": pd.Series(column[:rows]) for at, column in enumerate(columns)})


@given(st.lists(CELLS, min_size=1, max_size=4), st.integers(1, 7))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_frame_is_described_alike_in_one_piece_and_in_batches(columns: list[list[object]], size: int) -> None:
    frame = frame_of(columns)
    whole, pieces = Survey(list(frame.columns)), Survey(list(frame.columns))
    whole.add(frame)
    for start in range(0, len(frame), size):
        pieces.add(frame.iloc[start : start + size])
    assert decode(encode(whole.columns()), tuple[Column, ...])
    for one, other in zip(whole.columns(), pieces.columns(), strict=True):
        assert (one.kind, one.dtype, one.missing, one.distinct, one.top) == (
            other.kind, other.dtype, other.missing, other.distinct, other.top,
        )  # fmt: skip
        assert (one.minimum, one.maximum, one.order) == (other.minimum, other.maximum, other.order)
        if one.mean is not None and other.mean is not None:  # sums may become infinite on one way only
            assert one.mean == pytest.approx(other.mean, rel=1e-6, abs=1e-6 * max(1.0, one.deviation or 0.0))
    assert whole.duplicates() == pieces.duplicates()


@given(st.lists(CELLS, min_size=1, max_size=3))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_counts_are_those_of_pandas(columns: list[list[object]]) -> None:
    frame = frame_of(columns)
    survey = Survey(list(frame.columns))
    survey.add(frame)
    for column in survey.columns():
        values = frame[column.name]
        if values.dtype.kind == "f":
            values = values.replace([np.inf, -np.inf], np.nan)
        assert column.missing == values.isna().sum()
        if values.dtype.kind != "i":  # pandas tells whole numbers beyond 2**53 apart, floats cannot
            assert column.distinct == values.dropna().nunique()
            assert sum(count for _, count in column.top) == values.notna().sum()


def test_spread_is_that_of_pandas_however_large_the_numbers() -> None:
    values = pd.Series(1e9 + RANDOM.normal(size=3_000).cumsum())
    survey = Survey(["x"])
    for start in range(0, 3_000, 170):
        survey.add(pd.DataFrame({"x": values.iloc[start : start + 170]}))
    column = survey.columns()[0]
    assert column.mean == pytest.approx(values.mean(), rel=1e-12)
    assert column.deviation == pytest.approx(values.std(), rel=1e-6)


def test_zero_has_no_sign() -> None:
    assert hash_numbers(np.array([-0.0])) == hash_numbers(np.array([0.0]))


def test_repeated_rows_are_those_of_pandas() -> None:
    frame = pd.DataFrame({"a": RANDOM.integers(0, 9, 5_000), "b": RANDOM.choice(["x", "y", None], 5_000)})
    survey = Survey(["a", "b"])
    for start in range(0, 5_000, 700):
        survey.add(frame.iloc[start : start + 700])
    assert survey.duplicates() == (frame.duplicated().sum(), True)


def test_the_same_values_in_other_columns_are_no_repeat() -> None:
    survey = Survey(["a", "b"])
    survey.add(pd.DataFrame({"a": [1, 2], "b": [2, 1]}))
    assert survey.duplicates() == (0, True)


@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=60), st.integers(0, 10))
@settings(deadline=None)
def test_texts_are_hashed_by_what_they_are_and_not_by_where_they_lie(texts: list[str | None], offset: int) -> None:
    array = pa.array(texts, pa.large_string())
    hashes = hash_texts(array)
    by_text = dict(zip(texts, hashes.tolist(), strict=True))
    assert [by_text[text] for text in texts] == hashes.tolist()
    assert len(set(by_text.values())) == len(by_text)
    assert hash_texts(array.slice(offset)).tolist() == hashes.tolist()[offset:]
    assert by_text.get(None, int(MISSING)) == MISSING


def test_a_text_longer_than_a_slice_is_hashed() -> None:
    long = "abc" * 200_000
    first, second, again = hash_texts(pa.array([long, long + "d", long], pa.large_string()))
    assert first == again
    assert first != second


def test_distinct_values_are_counted_exactly_and_then_nearly() -> None:
    count = DistinctCount(1_000)
    for _ in range(3):
        count.add(hash_numbers(np.arange(900.0)))
    assert (count.result(), count.is_exact) == (900, True)
    for start in range(0, 200_000, 5_000):
        count.add(hash_numbers(np.arange(float(start), start + 5_000.0)))
    assert not count.is_exact
    assert count.result() == pytest.approx(200_000, rel=0.15)


def test_repeats_are_counted_exactly_and_then_nearly() -> None:
    count = RepeatCount(1_000)
    for _ in range(50):
        count.add(hash_numbers(np.arange(100.0)))
    assert (count.result(), count.is_exact) == (4_900, True)
    for _ in range(2):
        for start in range(1_000, 51_000, 1_000):
            count.add(hash_numbers(np.arange(float(start), start + 1_000.0)))
    assert not count.is_exact
    assert count.result() == pytest.approx(54_900, rel=0.25)


def test_the_draw_of_rows_is_fair_and_keeps_the_order() -> None:
    sample = RowSample(1)
    for start in range(0, 100_000, 3_000):
        stop = min(100_000, start + 3_000)
        sample.add(pd.DataFrame({"x": np.arange(start, stop)}))
    rows = sample.result()
    assert len(rows) == sample.size
    assert rows["x"].is_monotonic_increasing
    assert rows["x"].tolist() == rows.index.tolist()
    assert rows["x"].mean() == pytest.approx(50_000, rel=0.02)


def test_many_different_values_are_estimated_and_said_to_be() -> None:
    tally = ColumnTally("x", sketch=1_024)
    tally.add(pa.array(np.arange(50_000)))
    assert tally.counts is None
    assert not tally.distinct.is_exact


# --- files -----------------------------------------------------------------------------------------------------------


def test_one_file(look: Callable[..., Profile]) -> None:
    found = look({"people.csv": people()})
    assert (found.files, found.rows, found.main.path) == (1, ROWS, "people.csv")
    assert [column.kind for column in found.main.columns] == [ColumnKind.INTEGER, ColumnKind.NUMBER, ColumnKind.YES_NO]
    assert decode(encode(found), Profile) == found


def roles(found: Profile) -> dict[str, Role]:
    return {table.path: table.role for table in found.tables}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("train.csv", "test.csv"),
        ("bank_train.csv", "bank-holdout.csv"),
        ("TrainingData.csv", "validation.csv"),
        ("data/train/part.csv", "data/test/part.csv"),
        ("people.csv", "people_eval.csv"),
        ("test project/train.csv", "test project/hold-out.csv"),
        ("evaluation/data.csv", "evaluation/test.csv"),
    ],
)
def test_names_tell_rows_to_train_on_from_rows_to_test_on(
    look: Callable[..., Profile], first: str, second: str
) -> None:
    found = look({first: people(), second: people(50)})
    assert roles(found) == {first: Role.TRAIN, second: Role.TEST}
    assert found.rows == ROWS
    assert second in message(found, "test-given")


def test_validation_rows_are_trained_on_where_there_is_a_test_file(look: Callable[..., Profile]) -> None:
    found = look({"train.csv": people(), "valid.csv": people(50), "test.csv": people(50)})
    assert found.rows == ROWS + 50
    assert roles(found)["test.csv"] is Role.TEST
    assert "valid.csv" in message(found, "validation-joined")


def test_a_lone_file_is_trained_on_whatever_its_name(look: Callable[..., Profile]) -> None:
    assert roles(look({"test.csv": people()})) == {"test.csv": Role.TRAIN}


def test_files_of_the_same_columns_are_one_table(look: Callable[..., Profile]) -> None:
    one, other = people(), people()[["churn", "income", "age"]]
    one["churn"], other["churn"] = "no", "yes"
    found = look({"january.csv": one, "february.csv": other})
    assert found.rows == 2 * ROWS
    assert found.column("churn").rows == 2 * ROWS
    assert dict(found.column("churn").top) == {"no": ROWS, "yes": ROWS}
    assert [len(table.columns) for table in found.tables] == [3, 0]
    assert "2 files" in message(found, "files-joined")


def test_a_name_that_says_two_things_says_nothing(look: Callable[..., Profile]) -> None:
    assert look({"data.csv": people(), "test_train.csv": people()}).rows == 2 * ROWS


def test_a_further_table_beside_a_train_file_is_not_used(look: Callable[..., Profile]) -> None:
    found = look({"train.csv": people(), "more.csv": people()})
    assert roles(found) == {"train.csv": Role.TRAIN}
    assert "more.csv" in message(found, "tables-unused")


def test_rows_repeated_in_another_file_count_as_repeats(look: Callable[..., Profile]) -> None:
    rows = people()
    found = look({"a.csv": rows, "b.csv": rows[["income", "churn", "age"]]})
    assert found.main.duplicates >= ROWS
    assert "duplicate-rows" in codes(found)


def test_a_test_file_without_the_target_holds_rows_to_predict(look: Callable[..., Profile]) -> None:
    found = look({"train.csv": people(), "test.csv": people(50).drop(columns="churn")})
    assert roles(found) == {"train.csv": Role.TRAIN, "test.csv": Role.OTHER}
    assert "lacks 'churn'" in message(found, "rows-to-predict")


def test_tables_that_nothing_tells_apart_are_asked_for(look: Callable[..., Profile]) -> None:
    frames = {"people.csv": people(), "orders.csv": pd.DataFrame({"order": range(50), "sum": range(50)})}
    with pytest.raises(DataRejected) as refused:
        look(frames)
    failure = refused.value.failure
    assert failure.code == "which-table"
    assert "orders.csv, people.csv" in failure.what
    assert "--set table=" in failure.cure
    found = look(frames, table="people.csv")
    assert roles(found) == {"people.csv": Role.TRAIN}
    assert "orders.csv" in message(found, "tables-unused")


def test_a_list_of_words_beside_a_table_is_not_used(look: Callable[..., Profile]) -> None:
    found = look({"people.csv": people(), "words.csv": pd.DataFrame({"word": ["a", "b", "c"]})})
    assert roles(found) == {"people.csv": Role.TRAIN}
    assert "words.csv" in message(found, "tables-unused")


def test_a_table_that_is_not_there_cannot_be_chosen(look: Callable[..., Profile]) -> None:
    with pytest.raises(UsageError, match=r"people\.csv"):
        look({"people.csv": people()}, table="poeple")


def test_columns_that_are_of_no_use_are_named(look: Callable[..., Profile]) -> None:
    rows = people().assign(id=range(ROWS), unit="kg", note=None, rare=[1.5] + [None] * (ROWS - 1))
    rows["text"] = [f"it broke for the {number}th time" for number in range(ROWS)]
    found = look({"people.csv": rows})
    assert "'id'" in message(found, "identifiers")
    assert "'unit'" in message(found, "constants")
    assert "'note'" in message(found, "empty-columns")
    assert "'rare'" in message(found, "many-gaps")
    assert "'text'" in message(found, "free-text")
    assert all(notice.message.endswith(".") for notice in found.notices)


def test_words_among_numbers_are_told(look: Callable[..., Profile]) -> None:
    found = look({"people.csv": people()})
    notices = {notice.code: notice for notice in findings(found, {"age": 2, "churn": 0})}
    assert "2 in 'age'." in notices["stray-values"].message
    assert notices["stray-values"].column == "age"


def test_a_word_that_turns_numbers_into_words_is_told(look: Callable[..., Profile]) -> None:
    rows = people().astype({"age": object})
    rows.loc[100, "age"] = "forty"
    assert "'forty' in 'age'" in message(look({"people.csv": rows}), "nearly-numbers")


# --- bad data --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "code", "said"),
    [
        (people()[["age"]], "one-column", "one column"),
        (people(7), "too-few-rows", "7 rows"),
    ],
)
def test_data_that_cannot_be_learned_from_is_refused(
    look: Callable[..., Profile], frame: pd.DataFrame, code: str, said: str
) -> None:
    with pytest.raises(DataRejected) as refused:
        look({"people.csv": frame})
    assert refused.value.failure.code == code
    assert "people.csv" in refused.value.failure.what
    assert said in refused.value.failure.what
    assert refused.value.failure.cure


def test_an_upload_without_a_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(DataRejected) as refused:
        profile(tmp_path, ["picture.png"])
    assert refused.value.failure.code == "no-table"


# --- the whole way ---------------------------------------------------------------------------------------------------


def test_inspect_leaves_the_files_and_a_draw_of_the_rows(tmp_path: Path) -> None:
    people().to_csv(tmp_path / "people.csv", index=False)
    with zipfile.ZipFile(tmp_path / "upload.zip", "w") as archive:
        archive.write(tmp_path / "people.csv", "people.csv")
        archive.writestr("__MACOSX/._people.csv", b"junk")
    scratch = tmp_path / "scratch"
    found = intake.inspect(tmp_path / "upload.zip", scratch)
    assert found.rows == ROWS
    assert found.ignored
    assert (scratch / "data" / "people.csv").exists()
    assert list(intake.sample(scratch).columns) == ["age", "income", "churn"]
    assert intake.propose(found, sample=intake.sample(scratch)).target == "churn"


def test_refusals_are_our_own_errors(look: Callable[..., Profile], tmp_path: Path) -> None:
    (tmp_path / "junk.csv").write_bytes(bytes(range(256)) * 100)
    with pytest.raises(GristmillError):
        intake.inspect(tmp_path / "junk.csv", tmp_path / "scratch")
    assert look({"people.csv": people()}).notices == () or all(
        notice.severity is not Severity.CONFIRM for notice in look({"people.csv": people()}).notices
    )


@pytest.mark.slow
def test_a_long_file_is_profiled_in_little_memory(tmp_path: Path) -> None:
    rows = pd.concat([people(5_000)] * 4)
    path = tmp_path / "long.csv"
    rows.to_csv(path, index=False)
    body = path.read_bytes().split(b"\n", 1)[1]
    with path.open("ab") as file:
        for _ in range(200):
            file.write(body)
    before = pa.total_allocated_bytes()
    found = profile(tmp_path, ["long.csv"])
    assert found.rows == 201 * 20_000
    assert pa.total_allocated_bytes() - before < 50e6
