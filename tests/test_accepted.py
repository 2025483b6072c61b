"""What was accepted is kept: a run that was answered 201 is there with all that it needs, however the API ends."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import Self

from gristmill.catalog import Catalog
from gristmill.dispatch.local import sole_worker
from gristmill.records import Proposal, UploadStatus
from services.catalogs import an_upload, dataset_of
from services.hubs import LiveHub

PROPOSAL = Proposal(task="tabular-classification", target="flour", metric="accuracy", budget=60.0, reasons={})
CROWD, EACH, ENOUGH = 8, 12, 40
KEYS = [f"{person}-{number}" for person in range(CROWD) for number in range(EACH)]


def test_accepted_runs_outlive_a_killed_api_and_are_not_made_twice(live_hub: LiveHub) -> None:
    """Many ask at once, so that their runs are kept several at a time; the API is killed while it answers."""
    with Catalog.open(f"sqlite:///{live_hub.home}/catalog.db") as catalog, sole_worker(live_hub.home):
        upload = an_upload(catalog)
        catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256="ab")
        body = {"dataset_id": catalog.datasets.add(dataset_of(upload, proposal=PROPOSAL)).id}
        accepted: dict[str, str] = {}

        def ask(person: int) -> None:
            with _Asker(live_hub, body) as asker:
                for number in range(EACH):
                    try:
                        accepted[f"{person}-{number}"] = asker.submit(f"{person}-{number}")
                    except OSError:
                        return  # it was killed
                    if len(accepted) >= ENOUGH:
                        live_hub.kill()  # at once: what was answered must be kept by now

        with ThreadPoolExecutor(CROWD) as crowd:
            list(crowd.map(ask, range(CROWD)))
        there = {run.id for run in catalog.runs.list(limit=200)}
        assert len(accepted) < len(KEYS)  # it was killed in the middle
        assert there >= set(accepted.values())
        for run in there:
            assert {key.rsplit("/", 1)[-1] for key in catalog.papers.of(run)} == {"recipe.ipynb", "proposal.json"}
        live_hub.start()
        with _Asker(live_hub, body) as asker:
            answered = {key: asker.submit(key) for key in sorted(KEYS)}
        assert answered.items() >= accepted.items()
        assert {run.id for run in catalog.runs.list(limit=200)} == set(answered.values())
        assert len(set(answered.values())) == len(KEYS)
        claimed = [catalog.runs.claim("worker", 60) for _ in range(len(KEYS))]
        in_order = [run.id for run in claimed if run is not None]
        for person in range(CROWD):  # each person's in the order in which they were accepted
            theirs = [run for key, run in accepted.items() if key.startswith(f"{person}-")]
            assert [run for run in in_order if run in theirs] == theirs


class _Asker:
    """A person's connection."""

    def __init__(self, hub: LiveHub, body: dict[str, str]) -> None:
        self._connection = HTTPConnection("127.0.0.1", hub.port, timeout=30)
        self._headers, self._body = {"Authorization": f"Bearer {hub.token}"}, json.dumps(body)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def submit(self, key: str) -> str:
        """The id of the run that is accepted."""
        try:
            self._connection.request("POST", "/runs", self._body, self._headers | {"Idempotency-Key": key})
            answer = self._connection.getresponse()
            told = json.loads(answer.read())
        except HTTPException as error:  # it ended in the middle of a word
            raise ConnectionError from error
        assert answer.status == 201, told
        run: str = told["id"]
        return run
