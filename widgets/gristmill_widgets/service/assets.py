"""The page's files, sent once: each below a path that changes whenever a file does, so browsers keep them for good.

Only files that were there when the service started are known, by name; no path is ever looked up on the disk. Nothing
here belongs to anybody, so nobody has to be signed in.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Iterable, Mapping
from pathlib import Path

from tornado.web import HTTPError, RequestHandler

__all__ = ["AssetHandler", "Assets"]

_FOREVER = "public, max-age=31536000, immutable"


class Assets:
    """The files of these folders, and others of which the text is given, by the name below `/assets/DIGEST/`."""

    def __init__(self, folders: Iterable[Path], texts: Mapping[str, str]) -> None:
        found = {path.name: path.read_bytes() for folder in folders for path in folder.iterdir() if path.is_file()}
        found |= {name: text.encode() for name, text in texts.items()}
        self._files = {name: (data, gzip.compress(data, 9, mtime=0)) for name, data in sorted(found.items())}
        self.digest = hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()[:16]

    def read(self, name: str) -> tuple[bytes, bytes]:
        """The file as it is, and compressed; KeyError if there is none."""
        return self._files[name]


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
        if "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            self.write(packed)
        else:
            self.write(plain)

    def compute_etag(self) -> str | None:
        return None
