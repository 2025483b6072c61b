"""What a catalog keeps, on both databases: projects, uploads, datasets, models, events, and lists in pages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import gristmill.catalog
from gristmill.catalog import Catalog, Outcome
from gristmill.errors import Conflict, LeaseLost, NotFound, UsageError
from gristmill.records import (
    Artifact,
    DatasetEntry,
    EventKind,
    Failure,
    LeaderboardRow,
    Run,
    RunStatus,
    UploadStatus,
    Wanted,
    replace,
)
from services.catalogs import a_dataset, add_runs, an_upload, dataset_of, model_of, run_on


def test_public_names() -> None:
    assert gristmill.catalog.__all__ == ["Catalog", "Outcome"]
    assert all(hasattr(gristmill.catalog, name) for name in gristmill.catalog.__all__)


@pytest.mark.parametrize("kind", ["projects", "uploads", "datasets", "runs", "models"])
def test_what_is_not_there_is_not_found(catalog: Catalog, kind: str) -> None:
    with pytest.raises(NotFound, match=r"There is no \w+ nobody-1\."):
        getattr(catalog, kind).get("nobody-1")


# --- projects --------------------------------------------------------------------------------------------------------


def test_a_project_is_made_once(catalog: Catalog) -> None:
    first = catalog.projects.ensure("mill")
    assert catalog.projects.ensure("mill") == first == catalog.projects.get(first.id)
    assert catalog.projects.ensure("bakery").id != first.id
    assert abs(first.created_at - catalog.now()) < 60


def test_all_who_ask_at_once_get_the_same_project(catalog: Catalog) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: catalog.projects.ensure("mill"), range(32)))
    assert len(found) == 1
    assert set(catalog.projects.list()) == found


# --- uploads and datasets --------------------------------------------------------------------------------------------


def test_an_upload_is_settled_one_way_only(catalog: Catalog) -> None:
    upload = an_upload(catalog)
    received = catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256="ab")
    assert received == replace(upload, status=UploadStatus.RECEIVED, sha256="ab") == catalog.uploads.get(upload.id)
    with pytest.raises(Conflict, match="is received and cannot become received"):
        catalog.uploads.settle(upload.id, UploadStatus.RECEIVED)
    failure = Failure(code="empty", what="It is empty.")
    rejected = catalog.uploads.settle(upload.id, UploadStatus.REJECTED, failure=failure)
    assert rejected == replace(received, status=UploadStatus.REJECTED, failure=failure)
    with pytest.raises(Conflict):
        catalog.uploads.settle(upload.id, UploadStatus.RECEIVED)
    with pytest.raises(UsageError):
        catalog.uploads.settle(upload.id, UploadStatus.ACCEPTED)
    with pytest.raises(NotFound):
        catalog.uploads.settle("nobody", UploadStatus.RECEIVED)


def test_a_half_upload_is_never_a_dataset(catalog: Catalog) -> None:
    upload = an_upload(catalog)
    with pytest.raises(Conflict, match="is open"):
        catalog.datasets.add(dataset_of(upload))
    assert catalog.datasets.list() == ()
    assert catalog.uploads.get(upload.id).status is UploadStatus.OPEN
    with pytest.raises(NotFound):
        catalog.datasets.add(dataset_of(replace(upload, id="nobody")))


def test_an_upload_becomes_one_dataset(catalog: Catalog) -> None:
    dataset = a_dataset(catalog)
    assert dataset == catalog.datasets.get(dataset.id)
    upload = catalog.uploads.get(dataset.upload_id)
    assert upload.status is UploadStatus.ACCEPTED
    with pytest.raises(Conflict, match="is accepted"):
        catalog.datasets.add(dataset_of(upload))


def test_a_dataset_that_cannot_be_added_leaves_its_upload_as_it_was(catalog: Catalog) -> None:
    first, second = a_dataset(catalog), an_upload(catalog)
    catalog.uploads.settle(second.id, UploadStatus.RECEIVED)
    with pytest.raises(Conflict, match="in the catalog already"):
        catalog.datasets.add(dataset_of(second, id=first.id))
    assert catalog.uploads.get(second.id).status is UploadStatus.RECEIVED


def test_versions_count_within_project_and_name(catalog: Catalog) -> None:
    other = an_upload(catalog, project_id=catalog.projects.ensure("bakery").id)
    catalog.uploads.settle(other.id, UploadStatus.RECEIVED)
    versions = [a_dataset(catalog, name=name, version=7).version for name in ("grain", "grain", "bread")]
    assert versions == [1, 2, 1]
    assert catalog.datasets.add(dataset_of(other)).version == 1


def test_no_two_datasets_get_the_same_version(catalog: Catalog) -> None:
    with ThreadPoolExecutor(8) as threads:
        versions = list(threads.map(lambda _: a_dataset(catalog).version, range(16)))
    assert sorted(versions) == list(range(1, 17))


def test_datasets_are_listed_without_their_profiles(catalog: Catalog) -> None:
    old, new = a_dataset(catalog, created_at=5.0), a_dataset(catalog, created_at=6.0)
    entries = catalog.datasets.list([old.project_id])
    assert [entry.id for entry in entries] == [new.id, old.id]
    assert all(isinstance(entry, DatasetEntry) for entry in entries)
    assert entries[1].version == old.version
    assert catalog.datasets.list(["nobody"]) == ()
    assert [entry.id for entry in catalog.datasets.list(before=new.id)] == [old.id]


# --- runs and models -------------------------------------------------------------------------------------------------


def test_a_run_refers_to_what_is_there(catalog: Catalog) -> None:
    run = run_on(a_dataset(catalog))
    for wrong in ({"dataset_id": "nobody"}, {"project_id": "nobody"}, {"resumed_from": "nobody"}):
        with pytest.raises(NotFound, match="refers to something"):
            catalog.runs.add(replace(run, **wrong))
    catalog.runs.add(run)
    with pytest.raises(Conflict):
        catalog.runs.add(run)
    assert catalog.runs.add(replace(run, id="run-2", resumed_from=run.id)).resumed_from == run.id


@pytest.mark.parametrize("wrong", [{"status": RunStatus.RUNNING}, {"status": RunStatus.SUCCEEDED}, {"fence": 1}])
def test_a_run_begins_queued(catalog: Catalog, wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="not new"):
        catalog.runs.add(replace(run_on(a_dataset(catalog)), **wrong))


def finish(catalog: Catalog, run: Run, status: RunStatus = RunStatus.SUCCEEDED) -> Run:
    claimed = catalog.runs.claim("worker", 60, only=run.id)
    assert claimed is not None
    model = model_of(run) if status is RunStatus.SUCCEEDED else None
    return catalog.runs.finish(run.id, claimed.fence, Outcome(status=status), model)


def test_a_finished_run_and_its_model(catalog: Catalog) -> None:
    (run,) = add_runs(catalog, 1)
    claimed = catalog.runs.claim("worker", 60)
    assert claimed is not None
    outcome = Outcome(
        status=RunStatus.SUCCEEDED,
        salvaged=True,
        score=0.9,
        leaderboard=(LeaderboardRow(model="LightGBM", score=0.9),),
        seconds={"fit": 1.5, "total": 2.0},
        artifacts=(Artifact(name="report", key="runs/1/report.html", size=3, sha256="ef"),),
    )
    model = model_of(run, version=9)
    done = catalog.runs.finish(run.id, claimed.fence, outcome, model)
    assert catalog.runs.get(run.id) == done
    assert catalog.models.get(model.id) == replace(model, version=1)
    assert done == replace(
        claimed,
        status=RunStatus.SUCCEEDED,
        lease_until=None,
        finished_at=done.finished_at,
        model_id=model.id,
        salvaged=True,
        score=0.9,
        leaderboard=outcome.leaderboard,
        seconds=outcome.seconds,
        artifacts=outcome.artifacts,
    )
    assert done.finished_at is not None
    assert done.claimed_at is not None
    assert done.finished_at >= done.claimed_at


def test_models_count_their_versions(catalog: Catalog) -> None:
    done = [finish(catalog, run) for run in add_runs(catalog, 3)]
    models = [catalog.models.get(run.model_id or "") for run in done]
    assert [model.version for model in models] == [1, 2, 3]
    by_id = sorted(models, key=lambda model: model.id, reverse=True)  # all were made at the same time
    assert catalog.models.list([done[0].project_id]) == tuple(by_id)
    assert catalog.models.list(["nobody"]) == ()


def test_a_run_whose_model_cannot_be_registered_is_not_finished(catalog: Catalog) -> None:
    first, second = add_runs(catalog, 2)
    taken = catalog.models.get(finish(catalog, first).model_id or "")
    claimed = catalog.runs.claim("worker", 60)
    assert claimed is not None
    success = Outcome(status=RunStatus.SUCCEEDED)
    with pytest.raises(Conflict):
        catalog.runs.finish(second.id, claimed.fence, success, model_of(second, id=taken.id))
    with pytest.raises(UsageError, match="is not the run"):
        catalog.runs.finish(second.id, claimed.fence, success, model_of(first))
    with pytest.raises(UsageError, match="cannot keep"):
        catalog.runs.finish(second.id, claimed.fence, success, model_of(second, score=float("nan")))
    assert catalog.runs.get(second.id) == claimed
    assert catalog.runs.finish(second.id, claimed.fence, success, model_of(second)).status is RunStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("status", "with_model"),
    [
        (RunStatus.SUCCEEDED, False),
        (RunStatus.FAILED, True),
        (RunStatus.CANCELLED, True),
        (RunStatus.QUEUED, False),
        (RunStatus.RUNNING, False),
    ],
)
def test_only_success_leaves_a_model(catalog: Catalog, status: RunStatus, with_model: bool) -> None:
    (run,) = add_runs(catalog, 1)
    claimed = catalog.runs.claim("worker", 60)
    assert claimed is not None
    with pytest.raises(UsageError):
        catalog.runs.finish(run.id, claimed.fence, Outcome(status=status), model_of(run) if with_model else None)
    assert catalog.runs.get(run.id) == claimed


def test_pages_show_every_run_once_newest_first(catalog: Catalog) -> None:
    dataset = a_dataset(catalog)
    times = [5.0, 5.0, 5.0, 6.0, 7.0, 7.0, 4.0]
    runs = [catalog.runs.add(run_on(dataset, created_at=at)) for at in times]
    expected = [run.id for run in sorted(runs, key=lambda run: (run.created_at, run.id), reverse=True)]
    for size in (1, 2, 3, 10):
        shown: list[str] = []
        while page := catalog.runs.list(before=shown[-1] if shown else None, limit=size):
            shown += [run.id for run in page]
        assert shown == expected
    with pytest.raises(NotFound):
        catalog.runs.list(before="nobody")


def test_runs_are_listed_by_project_and_status(catalog: Catalog) -> None:
    runs = add_runs(catalog, 6)
    other = an_upload(catalog, project_id=catalog.projects.ensure("bakery").id)
    catalog.uploads.settle(other.id, UploadStatus.RECEIVED)
    catalog.runs.add(run_on(catalog.datasets.add(dataset_of(other)), created_at=99.0))
    for run, status in zip(runs[:4], [RunStatus.SUCCEEDED, RunStatus.FAILED] * 2, strict=True):
        finish(catalog, run, status)
    catalog.runs.claim("worker", 60, only=runs[4].id)
    mill = runs[0].project_id

    def listed(*statuses: RunStatus, before: str | None = None, limit: int = 50) -> list[int]:
        page = catalog.runs.list(mill and [mill], statuses, before, limit)
        return [next(at for at, run in enumerate(runs) if run.id == shown.id) for shown in page]

    assert listed() == [5, 4, 3, 2, 1, 0]
    assert listed(RunStatus.SUCCEEDED) == [2, 0]
    assert listed(RunStatus.SUCCEEDED, RunStatus.QUEUED, RunStatus.SUCCEEDED) == [5, 2, 0]
    assert listed(*RunStatus, limit=4) == [5, 4, 3, 2]
    assert listed(*RunStatus, before=runs[2].id) == [1, 0]
    assert listed(RunStatus.CANCELLED) == []
    assert len(catalog.runs.list()) == 7
    assert len(catalog.runs.list(statuses=[RunStatus.QUEUED])) == 2


def test_waiting_counts_queued_runs(catalog: Catalog) -> None:
    runs = add_runs(catalog, 3)
    assert catalog.runs.waiting() == 3
    catalog.runs.claim("worker", 60)
    catalog.runs.want(runs[2].id, Wanted.CANCEL)
    assert catalog.runs.waiting() == 1


# --- events ----------------------------------------------------------------------------------------------------------


def test_events_are_read_from_where_the_reader_left(catalog: Catalog) -> None:
    (run,) = add_runs(catalog, 1)
    claimed = catalog.runs.claim("worker", 60)
    assert claimed is not None
    lines = [(EventKind.LOG, {"line": f"line {number}"}) for number in range(5)]
    added = catalog.events.add(run.id, claimed.fence, lines[:3]) + catalog.events.add(run.id, claimed.fence, lines[3:])
    assert [event.seq for event in added] == [1, 2, 3, 4, 5]
    assert [(event.kind, event.body) for event in added] == lines
    assert catalog.events.after(run.id) == added
    assert catalog.events.after(run.id, 3) == added[3:]
    assert catalog.events.after(run.id, 1, limit=2) == added[1:3]
    assert catalog.events.after(run.id, 5) == catalog.events.after("nobody") == ()
    assert catalog.events.add(run.id, claimed.fence, []) == ()


def test_events_added_at_once_leave_no_gap(catalog: Catalog) -> None:
    (run,) = add_runs(catalog, 1)
    claimed = catalog.runs.claim("worker", 60)
    assert claimed is not None
    fence = claimed.fence

    def add(thread: int) -> None:
        for number in range(5):
            catalog.events.add(run.id, fence, [(EventKind.LOG, {"thread": thread, "number": number})] * 2)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(8)))
    events = catalog.events.after(run.id)
    assert [event.seq for event in events] == list(range(1, 81))
    assert [event.at for event in events] == sorted(event.at for event in events)
    for thread in range(8):
        numbers = [event.body["number"] for event in events if event.body["thread"] == thread]
        assert numbers == sorted(numbers)


def test_only_the_holder_adds_events(catalog: Catalog) -> None:
    (run,) = add_runs(catalog, 1)
    news = [(EventKind.PHASE, {"phase": "fit"})]
    for fence in (0, 1):
        with pytest.raises(LeaseLost):
            catalog.events.add(run.id, fence, news)
    finish(catalog, run)
    with pytest.raises(LeaseLost, match="is succeeded"):
        catalog.events.add(run.id, 1, news)
    with pytest.raises(NotFound):
        catalog.events.add("nobody", 1, news)
    assert catalog.events.after(run.id) == ()
