"""Gristmill inside JupyterLab: what is built is what the sources say, and a person finds it where it should be."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gristmill.catalog import Outcome
from gristmill.records import Artifact, EventKind, Failure, RunRequest, RunStatus
from services.apis import Api, a_table, badge, listening, make_service
from services.catalogs import model_of
from services.jupyters import LABEXTENSION, Jupyter, jupyter_server

SOURCES = LABEXTENSION.parent
SECOND = 1000  # Playwright counts milliseconds
MOST_BYTES = 150_000
TRIED = 700 * SECOND  # ten minutes are a trial's, on a busy machine


# --- what is built ---------------------------------------------------------------------------------------------------


def test_what_is_built_was_built_from_these_sources() -> None:
    """As scripts/labextension takes the checksum. Whoever changes a source runs it."""
    named_so = (".npmrc", "package.json", "package-lock.json", "tsconfig.json", "webpack.config.js")
    files = [SOURCES / name for name in named_so]
    files += [path for folder in ("src", "style") for path in (SOURCES / folder).rglob("*") if path.is_file()]
    named = {str(path.relative_to(SOURCES)): path for path in files}
    digest = hashlib.sha256(b"".join(named[name].read_bytes() for name in sorted(named))).hexdigest()
    assert (LABEXTENSION / "sources.sha256").read_text() == f"{digest}\n"


def test_what_is_built_is_small_and_holds_no_part_of_jupyterlab() -> None:
    files = [path for path in LABEXTENSION.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    about = json.loads((LABEXTENSION / "package.json").read_text())
    assert (LABEXTENSION / about["jupyterlab"]["_build"]["load"]).is_file()
    code = "".join(path.read_text() for path in files if path.suffix == ".js")
    assert "gristmill:train" in code
    assert "jp-Notebook" not in code


def test_the_lock_names_no_place_that_packages_were_fetched_from() -> None:
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    assert len(lock["packages"]) > 1
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_an_editable_install_has_it() -> None:
    """setuptools leaves data files out of one: scripts/install makes up for that."""
    if Path(sys.prefix) != SOURCES.parents[1] / ".venv":
        pytest.skip("not installed by scripts/install")
    kept = Path(sys.prefix) / "etc" / "jupyter" / "jupyter_server_config.d" / "gristmill.json"
    assert json.loads(kept.read_text()) == {"ServerApp": {"jpserver_extensions": {"gristmill.app": True}}}
    assert (Path(sys.prefix) / "share" / "jupyter" / "labextensions" / "gristmill").samefile(LABEXTENSION)


def test_a_folder_that_is_called_gristmill_hides_nothing(tmp_path: Path) -> None:
    """People's files have one as soon as a notebook is opened, and their own notebooks may lie beside it."""
    (tmp_path / "gristmill").mkdir()
    code = "import gristmill; gristmill.connect"
    tried = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert tried.returncode == 0, tried.stderr


# --- in JupyterLab ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The platform; nobody works on its runs but the tests."""
    with listening(make_service(tmp_path_factory.mktemp("hub"))) as served:
        yield served


@pytest.fixture(scope="module")
def lab(hub: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """JupyterLab, whose person is olga, with a table, an empty file and a notebook among her files."""
    pytest.importorskip("jupyterlab")
    folder = tmp_path_factory.mktemp("lab")
    with jupyter_server(folder, lab=True, GRISTMILL_URL=hub.url, GRISTMILL_TOKEN=badge("olga")) as jupyter:
        (jupyter.files / "grain.csv").write_bytes(a_table())
        (jupyter.files / "hollow.csv").write_bytes(b"")
        yield jupyter


@pytest.fixture(scope="module")
def opened(lab: Jupyter, chromium: Any) -> Iterator[Any]:
    """One page of JupyterLab, with whatever its console complains of about Gristmill."""
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(60 * SECOND)
    page.goto(f"{lab.url}lab?token={lab.token}&reset")
    page.wait_for_selector(".jp-Launcher")
    yield page
    page.close()


@pytest.fixture
def page(opened: Any) -> Any:
    """The page, with no dialog left over from another test, and its file browser at hand."""
    while opened.locator(".jp-Dialog").count():
        opened.keyboard.press("Escape")
        opened.wait_for_timeout(100)
    return browsing(opened)


def browsing(page: Any, *folders: str) -> Any:
    """The page, with its file browser in such a folder below the first."""
    shown = page.locator('.jp-SideBar .lm-TabBar-tab[data-id="filebrowser"]')
    if "lm-mod-current" not in (shown.get_attribute("class") or ""):
        shown.click()
    page.locator(".jp-FileBrowser .jp-BreadCrumbs-home").first.click()
    for folder in folders:
        page.locator(".jp-DirListing-item", has_text=re.compile(f"^{folder}")).first.dblclick()
    return page


def chosen(page: Any, file: str, entry: str) -> Any:
    """The dialog that a file's menu leads to."""
    page.locator(".jp-DirListing-item", has_text=file).first.click(button="right")
    page.locator(".lm-Menu-item", has_text=entry).click()
    dialog = page.locator(".jp-Dialog.gm-Asking")
    dialog.wait_for()
    return dialog


def row(page: Any, name: str) -> Any:
    """A run in the panel."""
    return page.locator(".gm-Run", has=page.locator(".gm-Run-name", has_text=re.compile(f"^{re.escape(name)}$"))).first


def trained(page: Any, name: str) -> None:
    """A run on the table, asked for as a person does."""
    dialog = chosen(page, "grain.csv", "Train a model…")
    assert dialog.get_attribute("aria-label") == "Train a model on grain.csv"
    dialog.get_by_label("What shall be predicted?").select_option("ripe")
    dialog.get_by_label("How long may it take?").select_option("60")
    dialog.get_by_label("What shall it be called?").fill(name)
    for box in dialog.locator("input[type=checkbox]").all():
        box.check()
    dialog.locator(".jp-mod-accept:enabled").click()
    dialog.wait_for(state="detached")


def test_the_launcher_has_a_tile(page: Any) -> None:
    tile = page.locator(".jp-LauncherCard", has_text="Train a model")
    assert tile.count() == 1
    assert tile.locator("svg").count() == 1


def test_a_data_file_is_trained_on_and_the_panel_shows_how_it_goes(page: Any, hub: Api) -> None:
    name = "grain <b>of</b> May"
    trained(page, name)
    shown = row(page, name)
    shown.locator(".gm-Run-state", has_text="Waiting").wait_for()
    assert "predicts ripe, up to 1 min" in shown.inner_text()

    catalog = hub.service.parts.catalog
    [asked] = [run for run in hub.mill().runs() if run.name == name]
    assert (asked.budget, asked.target) == (60, "ripe")
    run = None
    while run is None or run.id != asked.id:  # whatever waits before it
        run = catalog.runs.claim("test", 600)
        assert run is not None
    rows = [{"model": "LightGBM", "score": 0.91234, "level": 1}]
    catalog.events.add(
        run.id, run.fence, [(EventKind.PHASE, {"phase": "fit"}), (EventKind.LEADERBOARD, {"rows": rows})]
    )
    shown.locator(".gm-Run-now", has_text="Trying models").wait_for()
    assert "Best so far: LightGBM" in shown.inner_text()
    assert "0.9123" in shown.inner_text()

    shown.get_by_role("button", name="Stop, keep the best").click()
    shown.get_by_text("Stopping, with the best model so far").wait_for()
    hub.service.parts.store.put_bytes("runs/report.html", b"<title>How it went</title>")
    report = Artifact(name="report", key="runs/report.html", size=26, sha256="ab")
    done = Outcome(status=RunStatus.SUCCEEDED, score=0.91234, artifacts=(report,))
    catalog.runs.finish(run.id, run.fence, done, model_of(run))
    shown.locator(".gm-Run-state", has_text="Done").wait_for()
    assert "ranking (roc_auc) 0.9123" in shown.inner_text()
    with page.context.expect_page() as tab:  # a page, which a download is not
        shown.get_by_role("button", name="Report").click()
    tab.value.wait_for_load_state()
    assert tab.value.title() == "How it went"
    tab.value.close()


def test_a_dataset_that_nobody_wants_goes_with_the_dialog(page: Any, hub: Api) -> None:
    before = len(hub.mill().datasets())
    dialog = chosen(page, "grain.csv", "Train a model…")
    dialog.get_by_label("What shall be predicted?").wait_for()
    assert len(hub.mill().datasets()) == before + 1
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.keyboard.press("Escape")
    assert len(hub.mill().datasets()) == before


def test_what_is_refused_is_told_in_the_dialog(page: Any) -> None:
    dialog = chosen(page, "hollow.csv", "Train a model…")
    said = dialog.locator(".gm-mod-refused")
    said.wait_for()
    assert "hollow.csv" in said.inner_text()
    assert dialog.locator(".jp-mod-accept").is_disabled()


def test_a_runs_notebook_is_opened_and_run_again_with_a_budget(page: Any, hub: Api, lab: Jupyter) -> None:
    trained(page, "first")
    row(page, "first").wait_for()
    hub.mill().cancel(hub.mill().runs()[0].id)
    row(page, "first").get_by_role("button", name="Notebook").click()
    page.locator(".jp-NotebookPanel:visible").wait_for()
    assert (lab.files / "gristmill" / "first" / "data").is_symlink()

    browsing(page, "gristmill", "first").locator(".jp-DirListing-item", has_text="run.json").wait_for()
    dialog = chosen(page, "notebook.ipynb", "Run with a budget…")
    dialog.get_by_text("On the data of first").wait_for()
    dialog.get_by_label("How long may it take?").select_option("300")
    dialog.locator(".jp-mod-accept:enabled").click()
    dialog.wait_for(state="detached")
    again = hub.mill().runs()[0]
    assert (again.name, again.budget, again.status) == ("first", 300, RunStatus.QUEUED)
    assert len(hub.mill().runs()) >= 2

    tools = page.locator(".jp-NotebookPanel-toolbar:visible")  # the one that is open has the same at hand
    tools.get_by_role("button", name="Run with a budget…").click()
    page.locator(".jp-Dialog.gm-Asking").get_by_text("On the data of first").wait_for()


def test_any_other_notebook_is_asked_which_data_it_runs_on(page: Any, lab: Jupyter) -> None:
    cell = {"cell_type": "code", "execution_count": None, "id": "a", "metadata": {}, "outputs": [], "source": "1"}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (lab.files / "own.ipynb").write_text(json.dumps(notebook))
    page.get_by_role("button", name="Refresh the file browser").click()
    dialog = chosen(page, "own.ipynb", "Run with a budget…")
    dialog.get_by_label("On which data?").wait_for()
    for box in dialog.locator("input[type=checkbox]").all():
        box.check()
    dialog.locator(".jp-mod-accept:enabled").click()
    dialog.locator(".gm-mod-refused").wait_for()  # it has no parameters: it is no recipe, and the dialog says so


# --- where an address leads ------------------------------------------------------------------------------------------


def a_run(hub: Api, lab: Jupyter, name: str) -> str:
    """A run on the table, which nobody works on; its id."""
    mill = hub.mill()
    dataset = mill.admit(mill.upload(lab.files / "grain.csv").id)
    return mill.train(RunRequest(dataset_id=dataset.id, target="ripe", name=name, budget=60)).id


def led(page: Any, lab: Jupyter, run: str) -> Any:
    """The page, come to by an address that asks for a run's notebook."""
    page.set_default_timeout(90 * SECOND)
    page.goto(f"{lab.url}lab?token={lab.token}&gristmill-run={run}")
    return page


def shows(page: Any, path: str) -> None:
    """The notebook at that path comes to be shown."""
    page.wait_for_selector(f".lm-TabBar-tab.lm-mod-current[title*='Path: {path}']")
    page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell")


@pytest.mark.timeout(600)
def test_an_address_that_asks_for_a_runs_notebook_opens_it_once(hub: Api, lab: Jupyter, chromium: Any) -> None:
    run, context = a_run(hub, lab, "sieve"), chromium.new_context()
    page = led(context.new_page(), lab, run)
    shows(page, "gristmill/sieve/notebook.ipynb")
    page.wait_for_function("!location.search.includes('gristmill-run')")
    assert json.loads((lab.files / "gristmill" / "sieve" / "run.json").read_text())["run_id"] == run
    assert (lab.files / "gristmill" / "sieve" / "data").is_symlink()
    notebook = lab.files / "gristmill" / "sieve" / "notebook.ipynb"
    notebook.write_text(mine := json.dumps(json.loads(notebook.read_text()) | {"metadata": {"mine": True}}))
    page.reload()
    page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell")

    again = led(context.new_page(), lab, run)  # beside the first, which has the workspace that everybody begins with
    shows(again, "gristmill/sieve-2/notebook.ipynb")
    assert "/workspaces/" in again.url
    again.wait_for_function("!/reset|gristmill-run/.test(location.search)")
    assert sorted(path.name for path in (lab.files / "gristmill").glob("sieve*")) == ["sieve", "sieve-2"]
    assert notebook.read_text() == mine
    context.close()


def test_an_address_that_asks_for_a_run_that_is_not_there_is_told_so(lab: Jupyter, chromium: Any) -> None:
    page = led(chromium.new_page(), lab, "run-00000000000000000000000000")
    said = page.locator(".Toastify__toast--error")
    said.wait_for()
    assert "There is no run" in said.inner_text()
    assert "gristmill-run" not in page.url
    page.close()


# --- a notebook is kept ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.timeout(1000)
def test_a_notebook_is_kept_as_a_recipe(hub: Api, lab: Jupyter, chromium: Any) -> None:
    page = led(chromium.new_page(), lab, a_run(hub, lab, "quern"))
    shows(page, "gristmill/quern/notebook.ipynb")
    browsing(page, "gristmill", "quern").locator(".jp-DirListing-item", has_text="run.json").wait_for()
    dialog = chosen(page, "notebook.ipynb", "Keep as a recipe…")
    dialog.get_by_label("What shall the recipe be called?").fill("Quern!")
    dialog.locator(".jp-mod-accept:enabled").click()
    refused = dialog.locator(".gm-mod-refused")
    refused.wait_for()
    assert "cannot be a recipe's name" in refused.inner_text()
    dialog.get_by_label("What shall the recipe be called?").fill("quern")
    dialog.locator(".jp-mod-accept:enabled").click()
    dialog.get_by_text("Trying it on a tiny data set").wait_for()
    page.locator(".Toastify__toast", has_text="quern is a recipe now.").wait_for(timeout=TRIED)
    dialog.wait_for(state="detached")
    assert ("quern", "1") in {(each.name, each.version) for each in hub.mill().recipes()}
    page.close()


# --- for everybody ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_nothing_of_ours_shuts_anybody_out(hub: Api, lab: Jupyter, chromium: Any, theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with lab.client() as client:
        raw = json.dumps({"theme": f"JupyterLab {theme}"})
        client.put("lab/api/settings/@jupyterlab/apputils-extension:themes", json={"raw": raw}).raise_for_status()
    a_run(hub, lab, f"{theme} waiting")
    failed = hub.service.parts.catalog.runs
    while run := failed.claim("test", 600):
        failed.finish(run.id, run.fence, Outcome(status=RunStatus.FAILED, failure=Failure(code="x", what="It broke.")))
    for state in ("running", "waiting"):
        a_run(hub, lab, f"{theme} {state}")
        if state == "running":
            assert failed.claim("test", 600) is not None
    page, faults = chromium.new_page(viewport={"width": 1280, "height": 800}), {}
    page.set_default_timeout(60 * SECOND)
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{lab.url}lab?token={lab.token}&reset")
    page.wait_for_selector(f"body[data-jp-theme-name='JupyterLab {theme}'] .jp-Launcher")
    faults["tile"] = faults_of(page, axe, ".jp-LauncherCard[title='From a file to a model, without code']")
    for file, entry in (("grain.csv", "Train a model…"), ("hollow.csv", "Train a model…")):
        dialog = chosen(page, file, entry)
        dialog.locator(".jp-mod-accept:enabled, .gm-mod-refused").first.wait_for()
        faults[f"{entry} {file}"] = faults_of(page, axe, ".gm-Asking")
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
    page.locator('.jp-SideBar .lm-TabBar-tab[data-id="gristmill-runs"]').click()
    for state in ("waiting", "running"):
        row(page, f"{theme} {state}").wait_for()
    faults["panel"] = faults_of(page, axe, ".gm-Runs")
    faults["its tab"] = faults_of(page, axe, ".lm-TabBar-tab[data-id='gristmill-runs']")
    assert {part: found for part, found in faults.items() if found} == {}
    page.close()


def faults_of(page: Any, axe: Any, part: str) -> list[str]:
    """What axe finds serious in a part of the page that is ours."""
    assert page.locator(part).count() == 1, part
    found = axe.run(page, {"include": [[part]]}).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found if each["impact"] != "minor"]
