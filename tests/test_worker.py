"""Runs from claim to finish with real fits, and everything that can cut one short: each ends with a sentence."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import gristmill_templates
import nbformat
import psutil
import pytest

from gristmill import app
from gristmill.bench import BenchFile
from gristmill.catalog import Catalog
from gristmill.dispatch import Dispatcher
from gristmill.errors import NotFound
from gristmill.mill import Mill, Parts
from gristmill.reconciler import Reconciler
from gristmill.records import Dataset, EventKind, Run, RunRequest, RunStatus
from gristmill.sandbox.process import ProcessSandbox
from gristmill.stores import open_store
from gristmill.worker import Worker
from gristmill.worker.attempt import Tools
from services.catalogs import keyring
from services.s3 import S3Server
from services.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.slow]

EXAMPLES = Path(__file__).parent.parent / "examples"
QUICK = {"hyperparameters": {"GBM": [{}]}, "portfolio": "", "folds": 0}
PATIENCE = 120.0


class NobodyComes(Dispatcher):
    """Leaves the work to whoever the test sends."""

    def hint(self, run_id: str) -> None: ...

    def nudge(self) -> None: ...


@dataclass
class House:
    """A platform of the test's own, with one dataset in it."""

    mill: Mill
    tools: Tools
    dataset: Dataset
    folder: Path

    def queue(self, *, recipe: Path | None = None, budget: float = 120.0, **settings: object) -> Run:
        request = RunRequest(
            dataset_id=self.dataset.id, target="species", budget=budget, settings=QUICK | settings,
            notebook="" if recipe is None else recipe.read_text(),
        )  # fmt: skip
        return self.mill.train(request)

    def work(self, run: Run) -> Run:
        """Have a worker of the test's own carry the run out."""
        assert Worker(self.tools, name="test").work_once()
        return self.mill.run(run.id)

    def sabotaged(self, code: str, after: str = "phase:fit") -> Path:
        """The built-in recipe with a cell of mischief after the one with that tag."""
        notebook = nbformat.read(Path(gristmill_templates.__file__).parent / "tabular.ipynb", as_version=4)
        place = next(i for i, cell in enumerate(notebook.cells) if after in cell.metadata.get("tags", ()))
        notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(code))
        path = self.folder / "sabotaged.ipynb"
        nbformat.write(notebook, path)
        return path


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    settings = app.Settings.read()
    with build(home, settings.catalog, settings.store) as built:
        yield built


@contextmanager
def build(home: Path, catalog_url: str, store_url: str) -> Iterator[House]:
    with Catalog.open(catalog_url, keyring=keyring()) as catalog:
        store = open_store(store_url)
        sandbox = ProcessSandbox(cache=home / "cache")
        parts = Parts(catalog=catalog, store=store, dispatcher=NobodyComes(), sandbox=sandbox, home=home)
        mill = Mill(parts)
        dataset = mill.admit(mill.upload(EXAMPLES / "penguins.csv").id)
        tools = Tools(catalog=catalog, store=store, sandbox=sandbox, folder=home / "work", lease_seconds=3.0)
        yield House(mill, tools, dataset, home)


def within_budget(run: Run) -> bool:
    assert run.claimed_at is not None
    assert run.finished_at is not None
    return run.finished_at - run.claimed_at <= run.budget


ONLY_WHEN_TRAINING = "from gristmill.bench import Mode\nif bench.file.mode is Mode.TRAIN:\n    "


def test_a_run_leaves_model_report_and_notebook(house: House) -> None:
    run = house.work(house.queue())
    assert (run.status, run.failure, run.salvaged) == (RunStatus.SUCCEEDED, None, False)
    assert within_budget(run)
    assert {artifact.name for artifact in run.artifacts} == {
        "model", "report", "notebook", "log", "results", "checkpoint"
    }  # fmt: skip
    model = house.mill.model(run.id)
    assert model.score == run.score
    assert model.score > 0.9
    assert model.lineage["sha256"] == house.dataset.sha256
    assert [row.model for row in run.leaderboard if row.test_score is not None]
    assert {"fetch", "load", "fit", "compare", "save", "explain", "report", "store", "total"} <= run.seconds.keys()
    kinds = {event.kind for event in house.mill.events(run.id)}
    assert kinds == {EventKind.PHASE, EventKind.LOG, EventKind.LEADERBOARD}
    assert list(house.tools.folder.glob("*")) == []  # nothing stays behind


@pytest.mark.usefixtures("s3_environment")
def test_a_run_on_postgresql_and_s3(home: Path, postgres_database: str, s3_servers: Callable[[str], S3Server]) -> None:
    with build(home, postgres_database, s3_servers("juicefs").store_url("runs")) as house:
        run = house.work(house.queue())
        assert (run.status, run.failure) == (RunStatus.SUCCEEDED, None)
        assert within_budget(run)
        assert house.mill.predict(run.id, EXAMPLES / "penguins.csv", home / "out.csv") == 344


@pytest.mark.usefixtures("s3_environment")
def test_a_run_in_a_projects_own_store(house: House, s3_servers: Callable[[str], S3Server]) -> None:
    url, pair = s3_servers("juicefs").store_url("own-runs"), ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    credentials = {name: os.environ.pop(name) for name in pair}
    house.mill.set_store(house.dataset.project_id, url, credentials)
    run = house.work(house.queue())  # the dataset lies in the platform's store, as it did before
    assert (run.status, run.failure) == (RunStatus.SUCCEEDED, None)
    assert not any(stored.key.startswith(f"runs/{run.id}/") for stored in house.tools.store.list())
    assert house.mill.predict(run.id, EXAMPLES / "penguins.csv", house.folder / "out.csv") == 344
    assert house.mill.model(run.id).store_id == run.store_id


def test_a_killed_kernel_is_salvaged(house: House) -> None:
    recipe = house.sabotaged(ONLY_WHEN_TRAINING + "import os; os.kill(os.getpid(), 9)")
    run = house.work(house.queue(recipe=recipe))
    assert (run.status, run.salvaged) == (RunStatus.SUCCEEDED, True)
    assert within_budget(run)
    report = house.mill.fetch(run.id, "report", house.folder / "report.html").read_text()
    assert "Training was cut short: the notebook's process died." in report.replace("&#39;", "'").replace("&#x27;", "'")


def test_a_hung_kernel_is_salvaged_within_the_budget(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (1000.0,) * 3)  # or a load that comes suddenly is not reckoned with
    recipe = house.sabotaged(ONLY_WHEN_TRAINING + "import time; time.sleep(600)")
    run = house.work(house.queue(recipe=recipe, budget=75.0))
    assert (run.status, run.salvaged) == (RunStatus.SUCCEEDED, True)
    assert within_budget(run)


def test_a_search_that_hangs_is_stopped_and_its_configurations_are_kept(house: House) -> None:
    hangs = (
        "import time\n"
        "    proposed = tuning.Search.next\n"
        "    tuning.Search.next = lambda this, left: proposed(this, left) if len(this.tried) < 2 else time.sleep(600)"
    )
    queued = house.queue(recipe=house.sabotaged(ONLY_WHEN_TRAINING + hangs), budget=300, tune="random")
    at_work = threading.Thread(target=house.work, args=(queued,))
    at_work.start()
    until(lambda: "LightGBM_T02" in {row.model for row in house.mill.run(queued.id).leaderboard if row.score})
    house.mill.cancel(queued.id, keep=True)
    at_work.join(PATIENCE)
    run = house.mill.run(queued.id)
    assert (run.status, run.salvaged, run.failure) == (RunStatus.SUCCEEDED, True, None)
    assert {"LightGBM", "LightGBM_T01", "LightGBM_T02"} < {row.model for row in run.leaderboard}
    best = max(run.leaderboard, key=lambda row: row.score or 0.0)
    assert house.mill.model(run.id).metrics["best"] in {row.model for row in run.leaderboard if row.score == best.score}
    report = house.mill.fetch(run.id, "report", house.folder / "report.html").read_text()
    assert "2 configurations tried" in report


def test_a_kernel_that_eats_all_memory_is_salvaged(house: House) -> None:
    tight = replace(house.tools, sandbox=ProcessSandbox(cache=house.folder / "cache", memory=2 * 10**9))
    recipe = house.sabotaged(ONLY_WHEN_TRAINING + "import time; eaten = [bytes(b'x') * 3_000_000_000]; time.sleep(60)")
    queued = house.queue(recipe=recipe)
    Worker(tight).work_once()
    run = house.mill.run(queued.id)
    assert (run.status, run.salvaged) == (RunStatus.SUCCEEDED, True)
    assert "2.0 GB" in house.mill.fetch(run.id, "report", house.folder / "report.html").read_text()


def test_nothing_trained_is_a_failure_with_a_cure(house: House) -> None:
    recipe = house.sabotaged("import os; os.kill(os.getpid(), 9)", after="phase:look")
    run = house.work(house.queue(recipe=recipe))
    assert run.status is RunStatus.FAILED
    assert run.failure is not None
    assert run.failure.what == "No model was finished before the run had to end."
    assert f"gristmill resume {run.id}" in run.failure.cure
    with pytest.raises(NotFound):
        house.mill.model(run.id)
    assert run.artifact("report") is not None


def test_what_was_finished_but_not_saved_is_said_and_kept(house: House) -> None:
    run = house.work(house.queue(recipe=house.sabotaged("import os; os.kill(os.getpid(), 9)")))  # in the salvage, too
    assert run.status is RunStatus.FAILED
    assert run.failure is not None
    assert "candidates that were finished are kept" in run.failure.what
    assert run.artifact("checkpoint") is not None


def test_a_failed_cell_is_a_failed_run(house: House) -> None:
    run = house.work(house.queue(recipe=house.sabotaged("{}['grist']")))
    assert run.status is RunStatus.FAILED
    assert run.failure is not None
    assert "KeyError: 'grist'" in run.failure.cause
    assert "KeyError" in house.mill.fetch(run.id, "report", house.folder / "report.html").read_text()


def test_stop_keeps_the_best_so_far_and_cancel_keeps_it_for_resume(house: House) -> None:
    recipe = house.sabotaged(ONLY_WHEN_TRAINING + "import time; time.sleep(600)")
    queued = house.queue(recipe=recipe, budget=300)
    at_work = threading.Thread(target=house.work, args=(queued,))
    at_work.start()
    until(lambda: any(row.score for row in house.mill.run(queued.id).leaderboard))
    house.mill.cancel(queued.id, keep=True)
    at_work.join(PATIENCE)
    stopped = house.mill.run(queued.id)
    assert (stopped.status, stopped.salvaged) == (RunStatus.SUCCEEDED, True)

    queued = house.queue(recipe=recipe, budget=300)
    at_work = threading.Thread(target=house.work, args=(queued,))
    at_work.start()
    until(lambda: any(row.score for row in house.mill.run(queued.id).leaderboard))
    house.mill.cancel(queued.id)
    at_work.join(PATIENCE)
    cancelled = house.mill.run(queued.id)
    assert cancelled.status is RunStatus.CANCELLED
    assert cancelled.artifact("checkpoint") is not None


def test_resume_keeps_what_was_trained_and_adds_to_it(house: House) -> None:
    first = house.work(house.queue())
    more = {"hyperparameters": {"GBM": [{}], "XT": [{"ag_args": {"name_suffix": "More"}}]}}
    second = house.work(house.mill.resume(first.id, 180, more))
    assert second.status is RunStatus.SUCCEEDED
    assert second.resumed_from == first.id
    names = {row.model for row in second.leaderboard}
    assert {"LightGBM", "ExtraTreesMore"} <= names
    log = house.mill.fetch(second.id, "log", house.folder / "log.txt").read_text()
    assert "Fitting model: ExtraTreesMore" in log
    assert "Fitting model: LightGBM " not in log
    assert house.mill.model(second.id).version == house.mill.model(first.id).version + 1


def test_a_killed_worker_has_its_run_taken_over_with_what_was_trained(house: House) -> None:
    recipe = house.sabotaged(ONLY_WHEN_TRAINING + "import time; time.sleep(600)")
    queued = house.queue(recipe=recipe, budget=120)
    program = (
        "from gristmill import app; import os; from pathlib import Path\n"
        "from dataclasses import replace; app.work(replace(app.Settings.read(), lease=3.0), idle=60)"
    )
    doomed = subprocess.Popen([sys.executable, "-c", program])
    until(lambda: any(row.score for row in house.mill.run(queued.id).leaderboard))
    doomed.send_signal(signal.SIGKILL)
    doomed.wait()
    (left,) = [file.parent for file in house.tools.folder.glob("*/run.json")]
    assert not Worker(house.tools).work_once()  # the lease still runs
    until(lambda: Worker(house.tools).work_once())
    run = house.mill.run(queued.id)
    assert (run.status, run.fence) == (RunStatus.SUCCEEDED, 2)
    assert within_budget(run)
    assert not left.exists()
    assert not [p for p in psutil.process_iter() if _environment(p).get("GRISTMILL_SANDBOX") == str(left)]
    assert len(house.mill.models()) == 1


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return dict(process.environ())
    except psutil.Error:
        return {}


def test_a_full_disk_and_a_fault_of_ours_end_the_run_with_a_sentence(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    first, second = house.queue(), house.queue()
    monkeypatch.setattr(house.tools.store, "get_file", full)
    run = house.work(first)
    assert run.status is RunStatus.FAILED
    assert run.failure is not None
    assert run.failure.what == "The run could not go on: the disk is full."

    monkeypatch.setattr(house.tools.store, "get_file", lambda *_: 1 / 0)
    run = house.work(second)
    assert run.failure is not None
    assert run.failure.cause == "ZeroDivisionError: division by zero."


def test_a_run_that_kills_its_workers_is_ended(house: House) -> None:
    queued = house.queue()
    for _ in range(5):
        assert house.tools.catalog.runs.claim("doomed", 0.0) is not None
    run = house.work(queued)
    assert run.failure is not None
    assert (run.status, run.failure.what) == (RunStatus.FAILED, "5 workers have died with this run.")


def test_the_reconciler_ends_and_removes_what_ended_runs_left(house: House) -> None:
    run = house.mill.cancel(house.queue().id)
    assert run.status is RunStatus.CANCELLED
    left = house.tools.folder / "left"
    left.mkdir(parents=True)
    file = BenchFile(
        run_id=run.id, name="", recipe="", task="", target="", metric="", budget=60, seed=0,
        profile=house.dataset.profile, resources=house.tools.sandbox.resources(),
    )  # fmt: skip
    file.write(left)
    orphan = subprocess.Popen(["sleep", "600"], env=os.environ | {"GRISTMILL_SANDBOX": str(left)})
    assert Reconciler(house.tools).tidy_folders() == 1
    assert not left.exists()
    assert orphan.wait(PATIENCE) == -signal.SIGKILL


def test_the_archive_predicts_with_autogluon_alone(house: House, tmp_path: Path) -> None:
    run = house.work(house.queue())
    archive = house.mill.download(run.id, tmp_path / "model.zip")
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / "model")
        assert {"README.md", "requirements.txt", "schema.json", "metrics.json", "predict.py"} <= set(opened.namelist())
    probe = (
        "import sys; sys.modules['gristmill'] = None\n"  # importing it anywhere fails
        "sys.argv = ['predict.py', sys.argv[1], '-o', sys.argv[2]]\n"
        f"import runpy; runpy.run_path({str(tmp_path / 'model' / 'predict.py')!r}, run_name='__main__')"
    )
    out = tmp_path / "out.csv"
    done = subprocess.run(
        [sys.executable, "-c", probe, str(EXAMPLES / "penguins.csv"), str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    header, *rows = out.read_text().splitlines()
    assert header.endswith("prediction,probability.Adelie,probability.Chinstrap,probability.Gentoo")
    assert len(rows) == 344
