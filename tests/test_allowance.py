"""What a dataset may have at most: each limit is kept, said with its figure, and told apart by who set it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("PIL")

from PIL import Image

from gristmill.app import Settings, embedded
from gristmill.errors import DataRejected
from gristmill.intake.allowance import SETTINGS, Allowance
from gristmill.mill import Mill
from gristmill.records import RunRequest


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Twelve pictures of cats and eleven of dogs."""
    path = tmp_path / "pets.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for kind, many in (("cat", 12), ("dog", 11)):
            for number in range(many):
                held = io.BytesIO()
                Image.new("RGB", (8, 8), (number, 10 * number, len(kind))).save(held, "PNG")
                opened.writestr(f"{kind}/{number}.png", held.getvalue())
    return path


def mill_with(monkeypatch: pytest.MonkeyPatch, **settings: str) -> Mill:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return embedded(Settings.read())


def said(mill: Mill, path: Path) -> str:
    with pytest.raises(DataRejected) as refused:
        mill.check(path)
    assert refused.value.failure.code == "over-limit"
    assert refused.value.failure.cure
    return refused.value.failure.what


def test_a_class_with_too_many_pictures_is_named_with_the_limit_and_its_setting(
    home: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home.is_dir()
    mill = mill_with(monkeypatch, GRISTMILL_MOST_IMAGES="11")
    assert said(mill, archive) == (
        "The class 'cat' has 12 pictures, more than the 11 pictures a class that whoever runs this Gristmill allows "
        "(GRISTMILL_MOST_IMAGES)."
    )
    with pytest.raises(DataRejected):
        mill.admit(mill.upload(archive).id)
    profile, proposal = mill_with(monkeypatch, GRISTMILL_MOST_IMAGES="12").check(archive)
    assert proposal is not None
    assert (profile.rows, profile.item) == (23, "picture")


def test_rows_and_files_are_limited(home: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home.is_dir()
    mill = mill_with(monkeypatch, GRISTMILL_MOST_ROWS="20")
    assert said(mill, archive).startswith("There are 23 pictures to train on, more than the 20 pictures that whoever")
    mill = mill_with(monkeypatch, GRISTMILL_MOST_GIGABYTES="0.001")
    large = archive.with_name("large.csv")
    large.write_text("a,b\n" + "1,2\n" * 500_000)
    assert "large.csv has 0.002 GB, more than the 0.001 GB" in said(mill, large)
    with pytest.raises(DataRejected):
        mill.upload(large)
    with pytest.raises(DataRejected, match=r"large.csv has 0.002 GB"):
        mill.open_upload("large.csv", 2_000_000)  # before any of it is sent


def test_classes_of_a_table_are_counted_once_a_target_is_settled(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home.is_dir()
    path = tmp_path / "shops.csv"
    lines = [f"{row % 7},{row % 5}x,{'yes' if row % 2 else 'no'}" for row in range(200)]
    path.write_text("\n".join(["size,shop,busy", *lines]) + "\n")
    mill = mill_with(monkeypatch, GRISTMILL_MOST_CLASSES="4")
    dataset = mill.admit(mill.upload(path).id)
    with pytest.raises(DataRejected, match="'shop' has 5 classes, more than the 4 classes"):
        mill.train(RunRequest(dataset_id=dataset.id, target="shop", task="tabular-classification"))


def test_each_setting_has_a_default_and_says_that_it_is_gristmills_own() -> None:
    assert set(SETTINGS.values()) == set(Allowance.__slots__)
    with pytest.raises(DataRejected, match=r"more than the 100 GB that Gristmill takes by itself"):
        Allowance()._refuse("gigabytes", "It has 101 GB, more than", "GB")
