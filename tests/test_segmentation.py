"""Pictures with masks: found whatever their layout, checked, learned, drawn; small pictures, real fits."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from gristmill import intake, model_archive, tasks
from gristmill.errors import DataRejected, UsageError
from gristmill.masks import VOID, Legend, read_values
from gristmill.records import Profile, Role
from gristmill.tasks import LoadPlan
from gristmill.tasks.mask_classes import read_classes
from gristmill.tasks.mask_folders import pair_up

SIZE = 32
GREY = ("RGB", "L", "P")


def picture(number: int = 0, size: tuple[int, int] = (SIZE, SIZE)) -> Image.Image:
    """A bright square on a dark ground."""
    array = np.full((size[1], size[0], 3), 40, dtype=np.uint8)
    array[corner(number)] = (220, 200 - number, 60)
    return Image.fromarray(array)


def mask(number: int = 0, size: tuple[int, int] = (SIZE, SIZE), *, value: int = 1) -> Image.Image:
    """Where the square is."""
    array = np.zeros((size[1], size[0]), dtype=np.uint8)
    array[corner(number)] = value
    return Image.fromarray(array)


def corner(number: int) -> tuple[slice, slice]:
    row, column = 2 + number % 5 * 3, 3 + number // 5 * 2
    return slice(row, row + 14), slice(column, column + 13)


def coloured(number: int = 0) -> Image.Image:
    """The mask in red and blue."""
    array = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    array[...] = (0, 0, 255)
    array[corner(number)] = (255, 0, 0)
    return Image.fromarray(array)


def packed(drawn: Image.Image, form: str = "PNG") -> bytes:
    held = io.BytesIO()
    drawn.save(held, format=form)
    return held.getvalue()


def zipped(path: Path, files: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def pairs(count: int = 24, *, of: Callable[[int], Image.Image] = mask) -> dict[str, bytes | str]:
    files: dict[str, bytes | str] = {f"images/{number}.png": packed(picture(number)) for number in range(count)}
    return files | {f"masks/{number}.png": packed(of(number)) for number in range(count)}


def inspected(tmp_path: Path, files: dict[str, bytes | str]) -> tuple[Profile, Path]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return intake.inspect(zipped(tmp_path / "given.zip", files), scratch), scratch / "data"


def loaded(profile: Profile, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    return tasks.find("image-segmentation").load(folder, profile, LoadPlan(target="mask"))


def refused(tmp_path: Path, files: dict[str, bytes | str]) -> Any:
    with pytest.raises(DataRejected) as caught:
        inspected(tmp_path, files)
    assert caught.value.failure.cure
    return caught.value.failure


# --- layouts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("images/a.jpg masks/a.png", "images/a.jpg masks/a.png train"),
        ("set/Images/a.jpg set/Masks/a_mask.png", "set/Images/a.jpg set/Masks/a_mask.png train"),
        ("train/images/x/a.png train/masks/x/a.png", "train/images/x/a.png train/masks/x/a.png train"),
        ("images/test/a.png masks/test/a.png", "images/test/a.png masks/test/a.png test"),
        ("val/images/a.png val/labels/a.png", "val/images/a.png val/labels/a.png valid"),
        ("JPEGImages/a.jpg SegmentationClass/a.png", "JPEGImages/a.jpg SegmentationClass/a.png train"),
        ("images/A.PNG masks/a.png", "images/A.PNG masks/a.png train"),
    ],
)
def test_pictures_and_masks_are_matched_by_their_names(given: str, expected: str) -> None:
    paired = pair_up(given.split())
    assert paired is not None
    [pair] = paired.pairs
    assert [pair.picture, pair.mask, pair.part] == expected.split()


@pytest.mark.parametrize(
    "given", ["cats/a.png dogs/b.png", "images/a.png labels/a.txt", "images/a.png targets/b.png", "table.csv", ""]
)
def test_other_layouts_are_left_to_others(given: str) -> None:
    assert pair_up(given.split()) is None


def test_masks_alone_and_pictures_alone_are_named(tmp_path: Path) -> None:
    files = pairs()
    failure = refused(tmp_path, files | {f"masks/x{at}.png": packed(mask()) for at in range(3)})
    assert failure.code == "masks-without-pictures"
    assert "masks/x0.png" in failure.what
    assert "2 more" in failure.what


def test_a_mask_without_a_picture_is_left_out_and_named(tmp_path: Path) -> None:
    profile, _ = inspected(tmp_path, pairs() | {"masks/x.png": packed(mask())})
    assert profile.rows == 24
    [notice] = [note for note in profile.notices if note.code == "masks-left-out"]
    assert notice.message == "1 mask without a picture, left out: masks/x.png."


def test_many_pictures_without_masks_are_refused_a_few_are_left_out(tmp_path: Path) -> None:
    failure = refused(tmp_path, pairs() | {f"images/x{at}.png": packed(picture()) for at in range(3)})
    assert (failure.code, "images/x0.png" in failure.what) == ("pictures-without-masks", True)
    (tmp_path / "second").mkdir()
    profile, _ = inspected(tmp_path / "second", pairs() | {"images/x.png": packed(picture())})
    assert profile.rows == 24
    assert "images/x.png" in next(note.message for note in profile.notices if note.code == "pictures-without-masks")


def test_a_test_folder_is_held_out_and_one_without_masks_waits_for_answers(tmp_path: Path) -> None:
    files = pairs()
    for number in range(4):
        files[f"test/images/{number}.png"] = packed(picture(number))
        files[f"test/masks/{number}.png"] = packed(mask(number))
    profile, folder = inspected(tmp_path, files)
    assert [table.role for table in profile.tables] == [Role.TRAIN, Role.TEST]
    train, test = loaded(profile, folder)
    assert (len(train), len(test)) == (24, 4)
    assert all("/test/" in path for path in test["picture"])
    (tmp_path / "second").mkdir()
    files = {name: content for name, content in files.items() if not name.startswith("test/masks")}
    profile, _ = inspected(tmp_path / "second", files)
    assert profile.rows == 24
    assert "pictures-to-predict" in [note.code for note in profile.notices]


# --- values and classes ----------------------------------------------------------------------------------------------


def test_a_classes_file_gives_indices_their_names(tmp_path: Path) -> None:
    profile, folder = inspected(tmp_path, pairs() | {"classes.txt": "ground\nsquare\n"})
    assert [note.code for note in profile.notices] == ["mask-classes"]  # nothing of columns that only tell rows apart
    train, _ = loaded(profile, folder)
    assert train.attrs["legend"] == {"form": "index", "names": ["ground", "square"], "values": [0, 1], "void": []}
    assert tasks.find("image-segmentation").candidates(profile)[0].target == "mask"


def test_colours_are_classes_named_by_a_file_or_by_themselves(tmp_path: Path) -> None:
    profile, folder = inspected(
        tmp_path, pairs(of=coloured) | {"class_dict.csv": "name,r,g,b\nsea,0,0,255\nship,255,0,0"}
    )
    legend = Legend.of(loaded(profile, folder)[0].attrs["legend"])
    assert (legend.form, legend.names) == ("colour", ("sea", "ship"))
    numbers = legend.read(folder / "masks" / "0.png")
    assert (numbers[corner(0)] == 1).all()
    assert numbers.sum() == 14 * 13
    (tmp_path / "second").mkdir()
    profile, folder = inspected(tmp_path / "second", pairs(of=coloured))
    assert loaded(profile, folder)[0].attrs["legend"]["names"] == ["#0000ff", "#ff0000"]


@pytest.mark.parametrize("mode", GREY)
def test_two_values_are_ground_and_foreground_however_they_are_written(tmp_path: Path, mode: str) -> None:
    def drawn(number: int) -> Image.Image:
        return mask(number, value=255).convert(mode)

    profile, folder = inspected(tmp_path, pairs(of=drawn))
    legend = Legend.of(loaded(profile, folder)[0].attrs["legend"])
    assert legend.names == ("background", "foreground")
    assert (legend.read(folder / "masks" / "3.png")[corner(3)] == 1).all()


def test_a_border_of_255_belongs_to_no_class(tmp_path: Path) -> None:
    def drawn(number: int) -> Image.Image:
        array = np.asarray(mask(number)).copy()
        array[:2] = 255
        array[-3:] = 2
        return Image.fromarray(array)

    profile, folder = inspected(tmp_path, pairs(of=drawn))
    legend = Legend.of(loaded(profile, folder)[0].attrs["legend"])
    assert (legend.values, legend.void) == ((0, 1, 2), (255,))
    assert (legend.read(folder / "masks" / "0.png")[:2] == VOID).all()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("classes.txt", "a\nb b\n", [("a", 0, False), ("b b", 1, False)]),
        ("classes.txt", "3 a\n7: b\n", [("a", 3, False), ("b", 7, False)]),
        ("labels.csv", "id,name\n0,a\n2,b\n", [("a", 0, False), ("b", 2, False)]),
        ("labels.txt", "255 0 0 a\n0 0 1 b\n", [("a", 0xFF0000, True), ("b", 1, True)]),
        ("palette.txt", "#ff00ff a\nb,#00ff00\n", [("a", 0xFF00FF, True), ("b", 0x00FF00, True)]),
        ("classes.json", '["a", "b"]', [("a", 0, False), ("b", 1, False)]),
        ("classes.json", '{"1": "a", "4": "b"}', [("a", 1, False), ("b", 4, False)]),
        ("classes.json", '{"a": [255, 0, 0], "b": "#0000ff"}', [("a", 0xFF0000, True), ("b", 255, True)]),
        ("classes.json", '{"classes": [{"name": "a", "id": 5}]}', [("a", 5, False)]),
    ],
)
def test_a_classes_file_may_be_written_in_many_ways(
    tmp_path: Path, name: str, text: str, expected: list[tuple[str, int, bool]]
) -> None:
    (tmp_path / name).write_text(text)
    assert read_classes(tmp_path / name, name) == expected


@pytest.mark.parametrize(
    ("name", "text"), [("c.json", "{"), ("c.txt", "1 2 a\n"), ("c.txt", ""), ("c.txt", "0 a\n0 b")]
)
def test_a_classes_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataRejected, match=name):
        read_classes(tmp_path / name, name)


# --- bad input -------------------------------------------------------------------------------------------------------


def test_a_mask_of_another_size_is_named_with_its_picture(tmp_path: Path) -> None:
    failure = refused(tmp_path, pairs() | {"masks/7.png": packed(mask(0, (SIZE, SIZE + 8)))})
    assert failure.code == "mask-size"
    assert "masks/7.png" in failure.what
    assert "images/7.png" in failure.what
    assert "40" in failure.what


def test_a_value_that_no_class_has_is_named(tmp_path: Path) -> None:
    failure = refused(tmp_path, pairs() | {"classes.txt": "a\nb\n", "masks/5.png": packed(mask(5, value=9))})
    assert failure.code == "unknown-mask-value"
    assert "masks/5.png holds the value 9" in failure.what
    failure = refused(_second(tmp_path), pairs(of=coloured) | {"classes.txt": "#0000ff sea\n"})
    assert "#ff0000" in failure.what


def test_smoothed_masks_are_refused(tmp_path: Path) -> None:
    def smoothed(_: int) -> Image.Image:
        return Image.fromarray((np.arange(SIZE * SIZE) % 251).astype(np.uint8).reshape(SIZE, SIZE))

    assert refused(tmp_path, pairs(of=smoothed)).code == "mask-values"


def test_one_class_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, pairs(of=lambda _: mask(0, value=0))).code == "one-class"


def test_broken_pictures_are_left_out_while_they_are_few(tmp_path: Path) -> None:
    whole = packed(picture(1))
    profile, _ = inspected(tmp_path, pairs() | {"images/1.png": whole[: len(whole) // 2]})
    assert profile.rows == 23
    assert "1.png" in next(note.message for note in profile.notices if note.code == "broken-pictures")
    broken: dict[str, bytes | str] = {f"masks/{at}.png": b"no picture" for at in range(5)}
    assert refused(_second(tmp_path), pairs() | broken).code == "broken-pictures"


def _second(tmp_path: Path) -> Path:
    (tmp_path / "second").mkdir()
    return tmp_path / "second"


# --- masks on disk ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "legend",
    [
        Legend("index", ("a", "b", "c"), (0, 3, 200)),
        Legend("grey", ("a", "b"), (0, 255)),
        Legend("index", ("a", "b"), (0, 1), (255,)),
    ],
)
def test_masks_are_written_with_the_values_that_they_were_learned_with(tmp_path: Path, legend: Legend) -> None:
    numbers = np.random.default_rng(0).integers(0, len(legend.names), (9, 13)).astype(np.uint8)
    legend.write(numbers, tmp_path / "mask.png")
    values = read_values(tmp_path / "mask.png", "index")
    assert (values == np.array(legend.values)[numbers]).all()
    assert (Legend.of(legend.plain())) == legend


def test_masks_of_colours_are_written_as_indices_into_those_colours(tmp_path: Path) -> None:
    legend = Legend("colour", ("sea", "ship"), (0x0000FF, 0xFF0000))
    numbers = np.array([[0, 1], [1, 0]], dtype=np.uint8)
    legend.write(numbers, tmp_path / "mask.png")
    assert (read_values(tmp_path / "mask.png", "index") == numbers).all()
    assert (legend.read(tmp_path / "mask.png") == numbers).all()


# --- learning --------------------------------------------------------------------------------------------------------

QUICK = {
    "PixelForest": {"kind": "forest", "trees": 4},
    "UNet-quick": {"kind": "network", "size": 32, "passes": 3, "backbone": "frozen", "most": 10},
    "UNet": {"kind": "network", "size": 32, "passes": 2},
}


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, pd.DataFrame]:
    from gristmill.engines.dense import SegmentationPredictor

    folder = tmp_path_factory.mktemp("learned")
    rows = []
    for number in range(20):
        for kind, drawn in (("picture", picture(number)), ("mask", mask(number))):
            drawn.save(folder / f"{kind}-{number}.png")
        rows.append({kind: str(folder / f"{kind}-{number}.png") for kind in ("picture", "mask")})
    legend = Legend("index", ("ground", "square"), (0, 1))
    predictor = SegmentationPredictor("mask", legend=legend, path=folder / "model")
    frame = pd.DataFrame(rows)
    predictor.fit(frame[:16], time_limit=60, candidates=QUICK)
    return predictor, frame[16:]


def test_squares_are_found(learned: tuple[Any, pd.DataFrame]) -> None:
    predictor, test = learned
    assert set(predictor.model_names()) == {"PixelForest", "UNet-quick", "UNet"}
    assert predictor.evaluate(test)["mean_iou"] > 0.9
    board = predictor.leaderboard(test)
    assert list(board["model"]) == predictor.model_names()
    assert board["score_val"].is_monotonic_decreasing
    assert predictor.earlier("UNet").history[-1].number == 2


def test_what_a_fit_left_is_taken_up_again(learned: tuple[Any, pd.DataFrame], tmp_path: Path) -> None:
    import shutil

    from gristmill.engines.segmentation import SegmentationEngine

    predictor, test = learned
    engine, path = SegmentationEngine(), tmp_path / "model"
    shutil.copytree(predictor.path, path)
    again = engine.reopen(path)
    assert again is not None
    assert [row.model for row in engine.board(again)] == predictor.model_names()
    assert again.trained_on.startswith("trained on ")
    assert all((one == other).all() for one, other in zip(again.predict(test), predictor.predict(test), strict=True))
    shutil.rmtree(path / "models" / predictor.model_best)
    rest = engine.reopen(path)
    assert rest is not None
    assert len(rest.model_names()) == 2
    shutil.rmtree(path / "models")
    assert engine.reopen(path) is None


def test_a_trimmed_predictor_answers_with_its_best_candidate(learned: tuple[Any, pd.DataFrame], tmp_path: Path) -> None:
    from gristmill.engines.dense import SegmentationPredictor

    predictor, test = learned
    predictor.clone_for_deployment(tmp_path / "trimmed")
    trimmed = SegmentationPredictor.load(tmp_path / "trimmed")
    assert trimmed.model_names() == [predictor.model_best]
    assert (trimmed.predict(test)[0] == predictor.predict(test)[0]).all()


def test_a_frozen_backbone_stays_as_it_came_and_the_next_network_begins_with_what_was_learned(
    learned: tuple[Any, pd.DataFrame],
) -> None:
    from gristmill.engines.backbones import load

    predictor, _ = learned
    quick, whole = predictor.earlier("UNet-quick").model, predictor.earlier("UNet").model
    came = load().state_dict()
    for name, value in came.items():
        assert (quick._weights[f"backbone.{name}"] == value.numpy()).all(), name
    assert (whole._weights["backbone.conv_stem.weight"] != came["conv_stem.weight"].numpy()).any()
    apart = np.abs(whole._weights["head.weight"] - quick._weights["head.weight"]).mean()
    assert 0 < apart < 0.7 * np.abs(quick._weights["head.weight"]).mean()


def test_what_is_remembered_is_what_is_seen() -> None:
    import torch

    from gristmill.engines.backbones import load, normal
    from gristmill.engines.dense.feeding import Feed, Remembered

    class Squares(Feed):
        def lesson(self, place: int, *, mirrored: bool) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
            shown = np.asarray(picture(place))
            return (shown[:, ::-1] if mirrored else shown), np.array([place, mirrored])

    backbone, settings = load(), {"batch": 4, "most": 8, "augment": "light"}
    for room in (0.0, 1e9):
        remembered = Remembered(Squares(20, settings, 0), backbone, torch.device("cpu"), room)
        shown = set()
        for _ in range(3):
            for stages, truths in remembered:
                assert [len(stage) for stage in stages] == [4] * 5
                for at, (place, mirrored) in enumerate(truths.tolist()):
                    pixels = np.asarray(picture(place))
                    fresh = backbone.stages(normal(np.ascontiguousarray(pixels[:, :: -1 if mirrored else 1])[None]))
                    assert torch.allclose(stages[3][at], fresh[3][0], atol=0.05)
                    shown.add(place)
        assert len(shown) == 8


def test_batches_made_ahead_are_all_there_and_in_order() -> None:
    from gristmill.engines.dense.feeding import ahead

    assert list(ahead(range(1, 12))) == list(range(1, 12))
    assert list(ahead([])) == []
    for batch in ahead(iter(range(1, 1_000_000))):
        if batch == 3:
            break

    def broken() -> Any:
        yield 1
        raise ValueError("torn")

    with pytest.raises(ValueError, match="torn"):
        list(ahead(broken()))


def test_folded_norms_change_no_answer(learned: tuple[Any, pd.DataFrame]) -> None:
    import torch

    network = learned[0].earlier("UNet").model._revived().eval()
    pictures = torch.rand(2, 3, 64, 32) * 2 - 1
    with torch.inference_mode():
        assert torch.allclose(network.folded()(pictures), network(pictures), atol=1e-3)


def test_answers_have_the_size_of_their_pictures(learned: tuple[Any, pd.DataFrame], tmp_path: Path) -> None:
    picture(0, (75, 40)).save(tmp_path / "wide.png")
    [answer] = learned[0].predict([str(tmp_path / "wide.png")])
    assert answer.shape == (40, 75)


def test_the_report_counts_pictures_and_draws_masks_in_the_colours_of_the_key(
    learned: tuple[Any, pd.DataFrame], tmp_path: Path
) -> None:
    import base64

    from gristmill.figures import masks

    profile, folder = inspected(tmp_path, pairs() | {"masks/x.png": packed(mask())})
    html = masks.answered_data(profile, (), *loaded(profile, folder)).html()
    assert "pictures held out" in html
    assert html.count("masks/x.png") == 1
    predictor, test = learned
    Image.new("RGB", (SIZE, SIZE), (0, 0, 255)).save(tmp_path / "blue.png")
    drawn = masks.mask_samples(test[:1].assign(picture=str(tmp_path / "blue.png")), predictor).html()
    image = Image.open(io.BytesIO(base64.b64decode(drawn.split("base64,")[1].split('"')[0])))
    orange = np.asarray(image).astype(int)[(np.asarray(image)[..., 0].astype(int) - np.asarray(image)[..., 2]) > 110]
    assert len(orange) > 0.1 * image.width * image.height  # of the square, though it is blue


def test_the_verdict_compares_with_calling_everything_the_same(learned: tuple[Any, pd.DataFrame]) -> None:
    from gristmill.figures import masks

    predictor, test = learned
    answers = masks.MaskAnswers.of(predictor, test)
    verdict = masks.mask_verdict(answers)
    assert verdict.numbers["standing"] == "better"
    assert verdict.numbers["baseline"] < 0.5 < verdict.numbers["score"]
    assert "'ground'" in verdict.sentence.replace("\N{LEFT SINGLE QUOTATION MARK}", "'").replace(
        "\N{RIGHT SINGLE QUOTATION MARK}", "'"
    )
    for figure in (
        masks.class_overlaps(answers), masks.pixel_confusion(answers), masks.drawn_masks(test, predictor, answers),
        masks.drawn_masks(test, predictor, answers, worst=True), masks.mask_samples(test, predictor),
        masks.passes({tried.name: tried.history for tried in predictor.tried}, "mean_iou"),
    ):  # fmt: skip
        assert figure.caption
        assert len(figure.html()) < 200_000


def test_scores_are_what_their_words_say() -> None:
    from gristmill.engines.dense import scores

    truth, given = np.array([0, 0, 1, 1, VOID], dtype=np.uint8), np.array([0, 1, 1, 1, 0], dtype=np.uint8)
    counts = scores.count_pixels(truth, given, 3)
    assert scores.ious(counts)[:2] == pytest.approx([1 / 2, 2 / 3])
    assert np.isnan(scores.ious(counts)[2])
    assert scores.mean_iou(counts) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert scores.dice(counts) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert scores.pixel_accuracy(counts) == 3 / 4


@pytest.mark.parametrize(
    ("task", "holds", "sentence"),
    [
        ("image-segmentation", ["old.png"], "is not empty"),
        ("object-detection", [], "is a folder"),
        ("tabular-regression", [], "is a folder"),
    ],
)
def test_a_folder_takes_masks_while_it_is_empty_and_nothing_else(
    tmp_path: Path, task: str, holds: list[str], sentence: str
) -> None:
    for name in holds:
        (tmp_path / name).touch()
    model = SimpleNamespace(task=task, name="things")
    with pytest.raises(UsageError, match=sentence) as refused:
        model_archive.ask(model, tmp_path, None, tmp_path, {}, lambda *_: pytest.fail("it was asked"))
    assert str(tmp_path) in str(refused.value)


# --- a whole journey -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("home")
def test_from_a_zip_to_masks_for_new_pictures(tmp_path: Path) -> None:
    gristmill = str(Path(sys.executable).parent / "gristmill")
    told: list[str] = []

    def said(*words: str | Path, code: int = 0) -> str:
        done = subprocess.run([gristmill, *map(str, words)], capture_output=True, text=True, check=False, timeout=400)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        told[:] = done.stderr.splitlines()
        return done.stdout if code == 0 else done.stderr

    given = zipped(tmp_path / "squares.zip", pairs(40) | {"classes.txt": "ground\nsquare\n"})
    run = json.loads(said("train", given, "--budget", "60s", "--yes", "--json").splitlines()[-1])
    assert (run["status"], run["task"]) == ("succeeded", "image-segmentation")
    assert run["score"] > 0.9
    assert run["seconds"]["total"] <= 60
    report = Path(run["report"]).read_text()
    assert len(report) < 2 * 1024 * 1024
    assert "True masks, and the answers" in report

    new = zipped(tmp_path / "new.zip", {f"deep/{at}.jpg": packed(picture(at), "JPEG") for at in range(3)})
    said("predict", run["model"], new, "-o", tmp_path / "answers.zip")
    with zipfile.ZipFile(tmp_path / "answers.zip") as archive:
        assert sorted(archive.namelist()) == ["deep/0.png", "deep/1.png", "deep/2.png"]
        answer = np.asarray(Image.open(io.BytesIO(archive.read("deep/1.png"))))
    assert (answer == np.asarray(mask(1))).mean() > 0.9
    (tmp_path / "masks").mkdir()
    said("predict", run["model"], new, "-o", tmp_path / "masks")
    assert sorted(path.name for path in (tmp_path / "masks" / "deep").iterdir()) == ["0.png", "1.png", "2.png"]
    assert "is not empty" in said("predict", run["model"], new, "-o", tmp_path / "masks", code=2)
    assert "3 masks are no single picture" in said("predict", run["model"], new, "-o", tmp_path / "one.png", code=3)
    (tmp_path / "picture.jpg").write_bytes(packed(picture(1), "JPEG"))
    said("predict", run["model"], tmp_path / "picture.jpg", "-o", tmp_path / "one.png")
    assert (np.asarray(Image.open(tmp_path / "one.png")) == answer).all()
    broken = zipped(tmp_path / "broken.zip", {"a.png": packed(picture())[:90]})
    assert "a.png" in said("predict", run["model"], broken, "-o", tmp_path / "none.zip", code=3)
    mixed = zipped(tmp_path / "mixed.zip", {"a.png": packed(picture())[:90], "b.png": packed(picture())})
    said("predict", run["model"], mixed, "-o", tmp_path / "mixed-masks.zip")
    assert told == ["No prediction: a.png is cut off or broken."]
    with zipfile.ZipFile(tmp_path / "mixed-masks.zip") as archive:
        assert archive.namelist() == ["b.png"]
