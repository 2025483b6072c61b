"""Which store a thing's bytes lie in: the one place that knows.

Each upload, dataset, run, model and recipe names the store that it was put into (`store_id`); None is the platform's
own. A project names the one that takes what comes next. So a project may get another store, or go back to the
platform's, and all that it has stays where it is and is found there.

A project's own store is opened when it is first asked for, and kept open. Whether it has got other credentials since is
asked every half a minute; a catalog that is away meanwhile is not waited for.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gristmill.errors import CatalogFailed, GristmillError, NotFound
from gristmill.records import OwnStore
from gristmill.stores.base import Store
from gristmill.stores.registry import open_store, open_with

if TYPE_CHECKING:
    from gristmill.catalog import Catalog

__all__ = ["Door", "Shelf"]

_FRESH = 30.0  # seconds
_ID = re.compile(r"store-[0-9a-z]{1,40}")
_MOST = 100  # stores that are kept open

Door = Callable[[dict[str, Any], Any], Iterable[bytes]]
"""A WSGI application."""


class Kept(Protocol):
    """What lies in a store."""

    @property
    def store_id(self) -> str | None:
        """The store's id; None for the platform's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Opened:
    """A store that is open, as it was known when it was last asked for."""

    store: Store
    door: Door | None
    known_as: OwnStore
    asked_at: float


class Shelf:
    """The platform's own store, and those of projects.

    `secret` signs links to projects' stores that have no signatures of their own; `wrap` is put around each store.
    """

    def __init__(
        self,
        catalog: Catalog,
        own: Store,
        *,
        secret: bytes | None = None,
        wrap: Callable[[Store], Store] | None = None,
    ) -> None:
        self._catalog, self._secret = catalog, secret
        self._wrap = wrap or (lambda store: store)
        self._own = self._wrap(own)
        self._opened: dict[str, _Opened] = {}
        self._at = ""
        self._lock = threading.Lock()

    def of(self, thing: Kept) -> Store:
        """The store that holds the thing's bytes. Whoever asks is about to wait for it."""
        self._catalog.rest()
        return self._own if thing.store_id is None else self._find(thing.store_id).store

    def next_id(self, project_id: str) -> str | None:
        """The store that takes what comes into a project now."""
        return self._catalog.projects.get(project_id).store_id

    def forget(self, store_id: str) -> None:
        """Open a store anew the next time."""
        with self._lock:
            self._opened.pop(store_id, None)

    def doors(self, at: str) -> Door:
        """The WSGI application that honours the signed URLs of projects' stores that need one, served at `at`."""
        self._at = at
        return self._admit

    def _find(self, store_id: str) -> _Opened:
        now = time.monotonic()
        there = self._opened.get(store_id)
        if there is not None and now - there.asked_at < _FRESH:
            return there
        try:
            known = self._catalog.stores.get(store_id)
            if there is None or there.known_as != known:
                store = self._open(known)
                door = store.door(f"{self._at}/{store_id}") if self._at else None
            else:
                store, door = there.store, there.door
        except CatalogFailed:
            if there is None:
                raise
            return there
        found = _Opened(store=store, door=door, known_as=known, asked_at=now)
        with self._lock:
            if len(self._opened) >= _MOST and store_id not in self._opened:
                self._opened.pop(min(self._opened, key=lambda one: self._opened[one].asked_at))
            self._opened[store_id] = found
        return found

    def _open(self, store: OwnStore) -> Store:
        if credentials := self._catalog.stores.credentials(store):
            return self._wrap(open_with(store.url, credentials))
        # An admin has said so: by the platform's own rights. Each store's links are signed by a secret of its own.
        secret = self._secret and hmac.digest(self._secret, store.id.encode(), hashlib.sha256)
        return self._wrap(open_store(store.url, secret=secret))

    def _admit(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Hand a request to the door of the store that its path begins with."""
        store_id, _, rest = environ.get("PATH_INFO", "").lstrip("/").partition("/")
        try:
            door = self._find(store_id).door if _ID.fullmatch(store_id) else None
        except GristmillError as error:
            door, status = None, "404 Not Found" if isinstance(error, NotFound) else "503 Service Unavailable"
        else:
            status = "404 Not Found"
        if door is None:
            start_response(status, [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return []
        inside = {"SCRIPT_NAME": f"{environ.get('SCRIPT_NAME', '')}/{store_id}", "PATH_INFO": f"/{rest}"}
        return door(environ | inside, start_response)
