"""docs/client.md is true: each of its blocks is a cell of a notebook, executed against a live hub."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from services.hubs import PROGRAM, LiveHub

ROOT = Path(__file__).resolve().parent.parent


def blocks() -> list[str]:
    page = (ROOT / "docs" / "client.md").read_text("utf-8")
    return re.findall(r"^```python live\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.engine
def test_the_page_runs_as_a_notebook(
    live_hub: LiveHub, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = live_hub.url
    signed_in = subprocess.run(
        [PROGRAM, "login", url], input=live_hub.token, capture_output=True, text=True, timeout=30
    )
    assert signed_in.stdout == f"Signed in to {url}/ as local.\n", signed_in.stderr
    folder = tmp_path / "here"
    shutil.copytree(ROOT / "examples", folder / "examples")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    outputs = executed(blocks(), folder)
    assert home.is_dir()
    assert f"gristmill: {url}" in plain(outputs, "gristmill.connect()")
    trained = outputs[next(index for index, block in enumerate(blocks()) if "mill.train" in block)]
    assert any("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in trained)
    assert "WeightedEnsemble" in plain(outputs, "run.leaderboard()")
    assert '<iframe sandbox="allow-scripts allow-popups"' in str(outputs[index_of("run.report()")])
    assert "prediction" in plain(outputs, "run.model.predict")
    assert (folder / "penguins.zip").stat().st_size > 10_000
    assert "not-found There is no run run-of-somebody-else" in str(outputs[index_of("GristmillError")])


def executed(cells: list[str], folder: Path) -> list[list[dict[str, Any]]]:
    """What each cell put out, run one after the other in a real kernel."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.rstrip()) for cell in cells])
    NotebookClient(notebook, timeout=250, resources={"metadata": {"path": str(folder)}}).execute()
    return [cell.outputs for cell in notebook.cells]


def index_of(part: str) -> int:
    return next(index for index, block in enumerate(blocks()) if part in block)


def plain(outputs: list[list[dict[str, Any]]], part: str) -> str:
    """What the cell that holds `part` ended with, as text."""
    return str(outputs[index_of(part)][-1]["data"]["text/plain"])
