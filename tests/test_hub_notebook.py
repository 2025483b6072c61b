"""From the wizard's answer into one's own JupyterLab."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from services.installations import Installation
from test_wizard_journeys import EXAMPLES, Person, hub, person

__all__ = ["hub", "person"]

pytestmark = [pytest.mark.slow, pytest.mark.engine, pytest.mark.timeout(900)]

STARTED = 240_000.0  # milliseconds


def test_a_runs_notebook_opens_in_ones_own_jupyterlab(person: Callable[..., Person], hub: Installation) -> None:
    pytest.importorskip("autogluon.tabular")
    pytest.importorskip("jupyterlab")
    here = person("nora").at("have")
    here.drops("penguins.csv", (EXAMPLES / "penguins.csv").read_bytes())
    here.has("The first rows")
    here.trains(40)
    run = here.page.evaluate("location.hash.slice(1).split('/')[1].split('?')[0]")
    with here.context.expect_page() as tab:
        here.page.click("text=Open its notebook")
    lab = tab.value
    lab.set_default_timeout(STARTED)
    lab.wait_for_selector(".jp-NotebookPanel .jp-Cell")  # nothing else was ever opened there
    lab.wait_for_function("!location.search.includes('gristmill-run')")
    assert "/user/nora/lab" in lab.url
    folder = hub.home / "people" / "nora" / "gristmill" / "penguins"
    assert json.loads((folder / "run.json").read_text("utf-8"))["run_id"] == run
    assert [file for file in (folder / "data").rglob("*") if file.is_file()]
    here.page.click("#gm-tab-about")  # the wizard is where it was
    here.has(run)
    # Voila's page hears JupyterLab's ask which windows there are, and has no name to answer with.
    assert [said for said in here.said if not said.startswith("Window name candidate")] == []
