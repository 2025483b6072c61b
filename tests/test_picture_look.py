"""`PictureLook`: what is drawn of pictures before anything is learned from them, whatever is said of them."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gristmill import figures, intake, tasks
from gristmill.tasks import LoadPlan

PICTURED = ["image-classification", "image-segmentation", "object-detection"]


def look_at(path: Path, scratch: Path) -> figures.PictureLook:
    profile = intake.inspect(path, scratch)
    proposal = intake.propose(profile)
    train, _ = tasks.find(proposal.task).load(scratch / "data", profile, LoadPlan(target=proposal.target))
    return figures.PictureLook(train, profile, proposal.target)


def in_folders(path: Path, sizes: dict[str, tuple[int, int]], light: dict[str, int]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, size in sizes.items():
            for number in range(16):
                held = io.BytesIO()
                pixels = np.random.default_rng(number).integers(0, 20, (size[1], size[0], 3)) + light[name]
                Image.fromarray(pixels.astype(np.uint8)).save(held, "PNG")
                archive.writestr(f"{name}/{number}.png", held.getvalue())
    return path


@pytest.mark.parametrize("task", PICTURED)
def test_all_is_drawn_whatever_is_said_of_pictures(task: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")  # boxes and masks are read by what learns from them
    kind = tasks.find(task)
    look = look_at(kind.tiny(tmp_path), tmp_path / "scratch")
    drawn = [look.samples(), look.answers(), look.sizes(), look.light()]
    for figure in drawn:
        words = re.sub(r"<[^>]+>", " ", figure.html())
        assert figure.caption.endswith((".", "?"))
        assert not re.search(r"\b(rows?|nan|columns?)\b", words)
    assert "data:image/jpeg" in drawn[0].html()


def test_classes_that_differ_in_light_are_told(tmp_path: Path) -> None:
    sizes = {"day": (40, 40), "night": (40, 40)}
    look = look_at(in_folders(tmp_path / "a.zip", sizes, {"day": 220, "night": 20}), tmp_path / "scratch")
    assert "is lighter than" in look.light().caption
    assert re.fullmatch(r"All have 40 by 40 pixels: \d+ pictures\.", look.sizes().caption)


def test_pictures_of_one_light_and_several_sizes(tmp_path: Path) -> None:
    sizes = {"wide": (60, 30), "tall": (30, 60)}
    look = look_at(in_folders(tmp_path / "a.zip", sizes, {"wide": 100, "tall": 100}), tmp_path / "scratch")
    assert "is lighter than" not in look.light().caption
    assert re.search(r"(4\d|5\d)% stand upright", look.sizes().caption)
