"""The page's files, sent once: each below a path that changes whenever a file does, so browsers keep them for good.

Only files that were there when the service started are known, by name; no path is ever looked up on the disk. Nothing
here belongs to anybody, so nobody has to be signed in. A file is compressed the first time that it is asked for.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from tornado.web import HTTPError, RequestHandler

__all__ = ["BUNDLE", "AssetHandler", "Assets"]

BUNDLE = "bundle.js"

_SMALL = 600  # bytes that are not worth compressing
_PACKED = {".woff", ".woff2", ".png", ".jpg", ".gif"}  # compressed already
_FOREVER = "public, max-age=31536000, immutable"


class Assets:
    """Files by the name that they have below `/assets/DIGEST/`; `bundle` says which of them are sent as one, too."""

    def __init__(
        self, folders: Mapping[str, Sequence[Path]], bundle: Callable[[Iterable[str]], Sequence[str]] = tuple
    ) -> None:
        self._files: dict[str, Path] = {}
        for name, places in folders.items():
            for place in places:
                for path in sorted(place.rglob("*")):
                    if path.is_file() and path.suffix != ".map":
                        self._files.setdefault(f"{name}/{path.relative_to(place).as_posix()}", path)
        self._bundle = tuple(bundle(self._files))
        self._read: dict[str, tuple[bytes, bytes | None]] = {}
        facts = "\n".join(
            f"{name} {path.stat().st_size} {path.stat().st_mtime_ns}" for name, path in self._files.items()
        )
        self.digest = hashlib.sha256(f"{facts}\n{self._bundle}".encode()).hexdigest()[:16]

    def read(self, name: str) -> tuple[bytes, bytes | None]:
        """The file as it is, and compressed if that is worth it; KeyError if there is none."""
        if name not in self._read:
            parts = self._bundle if name == BUNDLE else (name,)
            data = b"\n;".join(self._files[part].read_bytes() for part in parts)
            worth = len(data) >= _SMALL and Path(name).suffix not in _PACKED
            self._read[name] = data, gzip.compress(data, 9, mtime=0) if worth else None
        return self._read[name]


class AssetHandler(RequestHandler):
    """Sends them."""

    def initialize(self, assets: Assets) -> None:
        self.assets = assets

    def set_default_headers(self) -> None:
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")

    def check_etag_header(self) -> bool:
        """What never changes needs no check."""
        return False

    async def get(self, name: str) -> None:
        try:
            plain, packed = self.assets.read(name)
        except KeyError:
            raise HTTPError(404) from None
        self.set_header("Content-Type", mimetypes.guess_type(name)[0] or "application/octet-stream")
        self.set_header("Cache-Control", _FOREVER)
        self.set_header("Vary", "Accept-Encoding")
        if packed is not None and "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            self.write(packed)
        else:
            self.write(plain)

    def compute_etag(self) -> str | None:
        return None
