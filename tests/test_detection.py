"""Pictures with boxes: read as four kinds of files have them, checked, learned, found; small pictures, real fits."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from gristmill import intake, tasks
from gristmill.errors import DataRejected
from gristmill.records import ColumnKind, Profile, Role
from gristmill.tasks import LoadPlan

SIZE = 64
Files = dict[str, bytes | str]


def place(number: int) -> tuple[int, int, int, int]:
    """Where the thing in a picture is: left, top, width, height."""
    return 4 + number % 6 * 5, 6 + number // 6 % 4 * 7, 20 + number % 3, 18


def category(number: int) -> str:
    return "ship" if number % 2 else "buoy"


def picture(number: int) -> Image.Image:
    left, top, width, height = place(number)
    array = np.full((SIZE, SIZE, 3), (40, 60, 120), dtype=np.uint8)
    array[top : top + height, left : left + width] = (220, 60, 50) if number % 2 else (60, 210, 80)
    return Image.fromarray(array)


def packed(drawn: Image.Image) -> bytes:
    held = io.BytesIO()
    drawn.save(held, format="PNG")
    return held.getvalue()


def pictures(count: int = 24, folder: str = "images") -> Files:
    return {f"{folder}/{number}.png": packed(picture(number)) for number in range(count)}


def coco(count: int = 24, **changes: Any) -> dict[str, Any]:
    return {
        "images": [{"id": number, "file_name": f"{number}.png"} for number in range(count)],
        "annotations": [
            {"id": number, "image_id": number, "category_id": 1 + number % 2, "bbox": list(place(number))}
            for number in range(count)
        ],
        "categories": [{"id": 1, "name": "buoy"}, {"id": 2, "name": "ship"}],
    } | changes


def as_coco(count: int = 24) -> Files:
    return pictures(count) | {"annotations.json": json.dumps(coco(count))}


def as_voc() -> Files:
    files: Files = {}
    for number in range(24):
        left, top, width, height = place(number)
        files[f"Annotations/{number}.xml"] = (
            f"<annotation><filename>{number}.png</filename><object><name>{category(number)}</name><bndbox>"
            f"<xmin>{left}</xmin><ymin>{top}</ymin><xmax>{left + width}</xmax><ymax>{top + height}</ymax></bndbox>"
            "</object></annotation>"
        )
    return pictures(folder="JPEGImages") | files


def as_yolo() -> Files:
    files: Files = {"data.yaml": "train: images\nnames:\n  0: buoy\n  1: ship\n"}
    for number in range(24):
        left, top, width, height = (part / SIZE for part in place(number))
        files[f"labels/{number}.txt"] = f"{number % 2} {left + width / 2} {top + height / 2} {width} {height}\n"
    return pictures() | files


def as_table() -> Files:
    rows = [
        f"{number}.png,{category(number)},{left},{top},{left + width},{top + height}"
        for number in range(24)
        for left, top, width, height in [place(number)]
    ]
    return pictures() | {"boxes.csv": "\n".join(["filename,class,xmin,ymin,xmax,ymax", *rows])}


FORMS = {"COCO": as_coco, "Pascal VOC": as_voc, "YOLO": as_yolo, "a table of boxes": as_table}


def zipped(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def inspected(tmp_path: Path, files: Files) -> tuple[Profile, Path]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return intake.inspect(zipped(tmp_path / "given.zip", files), scratch), scratch / "data"


def loaded(profile: Profile, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    return tasks.find("object-detection").load(folder, profile, LoadPlan(target="boxes"))


# --- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_boxes_are_read_alike_in_whatever_form(tmp_path: Path, form: str) -> None:
    profile, folder = inspected(tmp_path, FORMS[form]())
    assert profile.arranged == "object-detection"
    assert profile.column("boxes").kind is ColumnKind.BOXES
    assert form in profile.notices[0].message
    train, test = loaded(profile, folder)
    assert (len(train) + len(test), train.attrs["categories"]) == (24, ["buoy", "ship"])
    for path, said in zip(train["picture"], train["boxes"], strict=True):
        number = int(Path(path).stem)
        [box] = json.loads(said)
        assert box["category"] == category(number)
        assert box["bbox"] == pytest.approx(place(number), abs=0.02)
    proposal = intake.propose(profile)
    assert (proposal.task, proposal.target, proposal.metric) == ("object-detection", "boxes", "map")


def test_a_test_folder_is_held_out(tmp_path: Path) -> None:
    files = pictures(folder="train") | pictures(5, folder="test")
    files |= {"train/a.json": json.dumps(coco()), "test/a.json": json.dumps(coco(5))}
    profile, folder = inspected(tmp_path, files)
    assert [(table.role, table.rows) for table in profile.tables] == [(Role.TRAIN, 24), (Role.TEST, 5)]
    assert all("/test/" in path for path in loaded(profile, folder)[1]["picture"])


def test_a_picture_with_nothing_in_it_teaches_too(tmp_path: Path) -> None:
    said = coco()
    said["annotations"] = said["annotations"][:-4]
    profile, folder = inspected(tmp_path, pictures() | {"a.json": json.dumps(said)})
    train, test = loaded(profile, folder)
    assert sum(boxes == "[]" for boxes in (*train["boxes"], *test["boxes"])) == 4


def test_there_is_a_tiny_data_set_to_try_recipes_on(tmp_path: Path) -> None:
    for name in ("object-detection", "image-segmentation"):
        scratch = tmp_path / name
        scratch.mkdir()
        profile = intake.inspect(tasks.find(name).tiny(tmp_path), scratch)
        assert (profile.arranged, profile.rows) == (name, 24)


@pytest.mark.parametrize("files", [{"a.json": "{}", "b.png": b""}, {"t.csv": "a,b\n1,2\n"}, {"x.xml": "<a/>"}])
def test_other_files_are_left_to_others(tmp_path: Path, files: Files) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert tasks.find("object-detection").arrange(tmp_path, sorted(files)) is None


# --- bad input -------------------------------------------------------------------------------------------------------


def _changed(at: int, **changes: Any) -> str:
    said = coco()
    said["annotations"][at] |= changes
    return json.dumps(said)


@pytest.mark.parametrize(
    ("files", "code", "named"),
    [
        ({"a.json": _changed(3, category_id=9)}, "unknown-category", "annotation 3, has the category 9"),
        ({"a.json": _changed(3, image_id=99)}, "boxes-without-pictures", "annotation 3, is of the image 99"),
        ({"a.json": _changed(3, bbox=[50, 5, 40, 5])}, "box-outside", "a.json, annotation 3 stands out of its picture"),
        ({"a.json": _changed(3, bbox=[5, 5, 0, 5])}, "empty-box", "a.json, annotation 3 is empty"),
        ({"a.json": _changed(3, bbox=[5, 5])}, "boxes-file", "a.json, annotation 3, has the bbox [5, 5]"),
        ({"a.json": _changed(3, bbox=None)}, "boxes-file", "a.json, annotation 3, has the bbox None"),
        (
            {"x/3.xml": "<annotation><object><name>a</name><bndbox><xmin>1</xmin></bndbox></object></annotation>"},
            "boxes-file",
            "x/3.xml, object 1 lacks a side",
        ),
        ({"a.json": json.dumps(coco(25))}, "boxes-without-pictures", "'24.png'"),
        ({"labels/3.txt": "0 0.5 0.5\n"}, "boxes-file", "labels/3.txt, line 1"),
        ({"labels/3.txt": "\n7 0.5 0.5 0.1 0.1\n", "classes.txt": "a\n"}, "unknown-category", "labels/3.txt, line 2"),
        ({"labels/3.txt": "0 0.9 0.5 0.9 0.1\n"}, "box-outside", "images/3.png"),
        ({"b.csv": "file,class,x,y,w,h\n3.png,a,1,1,5,5\n4.png,a,1,1,five,5\n"}, "boxes-file", "b.csv, line 3"),
        ({"b.csv": "file,class,x,y,w,h\nno.png,a,1,1,5,5\n"}, "boxes-without-pictures", "b.csv, line 2"),
        ({"x.xml": "<annotation><object>"}, "boxes-file", "x.xml"),
        ({"a.json": json.dumps(coco(), indent=1)[:300]}, "boxes-file", "a.json, line "),
        ({"labels/3.txt": "0 0.1 0.1 0.5 0.1 0.5 0.5 0.2\n"}, "boxes-file", "labels/3.txt, line 1"),
        ({"a.json": json.dumps(coco(annotations=[]))}, "no-boxes", "no box"),
        ({"a.json": json.dumps(coco()), "images/3.png": b"no", "images/4.png": b"no"}, "broken-pictures", ".png"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_its_cure(
    tmp_path: Path, files: Files, code: str, named: str
) -> None:
    with pytest.raises(DataRejected) as caught:
        inspected(tmp_path, pictures() | files)
    assert caught.value.failure.code == code
    assert named in caught.value.failure.what
    assert caught.value.failure.cure


@pytest.mark.parametrize("form", ["COCO", "YOLO"])
def test_a_broken_picture_is_left_out_and_named_with_its_folder(tmp_path: Path, form: str) -> None:
    profile, folder = inspected(tmp_path, FORMS[form]() | {"images/3.png": b"no picture"})
    train, test = loaded(profile, folder)
    assert len(train) + len(test) == 23
    [notice] = [notice for notice in profile.notices if notice.code == "broken-pictures"]
    assert "images/3.png is no picture" in notice.message


def test_of_an_outline_the_box_round_it_is_taken(tmp_path: Path) -> None:
    profile, folder = inspected(tmp_path, as_yolo() | {"labels/0.txt": "0 0.25 0.5 0.5 0.25 0.75 0.5 0.5 0.75\n"})
    rows = pd.concat(loaded(profile, folder))
    [said] = [boxes for path, boxes in zip(rows["picture"], rows["boxes"], strict=True) if Path(path).stem == "0"]
    assert json.loads(said)[0]["bbox"] == [16.0, 16.0, 32.0, 32.0]


# --- answers ---------------------------------------------------------------------------------------------------------


def test_scores_are_cocos() -> None:
    from gristmill.engines.dense.boxes import Boxes, average_precisions, distinct, judged

    names, size = ("a", "b"), (100, 50)
    said = [{"category": "a", "bbox": [10, 5, 20, 10]}, {"category": "b", "bbox": [50, 20, 30, 20]}]
    truth = Boxes.of(said, names, size)
    assert [(one["category"], one["bbox"]) for one in truth.plain(names, size)] == [
        (one["category"], one["bbox"]) for one in said
    ]
    assert judged([truth], [truth], [size], 2) == pytest.approx({"map": 1.0, "map_50": 1.0, "map_75": 1.0})
    half = truth.take(np.array([0]))
    assert judged([truth], [half], [size], 2)["map"] == pytest.approx(0.5)
    assert average_precisions([truth], [half], [size], 2)[:, 0].tolist() == pytest.approx([1.0, 0.0])
    assert judged([truth], [truth.take(np.array([], dtype=int))], [size], 2)["map"] == 0.0
    twice = Boxes(np.repeat(truth.corners, 2, 0), np.repeat(truth.categories, 2), np.array([0.9, 0.8, 0.3, 0.4]))
    assert distinct(twice).scores.tolist() == [0.9, 0.4]


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, pd.DataFrame]:
    from gristmill.engines.dense import DetectionPredictor

    folder = tmp_path_factory.mktemp("learned")
    rows = []
    for number in range(24):
        picture(number).save(folder / f"{number}.png")
        said = json.dumps([{"category": category(number), "bbox": place(number)}])
        rows.append({"picture": str(folder / f"{number}.png"), "boxes": said})
    frame = pd.DataFrame(rows)
    predictor = DetectionPredictor("boxes", categories=("buoy", "ship"), path=folder / "model")
    one = {"kind": "network", "size": 64, "passes": 12, "batch": 4, "learning_rate": 2e-3}
    quick = one | {"passes": 6, "backbone": "frozen"}
    predictor.fit(frame[:20], time_limit=120, candidates={"Centers-quick": quick, "Centers": one})
    return predictor, frame[20:]


def test_things_are_found(learned: tuple[Any, pd.DataFrame]) -> None:
    predictor, test = learned
    assert predictor.evaluate(test)["map_50"] > 0.5
    for number, found in zip(range(20, 24), predictor.predict(test), strict=True):
        assert found == sorted(found, key=lambda thing: -thing["score"])
        assert found[0]["category"] == category(number)
        assert found[0]["bbox"] == pytest.approx(place(number), abs=10)


def test_what_a_fit_left_is_taken_up_again(learned: tuple[Any, pd.DataFrame]) -> None:
    from gristmill.engines.detection import DetectionEngine

    predictor, test = learned
    again = DetectionEngine().reopen(predictor.path)
    assert again is not None
    assert again.predict(test) == predictor.predict(test)


def test_the_report_shows_what_was_found(learned: tuple[Any, pd.DataFrame]) -> None:
    from gristmill.figures import boxes

    predictor, test = learned
    answers = boxes.BoxAnswers.of(predictor, test)
    verdict = boxes.box_verdict(answers)
    assert verdict.numbers["score"] > verdict.numbers["baseline"]
    assert "same box in every picture" in verdict.sentence
    for figure in (
        boxes.categories(answers), boxes.box_samples(test, predictor), boxes.drawn_boxes(test, predictor, answers),
        boxes.drawn_boxes(test, predictor, answers, worst=True),
    ):  # fmt: skip
        assert figure.caption
        assert len(figure.html()) < 200_000


def test_the_worst_pictures_are_only_those_in_which_something_is_wrong(learned: tuple[Any, pd.DataFrame]) -> None:
    from dataclasses import replace

    from gristmill.engines.dense.boxes import Boxes
    from gristmill.figures import boxes

    predictor, test = learned
    truths, sizes = predictor.truths(test)
    right = boxes.BoxAnswers("map", predictor.categories, truths, truths, sizes)
    figure = boxes.drawn_boxes(test, predictor, right, worst=True)
    assert figure.caption == "No box is missed, mistaken or misplaced by more than half."
    assert "<img" not in figure.html()
    nothing = Boxes(np.empty((0, 4)), np.empty(0, dtype=np.int64), np.empty(0))
    missed = boxes.drawn_boxes(test, predictor, replace(right, answers=[nothing, *truths[1:]]), worst=True)
    assert missed.caption.startswith(f"1 of {len(test)} held-out pictures has boxes that are missed")
    assert missed.html().count("<img") == 2  # the true boxes, and the answer


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("home")
def test_from_a_zip_to_boxes_for_new_pictures(tmp_path: Path) -> None:
    gristmill = str(Path(sys.executable).parent / "gristmill")

    def said(*words: str | Path) -> str:
        done = subprocess.run([gristmill, *map(str, words)], capture_output=True, text=True, check=False, timeout=400)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        return done.stdout

    given = zipped(tmp_path / "sea.zip", as_coco(48))
    run = json.loads(said("train", given, "--budget", "60s", "--yes", "--json").splitlines()[-1])
    assert (run["status"], run["task"]) == ("succeeded", "object-detection")
    assert run["seconds"]["total"] <= 60
    assert "True boxes, and the answers" in Path(run["report"]).read_text()
    new = zipped(tmp_path / "new.zip", pictures(2, folder="deep"))
    said("predict", run["model"], new, "-o", tmp_path / "found.json")
    found = json.loads((tmp_path / "found.json").read_text())
    assert {thing["file_name"] for thing in found} <= {"deep/0.png", "deep/1.png"}
    assert all(thing.keys() == {"file_name", "category", "bbox", "score"} for thing in found)
