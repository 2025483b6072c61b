"""Looking at data again takes a while: what was proposed is kept, and a run that asks for nothing else costs none."""

from __future__ import annotations

from typing import Any

import pytest

from gristmill.looking import Here
from gristmill.records import Proposal, decode
from gristmill.stores import places
from services.apis import Api, a_table, send


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was asked of whoever looks at data to propose, each time."""
    asked: list[dict[str, Any]] = []
    propose = Here.propose

    def counted(self: Here, profile: Any, scratch: Any, **chosen: Any) -> Proposal:
        asked.append(chosen)
        return propose(self, profile, scratch, **chosen)

    monkeypatch.setattr(Here, "propose", counted)
    return asked


def test_what_was_proposed_is_not_computed_again(api: Api, looks: list[dict[str, Any]]) -> None:
    with api.client() as client:
        upload = send(client, a_table())
        dataset = client.post("/datasets", json={"upload_id": upload["id"]}).json()
        stored = dataset["proposal"]
        chosen = {name: stored[name] for name in ("task", "target", "metric")}
        for asked in ({}, {"target": stored["target"]}, chosen):
            run = client.post("/runs", json={"dataset_id": dataset["id"], **asked}).json()
            assert {name: run[name] for name in chosen} == chosen
        assert client.post(f"/datasets/{dataset['id']}/proposal", json={}).json() == stored
        assert looks == []

        for _ in range(2):
            other = client.post(f"/datasets/{dataset['id']}/proposal", json={"target": "weight"}).json()
            assert other["target"] == "weight"
        run = client.post("/runs", json={"dataset_id": dataset["id"], "target": "weight"}).json()
        assert run["target"] == "weight"
        assert [look["target"] for look in looks] == ["weight"]  # once, however often it is asked for


def test_a_run_is_told_what_its_owner_chose(api: Api) -> None:
    with api.client() as client:
        upload = send(client, a_table())
        dataset = client.post("/datasets", json={"upload_id": upload["id"]}).json()
        run = client.post("/runs", json={"dataset_id": dataset["id"], "target": dataset["proposal"]["target"]}).json()
    kept = decode(api.service.parts.catalog.papers.of(run["id"])[places.proposal(run["id"])], Proposal)
    assert kept.reasons["target"] == "You chose it."
    assert kept.reasons["task"] == dataset["proposal"]["reasons"]["task"]
    assert "doubtful-target" not in {notice.code for notice in kept.notices}


def test_a_target_that_is_not_there_is_refused_each_time(api: Api) -> None:
    with api.client() as client:
        upload = send(client, a_table())
        dataset = client.post("/datasets", json={"upload_id": upload["id"]}).json()
        for _ in range(2):
            refused = client.post("/runs", json={"dataset_id": dataset["id"], "target": "wait"})
            assert (refused.status_code, refused.json()["code"]) == (422, "target-missing")
            assert "'weight'" in refused.json()["detail"]
