"""What every store promises, whatever it keeps its bytes in.

Terms
-----
key     an object's name: segments joined by `/`, none of them empty, `.` or `..`; any script, no control characters
prefix  a folder of keys: `runs/run-1` holds `runs/run-1/model.zip` and not `runs/run-10/model.zip`; empty for all
token   one multipart upload that was begun and neither completed nor aborted
part    a numbered piece of a multipart upload, 1 to 10,000; at least 5 MiB on most stores, the last one aside
"""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from gristmill.errors import NotFound, StoreFailed, UsageError

__all__ = [
    "CHUNK",
    "MOST_PARTS",
    "Part",
    "Store",
    "Stored",
    "attachment",
    "check_file",
    "check_key",
    "check_part",
    "check_parts",
    "credentials_of",
    "options",
    "origin_of",
    "said",
]

CHUNK = 1 << 20  # bytes that are held in memory at once while streaming
MOST_PARTS = 10_000
_LONGEST_KEY = 1024  # bytes of UTF-8, as S3 has it
_LONGEST_SEGMENT = 255  # bytes of UTF-8, as file systems have it
_LONGEST_CREDENTIAL = 16_384  # letters


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """One object as it lies in the store; `sha256` is None where nobody told the store, and in lists."""

    key: str
    size: int
    modified_at: float
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part that has arrived; `etag` changes with its bytes."""

    number: int
    size: int
    etag: str


class Store(ABC):
    """Bytes under keys.

    - An object is there whole or not at all: nobody ever reads half of one, whatever is killed in mid write.
    - What a put or a complete has returned survives a crash of this process, and of the machine where the store's
      medium keeps its word.
    - Writing a key again replaces the object; readers see the old bytes or the new ones, never a mixture.
    - Deleting what is not there is no error, and neither is aborting an upload that is gone.
    - Memory stays bounded: no method but `read` and `put_bytes` holds an object in memory.
    - A signed URL permits one method on one key (or one part) until it expires, and nothing else; a cloud whose links
      cannot promise as much says so in its own file.
    - No object's key may be the folder of another's (`a` and `a/b`): stores on file systems cannot hold both.
    - What goes wrong is NotFound, UsageError or StoreFailed, with a cause and a cure and never a secret.
    """

    @classmethod
    @abstractmethod
    def open(cls, url: str, *, secret: bytes | None) -> Store:
        """The store at `url`; raises UsageError for a URL it cannot make sense of. Opening may touch no network."""

    @classmethod
    def open_with(cls, url: str, credentials: Mapping[str, str]) -> Store:
        """The store at `url` for who holds these credentials, and for nobody else: nothing of this machine is asked.

        Neither URL nor credentials are the operator's word. So no option may name a file, a variable or a profile of
        this machine, and no credential another address than the URL's own.
        """
        del credentials
        scheme = urlsplit(url).scheme
        raise UsageError(f"A store on {scheme}:// takes no credentials.", cure="Give the URL of a cloud's bucket.")

    @abstractmethod
    def put_bytes(self, key: str, data: bytes) -> Stored:
        """Writes a small object."""

    @abstractmethod
    def put_file(self, key: str, path: Path) -> Stored:
        """Writes the file at `path`, of any size; the answer carries its sha256."""

    @abstractmethod
    def get_file(self, key: str, path: Path) -> None:
        """Fetches an object into `path`, which is there whole or not at all."""

    @abstractmethod
    def stream(self, key: str, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
        """The bytes from `offset`, at most `size` of them, in chunks; none beyond the end. Raises when first asked."""

    @abstractmethod
    def stat(self, key: str) -> Stored | None:
        """What is known of the object, or None if there is none."""

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Every object in the folder `prefix` and its subfolders, in no promised order."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Removes the object, if there is one."""

    @abstractmethod
    def sign_get(self, key: str, *, seconds: float, filename: str | None = None) -> str:
        """A URL that fetches the object, ranges included; browsers save it as `filename` if one is given."""

    @abstractmethod
    def sign_put(self, key: str, *, seconds: float, size: int | None = None) -> str:
        """A URL that takes the object by PUT; with `size`, exactly that many bytes of it."""

    def put_headers(self, size: int | None = None) -> Mapping[str, str]:
        """The headers that a PUT to a signed URL has to carry, if that was signed with this `size`."""
        del size
        return {}

    @abstractmethod
    def begin(self, key: str, *, part_size: int | None = None) -> str:
        """Begins a multipart upload; nothing is at `key` before `complete`. The answer is its token.

        With `part_size`, every part but the last has that many bytes, and none has more: it spares some stores a copy.
        """

    @abstractmethod
    def sign_part(self, key: str, token: str, number: int, *, seconds: float, size: int | None = None) -> str:
        """A URL that takes one part by PUT."""

    @abstractmethod
    def put_part(self, key: str, token: str, number: int, data: bytes) -> Part:
        """Writes one part, in place of an earlier one of the same number."""

    @abstractmethod
    def parts(self, key: str, token: str) -> Sequence[Part]:
        """The parts that have arrived, by number: where an interrupted upload goes on."""

    @abstractmethod
    def complete(self, key: str, token: str, parts: Sequence[Part]) -> Stored:
        """Makes the parts one object, in order of their numbers, and forgets the token."""

    @abstractmethod
    def abort(self, key: str, token: str) -> None:
        """Drops a multipart upload and its parts."""

    def door(self, at: str) -> Callable[[dict[str, Any], Any], Iterable[bytes]] | None:
        """The WSGI application that honours this store's signed URLs once it is served at `at`, if it needs one.

        From then on the URLs that are signed begin with `at`.
        """
        del at
        return None

    @property
    def origin(self) -> str | None:
        """Where its signed URLs lead, as browsers name it: `https://host`; None where that is a path of the API's."""
        return None

    def read(self, key: str, offset: int = 0, size: int | None = None) -> bytes:
        """The bytes from `offset`, at most `size` of them; for what fits into memory."""
        return b"".join(self.stream(key, offset, size))

    def delete_all(self, prefix: str) -> None:
        """Removes every object in the folder `prefix`."""
        for stored in self.list(check_key(prefix)):
            self.delete(stored.key)


def check_key(key: str) -> str:
    """The key itself; UsageError unless every store can hold an object of that name."""
    fault = _fault(key)
    if fault:
        raise UsageError(f"{key[:80]!r} cannot be a key in the store.", cause=f"It {fault}.")
    return key


def _fault(key: str) -> str | None:
    segments = key.split("/")
    if any(unicodedata.category(letter) in ("Cc", "Cs") or letter == "\\" for letter in key):
        return "has a control character, a lone surrogate or a backslash"
    if any(segment in ("", ".", "..") for segment in segments):
        return "is empty, or has a segment that is empty, '.' or '..'"
    if len(key.encode()) > _LONGEST_KEY or any(len(segment.encode()) > _LONGEST_SEGMENT for segment in segments):
        return f"is longer than {_LONGEST_KEY} bytes, or one of its segments than {_LONGEST_SEGMENT}"
    return None


def check_part(number: int) -> int:
    """The part's number itself; UsageError if it is out of range."""
    if not 1 <= number <= MOST_PARTS:
        raise UsageError(f"Part {number} is out of range.", cause=f"Parts are numbered from 1 to {MOST_PARTS}.")
    return number


def check_file(path: Path) -> Path:
    """The path itself; NotFound unless a file is there to be put into the store."""
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", cure="Check the path.")
    return path


def check_parts(key: str, parts: Sequence[Part], arrived: Sequence[Part]) -> Sequence[Part]:
    """The parts in order of their numbers; raises unless each has arrived and is still the same."""
    if not parts:
        raise UsageError(f"{key} cannot be completed without parts.", cure="Upload one part at least.")
    ordered = sorted(parts, key=lambda part: part.number)
    there = set(arrived)
    for part in ordered:
        if part not in there:
            raise StoreFailed(
                f"{key} cannot be completed.",
                cause=f"Part {part.number} is missing, or not the one that was uploaded.",
                cure="Ask which parts are there, and send the others again.",
            )
    return ordered


def options(url: str, known: Mapping[str, str]) -> tuple[SplitResult, dict[str, str]]:
    """A store's URL taken apart, and its `?name=value` options; UsageError for one not in `known` (name -> meaning)."""
    split = urlsplit(url)
    if "@" in split.netloc:
        raise UsageError(
            "A store's URL must not carry a user or a password.",
            cure="Give the credentials apart from the URL; see the docs on settings.",
        )
    given = dict(parse_qsl(split.query, keep_blank_values=True))
    unknown = sorted(set(given) - set(known))
    if unknown or split.fragment:
        raise UsageError(
            f"A {split.scheme}:// store has no option {', '.join(unknown) or '#'}.",
            cure=f"It knows {'; '.join(f'{name}: {meaning}' for name, meaning in known.items())}.",
        )
    return split, given


def credentials_of(
    given: Mapping[str, str], *ways: Sequence[str], may: Sequence[str] = (), cure: str = ""
) -> dict[str, str]:
    """Credentials by their names in small letters; UsageError unless they are all of one of these ways, and no more.

    No value is ever told.
    """
    found = {name.strip().lower(): value.strip() for name, value in given.items()}
    cure = cure or " or ".join(", ".join(way) for way in ways).join(("Give ", "."))
    way = next((way for way in ways if all(found.get(name) for name in way)), None)
    if way is None:
        missing = sorted(name for name in ways[0] if not found.get(name))
        raise UsageError("These credentials are not all that it takes.", cause=f"{missing[0]} is missing.", cure=cure)
    for name in sorted(set(found) - {*way, *may}):
        raise UsageError(f"{name[:60]!r} is no credential of this kind of store.", cure=cure)
    for name, value in found.items():
        if len(value) > _LONGEST_CREDENTIAL or "\0" in value:
            raise UsageError(f"{name[:60]!r} cannot be a credential.", cause="It is too long, or no text.", cure=cure)
    return {name: value for name, value in found.items() if value}


def origin_of(url: str) -> str | None:
    """The origin of a URL; None where it has none, as a path does not."""
    split = urlsplit(url)
    return f"{split.scheme}://{split.netloc.lower()}" if split.scheme in ("http", "https") and split.netloc else None


def attachment(filename: str) -> str:
    """The Content-Disposition header that has a browser save a download as `filename`, whatever its script."""
    plain = "".join(letter if letter.isascii() and letter.isprintable() else "_" for letter in filename)
    plain = plain.replace("\\", "_").replace('"', "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def said(error: BaseException) -> str:
    """The first line of a library's error, for a cause of ours; without any URL's query, which may be a permission."""
    line = str(error).strip().partition("\n")[0]
    line = re.sub(r"<[^<>]* object at 0x[0-9a-f]+>[:,]? *", "", re.sub(r"\?[^\s'\")]*", "", line))
    return line[:300].rstrip(". ") or type(error).__name__
