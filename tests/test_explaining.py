"""Explanations on demand: every task's candidates explained from what a run has kept, within bounds, or a sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gristmill_templates
import nbformat
import pytest

from gristmill import app, cli, tasks
from gristmill.catalog import Catalog
from gristmill.errors import Conflict, NotFound, UsageError
from gristmill.explaining import Wish
from gristmill.mill import Mill, Parts
from gristmill.records import Dataset, LeaderboardRow, Run, RunKind, RunRequest, RunStatus
from gristmill.sandbox.process import ProcessSandbox
from gristmill.stores import open_store
from gristmill.worker import Worker
from gristmill.worker.attempt import Tools
from test_mill import Notepad

# task -> settings that leave few candidates and little to wait for, and what each page must show
LITTLE: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "tabular-classification": ({"hyperparameters": {"GBM": {}}, "portfolio": ""}, ("Which columns matter", "Worst")),
    "tabular-regression": ({"hyperparameters": {"GBM": {}}, "portfolio": ""}, ("Which columns matter", "Worst")),
    "text-classification": ({"weights": "", "fine_tune": False}, ("Words that move answers",)),
    "image-classification": ({"candidates": ["SmallPictures"], "fine_tune": False}, ("Where the model looks",)),
    "image-segmentation": ({"candidates": {"PixelForest": {"kind": "forest", "trees": 2}}}, ("mask",)),
    "object-detection": (
        {"candidates": {"Centers-64": {"kind": "network", "size": 64, "passes": 1}}},
        ("box",),
    ),
    "time-series": ({"quick": {"SeasonalNaive": {"n_jobs": 1}}, "hyperparameters": {}}, ("window",)),
}


@pytest.fixture
def parts(home: Path) -> Parts:
    settings = app.Settings.read()
    store, sandbox = open_store(settings.store), ProcessSandbox(cache=home / "cache")
    catalog = Catalog.open(settings.catalog)
    return Parts(catalog=catalog, store=store, dispatcher=Notepad(), sandbox=sandbox, home=home)


def tiny(mill: Mill, task: str, folder: Path) -> Dataset:
    """The least data of a task, as a dataset."""
    folder.mkdir()
    return mill.admit(mill.upload(tasks.find(task).tiny(folder)).id)


def trained(parts: Parts, task: str, folder: Path) -> Run:
    """A run of the task on its tiny data set, ended."""
    mill, kind = Mill(parts), tasks.find(task)
    dataset = tiny(mill, task, folder / "tiny")
    request = RunRequest(
        dataset_id=dataset.id, task=task, target=kind.tiny_target, budget=120.0, settings=LITTLE[task][0]
    )
    run = mill.train(request)
    run = worked(parts, folder)
    assert run.status is RunStatus.SUCCEEDED, run.failure
    return run


def worked(parts: Parts, folder: Path) -> Run:
    """The next run, as it ended."""
    tools = Tools(catalog=parts.catalog, store=parts.store, sandbox=parts.sandbox, folder=folder / "work")
    assert Worker(tools).work_once()
    return Mill(parts).runs(limit=1)[0]


def page_of(parts: Parts, run: Run, folder: Path, **asked: Any) -> str:
    """The page that a run of its own makes of the candidates."""
    mill = Mill(parts)
    asked_for = mill.explain(run.id, **asked)
    ended = worked(parts, folder)
    assert (ended.id, ended.kind, ended.status) == (asked_for.id, RunKind.EXPLAIN, RunStatus.SUCCEEDED), ended.failure
    assert [artifact.name for artifact in ended.artifacts] == ["report", "notebook", "log"]
    assert {"fetch", "load", "explain", "store", "total"} <= ended.seconds.keys()
    return mill.fetch(ended.id, "report", folder / "page.html").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.parametrize("task", sorted(LITTLE))
def test_every_candidate_of_every_task_is_explained(task: str, parts: Parts, tmp_path: Path) -> None:
    mill, run = Mill(parts), trained(parts, task, tmp_path)
    page = page_of(parts, run, tmp_path, every=True)
    for row in run.leaderboard:
        assert f">{row.model}</h2>" in page
    for part in LITTLE[task][1]:
        assert page.count(part) >= len(run.leaderboard)
    assert "stopped with an error" not in page
    assert "was done by then" not in page
    with pytest.raises(NotFound, match=f"has no candidate 'nobody'.*{run.leaderboard[0].model}"):
        mill.explain(run.id, candidates=["nobody"])


@pytest.mark.slow
@pytest.mark.engine
def test_one_is_explained_in_a_minute_and_what_comes_too_late_is_left_out(parts: Parts, tmp_path: Path) -> None:
    mill, run = Mill(parts), trained(parts, "tabular-classification", tmp_path)
    best = page_of(parts, run, tmp_path)
    assert "Which columns matter" in best
    chosen = mill.model(run.id).metrics["best"]
    assert f'{chosen} <span class="gm-mark">chosen' in best
    mill.explain(run.id, seconds=5.0, every=True)
    ended = worked(parts, tmp_path)
    cut = mill.fetch(ended.id, "report", tmp_path / "cut.html").read_text("utf-8")
    assert "longer than 5 seconds" in cut or all(row.model in cut for row in run.leaderboard)
    again = mill.rerun(ended.id)
    assert (again.kind, again.settings, again.status) == (RunKind.EXPLAIN, ended.settings, RunStatus.QUEUED)
    mill.cancel(again.id)
    assert mill.run(again.id).status is RunStatus.CANCELLED


def test_what_cannot_be_explained_says_why(parts: Parts, tmp_path: Path) -> None:
    mill = Mill(parts)
    dataset = tiny(mill, "tabular-classification", tmp_path / "tiny")
    run = mill.train(RunRequest(dataset_id=dataset.id, target="answer"))
    with pytest.raises(Conflict, match="still queued"):
        mill.explain(run.id)
    mill.cancel(run.id)
    with pytest.raises(NotFound, match=r"kept no candidates.*gristmill resume"):
        mill.explain(run.id)


def test_a_wish_is_checked_against_what_there_is(parts: Parts, tmp_path: Path) -> None:
    mill = Mill(parts)
    dataset = tiny(mill, "tabular-regression", tmp_path / "tiny")
    board = (LeaderboardRow(model="LightGBM", score=0.9), LeaderboardRow(model="XGBoost", score=0.8))
    run = replace(mill.train(RunRequest(dataset_id=dataset.id, target="answer")), leaderboard=board)
    known = [row.model for row in board]
    assert Wish.of(run, known, [], every=False, seconds=None) == Wish()
    assert Wish.of(run, known, [], every=True, seconds=None) == Wish(names=("LightGBM", "XGBoost"), seconds=75.0)
    assert Wish.of(run, known, ["XGBoost"], every=False, seconds=9.0) == Wish(names=("XGBoost",), seconds=9.0)
    with pytest.raises(NotFound, match=r"no candidate 'CatBoost'\. It has: LightGBM, XGBoost"):
        Wish.of(run, known, ["CatBoost"], every=False, seconds=None)
    with pytest.raises(UsageError, match="Name candidates, or ask for all"):
        Wish.of(run, known, ["XGBoost"], every=True, seconds=None)
    with pytest.raises(UsageError, match=r"within 2 seconds.*5 seconds to 24 hours"):
        Wish.of(run, known, [], every=False, seconds=2.0)


def test_the_notebook_is_valid_with_any_names() -> None:
    names = ("LightGBM", "Weighted*Ensemble_L2", "it's `odd`")
    for text in (gristmill_templates.text("explain.ipynb"), Wish(names=names).notebook().text):
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                compile(cell.source, "cell", "exec")
    sources = ["".join(cell["source"]) for cell in json.loads(Wish(names=names).notebook().text)["cells"]]
    assert [source for source in sources if source.startswith("explained.of")] == [
        f"explained.of({name!r})" for name in names
    ]
    assert r"## Weighted\*Ensemble\_L2" in sources


def test_the_command_line_asks_for_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from staged_client import StagedClient

    client, page = StagedClient(), tmp_path / "page.html"
    assert cli.run(lambda: client, files=tmp_path, args=["train", "flights.zip", "--no-wait"]) == 0
    capsys.readouterr()
    args = ["explain", "--candidate", "A", "--candidate", "B", "--within", "90s", "-o", str(page), "--json"]
    assert cli.run(lambda: client, files=tmp_path, args=args) == 0
    asked = client.runs(limit=1)[0]
    assert (asked.kind, asked.settings) == (
        RunKind.EXPLAIN,
        {"run": client.runs(kind=RunKind.TRAIN)[0].id, "candidates": ["A", "B"], "every": False, "seconds": 90.0},
    )
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["page"], told["status"], page.read_text()) == (str(page), "succeeded", "report")
