"""A run that is shown in a notebook keeps its card up to date, in a real kernel."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from gristmill.catalog import Outcome
from gristmill.records import RunRequest, RunStatus
from services.apis import Api, a_table, badge, listening, make_service, send

PATIENCE = 60.0


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The platform; nobody works on its runs but the tests."""
    with listening(make_service(tmp_path_factory.mktemp("hub"))) as served:
        yield served


@pytest.fixture
def kernel(hub: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A kernel whose person is olga; the client of it."""
    pytest.importorskip("ipykernel")
    from jupyter_client.manager import start_new_kernel

    monkeypatch.setenv("GRISTMILL_URL", hub.url)
    monkeypatch.setenv("GRISTMILL_TOKEN", badge("olga"))
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=PATIENCE)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def told(kernel: Any, *kinds: str) -> Any:
    """The next message of one of these kinds."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        message = kernel.get_iopub_msg(timeout=PATIENCE)
        assert message["msg_type"] != "error", message["content"]
        if message["msg_type"] in kinds:
            return message["content"]
    raise TimeoutError(kinds)


@pytest.mark.usefixtures("home")
def test_a_runs_card_keeps_up_until_it_has_ended(kernel: Any, hub: Api) -> None:
    with hub.client() as olga:
        upload = send(olga, a_table())
    mill = hub.mill()
    dataset = mill.admit(upload["id"])
    accepted = tuple(notice.code for notice in dataset.profile.notices)
    run = mill.train(RunRequest(dataset_id=dataset.id, target="ripe", budget=60, accepted=accepted))
    kernel.execute(f"import gristmill\nrun = gristmill.connect().run({run.id!r})\nrun")
    card = told(kernel, "display_data")
    assert "queued" in card["data"]["text/html"]

    catalog = hub.service.parts.catalog
    held = catalog.runs.claim("test", 600)
    assert held is not None
    anew = told(kernel, "update_display_data")
    assert anew["transient"] == card["transient"]
    assert "running" in anew["data"]["text/html"]
    catalog.runs.finish(held.id, held.fence, Outcome(status=RunStatus.CANCELLED))
    while "cancelled" not in anew["data"]["text/html"]:
        anew = told(kernel, "update_display_data")

    kernel.execute("run")  # nothing follows: it is shown like anything else
    assert "cancelled" in told(kernel, "execute_result")["data"]["text/html"]
