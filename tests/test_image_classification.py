"""Image classification: folders or a list become a table, bad input gets a sentence, candidates train and answer."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("PIL")

from PIL import Image

from gristmill import intake
from gristmill.errors import DataRejected, UsageError
from gristmill.figures import Answers, picture_confusion, picture_errors, picture_summary, sample_grid
from gristmill.records import ColumnKind, Profile, Proposal, Resources, Severity
from gristmill.tasks import LoadPlan, find
from gristmill.tasks.class_folders import sort_by_folder

TASK = "image-classification"
MACHINE = Resources(cpus=2, memory=8_000_000_000)


def drawn(kind: str, seed: int, side: int = 24) -> Image.Image:
    """A round or a square thing on noise."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 90, (side, side, 3))
    y, x = np.mgrid[:side, :side] - random.integers(side // 3, 2 * side // 3, 2)[:, None, None]
    inside = x**2 + y**2 < (side / 4) ** 2 if kind == "round" else np.maximum(abs(x), abs(y)) < side / 4
    pixels[inside if kind != "bar" else abs(x) < 3] += 150
    return Image.fromarray(pixels.astype(np.uint8))


def fill(folder: Path, kinds: dict[str, str] | None = None, each: int = 15) -> Path:
    """Folders of pictures, by default of two classes."""
    for name, kind in (kinds or {"round": "round", "square": "square"}).items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            drawn(kind, hash_of(name, number)).save(folder / name / f"{number:03}.png")
    return folder


def hash_of(name: str, number: int) -> int:
    return 1_000 * sum(map(ord, name)) + number


@pytest.fixture
def looked(tmp_path: Path) -> Callable[..., tuple[Profile, Path]]:
    """Packs a folder, and gives its profile and where its files then lie."""

    def look(folder: Path) -> tuple[Profile, Path]:
        archive = shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
        scratch = tmp_path / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        return intake.inspect(Path(archive), scratch), scratch / "data"

    return look


def proposed(profile: Profile) -> Proposal:
    return intake.propose(profile)


def codes(profile: Profile) -> dict[str, Any]:
    return {notice.code: notice for notice in profile.notices}


# --- folders ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "classes", "held_out"),
    [
        (["cats/1.png", "dogs/2.png"], ["cats", "dogs"], 0),
        (["a/b/cats/1.png", "a/b/dogs/2.png"], ["cats", "dogs"], 0),
        (["d/train/cats/1.png", "d/Test/cats/2.png", "d/train/dogs/3.png"], ["cats", "cats", "dogs"], 1),
        (["cats/train/1.png", "cats/test/2.png", "dogs/train/3.png"], ["cats", "cats", "dogs"], 1),
        (["cats/session1/1.png", "cats/session2/1.png", "dogs/session1/2.png"], ["cats", "cats", "dogs"], 0),
        (["rome/cats/1.png", "rome/dogs/1.png", "oslo/cats/1.png", "oslo/dogs/1.png"], ["cats", "dogs"] * 2, 0),
        (["x/0/a.png", "x/1/b.png"], ["0", "1"], 0),
    ],
)
def test_classes_are_found_at_any_depth(files: list[str], classes: list[str], held_out: int) -> None:
    filed = sort_by_folder(files, lambda file: file.endswith(".png"))
    assert filed is not None
    assert list(filed.classes.values()) == classes
    assert len(filed.held_out) == held_out


def test_no_folder_is_no_class() -> None:
    assert sort_by_folder(["1.png"], lambda _: True) is None


def test_class_folders_become_a_table_of_pictures(tmp_path: Path, looked: Callable[..., tuple[Profile, Path]]) -> None:
    profile, data = looked(fill(tmp_path / "in"))
    assert profile.arranged == TASK
    assert [(column.name, column.kind) for column in profile.main.columns] == [
        ("picture", ColumnKind.PICTURE),
        ("class", ColumnKind.CATEGORY),
    ]
    assert profile.facts == {"picture": "picture", "side": "24"}
    assert "identifiers" not in codes(profile)
    proposal = proposed(profile)
    assert (proposal.task, proposal.target, proposal.metric) == (TASK, "class", "roc_auc")
    assert not [notice for notice in proposal.notices if notice.severity in (Severity.DOUBT, Severity.CONFIRM)]
    train, test = find(TASK).load(data, profile, LoadPlan(target="class"))
    assert (len(train), len(test)) == (24, 6)
    assert all(Path(path).is_file() and Path(path).is_absolute() for path in train["picture"])
    assert set(train["picture"]).isdisjoint(test["picture"])
    assert all(Path(row.picture).parent.name == row["class"] for _, row in train.iterrows())


def test_a_test_folder_is_held_out(tmp_path: Path, looked: Callable[..., tuple[Profile, Path]]) -> None:
    fill(tmp_path / "in" / "train")
    fill(tmp_path / "in" / "test", each=4)
    drawn("round", 1).save(tmp_path / "in" / "test" / "unknown.png")
    profile, data = looked(tmp_path / "in")
    train, test = find(TASK).load(data, profile, LoadPlan(target="class"))
    assert (len(train), len(test)) == (30, 8)
    assert all("/test/" in path for path in test["picture"])
    assert "rows-to-predict" in codes(profile)
    # the first pictures are the same on both sides
    assert codes(profile)["picture-in-test"].severity is Severity.WARNING


def test_pictures_of_one_class_can_be_limited(tmp_path: Path, looked: Callable[..., tuple[Profile, Path]]) -> None:
    profile, data = looked(fill(tmp_path / "in"))
    plan = LoadPlan(target="class", settings={"images_per_class": 5})
    assert find(TASK).load(data, profile, plan)[0]["class"].value_counts().to_dict() == {"round": 5, "square": 5}
    with pytest.raises(UsageError, match="images_per_class cannot be 'few'"):
        find(TASK).load(data, profile, LoadPlan(target="class", settings={"images_per_class": "few"}))


def test_the_plan_follows_size_and_memory(tmp_path: Path, looked: Callable[..., tuple[Profile, Path]]) -> None:
    profile, _ = looked(fill(tmp_path / "in"))
    parameters, notices = find(TASK).plan(profile, 120, MACHINE)
    assert (parameters["side"], len(parameters["candidates"]), notices) == (64, 4, ())
    parameters, [notice] = find(TASK).plan(profile, 120, MACHINE, smaller=True)
    assert (parameters["candidates"], notice.code) == (["SmallPictures", "FrozenLinear"], "smaller-plan")


# --- lists -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["images/{0}", "{0}", "{1}", ".\\images\\{0}"])
def test_a_list_of_paths_and_labels(tmp_path: Path, looked: Callable[..., tuple[Profile, Path]], written: str) -> None:
    folder = tmp_path / "in"
    (folder / "images").mkdir(parents=True)
    lines = ["file,weight,label"]
    for number in range(30):
        kind = ("round", "square")[number % 2]
        drawn(kind, number).save(folder / "images" / f"p{number}.png")
        lines.append(f"{written.format(f'p{number}.png', f'p{number}')},{number * 1.5},{kind}")
    (folder / "labels.csv").write_text("\n".join(lines))
    profile, data = looked(folder)
    assert (profile.arranged, profile.facts["picture"]) == (TASK, "file")
    proposal = proposed(profile)
    assert (proposal.task, proposal.target) == (TASK, "label")
    assert any(notice.code == "columns-unused" and "weight" in notice.message for notice in proposal.notices)
    train, test = find(TASK).load(data, profile, LoadPlan(target="label"))
    assert list(train.columns) == ["file", "label"]
    assert all(Path(path).is_file() for path in [*train["file"], *test["file"]])


def test_a_list_and_pictures_that_do_not_fit(tmp_path: Path, looked: Callable[..., tuple[Profile, Path]]) -> None:
    folder = tmp_path / "in"
    (folder / "images").mkdir(parents=True)
    for number in range(40):
        drawn("round", number).save(folder / "images" / f"p{number}.png")
    rows = [f"images/p{number}.png,{'ab'[number % 2]}" for number in range(30)]
    (folder / "labels.csv").write_text("\n".join(["path,label", *rows, "images/gone.png,a"]))
    found = codes(looked(folder)[0])
    assert "names 1 picture that is not in the archive, such as 'images/gone.png' in line 32" in (
        found["pictures-missing"].message
    )
    assert found["pictures-unlisted"].message.startswith("10 pictures are in no row of labels.csv")
    gone = [f"images/gone{number}.png,a" for number in range(9)]
    (folder / "labels.csv").write_text("\n".join(["path,label", *rows, *gone]))
    with pytest.raises(DataRejected, match=r"labels\.csv names 9 pictures that are not in the archive.* line 32"):
        looked(folder)


# --- bad input -------------------------------------------------------------------------------------------------------


def test_one_class_is_refused(tmp_path: Path, looked: Callable[..., tuple[Profile, Path]]) -> None:
    with pytest.raises(DataRejected, match="All 30 pictures are of one class, 'cats'"):
        proposed(looked(fill(tmp_path / "in", {"cats": "round"}, each=30))[0])
    for path in (tmp_path / "in" / "cats").iterdir():
        path.rename(tmp_path / "in" / path.name)
    (tmp_path / "in" / "cats").rmdir()
    with pytest.raises(DataRejected, match="30 pictures lie in one folder, and nothing says what they are"):
        looked(tmp_path / "in")


def test_too_few_pictures_are_refused(tmp_path: Path, looked: Callable[..., tuple[Profile, Path]]) -> None:
    with pytest.raises(DataRejected, match="only 6 pictures"):
        looked(fill(tmp_path / "in", each=3))


def test_an_empty_class_is_named(tmp_path: Path, looked: Callable[..., tuple[Profile, Path]]) -> None:
    fill(tmp_path / "in")
    (tmp_path / "in" / "oval").mkdir()
    (tmp_path / "in" / "oval" / "notes.txt").write_text("to come")
    assert "'oval'" in codes(looked(tmp_path / "in")[0])["empty-class"].message


def test_pictures_in_strange_forms_and_folders_without_files_are_named(
    tmp_path: Path, looked: Callable[..., tuple[Profile, Path]]
) -> None:
    fill(tmp_path / "in")
    (tmp_path / "in" / "round" / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "in" / "triangle").mkdir()
    profile, _ = looked(tmp_path / "in")
    assert "'round/phone.heic'" in codes(profile)["pictures-unread"].message
    assert "'triangle'" in codes(profile)["empty-class"].message
    for number in range(20):
        (tmp_path / "all" / "a").mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / "a" / f"{number}.HEIC").write_bytes(b"x")
    with pytest.raises(DataRejected, match=r"20 pictures are in a form that is not read \(\.heic\)"):
        looked(tmp_path / "all")


def test_a_few_broken_pictures_are_left_out_and_named_many_are_refused(
    tmp_path: Path, looked: Callable[..., tuple[Profile, Path]]
) -> None:
    folder = fill(tmp_path / "in", each=20)
    cut = folder / "round" / "000.png"
    cut.write_bytes(cut.read_bytes()[:200])
    (folder / "square" / "words.jpg").write_text("no picture")
    profile, _ = looked(folder)
    assert profile.rows == 39
    notice = codes(profile)["pictures-broken"]
    assert notice.message.startswith("2 pictures are left out")
    assert "000.png" in notice.message
    assert "words.jpg is no picture" in notice.message
    for number in range(1, 6):
        (folder / "round" / f"{number:03}.png").write_bytes(b"")
    with pytest.raises(DataRejected, match=r"7 of 41 pictures cannot be used; the first: round/000\.png"):
        looked(folder)


def test_strange_pictures_are_taken(tmp_path: Path, looked: Callable[..., tuple[Profile, Path]]) -> None:
    folder = fill(tmp_path / "in")
    Image.new("CMYK", (40, 30)).save(folder / "round" / "cmyk.jpg")
    Image.fromarray(np.full((9, 9), 60_000, dtype=np.uint16)).save(folder / "round" / "deep.png")
    Image.new("RGB", (1, 1)).save(folder / "square" / "dot.png")
    Image.new("P", (8, 8)).save(folder / "square" / "moving.gif", save_all=True, append_images=[Image.new("P", (8, 8))])
    assert looked(folder)[0].rows == 34


def test_the_same_picture_in_two_classes_is_named(tmp_path: Path, looked: Callable[..., tuple[Profile, Path]]) -> None:
    folder = fill(tmp_path / "in")
    shutil.copy(folder / "round" / "003.png", folder / "square" / "again.png")
    assert "'square/again.png'" in codes(looked(folder)[0])["picture-in-two-classes"].message


def test_masks_beside_pictures_are_no_classes(tmp_path: Path) -> None:
    fill(tmp_path, {"images": "round", "masks": "square"})
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png"))
    assert find(TASK).arrange(tmp_path, files) is None


# --- the report ------------------------------------------------------------------------------------------------------


def test_figures_show_pictures_and_stay_small(tmp_path: Path, looked: Callable[..., tuple[Profile, Path]]) -> None:
    profile, data = looked(fill(tmp_path / "in", {"<b>round": "round", "square": "square"}))
    train, test = find(TASK).load(data, profile, LoadPlan(target="class"))
    shares = pd.DataFrame({"<b>round": np.linspace(0.1, 0.9, len(test))})
    shares["square"] = 1 - shares["<b>round"]
    answers = Answers.of_classes("class", "accuracy", test["class"].reset_index(drop=True), shares)
    grid = sample_grid(train, "picture", "class").html()
    assert grid.count("data:image/jpeg;base64,") == 12
    assert "<b>round" not in grid
    wrong = int(np.count_nonzero(answers.truth != answers.prediction))
    errors = picture_errors(test, answers, "picture")
    assert errors.html().count("data:image/jpeg") == wrong > 0
    assert picture_confusion(test, answers, "picture").html().count("data:image/jpeg") == wrong
    assert "30" in picture_summary(profile, (), target="class").html()
    assert len(grid) < 100_000


# --- training --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, pd.DataFrame, Path]:
    """A predictor with every candidate but the slowest, on three kinds of things."""
    pytest.importorskip("autogluon.tabular")
    from autogluon.tabular import TabularPredictor

    from gristmill.engines.pictures import as_pictures, candidates

    folder = fill(tmp_path_factory.mktemp("things"), {"round": "round", "square": "square", "bar": "bar"}, each=30)
    paths = sorted(folder.rglob("*.png"))
    rows = pd.DataFrame({"picture": [str(path) for path in paths], "class": [path.parent.name for path in paths]})
    rows = rows.sample(frac=1, random_state=1)
    predictor = TabularPredictor("class", path=str(tmp_path_factory.mktemp("model") / "model"), verbosity=0)
    predictor.fit(
        rows[:72],
        hyperparameters=candidates(["SmallPictures", "FrozenLinear", "FrozenBoosted"], side=48, mirrored=True),
        feature_metadata=as_pictures(rows, "picture", "class"),
        dynamic_stacking=False,
    )
    return predictor, rows[72:], folder


@pytest.mark.engine
@pytest.mark.timeout(300)
def test_candidates_beat_guessing_and_share_a_leaderboard(trained: tuple[Any, pd.DataFrame, Path]) -> None:
    predictor, test, _ = trained
    assert {"SmallPictures", "FrozenLinear", "FrozenBoosted"} <= set(predictor.model_names())
    assert predictor.model_failures().empty
    assert predictor.evaluate(test)["accuracy"] > 0.6


@pytest.mark.engine
@pytest.mark.timeout(300)
def test_a_network_that_has_no_time_says_so(trained: tuple[Any, pd.DataFrame, Path], tmp_path: Path) -> None:
    from autogluon.tabular import TabularPredictor

    from gristmill.engines.pictures import PictureEngine, as_pictures, candidates

    _, rows, _ = trained
    predictor = TabularPredictor("class", path=str(tmp_path / "model"), verbosity=0)
    metadata = as_pictures(rows, "picture", "class")
    options = candidates(["SmallPictures", "FineTuned"], side=160)
    predictor.fit(rows, hyperparameters=options, feature_metadata=metadata, time_limit=8, dynamic_stacking=False)
    assert "no time for 100 steps" in PictureEngine().failures(predictor)["FineTuned"]


@pytest.mark.engine
@pytest.mark.timeout(300)
def test_a_network_goes_on_learning_and_says_its_epochs(
    trained: tuple[Any, pd.DataFrame, Path], tmp_path: Path
) -> None:
    from autogluon.tabular import TabularPredictor

    from gristmill.engines.pictures import PictureEngine, as_pictures, candidates

    _, rows, folder = trained
    paths = sorted(folder.rglob("*.png"))
    rows = pd.DataFrame({"picture": [str(path) for path in paths], "class": [path.parent.name for path in paths]})
    said: list[dict[str, Any]] = []
    predictor = TabularPredictor("class", path=str(tmp_path / "model"), verbosity=0)
    predictor.fit(
        rows,
        hyperparameters=candidates(["FineTuned"], side=48, epochs=6, batch=4),
        feature_metadata=as_pictures(rows, "picture", "class"),
        callbacks=[PictureEngine().watch(lambda _, body: said.append(body))],
        dynamic_stacking=False,
    )
    assert [body["epoch"] for body in said if "epoch" in body][:2] == [1, 2]
    again = TabularPredictor.load(str(tmp_path / "model"))
    assert again.evaluate(rows)["accuracy"] > 0.6


@pytest.mark.engine
@pytest.mark.timeout(300)
def test_the_archive_answers_without_gristmill(trained: tuple[Any, pd.DataFrame, Path], tmp_path: Path) -> None:
    from gristmill import model_archive
    from gristmill.engines.pictures import PictureEngine

    predictor, test, folder = trained
    engine, home = PictureEngine(), tmp_path / "home"
    engine.trim(predictor, home / "model")
    for package in engine.code:
        for name, text in model_archive._package(package).items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    schema = {"columns": [{"name": "picture", "kind": "picture"}], "form": {}, "classes": ["bar", "round", "square"]}
    (home / "schema.json").write_text(json.dumps(schema))
    template = Path(__file__).parent.parent / "templates" / "model" / engine.script
    shutil.copy(template, home / "predict.py")

    def ask(data: Path, code: int = 0) -> tuple[list[dict[str, str]], str]:
        command = [sys.executable, "-P", str(home / "predict.py"), str(data), "-o", str(tmp_path / "out.csv")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=_bare())
        assert done.returncode == code, done.stderr
        if code:
            return [], done.stderr
        with (tmp_path / "out.csv").open() as file:
            return list(csv.DictReader(file)), done.stderr

    (folder / "round" / "broken.png").write_bytes(b"")
    rows, said = ask(folder)
    assert len(rows) == 91
    assert "broken.png is empty" in said
    [broken] = [row for row in rows if row["file"] == "round/broken.png"]
    assert broken["prediction"] == ""
    right = [row["prediction"] == row["file"].split("/")[0] for row in rows]
    assert np.mean(right) > 0.7
    shares = [sum(float(row[f"probability.{name}"]) for name in schema["classes"]) for row in rows if row is not broken]
    assert shares == pytest.approx([1.0] * 90, abs=1e-4)

    asked = test["picture"].map(lambda path: "/".join(Path(path).parts[-2:]))
    asked.to_frame("picture").to_csv(folder / "list.csv", index=False)
    assert [row["file"] for row in ask(folder / "list.csv")[0]] == list(asked)
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.write(test["picture"].iloc[0], "../up/a.png")
    [row] = ask(tmp_path / "some.zip")[0]
    assert row["file"] == "../up/a.png"
    (folder / "list.csv").write_text("picture\nround/gone.png\n")
    assert "1 of 1 pictures that are not there, such as round/gone.png" in ask(folder / "list.csv", code=3)[1]
    (tmp_path / "empty").mkdir()
    assert "has no pictures to predict" in ask(tmp_path / "empty", code=3)[1]


def _bare() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
