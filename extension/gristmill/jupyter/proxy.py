"""The API below the Jupyter server's own address: each request is carried to the platform with the person's token.

Bodies and answers go through piece by piece in both directions, no faster than the slower side takes them, so that
uploads need no memory and events arrive as they happen. Only headers that are named here pass. The page's cookies and
its token for Jupyter go no further than here, and the platform's token never comes to the page.

A query's `token` is Jupyter's way of signing in: it is taken off, and where the platform's own links have a field of
that name, the page gets it under another.

What the platform calls its own address is made ours, so that the page's requests stay with this server. And what it
answers is never trusted as a page of this server: a report is somebody's HTML, and gets an origin of its own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote, urljoin

import httpx
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, stream_request_body

import gristmill
from gristmill.errors import GristmillError, NotFound
from gristmill.jupyter.asked import Asked

__all__ = ["Proxy"]

_THERE = (
    *("Accept", "Accept-Encoding", "Accept-Language", "Content-Encoding", "Content-Length", "Content-Type"),
    *("Idempotency-Key", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "Last-Event-ID", "Range"),
)
_BACK = (
    *("Accept-Ranges", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Length", "Content-Range"),
    *("Content-Security-Policy", "Content-Type", "ETag", "Expires", "Gristmill-Version", "Idempotency-Replayed"),
    *("Last-Modified", "Link", "Retry-After", "Vary", "X-Request-Id"),
)
_ALONE = "sandbox; default-src 'none'"  # for what brings no policy of its own
_THEIRS, _OURS = "token=", "part-token="  # how a field of the platform's links begins, there and here
_PIECES = 8  # of a body that may wait for the platform to take them
_BODILESS = (204, 304)
_MOST_DRAINED = 64 << 20  # bytes of a refused body that are taken and dropped


@stream_request_body
class Proxy(Asked):
    """Carries a request to the API, and the answer back."""

    _sending: asyncio.Task[httpx.Response] | None = None
    _answering: asyncio.Task[None] | None = None
    _refused: HTTPError | GristmillError | None = None
    _drained = 0

    async def prepare(self) -> None:  # type: ignore[override]
        """Begin to send the request on. One that is refused is answered when its body has come and gone.

        An answer before that would be the connection's last, and who is still sending may never read it.
        """
        try:
            await self._begin()
        except (HTTPError, GristmillError) as refused:
            self._refused = refused
        if self._refused is not None and int(self.request.headers.get("Content-Length") or 0) > _MOST_DRAINED:
            raise self._refused

    async def _begin(self) -> None:
        await super().prepare()
        if self.request.method not in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            raise HTTPError(405)
        tail = self._tail()
        self._address = await asyncio.to_thread(self.platform.address)
        self._body: asyncio.Queue[bytes | None] = asyncio.Queue(_PIECES)
        self._sending = asyncio.ensure_future(self.platform.carrier.send(self._request(tail), stream=True))

    async def data_received(self, chunk: bytes) -> None:
        if self._refused is None:
            await self._hand_on(chunk)
            return
        self._drained += len(chunk)
        if self._drained > _MOST_DRAINED and not self._finished:
            self.send_error(getattr(self._refused, "status_code", 500), exc_info=(None, self._refused, None))

    async def get(self, _: str) -> None:
        """Whatever the method: `prepare` has begun to send it."""
        if self._refused is not None:
            raise self._refused
        await self._hand_on(None)
        if self._sending is None:
            raise HTTPError(500)
        try:
            answer = await self._sending
        except asyncio.CancelledError:
            return  # whoever asked has gone
        except httpx.TransportError as error:
            raise self.platform.away(self._address, error) from None
        self._answering = asyncio.ensure_future(self._answer(answer))
        await asyncio.wait({self._answering})
        if not self._answering.cancelled():
            self._answering.result()

    head = post = put = delete = get

    def on_connection_close(self) -> None:
        super().on_connection_close()
        for task in (self._sending, self._answering):
            if task is not None:
                task.cancel()

    # --- there -------------------------------------------------------------------------------------------------------

    def _tail(self) -> str:
        """What follows our address, as it was written; a path that climbs out of the API leads nowhere."""
        tail = (self.request.uri or "").partition("/gristmill/api/")[2]
        path, before = tail.partition("?")[0], ""
        while path != before:
            path, before = unquote(path), path
        segments = path.replace("\\", "/").split("/")
        if {".", ".."}.intersection(segments) or not tail.isascii() or not path.isprintable() or tail[:1] == "/":
            raise NotFound("There is nothing here.", cure="See the API's openapi.json.")
        path, mark, query = tail.partition("?")
        fields = [field for field in query.split("&") if not field.startswith(_THEIRS)]
        fields = [_THEIRS + field.removeprefix(_OURS) if field.startswith(_OURS) else field for field in fields]
        return path + mark + "&".join(fields)

    def _request(self, tail: str) -> httpx.Request:
        base = httpx.URL(self._address.url)
        url = base.copy_with(raw_path=base.raw_path + tail.encode("ascii"))
        headers = {name: self.request.headers[name] for name in _THERE if name in self.request.headers}
        headers |= {
            "Authorization": f"Bearer {self._address.token}",
            "User-Agent": f"gristmill/{gristmill.__version__}",
        }
        has_body = "Content-Length" in headers or "Transfer-Encoding" in self.request.headers
        headers.setdefault("Accept-Encoding", "identity")
        return self.platform.carrier.build_request(
            self.request.method or "GET", url, headers=headers, content=self._pieces() if has_body else None
        )

    async def _hand_on(self, chunk: bytes | None) -> None:
        """Give a piece of the body away; where the platform has answered already, nobody wants it any more."""
        if self._sending is None:
            return
        handed = asyncio.ensure_future(self._body.put(chunk))
        await asyncio.wait({handed, self._sending}, return_when=asyncio.FIRST_COMPLETED)
        handed.cancel()

    async def _pieces(self) -> AsyncIterator[bytes]:
        while (chunk := await self._body.get()) is not None:
            yield chunk

    # --- and back ----------------------------------------------------------------------------------------------------

    async def _answer(self, answer: httpx.Response) -> None:
        try:
            self.set_status(answer.status_code)
            self.clear_header("Content-Type")
            for name in _BACK:
                if name in answer.headers:
                    self.set_header(name, answer.headers[name])
            if "sandbox" not in answer.headers.get("Content-Security-Policy", ""):
                self.set_header("Content-Security-Policy", _ALONE)
            if "Location" in answer.headers:
                self.set_header("Location", self._ours(answer, answer.headers["Location"]))
            await (self._rewrite(answer) if self._names_places(answer) else self._stream(answer))
        finally:
            await answer.aclose()

    async def _stream(self, answer: httpx.Response) -> None:
        if answer.status_code in _BODILESS or self.request.method == "HEAD":
            await self.finish()
            return
        try:
            await self.flush()
            async for chunk in answer.aiter_raw():
                self.write(chunk)
                await self.flush()
        except httpx.TransportError as error:
            self.log.warning("%s broke off: %s", self.request.path, type(error).__name__)
            self.request.connection.stream.close()  # type: ignore[union-attr]  # an end would look like the end of it
        except StreamClosedError:
            pass  # whoever asked has gone
        else:
            await self.finish()

    def _names_places(self, answer: httpx.Response) -> bool:
        """Whether the answer's text holds addresses of the platform: those of an upload's parts."""
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        return is_json and answer.request.url.raw_path.startswith(httpx.URL(self._address.url).raw_path + b"uploads")

    async def _rewrite(self, answer: httpx.Response) -> None:
        told: Any = json.loads(await answer.aread() or b"null")
        for part in told.get("parts", ()) if isinstance(told, dict) else ():
            part["url"] = self._ours(answer, part["url"])
        for name in ("Content-Length", "Content-Encoding"):
            self.clear_header(name)
        self.write(json.dumps(told))
        await self.finish(set_content_type="application/json")

    def _ours(self, answer: httpx.Response, url: str) -> str:
        """An address that the platform names, as the page has to ask for it."""
        whole = urljoin(str(answer.request.url), url)
        tail = whole.removeprefix(self._address.url)
        if tail == whole:
            return whole
        path, mark, query = tail.partition("?")
        fields = [
            _OURS + field.removeprefix(_THEIRS) if field.startswith(_THEIRS) else field for field in query.split("&")
        ]
        return f"{self.base_url}gristmill/api/{path}{mark}{'&'.join(fields)}"
