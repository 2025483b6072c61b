"""Events as they happen: one poller for all who follow, and memory that does not grow with anybody's slowness.

A *feed* is one run that somebody follows. While there are feeds, one task asks the catalog, in one question for all of
them, how far each run has come. Where there is news, it reads the new events once and keeps the latest few of them,
ready to be sent; every follower is woken and sends what it has not sent yet. A follower holds no queue, only the number
of the last event that it sent: one that is so slow that the feed has forgotten what it needs reads it from the catalog,
and one whose connection takes nothing for a minute is let go. It comes back with Last-Event-ID and has missed nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import anyio
from anyio import to_thread
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from gristmill.catalog import Catalog
from gristmill.errors import GristmillError, NotFound
from gristmill.records import Event, Run, RunStatus, encode

__all__ = ["EventStream", "Feeds"]

_LOOK_EVERY = 0.25  # seconds between two questions to the catalog
_TRY_AGAIN = 1.0  # seconds after which a catalog that is away is asked again
_AT_ONCE = 200  # runs in one question
_PAGE = 200  # events that are read at once
_KEPT = 200  # events that a feed keeps
_BEAT = 15.0  # seconds after which a silent stream says that it is still there
_PATIENCE = 60.0  # seconds that a connection may take nothing


class _Feed:
    """One run that is followed."""

    def __init__(self, run_id: str, head: int, status: RunStatus) -> None:
        self.run_id, self.head, self.status = run_id, head, status
        self.recent: deque[Event] = deque(maxlen=_KEPT)
        self.followers = 0
        self.news = asyncio.Event()

    def wake(self) -> None:
        """Everybody who waits goes on."""
        self.news.set()
        self.news = asyncio.Event()


class Feeds:
    """All runs that are followed in this process."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._feeds: dict[str, _Feed] = {}
        self._poller: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return sum(feed.followers for feed in self._feeds.values())

    @asynccontextmanager
    async def follow(self, run: Run) -> AsyncIterator[_Feed]:
        """The feed of a run, for as long as the context is open."""
        feed = self._feeds.get(run.id)
        if feed is None:
            heads: dict[str, int] = {}
            with suppress(GristmillError):  # a catalog that is away comes back: the poller will find what there is
                heads = await to_thread.run_sync(self._catalog.events.heads, [run.id])
            feed = self._feeds.setdefault(run.id, _Feed(run.id, heads.get(run.id, 0), run.status))
        feed.followers += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            yield feed
        finally:
            feed.followers -= 1
            if feed.followers == 0:
                self._feeds.pop(run.id, None)

    async def after(self, feed: _Feed, seq: int) -> Sequence[Event]:
        """The next events after `seq`: out of memory if the feed has kept them."""
        if seq >= feed.head:
            return ()
        recent = feed.recent
        if recent and recent[0].seq <= seq + 1:
            return [event for event in recent if event.seq > seq]
        return await to_thread.run_sync(self._catalog.events.after, feed.run_id, seq, _PAGE)

    async def wait(self, run: Run, after: int, seconds: float) -> Sequence[Event]:
        """The events after that one; waits up to so long for the first, unless the run is over."""
        until = time.monotonic() + seconds
        async with self.follow(run) as feed:
            while True:
                news = feed.news
                events = await self.after(feed, after)
                left = until - time.monotonic()
                if events or feed.status.is_final or left <= 0:
                    return events
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), left)

    async def _poll(self) -> None:
        while self._feeds:
            await asyncio.sleep(_LOOK_EVERY)
            ids = [feed.run_id for feed in self._feeds.values() if not feed.status.is_final]
            for start in range(0, len(ids), _AT_ONCE):
                with suppress(GristmillError):  # a catalog that is away comes back: the streams wait
                    await self._look(ids[start : start + _AT_ONCE])

    async def _look(self, ids: Sequence[str]) -> None:
        # The status is asked for first: a run that is over by then has no event that the second answer lacks.
        statuses = await to_thread.run_sync(self._catalog.runs.statuses, ids)
        heads = await to_thread.run_sync(self._catalog.events.heads, ids)
        for run_id in ids:
            feed = self._feeds.get(run_id)
            if feed is None:
                continue
            status, head = statuses.get(run_id, feed.status), heads.get(run_id, 0)
            if head > feed.head:
                events = await to_thread.run_sync(self._catalog.events.after, run_id, feed.head, _KEPT)
                if events:
                    feed.recent.extend(events)
                    feed.head = events[-1].seq
                    feed.wake()
                status = feed.status if feed.head < head else status
            if status is not feed.status:
                feed.status = status
                feed.wake()


class EventStream(Response):
    """A run's events as text/event-stream, from one on; ends when the run has ended, with an event `end`."""

    media_type = "text/event-stream"

    def __init__(self, feeds: Feeds, run: Run, after: int, reread: Callable[[], Run]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._feeds, self._run, self._after, self._reread = feeds, run, after, reread

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope

        async def until_gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(until_gone)
            with suppress(OSError):  # a TimeoutError is one: who takes nothing for so long is let go
                await self._tell(send)
            group.cancel_scope.cancel()

    async def _tell(self, send: Send) -> None:
        await _put(send, {"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        seq = self._after
        async with self._feeds.follow(self._run) as feed:
            while True:
                news, over = feed.news, feed.status.is_final
                try:
                    events = await self._feeds.after(feed, seq)
                except GristmillError:
                    await asyncio.sleep(_TRY_AGAIN)
                    continue
                if events:
                    seq = events[-1].seq
                    await _body(send, b"".join(map(_frame, events)))
                elif over or not await self._idle(news, send):
                    break
        try:
            last = b"event: end\ndata: " + encode(await to_thread.run_sync(self._reread)) + b"\n\n"
        except GristmillError:  # it is asked for again, with Last-Event-ID
            last = b""
        await _body(send, last, more=False)

    async def _idle(self, news: asyncio.Event, send: Send) -> bool:
        """Wait for news; False where who listens may not any more."""
        try:
            await asyncio.wait_for(news.wait(), _BEAT)
        except TimeoutError:
            try:
                await to_thread.run_sync(self._reread)
            except NotFound:  # no member any more
                return False
            except GristmillError:  # a catalog that is away comes back
                pass
            await _body(send, b": still here\n\n")
        return True


def _frame(event: Event) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.seq, event.kind.encode(), encode(event))


async def _body(send: Send, chunk: bytes, *, more: bool = True) -> None:
    await _put(send, {"type": "http.response.body", "body": chunk, "more_body": more})


async def _put(send: Send, message: Message) -> None:
    with anyio.fail_after(_PATIENCE):
        await send(message)
