"""predict.ipynb under plain papermill: a model archive and a file in, predictions out, with no platform in sight."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import gristmill_templates
import nbformat
import pandas as pd
import pytest

from gristmill import exploring, intake
from gristmill.bench import Bench
from gristmill.sandbox.process import ProcessSandbox

PENGUINS = Path(__file__).parent.parent / "examples" / "penguins.csv"

pytestmark = [pytest.mark.slow, pytest.mark.engine]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The archive of a quick model for classes, and of one for numbers."""
    return {target: trained(tmp_path_factory.mktemp("run"), target) for target in ("species", "body_mass_g")}


def trained(folder: Path, target: str) -> Path:
    from autogluon.tabular import TabularPredictor

    profile = intake.inspect(PENGUINS, folder)
    resources = ProcessSandbox(cache=folder / "cache").resources()
    file = exploring.file_of("penguins", profile, intake.propose(profile, target=target), resources)
    file.write(folder)
    bench = Bench.open(folder)
    train, test = bench.table()
    predictor = TabularPredictor(label=target, eval_metric=file.metric, path=str(bench.out / "model"), verbosity=0)
    predictor.fit(train, hyperparameters={"GBM": {"num_boost_round": 20}}, fit_weighted_ensemble=False)
    bench.save(predictor, metrics=predictor.evaluate(test, silent=True))
    return bench.out / "model.zip"


def papermill(folder: Path, **parameters: object) -> subprocess.CompletedProcess[str]:
    """predict.ipynb, executed in `folder`, where whoever imports gristmill is told that there is none."""
    (folder / "predict.ipynb").write_text(gristmill_templates.text("predict.ipynb"), encoding="utf-8")
    (folder / "away").mkdir(exist_ok=True)
    (folder / "away" / "gristmill.py").write_text("raise ImportError('there is no gristmill here')\n")
    given = [word for name, value in parameters.items() for word in ("-p", name, str(value))]
    command = [sys.executable, "-m", "papermill", "predict.ipynb", "done.ipynb", "-k", "python3", *given]
    environment = os.environ | {"PYTHONPATH": str(folder / "away")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)


def shown(folder: Path) -> str:
    """All that the executed notebook shows, as text."""
    cells = nbformat.read(folder / "done.ipynb", as_version=4).cells
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(str(output.get("text") or output.get("data", {}).get("text/html", "")) for output in outputs)


def test_a_file_is_predicted_and_its_answers_are_shown(models: dict[str, Path], tmp_path: Path) -> None:
    done = papermill(tmp_path, model=models["species"], data=PENGUINS, output="out.csv")
    assert done.returncode == 0, done.stderr
    predicted = pd.read_csv(tmp_path / "out.csv")
    assert len(predicted) == 344
    assert set(predicted["prediction"]) == {"Adelie", "Chinstrap", "Gentoo"}
    page = shown(tmp_path)
    assert "out.csv: 344 answers" in page
    assert re.search(r"Gentoo</th>\s*<td[^>]*>\d+</td>\s*<td[^>]*>\d+\.\d%", page)


def test_numbers_are_shown_in_ranges_and_an_unpacked_model_will_do(models: dict[str, Path], tmp_path: Path) -> None:
    import zipfile

    zipfile.ZipFile(models["body_mass_g"]).extractall(tmp_path / "model")
    done = papermill(tmp_path, model="model", data=PENGUINS, output="out.parquet")
    assert done.returncode == 0, done.stderr
    assert pd.read_parquet(tmp_path / "out.parquet")["prediction"].between(2000, 7000).all()
    assert re.search(r"\(\d+\.\d+, \d+\.\d+\]", shown(tmp_path))


def test_a_file_that_does_not_fit_is_refused_in_a_sentence(models: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n3,4\n")
    done = papermill(tmp_path, model=models["species"], data="other.csv", output="out.csv")
    assert done.returncode != 0
    assert "other.csv lacks" in done.stderr
    assert not (tmp_path / "out.csv").exists()
