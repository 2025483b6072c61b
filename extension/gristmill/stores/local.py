"""A store in a folder: `file:///var/gristmill/store?door=https://hub.example/store`.

How it lies on the disk
-----------------------
objects/   one file an object, at its key's path
digests/   beside each object of some size its sha256, with the size, time and inode of the very file it was computed
           of: a digest that was overtaken by another write is seen to be stale, and is as good as none
uploads/   multipart uploads under way
incoming/  what is being written; renamed into place when whole and synced, swept a day after a writer died

Signed URLs point to the door (stores/door.py), which whoever serves the store mounts under the URL's option `door`.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from gristmill.errors import Conflict, NotFound, NotPossible, UsageError
from gristmill.stores import signing
from gristmill.stores.base import Part, Store, Stored, check_file, check_key, check_part, options, origin_of
from gristmill.stores.disk import beside, chunks, disk_faults, place, write
from gristmill.stores.multipart import Multipart

__all__ = ["LocalStore"]

_DOOR = "/store"
_OPTIONS = {"door": f"where the API serves the store's signed URLs, {_DOOR} by default"}
_SMALL = 1 << 16  # bytes up to which an object's digest is computed when it is asked for, not kept beside it
_STALE = 24 * 3600.0  # seconds after which something in incoming/ has no writer any more


class LocalStore(Store):
    """Objects as files below `root`; without a `secret` it signs nothing."""

    def __init__(
        self, root: Path, *, secret: bytes | None = None, door: str = _DOOR, clock: Callable[[], float] = time.time
    ) -> None:
        self.root, self._at, self._secret, self._clock = root, door, secret, clock
        self._objects, self._digests = root / "objects", root / "digests"
        self._incoming, uploads = root / "incoming", root / "uploads"
        self._multipart = Multipart(uploads)
        with self._faults(f"The store at {root} cannot be opened."):
            root.mkdir(mode=0o700, parents=True, exist_ok=True)  # people's data: for the platform's own user only
            for folder in (self._objects, self._digests, self._incoming, uploads):
                folder.mkdir(exist_ok=True)
            self._sweep()

    @classmethod
    def open(cls, url: str, *, secret: bytes | None) -> LocalStore:
        split, given = options(url, _OPTIONS)
        if split.netloc not in ("", "localhost") or len(split.path) < 2:
            raise UsageError(
                f"{url} names no folder.", cure="Write three slashes and the whole path: file:///var/store."
            )
        return cls(Path(unquote(split.path)), secret=secret, door=given.get("door", _DOOR))

    def door(self, at: str) -> Callable[[dict[str, Any], Any], Iterable[bytes]] | None:
        from gristmill.stores.door import Door

        if self._at == _DOOR:  # nobody has said where else it is served
            self._at = at
        return Door(self)

    def put_bytes(self, key: str, data: bytes) -> Stored:
        return self.put_chunks(key, [data])

    def put_file(self, key: str, path: Path) -> Stored:
        return self.put_chunks(key, chunks(check_file(path)))

    def put_chunks(self, key: str, data: Iterable[bytes]) -> Stored:
        """Writes an object from an iterator, which may raise to call it off."""
        check_key(key)
        fresh = self._incoming / secrets.token_hex(8)
        with self._faults(f"{key} could not be written to the store."):
            return self._adopt(key, fresh, write(data, fresh))

    def _adopt(self, key: str, fresh: Path, digest: str) -> Stored:
        """Makes the file `fresh`, which is whole and on the medium, the object."""
        try:
            if fresh.stat().st_size > _SMALL:
                self._note(key, digest, fresh)
            place(fresh, self._objects / key)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        return self._stored(key, digest)

    def get_file(self, key: str, path: Path) -> None:
        if self.stat(key) is None:
            raise _missing(key)
        with disk_faults(f"{key} could not be written to {path}.", cure=f"Free some space for {path.parent}."):
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = beside(path)
            write(self.stream(key), fresh)
            place(fresh, path)

    def stream(self, key: str, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
        check_key(key)
        with self._faults(f"{key} could not be read from the store."):
            try:
                yield from chunks(self._objects / key, offset, size)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
                self._must_be_there(error)
                raise _missing(key) from error

    def stat(self, key: str) -> Stored | None:
        check_key(key)
        with self._faults(f"The store could not look for {key}."):
            try:
                found = self._stored(key, self._noted(key))
                return found if found.size > _SMALL else self._read_through(key)
            except (FileNotFoundError, NotADirectoryError) as error:
                self._must_be_there(error)
                return None

    def list(self, prefix: str = "") -> Iterator[Stored]:
        top = self._objects / check_key(prefix) if prefix else self._objects
        with self._faults(f"The store could not list {prefix or 'its objects'}."):
            for folder, _, names in os.walk(top, onerror=_unless_missing):
                for name in names:
                    with suppress(FileNotFoundError):  # deleted since the folder was read
                        yield self._stored((Path(folder) / name).relative_to(self._objects).as_posix())

    def delete(self, key: str) -> None:
        check_key(key)
        with self._faults(f"{key} could not be deleted."):
            for top in (self._objects, self._digests):
                path = top / key
                if path.is_file():
                    path.unlink(missing_ok=True)
                    _prune(path.parent, top)

    # --- signed URLs, and what the door does with them ----------------------------------------------------------------

    def sign_get(self, key: str, *, seconds: float, filename: str | None = None) -> str:
        return self._sign(signing.Grant(method="GET", key=key, expires=self._until(seconds), filename=filename))

    def sign_put(self, key: str, *, seconds: float, size: int | None = None) -> str:
        return self._sign(signing.Grant(method="PUT", key=key, expires=self._until(seconds), size=size))

    def sign_part(self, key: str, token: str, number: int, *, seconds: float, size: int | None = None) -> str:
        until = self._until(seconds)
        return self._sign(
            signing.Grant(method="PUT", key=key, expires=until, token=token, part=check_part(number), size=size)
        )

    @property
    def origin(self) -> str | None:
        return origin_of(self._at)

    def verify(self, method: str, path: str, query: str) -> signing.Grant:
        """What a request to the door is permitted; NotAllowed if its URL was forged or has expired."""
        return signing.verify(method, path, query, secret=self._key(), now=self._clock())

    def take(self, grant: signing.Grant, data: Iterable[bytes]) -> Stored | Part:
        """What a PUT with that grant brings: an object, or a part."""
        if grant.token is None or grant.part is None:
            return self.put_chunks(grant.key, data)
        with self._faults(f"Part {grant.part} of {grant.key} could not be written to the store."):
            return self._multipart.put(grant.key, grant.token, grant.part, data)

    # --- multipart uploads --------------------------------------------------------------------------------------------

    def begin(self, key: str, *, part_size: int | None = None) -> str:
        with self._faults(f"An upload of {key} could not be begun."):
            return self._multipart.begin(key, part_size)

    def put_part(self, key: str, token: str, number: int, data: bytes) -> Part:
        with self._faults(f"Part {number} of {key} could not be written to the store."):
            return self._multipart.put(key, token, number, [data])

    def parts(self, key: str, token: str) -> Sequence[Part]:
        with self._faults(f"The parts of {key} could not be listed."):
            return self._multipart.parts(key, token)

    def complete(self, key: str, token: str, parts: Sequence[Part]) -> Stored:
        with self._faults(f"{key} could not be written to the store."):
            whole = self._multipart.whole(key, token, parts)
            stored = None if whole is None else self._adopt(key, *whole)
        stored = stored or self.put_chunks(key, self._multipart.data(key, token, parts))
        self.abort(key, token)
        return stored

    def abort(self, key: str, token: str) -> None:
        with self._faults(f"The upload of {key} could not be dropped."):
            self._multipart.drop(key, token)

    def _must_be_there(self, error: OSError) -> None:
        """Tell an object that is not there from a store that is away: a volume that is not mounted."""
        if not self._objects.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._objects)) from error

    # --- the disk -----------------------------------------------------------------------------------------------------

    def _stored(self, key: str, digest: str | None = None) -> Stored:
        seen = (self._objects / key).stat()
        if not stat.S_ISREG(seen.st_mode):
            raise FileNotFoundError(key)
        return Stored(key=key, size=seen.st_size, modified_at=seen.st_mtime, sha256=digest)

    def _read_through(self, key: str) -> Stored:
        """What is known of a small object, by reading it."""
        with (self._objects / key).open("rb") as file:
            data, seen = file.read(), os.fstat(file.fileno())
        digest = hashlib.sha256(data).hexdigest()
        return Stored(key=key, size=len(data), modified_at=seen.st_mtime, sha256=digest)

    def _note(self, key: str, digest: str, path: Path) -> None:
        fresh = path.with_suffix(".digest")
        write([f"{digest} {_mark(path)}".encode()], fresh)
        try:
            place(fresh, self._digests / key)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise

    def _noted(self, key: str) -> str | None:
        with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            digest, _, mark = (self._digests / key).read_text("ascii").partition(" ")
            return digest if mark == _mark(self._objects / key) else None
        return None

    def _sweep(self) -> None:
        for path in self._incoming.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < self._clock() - _STALE:
                    path.unlink()

    @contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        with disk_faults(what, cure=f"Free some space for {self.root}, or move the store to a larger disk."):
            try:
                yield
            except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
                raise Conflict(what, cause="Its key is the folder of another object, or lies below one.") from error

    def _sign(self, grant: signing.Grant) -> str:
        check_key(grant.key)
        return signing.sign(grant, door=self._at, secret=self._key())

    def _until(self, seconds: float) -> int:
        return math.ceil(self._clock() + seconds)

    def _key(self) -> bytes:
        if not self._secret:
            raise NotPossible("This store signs no URLs.", cause="It was opened without a secret.")
        return self._secret


def _mark(path: Path) -> str:
    seen = path.stat()
    return f"{seen.st_size} {seen.st_mtime_ns} {seen.st_ino}"


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _prune(folder: Path, top: Path) -> None:
    """Removes folders that are empty now, up to `top`."""
    while folder != top:
        try:
            folder.rmdir()
        except OSError:  # not empty, or gone already
            return
        folder = folder.parent


def _missing(key: str) -> NotFound:
    return NotFound(f"There is no {key} in the store.")
