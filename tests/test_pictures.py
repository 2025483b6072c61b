"""Pictures: opened whatever their form, refused with a sentence where they cannot be, looked over in bounded memory."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL")

from PIL import Image, ImageFile, ImageFilter

from gristmill import pictures
from gristmill.pictures import PictureUnreadable

RED = (200, 30, 40)


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Writes a picture under a name and gives its path."""

    def save(picture: Image.Image, name: str, **options: object) -> Path:
        picture.save(tmp_path / name, **options)
        return tmp_path / name

    return save


def colour(picture: Image.Image) -> tuple[int, ...]:
    """The mean colour."""
    return tuple(int(value) for value in np.asarray(picture).reshape(-1, 3).mean(axis=0).round())


# --- forms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "name"),
    [("RGB", "a.png"), ("RGB", "a.jpg"), ("CMYK", "a.jpg"), ("P", "a.gif"), ("RGB", "a.bmp"), ("RGB", "a.webp"),
     ("CMYK", "a.tif"), ("RGB", "a.ppm"), ("RGBA", "a.png"), ("P", "a.png")],
)  # fmt: skip
def test_every_form_becomes_the_colours_that_people_see(saved: Callable[..., Path], mode: str, name: str) -> None:
    path = saved(Image.new("RGB", (40, 30), RED).convert(mode), name)
    seen = pictures.load(path)
    assert (seen.mode, seen.size) == ("RGB", (40, 30))
    assert colour(seen) == pytest.approx(RED, abs=8)


@pytest.mark.parametrize(("most", "expected"), [(255, 100), (4_095, 100), (65_535, 100)])
def test_more_than_eight_bits_are_scaled(saved: Callable[..., Path], most: int, expected: int) -> None:
    values = np.full((20, 20), most, dtype=np.uint16)
    values[:10] = most * expected // 255
    seen = pictures.load(saved(Image.fromarray(values), "deep.png"))
    assert np.asarray(seen)[0, 0].tolist() == pytest.approx([expected] * 3, abs=1)
    assert np.asarray(seen)[-1, 0].tolist() == [255] * 3


def test_numbers_with_a_point_are_scaled(saved: Callable[..., Path]) -> None:
    values = np.linspace(-3, 5, 400, dtype=np.float32).reshape(20, 20)
    seen = np.asarray(pictures.load(saved(Image.fromarray(values), "float.tiff")))
    assert (seen.min(), seen.max()) == (0, 255)


@pytest.mark.parametrize("size", [None, 20, (10, 20)])
def test_a_picture_is_turned_as_its_exif_says(saved: Callable[..., Path], size: int | tuple[int, int] | None) -> None:
    picture = Image.new("RGB", (60, 30), "white")
    picture.paste(RED, (0, 0, 30, 30))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise: the left side comes up
    path = saved(picture, "turned.jpg", exif=exif)
    seen = pictures.load(path, size)
    assert seen.size == {None: (30, 60), 20: (10, 20), (10, 20): (10, 20)}[size]
    assert colour(seen.crop((0, 0, seen.width, seen.height // 3))) == pytest.approx(RED, abs=12)
    assert pictures.size_of(path) == (30, 60)


def test_of_an_animation_the_first_frame_is_taken(saved: Callable[..., Path]) -> None:
    frames = [Image.new("RGB", (20, 20), name) for name in ("red", "green", "blue")]
    path = saved(frames[0], "moving.gif", save_all=True, append_images=frames[1:])
    assert colour(pictures.load(path)) == (255, 0, 0)


def test_transparency_lies_on_white(saved: Callable[..., Path]) -> None:
    assert colour(pictures.load(saved(Image.new("RGBA", (9, 9), (0, 0, 0, 0)), "clear.png"))) == (255, 255, 255)
    grey = Image.new("L", (9, 9), 0)
    assert colour(pictures.load(saved(grey, "clear-grey.png", transparency=0))) == (255, 255, 255)


def test_a_single_pixel_and_an_odd_shape_fit(saved: Callable[..., Path]) -> None:
    assert pictures.pixels(saved(Image.new("RGB", (1, 1), RED), "dot.png"), 32).shape == (32, 32, 3)
    assert pictures.load(saved(Image.new("RGB", (900, 1), RED), "line.png"), 100).size == (100, 1)


def test_fifty_megapixels_are_opened_small_and_quickly(saved: Callable[..., Path]) -> None:
    path = saved(Image.new("RGB", (8_200, 6_150), RED), "large.jpg")
    before = time.process_time()
    assert pictures.load(path, 96).size == (96, 72)
    assert time.process_time() - before < 5


# --- what cannot be opened -------------------------------------------------------------------------------------------


def test_a_bomb_is_refused_before_it_is_decoded(saved: Callable[..., Path]) -> None:
    path = saved(Image.new("1", (9_500, 9_000)), "wide.png")
    with pytest.raises(PictureUnreadable, match=r"wide\.png has 9,500 by 9,000 pixels, more than 80,000,000"):
        pictures.load(path)
    bomb = path.with_name("bomb.png")
    raw = bytearray(path.read_bytes())
    raw[16:24] = (60_000).to_bytes(4, "big") * 2  # the header's own width and height
    import zlib

    raw[29:33] = zlib.crc32(raw[12:29]).to_bytes(4, "big")
    bomb.write_bytes(raw)
    with pytest.raises(PictureUnreadable, match="claims to have more than"):
        pictures.load(bomb)


def test_a_large_picture_is_a_fault_and_no_warning_of_pillows(saved: Callable[..., Path]) -> None:
    path = saved(Image.new("1", (10_000, 9_000)), "poster.png")  # more than Pillow itself takes fright at
    [look] = pictures.check([path])
    assert look.fault == "poster.png has 10,000 by 9,000 pixels, more than 80,000,000: make it smaller."


def test_what_is_no_picture_says_so(tmp_path: Path) -> None:
    (tmp_path / "words.png").write_text("no picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "script.jpg").write_text("%!PS-Adobe-3.0 EPSF-3.0\n")
    for name, why in (("words.png", "is no picture"), ("empty.jpg", "is empty"), ("script.jpg", "is no picture")):
        with pytest.raises(PictureUnreadable, match=f"{name} {why}"):
            pictures.load(tmp_path / name)
    with pytest.raises(PictureUnreadable, match="is not there"):
        pictures.load(tmp_path / "gone.png")


@pytest.mark.parametrize("name", ["cut.jpg", "cut.png", "cut.gif", "cut.webp", "cut.tif", "cut.bmp"])
def test_whatever_is_cut_off_is_found(saved: Callable[..., Path], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # as AutoGluon leaves it
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8)
    path = saved(Image.fromarray(noise), name)
    raw = path.read_bytes()
    for part in (0.3, 0.6, 0.9):
        path.write_bytes(raw[: int(part * len(raw))])
        [look] = pictures.check([path])
        assert look.fault.startswith(name), (part, look)
        with pytest.raises(PictureUnreadable):
            pictures.load(path)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of notes about the picture that make no sense
def test_broken_bytes_raise_nothing_else(saved: Callable[..., Path]) -> None:
    random = np.random.default_rng(5)
    whole = Image.fromarray(random.integers(0, 255, (24, 24, 3), dtype=np.uint8)).filter(ImageFilter.BLUR)
    for name in ("a.jpg", "a.png", "a.gif", "a.webp", "a.tif", "a.bmp"):
        path = saved(whole, name)
        raw = path.read_bytes()
        for _ in range(60):
            broken = bytearray(raw)
            for place in random.integers(0, len(raw), 5):
                broken[place] = random.integers(0, 256)
            path.write_bytes(broken)
            with contextlib.suppress(PictureUnreadable):
                assert pictures.load(path, (16, 16)).size == (16, 16)


# --- many ------------------------------------------------------------------------------------------------------------


def test_a_look_tells_size_mode_and_twins(saved: Callable[..., Path]) -> None:
    one = saved(Image.new("L", (12, 7)), "one.png")
    two = one.with_name("two.png")
    two.write_bytes(one.read_bytes())
    looks = pictures.check([one, two, saved(Image.new("L", (12, 7), 9), "three.png")])
    assert [(look.width, look.height, look.mode, look.fault) for look in looks] == [(12, 7, "L", "")] * 3
    assert looks[0].digest == looks[1].digest != looks[2].digest
    [look] = pictures.check([one], most_bytes=10)
    assert "has more than" in look.fault


def test_ten_thousand_small_pictures_are_looked_over_quickly_in_little_memory(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "0.jpg")
    raw = (tmp_path / "0.jpg").read_bytes()
    for place in range(10_000):
        (tmp_path / f"{place}.jpg").write_bytes(raw)
    code = (
        "import pathlib, re, sys, time\n"
        "from gristmill import pictures\n"
        "before = time.process_time()\n"
        "looks = pictures.check(sorted(pathlib.Path(sys.argv[1]).iterdir()))\n"
        "assert len(looks) == 10_000 and not any(look.fault for look in looks)\n"
        "seconds, status = time.process_time() - before, pathlib.Path('/proc/self/status').read_text()\n"
        "print(seconds, int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) / 1024)"
    )
    said = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True)
    seconds, megabytes = map(float, said.stdout.split())
    assert seconds < 10
    assert megabytes < 300


def test_of_pictures_that_cannot_be_opened_a_few_are_named_and_the_rest_counted(saved: Callable[..., Path]) -> None:
    whole = saved(Image.effect_noise((40, 30), 60), "whole.png")
    torn = {f"deep/{at}.png": whole.with_name(f"{at}.png") for at in range(7)}
    for path in torn.values():
        path.write_bytes(whole.read_bytes()[:60])
    faults = pictures.faults_of({"deep/whole.png": whole} | torn)
    assert list(faults) == list(torn)
    said = pictures.unanswered(faults)
    assert said[0] == "No prediction: deep/0.png is cut off or broken."
    assert said[-1] == "No prediction for 2 more that cannot be opened."
    assert len(said) == 6
    assert pictures.unanswered({}) == []


def test_opening_pictures_is_what_a_name_promises() -> None:
    assert all(hasattr(pictures, name) for name in pictures.__all__)
    assert pictures.is_picture("A/B.JPG")
    assert not pictures.is_picture("A/B.csv")
