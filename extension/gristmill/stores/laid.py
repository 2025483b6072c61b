"""Parts of one size, laid into one file, each where it belongs; and the file's digest, taken as they come.

A part counts once its mark is there: a small file that names its size and its etag, which is another each time that the
part is sent. Its bytes are on the medium before. What breaks off leaves no mark: the part is missing, and sent again.

The file becomes an object that never changes, so nobody may write into it any more by then. Who begins to send a part
takes its mark away, and the right to write from whoever was sending it; the file is sealed before its marks are read.
That is seen to within one process: a folder has one API before it.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gristmill.errors import Conflict, UsageError
from gristmill.stores.base import Part
from gristmill.stores.disk import beside, chunks, write

__all__ = ["Laid", "Ledger"]

_WHOLE, _SIZE = "whole", "part-size"
_MARK = re.compile(r"([0-9]{5})\.mark")


class Laid:
    """The parts of one upload, in its folder."""

    def __init__(self, folder: Path, part_size: int) -> None:
        self._folder, self._part_size = folder, part_size
        self.path = folder / _WHOLE

    @classmethod
    def begin(cls, folder: Path, part_size: int) -> None:
        (folder / _WHOLE).touch()
        write([str(part_size).encode()], folder / _SIZE)

    @classmethod
    def at(cls, folder: Path) -> Laid | None:
        """The parts laid in that folder; None where they lie apart."""
        try:
            return cls(folder, int((folder / _SIZE).read_text("ascii")))
        except FileNotFoundError:
            return None

    def put(self, number: int, data: Iterable[bytes], ledger: Ledger) -> Part:
        """Writes a part where it belongs."""
        right = ledger.begin(number, self._mark(number))
        size, begins = 0, (number - 1) * self._part_size
        file = os.open(self.path, os.O_WRONLY)
        try:
            for chunk in data:
                if size + len(chunk) > self._part_size:
                    raise UsageError(f"Part {number} is longer than {self._part_size} bytes.", cure="Send it as told.")
                ledger.write(number, right, file, chunk, begins + size)
                size += len(chunk)
            os.fdatasync(file)
        finally:
            os.close(file)
        part = Part(number=number, size=size, etag=secrets.token_hex(8))
        ledger.end(part, right, self._mark(number))
        return part

    def parts(self) -> Sequence[Part]:
        """What has arrived, by number."""
        names = sorted(path.name for path in self._folder.iterdir())
        numbers = (int(found[1]) for name in names if (found := _MARK.fullmatch(name)))
        return [part for number in numbers if (part := self.part(number))]

    def part(self, number: int) -> Part | None:
        """One part, if it has arrived."""
        try:
            size, etag = self._mark(number).read_text("ascii").split()
        except FileNotFoundError:
            return None
        return Part(number=number, size=int(size), etag=etag)

    def chunks(self, part: Part) -> Iterator[bytes]:
        """A part's bytes."""
        return chunks(self.path, (part.number - 1) * self._part_size, part.size)

    def is_gapless(self, parts: Sequence[Part]) -> bool:
        """Whether these parts, in order of their numbers, are the file as it lies, from its beginning on."""
        is_in_turn = [part.number for part in parts] == list(range(1, len(parts) + 1))
        return is_in_turn and all(part.size == self._part_size for part in parts[:-1])

    def close(self, parts: Sequence[Part]) -> None:
        """Have nothing in the file beyond these parts, and all of it on the medium."""
        with self.path.open("r+b") as file:
            file.truncate(sum(part.size for part in parts))
            os.fsync(file.fileno())

    def _mark(self, number: int) -> Path:
        return self._folder / f"{number:05}.mark"


class Ledger:
    """What this process knows of an upload under way: who writes which part, and the digest as far as it has come."""

    def __init__(self) -> None:
        self._writing, self._digesting = threading.Lock(), threading.Lock()
        self._rights: dict[int, object] = {}
        self._is_sealed = False
        self._hash = hashlib.sha256()
        self._taken: list[Part] = []

    # --- writing -----------------------------------------------------------------------------------------------------

    def begin(self, number: int, mark: Path) -> object:
        """The right to write a part, taken from whoever had it; the part counts no more."""
        with self._writing:
            self._check(number, None)
            mark.unlink(missing_ok=True)
            right = self._rights[number] = object()
            return right

    def write(self, number: int, right: object, file: int, chunk: bytes, at: int) -> None:
        """Writes some bytes of a part, by right."""
        rest = memoryview(chunk)
        with self._writing:
            self._check(number, right)
            while rest:
                written = os.pwrite(file, rest, at)
                rest, at = rest[written:], at + written

    def end(self, part: Part, right: object, mark: Path) -> None:
        """Marks a part as whole."""
        with self._writing:
            self._check(part.number, right)
            fresh = beside(mark)
            fresh.write_text(f"{part.size} {part.etag}", "ascii")
            fresh.replace(mark)
            del self._rights[part.number]

    def seal(self, *, is_sealed: bool = True) -> None:
        """From here on nobody writes; or, where nothing came of it, everybody may again."""
        with self._writing:
            self._is_sealed = is_sealed

    def _check(self, number: int, right: object) -> None:
        if self._is_sealed or (right is not None and self._rights.get(number) is not right):
            raise Conflict(
                f"Part {number} is not wanted any more.", cause="It was sent again, or the upload is complete."
            )

    # --- the digest --------------------------------------------------------------------------------------------------

    def take_in(self, laid: Laid) -> None:
        """Take the digest as far as parts have arrived; whoever comes while somebody does leaves it to them."""
        if self._digesting.acquire(blocking=False):
            try:
                while part := laid.part(len(self._taken) + 1):
                    self._add(laid, part)
            finally:
                self._digesting.release()

    def digest(self, laid: Laid, parts: Sequence[Part]) -> str:
        """The sha256 of exactly these parts; taken anew where one was sent again after it was taken in."""
        with self._digesting:
            if self._taken != list(parts[: len(self._taken)]):
                self._hash, self._taken = hashlib.sha256(), []
            for part in parts[len(self._taken) :]:
                self._add(laid, part)
            return self._hash.hexdigest()

    def _add(self, laid: Laid, part: Part) -> None:
        for chunk in laid.chunks(part):
            self._hash.update(chunk)
        self._taken.append(part)
