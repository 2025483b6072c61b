"""`explore`: from a file to a page about it, in the sandbox, without keeping anything."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import gristmill_templates
import nbformat
import pytest

from gristmill import cli, exploring, intake, tasks
from gristmill.catalog import Catalog
from gristmill.client.connecting import Address
from gristmill.client.hub import Hub
from gristmill.errors import Conflict, DataRejected, NotAllowed, NotFound, RunFailed, UsageError
from gristmill.mill import Mill, Parts
from gristmill.records import Edit, EditKind, Membership, RunKind, RunStatus
from gristmill.sandbox.process import ProcessSandbox
from gristmill.stores import open_store
from gristmill.wording import quoted
from gristmill.worker import Worker
from gristmill.worker.attempt import Tools
from services.apis import Api, badge
from services.catalogs import lay_catalog
from services.mills import Notepad
from staged_client import StagedClient

EXAMPLES = Path(__file__).parent.parent / "examples"
_BUSY = "what follows is what was done by then"  # on a machine that has no minute for it


@pytest.fixture
def sandbox(home: Path) -> ProcessSandbox:
    return ProcessSandbox(cache=home / "cache")


@pytest.fixture
def mill(home: Path, sandbox: ProcessSandbox) -> Iterator[Mill]:
    with Catalog.open(lay_catalog(home)) as catalog:
        store = open_store((home / "store").as_uri())
        yield Mill(Parts(catalog=catalog, store=store, dispatcher=Notepad(), sandbox=sandbox, home=home))


def headings(page: str) -> list[str]:
    return re.findall(r"<h2[^>]*>(.*?)</h2>", page)


def test_a_file_becomes_a_page_and_nothing_is_kept(mill: Mill, home: Path, tmp_path: Path) -> None:
    path = mill.explore(str(EXAMPLES / "penguins.csv"), tmp_path / "page.html")
    page = path.read_text(encoding="utf-8")
    assert "<h1>penguins.csv: a first look</h1>" in page
    assert headings(page)[0] == "What stands out"
    assert {"What tells of the target", "What is missing"} <= set(headings(page))
    assert f"{quoted('flipper_length_mm')} by itself accounts for" in page
    assert "This cell stopped with an error" not in page
    assert len(page) < 2_000_000
    assert not re.findall(r'(?:src|href)="https?:', page)
    assert mill.datasets() == ()
    assert not list(home.glob("scratch-*"))


def test_a_dataset_is_explored_by_its_id_and_for_another_target(mill: Mill, tmp_path: Path) -> None:
    dataset = mill.admit(mill.upload(EXAMPLES / "penguins.csv").id)
    page = mill.explore(dataset.id, tmp_path / "page.html", target="body_mass_g").read_text(encoding="utf-8")
    assert "tabular regression" in page
    assert f"What tells of {quoted('body_mass_g')}" in page


def test_what_is_no_data_is_told_as_training_tells_it(mill: Mill, home: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"")
    with pytest.raises(DataRejected) as explored:
        mill.explore(str(bad), tmp_path / "page.html")
    with pytest.raises(DataRejected) as admitted:
        mill.admit(mill.upload(bad).id)
    assert explored.value.failure == admitted.value.failure
    with pytest.raises(UsageError, match="There is no file"):
        mill.explore(str(tmp_path / "nowhere.csv"), tmp_path / "page.html")
    with pytest.raises(DataRejected, match="no column 'specis'"):
        mill.explore(str(EXAMPLES / "penguins.csv"), tmp_path / "page.html", target="specis")
    assert not (tmp_path / "page.html").exists()
    assert not list(home.glob("scratch-*"))


def laid_out(sandbox: ProcessSandbox, folder: Path) -> exploring.BenchFile:
    """Penguins, ready to be explored in `folder`."""
    folder.mkdir()
    profile = intake.inspect(EXAMPLES / "penguins.csv", folder)
    return exploring.file_of("penguins", profile, intake.propose(profile), sandbox.resources())


def test_what_takes_too_long_is_shown_as_far_as_it_came(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    file = laid_out(sandbox, tmp_path / "run")
    execution = sandbox.prepare(tmp_path / "run")
    page = exploring.draw(file, tmp_path / "run", execution, tmp_path / "page.html", seconds=0.0).read_text("utf-8")
    assert "This took longer than 0 seconds" in page
    assert "not reached" in page
    assert sandbox.sweep(tmp_path / "run") == 0


def test_what_fails_or_takes_too_much_memory_says_why(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    file = laid_out(sandbox, tmp_path / "run")
    tight = replace(file, resources=replace(file.resources, memory=1_000_000))
    with pytest.raises(RunFailed, match="of memory that it may use"):
        exploring.draw(tight, tmp_path / "run", sandbox.prepare(tmp_path / "run"), tmp_path / "page.html")
    lost = replace(file, target="nowhere")
    with pytest.raises(RunFailed, match="could not be explored"):
        exploring.draw(lost, tmp_path / "run", sandbox.prepare(tmp_path / "run"), tmp_path / "page.html")


@pytest.mark.parametrize("name", ["explore.ipynb", "explore_pictures.ipynb", "predict.ipynb"])
def test_the_notebooks_are_sound_and_open_in_plain_words(name: str) -> None:
    notebook = nbformat.reads(gristmill_templates.text(name), as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[0].cell_type == "markdown"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert ["parameters" in cell.metadata.get("tags", ()) for cell in code] == [True] + [False] * (len(code) - 1)
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    for cell in code:
        ast.parse(cell.source)


def test_who_does_not_explore_does_not_wait_for_what_draws() -> None:
    code = "import sys, gristmill.mill; print({'pandas', 'numpy', 'jinja2', 'gristmill.figures'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_pictures_are_looked_at_in_their_own_way(mill: Mill, tmp_path: Path) -> None:
    data = tasks.find("image-classification").tiny(tmp_path)
    page = mill.explore(str(data), tmp_path / "page.html").read_text(encoding="utf-8")
    assert headings(page) == ["The data", "What they look like", "What is to be learned", "How they differ"]
    assert "This cell stopped with an error" not in page
    assert "data:image/jpeg" in page


def test_the_command_writes_a_page_and_never_over_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def gristmill(*args: str) -> int:
        return cli.run(StagedClient, files=tmp_path / "files", args=args)

    assert gristmill("explore", "two words.csv", "--target", "late", "--set", "table=a.csv") == 0
    assert capsys.readouterr().out == "two-words-explored.html\n"
    assert Path("two-words-explored.html").read_text() == "two words.csv late None a.csv"
    assert gristmill("explore", "two words.csv") == 2
    assert "is there already" in capsys.readouterr().err
    assert gristmill("explore", "two words.csv", "-o", "two-words-explored.html", "--json") == 0
    assert capsys.readouterr().out == '{"page": "two-words-explored.html"}\n'


# --- over a hub ------------------------------------------------------------------------------------------------------


@contextmanager
def a_worker(api: Api) -> Iterator[None]:
    """Somebody works on what is queued there."""
    parts, over = api.service.parts, threading.Event()
    tools = Tools(catalog=parts.catalog, store=parts.store, sandbox=parts.sandbox, folder=parts.home / "work")
    thread = threading.Thread(target=Worker(tools, name="test").serve, args=(over.is_set,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def hub_of(api: Api, home: Path, name: str = "olga") -> Hub:
    return Hub(Address.of(api.url, badge(name)), home)


def test_a_worker_of_a_hub_draws_files_and_datasets(api: Api, tmp_path: Path) -> None:
    file, parts = EXAMPLES / "penguins.csv", api.service.parts
    with hub_of(api, tmp_path / "home") as hub, a_worker(api):
        page = hub.explore(str(file), tmp_path / "file.html", target="body_mass_g").read_text("utf-8")
        assert "<h1>penguins: a first look</h1>" in page
        assert f"What tells of {quoted('body_mass_g')}" in page or _BUSY in page
        assert "This cell stopped with an error" not in page
        assert hub.datasets() == ()
        assert list(parts.store.list("uploads")) == []
        with pytest.raises(Conflict, match=r"penguins\.csv that the run had is not kept"):
            hub.rerun(hub.runs()[0].id)
        dataset = hub.revise(hub.admit(hub.upload(file).id).id, [Edit(act=EditKind.DROP, columns=("island",))])
        page = hub.explore(dataset.id, tmp_path / "dataset.html").read_text("utf-8")
        assert "<h1>penguins: a first look</h1>" in page
        assert quoted("island") not in page
        drawn = hub.runs()
        assert {(run.kind, run.status) for run in drawn} == {(RunKind.EXPLORE, RunStatus.SUCCEEDED)}
        assert {artifact.name for artifact in drawn[0].artifacts} == {"report", "notebook", "log"}
        again = hub._brought(hub.rerun(drawn[0].id), "report", tmp_path / "again.html")
        assert (again.kind, again.status) == (RunKind.EXPLORE, RunStatus.SUCCEEDED)


def test_who_stops_waiting_for_a_hub_leaves_nothing_behind(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with hub_of(api, tmp_path / "home") as hub:
        monkeypatch.setattr(hub, "events", stops)
        with pytest.raises(KeyboardInterrupt):
            hub.explore(str(EXAMPLES / "penguins.csv"), tmp_path / "page.html")
        assert [run.status for run in hub.runs()] == [RunStatus.CANCELLED]
    assert list(api.service.parts.store.list("uploads")) == []


def test_what_cannot_be_explored_over_a_hub_is_told_and_taken_away(api: Api, tmp_path: Path) -> None:
    bad, page = tmp_path / "bad.csv", tmp_path / "page.html"
    bad.write_bytes(b"")
    with hub_of(api, tmp_path / "home") as hub:
        for source, error in (
            (str(bad), DataRejected),
            (str(tmp_path / "none.csv"), UsageError),
            (str(tmp_path), UsageError),
        ):
            with pytest.raises(error):
                hub.explore(source, page)
        with pytest.raises(DataRejected, match="no column 'specis'"):
            hub.explore(str(EXAMPLES / "penguins.csv"), page, target="specis")
        assert hub.runs() == ()
    assert list(api.service.parts.store.list("uploads")) == []
    with hub_of(api, tmp_path / "home") as hub, hub_of(api, tmp_path / "others", "sam") as stranger:
        dataset = hub.admit(hub.upload(EXAMPLES / "penguins.csv").id)
        with pytest.raises(NotFound, match="There is no dataset"):
            stranger.explore(dataset.id, page)
        hub.share("default", "sam", Membership.VIEWER)
        with pytest.raises(NotAllowed, match="takes an editor"):
            stranger.explore(dataset.id, page)
    assert not page.exists()
