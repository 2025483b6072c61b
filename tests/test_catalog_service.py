"""What the service keeps in the catalog: answers by their key, uploads in parts, stages, heads of events. On both."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from gristmill.catalog import Catalog, Outcome
from gristmill.errors import Conflict, NotFound
from gristmill.records import Answer, EventKind, RunStatus, Stage, UploadStatus, replace
from services.catalogs import Clock, a_dataset, add_runs, an_upload, model_of

ASKED = Answer(who="olga", key="k", digest="ab", created_at=100.0)


def claim(catalog: Catalog, asked: Answer = ASKED, dead_before: float = 0.0, old_before: float = 0.0) -> Answer | None:
    return catalog.answers.claim(asked, dead_before=dead_before, old_before=old_before)


def test_a_question_is_one_callers_to_answer(catalog: Catalog) -> None:
    assert claim(catalog) is None
    assert claim(catalog) == ASKED  # not settled yet
    assert claim(catalog, replace(ASKED, who="sam")) is None
    settled = replace(ASKED, status=201, headers={"location": "/runs/1"}, body='{"a":"ä"}')
    catalog.answers.settle(settled)
    assert claim(catalog, replace(ASKED, digest="other")) == settled


def test_many_who_claim_at_once_are_one(catalog: Catalog) -> None:
    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(lambda _: claim(catalog), range(16)))
    assert claims.count(None) == 1


def test_a_question_whose_process_died_may_be_claimed_again(catalog: Catalog) -> None:
    claim(catalog)
    later = replace(ASKED, created_at=300.0)
    assert claim(catalog, later, dead_before=50.0) == ASKED
    assert claim(catalog, later, dead_before=200.0) is None
    assert claim(catalog, later, dead_before=200.0) == later


def test_old_answers_are_forgotten(catalog: Catalog) -> None:
    claim(catalog)
    catalog.answers.settle(replace(ASKED, status=201))
    assert claim(catalog, dead_before=200.0) is not None  # settled: not dead
    assert claim(catalog, replace(ASKED, created_at=300.0), old_before=200.0) is None
    assert catalog.answers.sweep(before=200.0) == 0
    assert catalog.answers.sweep(before=400.0) == 1


def test_what_could_not_be_answered_is_dropped_and_answers_are_not(catalog: Catalog) -> None:
    claim(catalog)
    catalog.answers.drop(ASKED)
    assert claim(catalog) is None
    catalog.answers.settle(replace(ASKED, status=201))
    catalog.answers.drop(ASKED)
    assert claim(catalog) is not None


def test_open_uploads_expire(timed_catalog: Catalog, clock: Clock) -> None:
    late = an_upload(timed_catalog, expires_at=clock.time + 10, token="t", part_size=16)
    an_upload(timed_catalog, expires_at=clock.time + 100, id="upload-2")
    an_upload(timed_catalog, id="upload-3")  # one that was put into the store in this process: it has no end
    assert timed_catalog.uploads.expired() == ()
    clock.time += 11
    assert timed_catalog.uploads.expired() == (late,)
    timed_catalog.uploads.settle(late.id, UploadStatus.REJECTED)
    assert timed_catalog.uploads.expired() == ()


def test_heads_and_statuses_are_told_for_many_runs_at_once(catalog: Catalog) -> None:
    first, second, third = add_runs(catalog, 3)
    held = catalog.runs.claim("test", 60)
    assert held is not None
    catalog.events.add(held.id, held.fence, [(EventKind.LOG, {"text": "x"})] * 3)
    ids = [first.id, second.id, third.id, "run-0"]
    assert catalog.events.heads(ids) == {held.id: 3}
    told = catalog.runs.statuses(ids)
    assert told == {first.id: RunStatus.RUNNING, second.id: RunStatus.QUEUED, third.id: RunStatus.QUEUED}
    assert catalog.events.heads([]) == catalog.runs.statuses([]) == {}


def test_of_one_name_one_model_is_in_production(catalog: Catalog) -> None:
    models = []
    for number, run in enumerate(add_runs(catalog, 3)):
        held = catalog.runs.claim("test", 60, only=run.id)
        assert held is not None
        model = model_of(run, id=f"model-{number}", name="flour" if number < 2 else "bran")
        catalog.runs.finish(run.id, held.fence, Outcome(status=RunStatus.SUCCEEDED), model)
        models.append(model.id)
    for id in models:
        assert catalog.models.stage(id, Stage.PRODUCTION).stage is Stage.PRODUCTION
    assert [catalog.models.get(id).stage for id in models] == [Stage.RETIRED, Stage.PRODUCTION, Stage.PRODUCTION]
    assert catalog.models.stage(models[0], Stage.CANDIDATE).stage is Stage.CANDIDATE
    with pytest.raises(NotFound):
        catalog.models.stage("model-9", Stage.RETIRED)


def test_a_run_is_found_by_task_and_owner(catalog: Catalog) -> None:
    runs = add_runs(catalog, 3)
    assert len(catalog.runs.list(task=runs[0].task, owner="local")) == 3
    assert catalog.runs.list(task="time-series") == catalog.runs.list(owner="sam") == ()
    assert len(catalog.runs.list([runs[0].project_id], [RunStatus.QUEUED], owner="local", limit=2)) == 2


def test_an_upload_names_its_dataset(catalog: Catalog) -> None:
    dataset = a_dataset(catalog)
    assert catalog.datasets.made_of(dataset.upload_id) == dataset.id
    assert catalog.datasets.made_of("upload-0") is None
    with pytest.raises(Conflict):
        catalog.uploads.settle(dataset.upload_id, UploadStatus.RECEIVED)
