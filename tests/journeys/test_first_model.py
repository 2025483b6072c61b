"""One person's way with the command line: from a file to a model, its report, its notebook and predictions."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
GRISTMILL = str(Path(sys.executable).parent / "gristmill")
QUICK = ("--set", 'hyperparameters={"GBM": [{}]}', "--set", "portfolio=", "--set", "folds=0")


def gristmill(*words: str | Path, code: int = 0) -> str:
    """What the command prints; it must end with `code`, and never with a traceback."""
    done = subprocess.run([GRISTMILL, *map(str, words)], capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def trained(*words: str | Path) -> dict[str, Any]:
    """The object that `train --json` prints last."""
    answer: dict[str, Any] = json.loads(gristmill("train", *words, "--json").splitlines()[-1])
    return answer


@pytest.mark.usefixtures("home")
def test_from_a_zip_to_predictions_and_back_to_the_notebook(tmp_path: Path) -> None:
    run = trained(EXAMPLES / "flights.zip", "--target", "late", "--budget", "60s", *QUICK)
    assert (run["status"], run["salvaged"], run["task"], run["target"]) == (
        "succeeded",
        False,
        "tabular-classification",
        "late",
    )
    assert run["score"] > 0.6
    assert run["seconds"]["total"] <= 60
    assert run["leaderboard"]
    assert Path(run["report"]).stat().st_size < 2 * 1024 * 1024
    assert "ROC AUC" in Path(run["report"]).read_text()

    gristmill("predict", run["model"], EXAMPLES / "flights-next.csv", "-o", tmp_path / "late.csv")
    with (EXAMPLES / "flights-next.csv").open() as given, (tmp_path / "late.csv").open() as answered:
        asked, answers = list(csv.DictReader(given)), list(csv.DictReader(answered))
    assert [{name: row[name] for name in asked[0]} for row in answers] == asked  # numbers as they were written, too
    assert {row["prediction"] for row in answers} <= {"yes", "no"}
    for row in answers:
        assert float(row["probability.yes"]) + float(row["probability.no"]) == pytest.approx(1, abs=1e-5)

    gristmill("notebook", run["run"], "--folder", tmp_path / "mine")
    by_hand = "import papermill; papermill.execute_notebook('notebook.ipynb', 'mine.ipynb', progress_bar=False)"
    subprocess.run([sys.executable, "-c", by_hand], cwd=tmp_path / "mine", check=True, timeout=300)
    found = json.loads((tmp_path / "mine" / "out" / "results.json").read_text())
    assert found["score"] == pytest.approx(run["score"], abs=0.02)


@pytest.mark.usefixtures("home")
def test_a_file_from_a_german_spreadsheet_is_read_and_answered_in_its_own_form(tmp_path: Path) -> None:
    rows = [
        f"{i % 7 + 0.5:.2f};{'Köln' if i % 3 else 'Zürich'};{(i % 7) * 100 + (i % 3) * 10 + 0.25:.2f}"
        for i in range(300)
    ]
    text = "Fläche;Ort;Preis\n" + "\n".join(row.replace(".", ",") for row in rows) + "\n"
    (tmp_path / "häuser.csv").write_text(text, encoding="cp1252")
    run = trained(tmp_path / "häuser.csv", "--budget", "60s", *QUICK)
    assert (run["task"], run["target"]) == ("tabular-regression", "Preis")
    gristmill("predict", run["model"], tmp_path / "häuser.csv", "-o", tmp_path / "preise.csv")
    header, first, *_ = (tmp_path / "preise.csv").read_text(encoding="cp1252").splitlines()
    assert header == "Fläche;Ort;Preis;prediction"
    assert "," in first.split(";")[3]
    assert "." not in first


def test_bad_data_is_refused_in_a_sentence_and_kept(home: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n1,2,3\n" * 30)
    said = gristmill("train", tmp_path / "bad.csv", code=3)
    assert "bad.csv, line 3" in said
    assert gristmill("runs") == ""
    assert [
        path for path in (home / "store").rglob("bad.csv") if path.read_text() == (tmp_path / "bad.csv").read_text()
    ]


def test_a_worker_that_is_killed_is_replaced_while_one_waits(home: Path) -> None:
    environment = os.environ | {"GRISTMILL_LEASE": "3"}
    command = [GRISTMILL, "train", str(EXAMPLES / "penguins.csv"), "--budget", "120s", "--json", *QUICK]
    waiting = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    worker = _worker_at_work(home)
    worker.send_signal(signal.SIGKILL)
    out, said = waiting.communicate(timeout=300)
    assert waiting.returncode == 0, said
    run = json.loads(out.splitlines()[-1])
    assert run["status"] == "succeeded"
    assert run["seconds"]["total"] <= 120


def _worker_at_work(home: Path) -> psutil.Process:
    """The worker of this home, once its run has begun to train."""
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        at_work = [path for path in (home / "work").glob("*/events.jsonl") if '"fit"' in path.read_text()]
        for process in psutil.process_iter():
            try:
                is_worker = "gristmill.app" in process.cmdline() and process.environ()["GRISTMILL_HOME"] == str(home)
            except (psutil.Error, KeyError):
                continue
            if is_worker and at_work:
                return process
        time.sleep(0.05)
    raise TimeoutError("no worker began to train")
