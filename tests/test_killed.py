"""The API, a worker or the store goes away in the middle of an upload, a run or a batch: nothing is lost.

=========  =========================================  =====================================  ===========================
what goes  in an upload                               in a run                               in a batch
=========  =========================================  =====================================  ===========================
API        test_api_uploads.py: …_is_killed_in_an…;   …api_is_killed_in_a_run                …api_is_killed_in_a_batch
           test_client_faults.py: …_in_mid_upload…
worker     …worker_is_killed_in_an_upload             test_worker.py: …_killed_worker_has…   test_batch.py: …_that_is…
store      …store_is_away_in_an_upload                …store_is_away_in_a_run                …store_is_away_in_a_batch
=========  =========================================  =====================================  ===========================

All are real: `gristmill api` and the worker that it starts are killed as processes, and the store is a folder that is
taken away, as a volume is that is not mounted any more. Catalogs that go away: test_api_outages.py.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import gristmill_templates
import nbformat
import pandas as pd
import pytest

from gristmill.client.connecting import Address
from gristmill.client.hub import Hub
from gristmill.errors import NotFound, StoreFailed
from gristmill.records import Dataset, Event, EventKind, Model, Run, RunRequest, RunStatus
from gristmill.stores import open_store
from gristmill.stores.patient import Patient
from services.apis import a_table
from services.hubs import PROGRAM, LiveHub
from services.waiting import until

PENGUINS = Path(__file__).parent.parent / "examples" / "penguins.csv"
QUICK = {"hyperparameters": {"GBM": [{"num_boost_round": 10}]}, "portfolio": "", "folds": 0}


@dataclass
class House:
    """A platform of real processes, and a client of it."""

    live: LiveHub
    hub: Hub
    dataset: Dataset
    folder: Path

    def train(self, after_fit: str = "pass") -> Run:
        """A run whose recipe does that between training and saving."""
        notebook = nbformat.read(Path(gristmill_templates.__file__).parent / "tabular.ipynb", as_version=4)
        place = next(i for i, cell in enumerate(notebook.cells) if "phase:fit" in cell.metadata.get("tags", ()))
        notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(after_fit))
        return self.hub.train(
            RunRequest(
                dataset_id=self.dataset.id, target="species", budget=200.0, settings=QUICK, recipe="slow",
                notebook=nbformat.writes(notebook),
            )
        )  # fmt: skip

    def batch(self, model: Model, rows: int) -> Run:
        head, *lines = pd.read_csv(PENGUINS).drop(columns="species").to_csv(index=False).splitlines()
        file = self.folder / f"rows-{rows}.csv"
        file.write_text("\n".join([head, *(lines[number % len(lines)] for number in range(rows))]) + "\n")
        return self.hub.batch(model.id, self.hub.upload(file).id)

    def said(self, run: Run, kind: EventKind, **body: object) -> bool:
        """Whether a run has said that; without a body, anything of the kind."""
        events = every_event(self.hub, run)
        return any(event.kind is kind and body.items() <= event.body.items() for event in events)

    def ended(self, run: Run) -> Run:
        until(lambda: self.hub.run(run.id).status.is_final)
        return self.hub.run(run.id)

    @contextmanager
    def without_store(self) -> Iterator[None]:
        """The volume that the store lies on is not there."""
        store, away = self.live.home / "store", self.live.home / "away"
        store.rename(away)
        try:
            yield
        finally:
            away.rename(store)


def every_event(hub: Hub, run: Run) -> list[Event]:
    found: list[Event] = []
    while events := hub.events(run.id, after=found[-1].seq if found else 0):
        found += events
    return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("killed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        live = LiveHub(folder / "hub", probe.getsockname()[1])
    live.home.mkdir()
    live.start()
    with Hub(Address.of(live.url, live.token), folder / "home") as hub:
        yield House(live, hub, hub.admit(hub.upload(PENGUINS).id), folder)
    live.stop()


@pytest.fixture(scope="module")
def model(house: House) -> Model:
    run = house.ended(house.train())
    assert run.status is RunStatus.SUCCEEDED, run.failure
    return house.hub.model(run.id)


# --- in an upload ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_worker_is_killed_in_an_upload(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no part in it; and another one comes when there is something to do."""
    monkeypatch.setattr("gristmill.client.uploading._LOOK_EVERY", 0.001)
    environment = os.environ | {"GRISTMILL_HOME": str(house.live.home)}
    worker = subprocess.Popen([PROGRAM, "worker"], env=environment, stderr=subprocess.DEVNULL)
    grain = house.folder / "worker.csv"
    grain.write_bytes(a_table(2_200_000))

    def kill(gone: int, size: int) -> None:
        if gone > size / 4 and worker.poll() is None:
            worker.send_signal(signal.SIGKILL)
            worker.wait()

    upload = house.hub.upload(grain, progress=kill)
    assert worker.poll() == -signal.SIGKILL
    assert upload.sha256 == hashlib.sha256(grain.read_bytes()).hexdigest()
    assert house.hub.admit(upload.id).profile.rows == 2_200_000


@pytest.mark.slow
def test_the_store_is_away_in_an_upload(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gristmill.client.uploading._LOOK_EVERY", 0.001)
    grain = house.folder / "store.csv"
    grain.write_bytes(random.Random(7).randbytes(1 << 20) * 80)
    gaps: list[threading.Timer] = []

    def take_away(gone: int, size: int) -> None:
        if not gaps and gone > size / 4:
            gap = house.without_store()
            gap.__enter__()
            gaps.append(threading.Timer(1.0, gap.__exit__, (None, None, None)))
            gaps[0].start()

    upload = house.hub.upload(grain, progress=take_away)
    gaps[0].join()
    assert (upload.status, upload.sha256) == ("received", hashlib.sha256(grain.read_bytes()).hexdigest())


# --- in a run --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.engine
def test_the_api_is_killed_in_a_run(house: House) -> None:
    """The worker goes on without it, and who follows misses nothing."""
    go = house.folder / "go"
    run = house.train(f"import os, time\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.1)")
    until(lambda: house.said(run, EventKind.LEADERBOARD))
    house.live.kill()
    go.touch()
    house.live.start()
    ended = house.ended(run)
    assert (ended.status, ended.fence, ended.failure) == (RunStatus.SUCCEEDED, 1, None)
    assert [event.seq for event in every_event(house.hub, run)] == list(range(1, len(every_event(house.hub, run)) + 1))
    assert house.hub.fetch(run.id, "report", house.folder / "report.html").stat().st_size > 1000
    assert house.hub.model(run.id).run_id == run.id


@pytest.mark.slow
@pytest.mark.engine
def test_the_store_is_away_in_a_run(house: House) -> None:
    """What was trained is kept until it can be stored."""
    go = house.folder / "gone"
    run = house.train(f"import os, time\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.1)")
    until(lambda: house.said(run, EventKind.LEADERBOARD))
    with house.without_store():
        go.touch()
        until(lambda: house.said(run, EventKind.PHASE, phase="report") or house.hub.run(run.id).status.is_final)
        assert house.hub.run(run.id).status is RunStatus.RUNNING
    ended = house.ended(run)
    assert (ended.status, ended.fence, ended.failure) == (RunStatus.SUCCEEDED, 1, None)
    for artifact in ended.artifacts:
        found = house.hub.fetch(run.id, artifact.name, house.folder / "artifact").read_bytes()
        assert hashlib.sha256(found).hexdigest() == artifact.sha256


# --- in a batch ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.engine
def test_the_api_is_killed_in_a_batch(house: House, model: Model) -> None:
    run = house.batch(model, 300_000)
    until(lambda: house.hub.run(run.id).rows)
    house.live.kill()
    house.live.start()
    ended = house.ended(run)
    assert (ended.status, ended.fence, ended.rows) == (RunStatus.SUCCEEDED, 1, 300_000), ended.failure
    assert len(pd.read_csv(house.hub.fetch(run.id, "predictions", house.folder / "answers.csv"))) == 300_000


@pytest.mark.slow
@pytest.mark.engine
def test_the_store_is_away_in_a_batch(house: House, model: Model) -> None:
    run = house.batch(model, 300_001)
    until(lambda: house.hub.run(run.id).rows)
    with house.without_store():
        until(lambda: house.said(run, EventKind.PHASE, phase="store") or house.hub.run(run.id).status.is_final)
        assert house.hub.run(run.id).status is RunStatus.RUNNING
    ended = house.ended(run)
    assert (ended.status, ended.rows) == (RunStatus.SUCCEEDED, 300_001), ended.failure
    assert len(pd.read_csv(house.hub.fetch(run.id, "predictions", house.folder / "answers.csv"))) == 300_001


# --- how the store is waited for -------------------------------------------------------------------------------------


def test_a_store_that_is_away_is_no_store_without_the_thing(tmp_path: Path) -> None:
    store = open_store((tmp_path / "store").as_uri())
    store.put_bytes("a/b", b"rye")
    (tmp_path / "store").rename(tmp_path / "away")
    for asked in (lambda: store.stat("a/b"), lambda: store.read("a/b"), lambda: store.get_file("a/b", tmp_path / "b")):
        with pytest.raises(StoreFailed):
            asked()
    (tmp_path / "away").rename(tmp_path / "store")
    assert store.read("a/b") == b"rye"
    with pytest.raises(NotFound):
        store.read("a/c")


def test_a_store_is_waited_for_and_given_up_in_the_end(tmp_path: Path) -> None:
    store, away = tmp_path / "store", tmp_path / "away"
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            away.rename(store)

    patient = Patient(open_store(store.as_uri()), patience=100.0, pause=pause)
    patient.put_bytes("a/b", b"rye")
    store.rename(away)
    assert patient.read("a/b") == b"rye"
    assert pauses == [0.25, 0.5, 1.0]
    with pytest.raises(NotFound):  # which is an answer
        patient.read("a/c")
    assert len(pauses) == 3
    store.rename(away)
    with pytest.raises(StoreFailed):
        patient.put_file("a/d", Path(__file__))
    assert 100.0 <= sum(pauses[3:]) <= 101.0
