"""Batches: a file predicted by a run of its own, and everything that can cut it short."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil
import pytest

from gristmill import app, cli
from gristmill.bench import run_of
from gristmill.catalog import Catalog
from gristmill.client.connecting import Address
from gristmill.client.hub import Hub
from gristmill.errors import Conflict, DataRejected, NotFound, UsageError
from gristmill.mill import Mill, Parts
from gristmill.reconciler import Reconciler
from gristmill.records import EventKind, Model, Run, RunKind, RunRequest, RunStatus, Upload
from gristmill.sandbox.process import ProcessSandbox
from gristmill.stores import open_store
from gristmill.worker import Worker
from gristmill.worker.attempt import Tools
from services.apis import badge, listening, make_service
from services.mills import Notepad
from services.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.slow]

PENGUINS = Path(__file__).parent.parent / "examples" / "penguins.csv"
QUICK = {"hyperparameters": {"GBM": [{"num_boost_round": 10}]}, "portfolio": "", "folds": 0}
PATIENCE = 120.0


@dataclass
class House:
    """A platform of the test's own, with a model in it."""

    mill: Mill
    tools: Tools
    folder: Path
    model: Model

    def upload(self, name: str, text: str) -> Upload:
        path = self.folder / name
        path.write_text(text)
        return self.mill.upload(path)

    def work(self, run: Run) -> Run:
        assert Worker(self.tools, name="test").work_once()
        return self.mill.run(run.id)

    def said(self, run: Run) -> list[int]:
        """How many rows were done, each time that was told."""
        return [event.body["rows"] for event in self.mill.events(run.id) if event.kind is EventKind.PROGRESS]


MEASURED = """
import pathlib, runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def parts_of(home: Path) -> tuple[Parts, Tools]:
    settings = app.Settings.read()
    catalog, store = Catalog.open(settings.catalog), open_store(settings.store)
    sandbox = ProcessSandbox(cache=home / "cache")
    parts = Parts(catalog=catalog, store=store, dispatcher=Notepad(), sandbox=sandbox, home=home)
    return parts, Tools(catalog=catalog, store=store, sandbox=sandbox, folder=home / "work", lease_seconds=3.0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One model for all tests of this file: what they do to a house is only ever added."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GRISTMILL_")]:
            patch.delenv(name)
        patch.setenv("GRISTMILL_HOME", str(home))
        parts, tools = parts_of(home)
        mill = Mill(parts)
        dataset = mill.admit(mill.upload(PENGUINS).id)
        run = mill.train(RunRequest(dataset_id=dataset.id, target="species", budget=120.0, settings=QUICK))
        assert Worker(tools, name="test").work_once()
        yield House(mill, tools, home, mill.model(run.id))
        parts.catalog.close()


def rows(count: int) -> str:
    """That many penguins without their species."""
    head, *lines = pd.read_csv(PENGUINS).drop(columns="species").to_csv(index=False).splitlines()
    return "\n".join([head, *(lines[number % len(lines)] for number in range(count))]) + "\n"


def test_a_file_is_predicted_by_a_run_of_its_own(trained: House, tmp_path: Path) -> None:
    upload = trained.upload("new.csv", rows(500))
    queued = trained.mill.batch(trained.model.id, f"/uploads/{upload.id}")
    assert (queued.kind, queued.status, queued.dataset_id, queued.upload_id, queued.model_id, queued.name) == (
        RunKind.BATCH, RunStatus.QUEUED, None, upload.id, trained.model.id, "new",
    )  # fmt: skip
    assert (queued.task, queued.target, queued.metric) == (trained.model.task, "species", trained.model.metric)
    run = trained.work(queued)
    assert (run.status, run.failure, run.rows) == (RunStatus.SUCCEEDED, None, 500)
    assert [artifact.name for artifact in run.artifacts] == ["predictions", "notebook", "log"]
    predicted = pd.read_csv(trained.mill.fetch(run.id, "predictions", tmp_path / "out.csv"))
    assert len(predicted) == 500
    assert set(predicted["prediction"]) == {"Adelie", "Chinstrap", "Gentoo"}
    assert trained.said(run)[-1] == 500
    assert {"fetch", "load", "predict", "look", "store", "total"} <= run.seconds.keys()
    assert run in trained.mill.runs(kind=RunKind.BATCH)
    assert run not in trained.mill.runs(kind=RunKind.TRAIN)
    assert list(trained.tools.folder.glob("*")) == []

    again = trained.mill.rerun(run.id)
    assert (again.kind, again.model_id, again.upload_id, again.rows) == (RunKind.BATCH, run.model_id, upload.id, None)
    trained.mill.cancel(again.id)
    with pytest.raises(Conflict, match="trains nothing"):
        trained.mill.resume(run.id, 60.0)


def test_memory_stays_as_it_is_however_large_the_file(trained: House, tmp_path: Path) -> None:
    """As the batch's notebook does it; a note beside each penguin makes the file large and not many more answers."""
    with zipfile.ZipFile(trained.mill.download(trained.model.id, tmp_path / "model.zip")) as archive:
        archive.extractall(tmp_path / "model")
    (script,) = (tmp_path / "model").rglob("predict.py")
    head, *lines = rows(20_000).splitlines()
    peaks = []
    for megabytes in (20, 200):
        note = "n" * (megabytes * 1_000_000 // len(lines))
        file = tmp_path / f"{megabytes}.csv"
        with file.open("w", encoding="utf-8") as written:
            written.write(f"{head},note\n")
            written.writelines(f"{line},{note}\n" for line in lines)
        command = [sys.executable, "-c", MEASURED, str(script), str(file), "-o", str(tmp_path / "out.csv")]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        assert said[0] == str(len(lines))
        peaks.append(int(said[1]) / 1000)
        file.unlink()
    assert peaks[1] < peaks[0] + 120, peaks  # of 180 MB more


def test_answers_can_be_parquet_and_a_model_says_what_it_cannot_write(trained: House, tmp_path: Path) -> None:
    upload = trained.upload("few.csv", rows(10))
    with pytest.raises(UsageError, match="cannot write its answers as 'xlsx'"):
        trained.mill.batch(trained.model.id, upload.id, {"output": "xlsx"})
    with pytest.raises(UsageError, match="Give a file"):
        trained.mill.batch(trained.model.id)
    run = trained.work(trained.mill.batch(trained.model.id, upload.id, {"output": "parquet"}))
    assert len(pd.read_parquet(trained.mill.fetch(run.id, "predictions", tmp_path / "out.parquet"))) == 10


def test_a_bad_file_ends_in_a_sentence_and_leaves_no_predictions(trained: House) -> None:
    lines = rows(600_000).splitlines()  # more than one piece: some rows are answered before the bad one is met
    lines[-1] += ",one,too,many"
    run = trained.work(trained.mill.batch(trained.model.id, trained.upload("bad.csv", "\n".join(lines)).id))
    assert run.status is RunStatus.FAILED
    assert run.failure is not None
    assert run.failure.code == "not-predictable"
    assert "bad.csv, line 600001: 10 values where the table has 7 columns. Correct that line" in str(run.failure)
    assert trained.said(run)[0] > 0
    assert [artifact.name for artifact in run.artifacts] == ["notebook", "log"]
    assert not any("predictions" in found.key for found in trained.tools.store.list(f"runs/{run.id}"))


def test_a_file_that_is_not_what_was_sent_is_not_predicted(trained: House) -> None:
    upload = trained.upload("altered.csv", rows(20))
    trained.tools.store.put_bytes(upload.key, rows(20).replace("1", "2", 1).encode())
    run = trained.work(trained.mill.batch(trained.model.id, upload.id))
    assert run.status is RunStatus.FAILED
    assert run.failure is not None
    assert run.failure.code == "checksum-mismatch"
    with pytest.raises(DataRejected, match="did not arrive as it was sent"):
        trained.mill.check_upload(upload.id)


def test_a_file_without_the_models_columns_is_refused_with_their_names(trained: House) -> None:
    upload = trained.upload("other.csv", "a,b\n1,2\n3,4\n")
    run = trained.work(trained.mill.batch(trained.model.id, upload.id))
    assert run.failure is not None
    assert "other.csv lacks 7 of the 7 columns" in run.failure.what
    assert "island" in run.failure.what


def test_a_batch_can_be_cancelled_while_it_runs(trained: House) -> None:
    run = trained.mill.batch(trained.model.id, trained.upload("long.csv", rows(400_000)).id)
    worker = threading.Thread(target=Worker(trained.tools, name="test").work_once)
    worker.start()
    until(lambda: trained.mill.run(run.id).rows)
    trained.mill.cancel(run.id, keep=True)  # there is nothing to keep: it is cancelled all the same
    worker.join(PATIENCE)
    ended = trained.mill.run(run.id)
    assert ended.status is RunStatus.CANCELLED
    assert "predictions" not in {artifact.name for artifact in ended.artifacts}


def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(trained: House, tmp_path: Path) -> None:
    run = trained.mill.batch(trained.model.id, trained.upload("killed.csv", rows(300_000)).id)
    environment = os.environ | {"GRISTMILL_HOME": str(trained.folder), "GRISTMILL_LEASE": "2"}
    first = subprocess.Popen([sys.executable, "-m", "gristmill.app", "60"], env=environment, start_new_session=True)
    until(lambda: trained.mill.run(run.id).rows)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert trained.mill.run(run.id).status is RunStatus.RUNNING
    (left,) = [folder for folder in trained.tools.folder.iterdir() if run_of(folder) == run.id]
    until(lambda: Worker(trained.tools, name="heir").work_once())
    ended = trained.mill.run(run.id)
    assert (ended.status, ended.rows, ended.fence, ended.worker) == (RunStatus.SUCCEEDED, 300_000, 2, "heir")
    assert len(pd.read_csv(trained.mill.fetch(run.id, "predictions", tmp_path / "out.csv"))) == 300_000
    assert not left.exists()
    Reconciler(trained.tools).tidy_folders()
    assert not [one for one in psutil.process_iter(["environ"]) if str(left) in str(one.info["environ"])]


def test_the_folder_of_a_batch_that_ended_is_tidied(trained: House) -> None:
    run = trained.mill.batch(trained.model.id, trained.upload("tidy.csv", rows(10)).id)
    trained.mill.cancel(run.id)
    left = trained.tools.folder / "left"
    left.mkdir(parents=True)
    (left / "run.json").write_text(f'{{"run_id": "{run.id}"}}')
    assert Reconciler(trained.tools).tidy_folders() == 1
    assert not left.exists()


def test_nobody_has_a_strangers_file_predicted(trained: House) -> None:
    from gristmill.records import Power, Who

    stranger = trained.mill.on_behalf(Who(name="sam", powers=frozenset({Power.USE})))
    upload = trained.upload("mine.csv", rows(10))
    with pytest.raises(NotFound):
        stranger.batch(trained.model.id, upload.id)


@contextmanager
def somebody_works(house: House) -> Iterator[None]:
    """A worker that takes the next run, beside the test."""
    worker = threading.Thread(target=lambda: until(Worker(house.tools, name="beside").work_once))
    worker.start()
    yield
    worker.join(PATIENCE)


def test_a_hub_predicts_for_a_machine_that_lacks_autogluon(trained: House, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(rows(30))
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    service = make_service(
        trained.folder, catalog=f"sqlite:///{trained.folder}/catalog.db", store=(trained.folder / "store").as_uri()
    )
    address = badge("root", powers="use,admin")
    with listening(service) as api, Hub(Address.of(api.url, address), tmp_path / "hub") as hub:
        with somebody_works(trained):
            assert hub.predict(trained.model.id, tmp_path / "new.csv", tmp_path / "out.parquet") == 30
        assert len(pd.read_parquet(tmp_path / "out.parquet")) == 30
        with somebody_works(trained), pytest.raises(DataRejected, match=r"bad.csv lacks 7 of the 7 columns"):
            hub.predict(trained.model.id, tmp_path / "bad.csv", tmp_path / "none.csv")
        assert not (tmp_path / "none.csv").exists()


def test_the_command_line_waits_for_the_answers(
    trained: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new.csv").write_text(rows(40))
    asked = ["batch", trained.model.run_id, str(tmp_path / "new.csv"), "-o", str(tmp_path / "out.csv"), "--json"]
    with somebody_works(trained):
        assert cli.run(lambda: trained.mill, files=tmp_path / "files", args=asked) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["status"], told["rows"], told["predictions"]) == ("succeeded", 40, str(tmp_path / "out.csv"))
    assert len(pd.read_csv(tmp_path / "out.csv")) == 40
