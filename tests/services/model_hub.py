"""A hub of pretrained models, as far as fetching goes: what its library asks is answered from folders.

    with model_hub({"owner/name": folder}) as hub:
        ...                                # with HF_ENDPOINT set to hub.url

Answers are laid out as huggingface.co's: what a repository is, its tree, files by commit. Small files come at once; for
large ones the asker is sent on to another address, where reading may begin anywhere in the file.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

__all__ = ["ModelHub", "model_hub"]

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_LARGE = (".safetensors", ".bin", ".onnx")
_ABOUT = re.compile(r"/api/models/([^/]+/[^/]+)(?:/revision/[^/]+)?")
_TREE = re.compile(r"/api/models/([^/]+/[^/]+)/tree/[^/]+")
_FILE = re.compile(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)")
_STORED = re.compile(r"/stored/([^/]+/[^/]+)/(.+)")


@dataclass
class ModelHub:
    """A hub that listens at `url`; `asked` holds each request, and `breaks` how many large files end too soon."""

    repositories: Mapping[str, Path]
    url: str = ""
    breaks: int = 0
    behind_a_login: bool = False  # files are some proxy's page to log in at; what a repository is, is still told
    asked: list[str] = field(default_factory=list)


@contextmanager
def model_hub(repositories: Mapping[str, Path]) -> Iterator[ModelHub]:
    """A hub with these repositories; there are no others."""
    hub = ModelHub(repositories)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: ModelHub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Tests look at what was asked instead."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        for pattern, answer in (
            (_TREE, self._tree),
            (_ABOUT, self._about),
            (_FILE, self._file),
            (_STORED, self._stored),
        ):
            found = pattern.fullmatch(path)
            if found and found[1] in self.hub.repositories:
                answer(found[1], *found.groups()[1:])
                return
        # The hub does not tell a stranger what is hidden from what is not there.
        self._send(HTTPStatus.UNAUTHORIZED, b'{"error": "Repository not found"}', {"X-Error-Code": "RepoNotFound"})

    def _files(self, repository: str) -> dict[str, Path]:
        folder = self.hub.repositories[repository]
        return {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}

    def _about(self, repository: str) -> None:
        files = [{"rfilename": name} for name in self._files(repository)]
        about = {"_id": "0", "id": repository, "modelId": repository, "sha": COMMIT, "private": False, "gated": False,
                 "disabled": False, "downloads": 0, "likes": 0, "tags": [], "siblings": files}  # fmt: skip
        self._send(HTTPStatus.OK, json.dumps(about).encode())

    def _tree(self, repository: str) -> None:
        entries = [
            {"type": "file", "path": name, "size": path.stat().st_size, "oid": _digest(path)}
            for name, path in self._files(repository).items()
        ]
        self._send(HTTPStatus.OK, json.dumps(entries).encode())

    def _file(self, repository: str, name: str) -> None:
        if self.hub.behind_a_login:
            self._send(HTTPStatus.OK, b"<html>Please log in.</html>")
            return
        path = self._files(repository).get(name)
        if path is None:
            self._send(HTTPStatus.NOT_FOUND, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        elif name.endswith(_LARGE):
            told = {"X-Linked-Etag": f'"{_digest(path)}"', "X-Linked-Size": str(path.stat().st_size)}
            elsewhere = self.hub.url.replace("127.0.0.1", "localhost")  # another host: the library stays on the hub's
            place = {"Location": f"{elsewhere}/stored/{repository}/{name}", "X-Repo-Commit": COMMIT}
            self._send(HTTPStatus.FOUND, b"", told | place)
        else:
            told = {"ETag": f'"{_digest(path)}"', "X-Repo-Commit": COMMIT}
            self._send(HTTPStatus.OK, path.read_bytes(), told)

    def _stored(self, repository: str, name: str) -> None:
        whole = self._files(repository)[name].read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        told = {"ETag": f'"{hashlib.sha256(whole).hexdigest()}"'}
        if asked:
            told["Content-Range"] = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
        status = HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK
        if self.hub.breaks and self.command == "GET":
            self.hub.breaks -= 1
            self._send(status, whole[start:], told, until=(len(whole) - start) // 2)
            self.close_connection = True
        else:
            self._send(status, whole[start:], told)

    def _send(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str] = {}, until: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[:until])


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
