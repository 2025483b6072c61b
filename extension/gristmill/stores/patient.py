"""A store that is waited for: what a worker does for minutes or hours is not given up because its store is away.

Every call that fails with StoreFailed is repeated with growing pauses, up to `patience` seconds. What is not there
stays not there: NotFound is an answer, and no failure.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from gristmill.errors import StoreFailed
from gristmill.stores.base import Part, Store, Stored

__all__ = ["Patient"]

Answer = TypeVar("Answer")

_PATIENCE = 300.0  # seconds: a machine starts anew, a volume is mounted, a network comes back
_FIRST, _LONGEST = 0.25, 10.0  # seconds between two tries
_log = logging.getLogger("gristmill.worker")


class Patient(Store):
    """The same store, asked again while it is away."""

    def __init__(
        self, store: Store, *, patience: float = _PATIENCE, pause: Callable[[float], object] = time.sleep
    ) -> None:
        self._store, self._patience, self._pause = store, patience, pause

    @classmethod
    def open(cls, url: str, *, secret: bytes | None) -> Store:
        from gristmill.stores.registry import open_store

        return cls(open_store(url, secret=secret))

    def _waited(self, what: Callable[[], Answer]) -> Answer:
        left, pause = self._patience, _FIRST
        while True:
            try:
                return what()
            except StoreFailed as failed:
                if left <= 0:
                    raise
                _log.warning("the store is waited for: %s", failed)
            self._pause(min(pause, left))
            left, pause = left - pause, min(2 * pause, _LONGEST)

    def put_bytes(self, key: str, data: bytes) -> Stored:
        return self._waited(lambda: self._store.put_bytes(key, data))

    def put_file(self, key: str, path: Path) -> Stored:
        return self._waited(lambda: self._store.put_file(key, path))

    def get_file(self, key: str, path: Path) -> None:
        self._waited(lambda: self._store.get_file(key, path))

    def read(self, key: str, offset: int = 0, size: int | None = None) -> bytes:
        return self._waited(lambda: self._store.read(key, offset, size))

    def stream(self, key: str, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
        """Not waited for once it has begun: who reads along has had some of it."""
        return self._store.stream(key, offset, size)

    def stat(self, key: str) -> Stored | None:
        return self._waited(lambda: self._store.stat(key))

    def list(self, prefix: str = "") -> Iterator[Stored]:
        return iter(self._waited(lambda: [*self._store.list(prefix)]))

    def delete(self, key: str) -> None:
        self._waited(lambda: self._store.delete(key))

    @property
    def origin(self) -> str | None:
        return self._store.origin

    def sign_get(self, key: str, *, seconds: float, filename: str | None = None) -> str:
        return self._store.sign_get(key, seconds=seconds, filename=filename)

    def sign_put(self, key: str, *, seconds: float, size: int | None = None) -> str:
        return self._store.sign_put(key, seconds=seconds, size=size)

    def begin(self, key: str, *, part_size: int | None = None) -> str:
        return self._waited(lambda: self._store.begin(key, part_size=part_size))

    def sign_part(self, key: str, token: str, number: int, *, seconds: float, size: int | None = None) -> str:
        return self._store.sign_part(key, token, number, seconds=seconds, size=size)

    def put_part(self, key: str, token: str, number: int, data: bytes) -> Part:
        return self._waited(lambda: self._store.put_part(key, token, number, data))

    def parts(self, key: str, token: str) -> Sequence[Part]:
        return self._waited(lambda: self._store.parts(key, token))

    def complete(self, key: str, token: str, parts: Sequence[Part]) -> Stored:
        return self._waited(lambda: self._store.complete(key, token, parts))

    def abort(self, key: str, token: str) -> None:
        self._waited(lambda: self._store.abort(key, token))
