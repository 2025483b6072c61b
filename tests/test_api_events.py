"""Events as they happen: resumed without a gap, read once for all, and no memory for who does not read."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest

from gristmill.api import events as module
from gristmill.catalog import Outcome
from gristmill.errors import CatalogFailed
from gristmill.records import EventKind, Membership, Run, RunStatus
from services.apis import Api, badge
from services.catalogs import add_runs
from services.waiting import until

PATIENCE = 30.0


@pytest.fixture
def run(api: Api) -> Run:
    """A run that somebody works on."""
    add_runs(api.service.parts.catalog, 1)
    held = api.service.parts.catalog.runs.claim("test", 600)
    assert held is not None
    return held


def say(api: Api, run: Run, *texts: str) -> None:
    news: Any = [(EventKind.LOG, {"text": text}) for text in texts]
    api.service.parts.catalog.events.add(run.id, run.fence, news)


def end(api: Api, run: Run) -> None:
    api.service.parts.catalog.runs.finish(run.id, run.fence, Outcome(status=RunStatus.FAILED))


def admin(api: Api) -> httpx.Client:
    return api.client("root", powers="admin")


def told(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """Server-sent events, each as its fields."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield fields
            fields = {}


def follow(client: httpx.Client, run: Run, **headers: str) -> Any:
    return client.stream("GET", f"/runs/{run.id}/events", headers={"Accept": "text/event-stream", **headers})


def test_a_stream_tells_what_was_what_comes_and_how_it_ends(api: Api, run: Run) -> None:
    say(api, run, "one", "two")
    with admin(api) as client, follow(client, run) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        stream = told(answer.iter_lines())
        assert [next(stream)["id"], next(stream)["id"]] == ["1", "2"]
        say(api, run, "three")
        third = next(stream)
        assert (third["id"], third["event"], json.loads(third["data"])["body"]) == ("3", "log", {"text": "three"})
        end(api, run)
        last = next(stream)
        assert (last["event"], json.loads(last["data"])["status"]) == ("end", "failed")
        assert list(stream) == []


def test_who_was_cut_off_goes_on_where_it_was(api: Api, run: Run) -> None:
    say(api, run, *map(str, range(500)))
    end(api, run)
    with admin(api) as client, follow(client, run, **{"Last-Event-ID": "490"}) as answer:
        ids = [event.get("id") for event in told(answer.iter_lines())]
    assert ids == [*map(str, range(491, 501)), None]
    with admin(api) as client, follow(client, run) as answer:
        assert [event.get("id") for event in told(answer.iter_lines())] == [*map(str, range(1, 501)), None]


def test_a_list_may_wait_for_news(api: Api, run: Run) -> None:
    with admin(api) as client:
        assert client.get(f"/runs/{run.id}/events").json() == {"items": [], "next": None}
        speaker = threading.Timer(0.5, say, (api, run, "late"))
        speaker.start()
        items = client.get(f"/runs/{run.id}/events?wait=20").json()["items"]
        assert [item["body"] for item in items] == [{"text": "late"}]
        assert client.get(f"/runs/{run.id}/events?after=1").json()["items"] == []
        end(api, run)
        assert client.get(f"/runs/{run.id}/events?after=1&wait=20").json()["items"] == []  # over: nobody waits
        for bad in ("wait=26", "wait=nan", "after=-1", "after=x"):
            assert client.get(f"/runs/{run.id}/events?{bad}").status_code == 422
        assert client.get(f"/runs/{run.id}/events", headers={"Last-Event-ID": "x"}).status_code == 422


def test_all_who_follow_one_run_are_read_for_once(api: Api, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    after = api.service.parts.catalog.events.after

    def counted(run_id: str, seq: int = 0, limit: int = 1000) -> Any:
        asked.append(seq)
        return after(run_id, seq, limit)

    monkeypatch.setattr(api.service.parts.catalog.events, "after", counted)
    with admin(api) as client:
        answers = [follow(client, run) for _ in range(20)]
        streams = [told(answer.__enter__().iter_lines()) for answer in answers]
        until(lambda: len(api.service.feeds) == 20)
        say(api, run, "for all")
        assert [next(stream)["id"] for stream in streams] == ["1"] * 20
        end(api, run)
        assert {next(stream)["event"] for stream in streams} == {"end"}
        for answer in answers:
            answer.__exit__(None, None, None)
    assert asked == [0]
    until(lambda: len(api.service.feeds) == 0)


def test_who_never_reads_holds_no_memory(api: Api, run: Run) -> None:
    """Connections that take nothing get what their sockets hold, and no event is kept for them."""
    idle = [_deaf(api, run) for _ in range(5)]
    try:
        until(lambda: len(api.service.feeds) == 5)
        text = "x" * 10_000
        say(api, run, *([text] * 100))
        before = psutil.Process().memory_info().rss
        for _ in range(39):
            say(api, run, *([text] * 100))  # 40 MB in all, and 200 MB for all five
        (feed,) = api.service.feeds._feeds.values()
        until(lambda: feed.head == 4000)
        assert len(feed.recent) <= module._KEPT
        assert psutil.Process().memory_info().rss - before < 60e6
        assert feed.followers == 5
        with admin(api) as client:  # and nobody else waits for them
            assert client.get(f"/runs/{run.id}/events?after=3999").json()["items"][0]["seq"] == 4000
    finally:
        for connection in idle:
            connection.close()
    until(lambda: len(api.service.feeds) == 0)


def test_who_takes_nothing_for_long_is_let_go(api: Api, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.3)
    connection = _deaf(api, run)
    say(api, run, *(["x" * 10_000] * 3000))
    until(lambda: len(api.service.feeds) == 1)
    until(lambda: len(api.service.feeds) == 0)
    connection.close()


def test_who_is_no_member_any_more_hears_nothing_more(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BEAT", 0.1)
    (run,) = add_runs(api.service.parts.catalog, 1)
    owner = api.service.mill
    owner.share(run.project_id, "vera", Membership.VIEWER)
    with api.client("vera") as viewer, follow(viewer, run) as answer:
        lines = answer.iter_lines()
        assert next(lines) == ": still here"
        owner.unshare(run.project_id, "vera")
        assert set(lines) <= {": still here", ""}  # it ends, and without telling how the run stands


def test_a_stream_outlives_a_catalog_that_is_away(api: Api, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = threading.Event()

    def away(*_: object) -> None:
        failed.set()
        raise CatalogFailed("The catalog did not answer.")

    with admin(api) as client, follow(client, run) as answer:
        stream = told(answer.iter_lines())
        until(lambda: len(api.service.feeds) == 1)
        with monkeypatch.context() as patch:
            patch.setattr(api.service.parts.catalog.runs, "statuses", away)
            assert failed.wait(PATIENCE)
        say(api, run, "back again")
        assert json.loads(next(stream)["data"])["body"] == {"text": "back again"}


def _deaf(api: Api, run: Run) -> socket.socket:
    """A connection that asks for a stream and never reads it."""
    url = httpx.URL(api.url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((url.host, url.port))
    connection.sendall(
        f"GET /runs/{run.id}/events HTTP/1.1\r\nHost: mill\r\nAccept: text/event-stream\r\n"
        f"Authorization: Bearer {badge('root', powers='admin')}\r\n\r\n".encode()
    )
    return connection


def test_nothing_polls_where_nobody_follows(api: Api, run: Run) -> None:
    with admin(api) as client:
        client.get(f"/runs/{run.id}/events?wait=0.1")
    poller = api.service.feeds._poller
    assert poller is not None
    until(poller.done)
    assert not poller.cancelled()
