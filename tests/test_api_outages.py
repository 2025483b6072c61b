"""A catalog or a store that is away: 503 with Retry-After, nothing half done, and work resumes by itself."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from gristmill.records import EventKind, Proposal, UploadStatus
from services.apis import PATIENCE, a_table, listening, make_service, send
from services.cables import Cable
from services.catalogs import add_runs, an_upload, dataset_of
from services.waiting import until
from test_api_events import told


@pytest.mark.slow
def test_a_catalog_that_goes_away_is_missed_and_found_again(tmp_path: Path, postgres_database: str) -> None:
    url = make_url(postgres_database)
    assert url.port is not None
    cable = Cable(url.port)
    service = make_service(tmp_path / "home", catalog=url.set(port=cable.port).render_as_string(hide_password=False))
    with listening(service) as api, api.client("root", powers="admin") as client:
        add_runs(service.parts.catalog, 1)
        run = service.parts.catalog.runs.claim("test", 600)
        assert run is not None
        accept, key = {"Accept": "text/event-stream"}, {"Idempotency-Key": "k"}
        with client.stream("GET", f"/runs/{run.id}/events", headers=accept) as stream:
            events = told(stream.iter_lines())
            cable.cut()
            for answer in (client.get("/runs"), client.post("/projects", json={"name": "mill"}, headers=key)):
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
                assert answer.json()["type"] == "urn:gristmill:problem:catalog-failed"
            assert client.get("/ready").status_code == 503
            assert client.get("/health").status_code == 200
            cable.mend()
            assert client.get("/ready").status_code == 200
            made = client.post("/projects", json={"name": "mill"}, headers=key)
            assert made.status_code == 201
            assert [one["name"] for one in client.get("/projects").json()["items"]].count("root/mill") == 1
            service.parts.catalog.events.add(run.id, run.fence, [(EventKind.LOG, {"text": "still here"})])
            assert json.loads(next(events)["data"])["body"] == {"text": "still here"}


@pytest.mark.slow
def test_a_catalog_that_goes_away_while_it_is_asked_has_kept_all_or_nothing(
    tmp_path: Path, postgres_database: str
) -> None:
    url = make_url(postgres_database)
    assert url.port is not None
    cable = Cable(url.port)
    service = make_service(tmp_path / "home", catalog=url.set(port=cable.port).render_as_string(hide_password=False))
    import psycopg

    held = "SELECT pg_advisory_lock(hashtextextended('person olga', 0))"
    waiting = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with listening(service) as api, api.client() as client, ThreadPoolExecutor() as threads:
        catalog = service.parts.catalog
        upload = an_upload(catalog, project_id=catalog.projects.ensure("olga/mill", "olga").id)
        catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256="ab")
        proposal = Proposal(task="tabular-classification", target="flour", metric="accuracy", budget=60.0, reasons={})
        body = {"dataset_id": catalog.datasets.add(dataset_of(upload, proposal=proposal)).id}

        def ask(key: str) -> httpx.Response:
            return client.post("/runs", json=body, headers={"Idempotency-Key": key})

        with psycopg.connect(postgres_database, autocommit=True) as other:
            other.execute(held)
            asked = [threads.submit(ask, key) for key in ("a", "b")]
            until(lambda: other.execute(waiting).fetchone())
            cable.cut()
            for answer in (one.result(PATIENCE) for one in asked):
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
                assert answer.json()["type"] == "urn:gristmill:problem:catalog-failed"
        cable.mend()
        made = [ask(key) for key in ("a", "b", "a")]
        assert [answer.status_code for answer in made] == [201, 201, 201]
        assert {run.id for run in catalog.runs.list()} == {answer.json()["id"] for answer in made}
        assert len(catalog.runs.list()) == 2


def test_a_store_that_goes_away_is_missed_and_found_again(tmp_path: Path) -> None:
    service = make_service(tmp_path / "home")
    with listening(service) as api, api.client() as client:
        before = send(client, a_table())
        store = tmp_path / "home" / "store"
        store.rename(tmp_path / "gone")
        opened = client.post("/uploads", json={"name": "a.csv", "size": 3}, headers={"Idempotency-Key": "k"})
        assert (opened.status_code, opened.headers["Retry-After"]) == (503, "5")
        assert client.post("/datasets", json={"upload_id": before["id"]}).status_code == 503
        (tmp_path / "gone").rename(store)
        begun = client.post("/uploads", json={"name": "a.csv", "size": 3}, headers={"Idempotency-Key": "k"})
        assert (begun.status_code, "Idempotency-Replayed" in begun.headers) == (201, False)
        assert client.post("/datasets", json={"upload_id": before["id"]}).status_code == 201
