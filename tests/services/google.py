"""Google Cloud Storage as far as it can be had: gcp-storage-emulator, and a gate before it that checks permissions.

The emulator keeps and composes objects, but takes any request for a permitted one. The gate does what Google's front
does, written after Google's documents and not after the library that signs: it gives tokens for a key file's signed
request, wants such a token for the JSON API, checks a link's V4 signature and its expiry, and holds a PUT to the size
that its link names. One of Google's published signatures proves the gate itself.

=================  =====================================================================================
fixture            gives
=================  =====================================================================================
google             the running emulator behind its gate, with a service account's key file in the environment
=================  =====================================================================================
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from urllib.request import Request, urlopen

import pytest

from services._processes import free_port, start, stop, wait

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

__all__ = ["ACCOUNT", "Google", "asked", "google", "refusal"]

ACCOUNT = "tests@gristmill-tests.iam.gserviceaccount.com"
INSTALL = "gcp-storage-emulator is not here; pip install gcp-storage-emulator"
_JSON_API = ("/storage/", "/upload/", "/download/", "/batch")


@dataclass(frozen=True, kw_only=True, eq=False)
class Google:
    """The emulator behind its gate."""

    endpoint: str
    key_file: Path
    key: RSAPrivateKey

    def store_url(self, bucket: str, prefix: str = "") -> str:
        """The URL of a store in `bucket`, which is made when it is first asked for."""
        _make_bucket(self, bucket)
        return f"gs://{bucket}{prefix and '/' + prefix}?endpoint={quote(self.endpoint, safe='')}"

    def token(self) -> str:
        """An access token as Google gives it to the account."""
        from google.auth.transport.requests import Request as Transport
        from google.oauth2.service_account import Credentials

        credentials = Credentials.from_service_account_file(str(self.key_file), scopes=["x"])
        credentials.refresh(Transport())
        token: str = credentials.token
        return token


@pytest.fixture(scope="session")
def _google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    from cryptography.hazmat.primitives.asymmetric import rsa

    if find_spec("gcp_storage_emulator") is None:
        pytest.skip(INSTALL)
    folder, port = tmp_path_factory.mktemp("google"), free_port()
    command = [sys.executable, "-m", "gcp_storage_emulator", "start", "--host", "127.0.0.1", "--port", str(port)]
    process = start([*command, "--in-memory", "--quiet"], folder)
    wait("gcp-storage-emulator", f"http://127.0.0.1:{port}/", process)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Gate) as server:
        gate = f"http://127.0.0.1:{server.server_address[1]}"
        _Gate.key, _Gate.inside, _Gate.outside = key.public_key(), f"127.0.0.1:{port}", gate.removeprefix("http://")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield Google(endpoint=gate, key_file=_key_file(folder, key, gate), key=key)
        server.shutdown()
        thread.join()
    stop(process)


@pytest.fixture
def google(_google: Google, monkeypatch: pytest.MonkeyPatch) -> Google:
    """The emulator behind its gate, with a service account's key file in the environment and nothing of one's own."""
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "GCLOUD_", "CLOUDSDK_", "STORAGE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(_google.key_file))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(_google.key_file.parent / "none"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    return _google


def _key_file(folder: Path, key: RSAPrivateKey, gate: str) -> Path:
    from cryptography.hazmat.primitives import serialization

    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private = key.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode()
    says = {"type": "service_account", "client_email": ACCOUNT, "private_key": private, "token_uri": f"{gate}/token"}
    path = folder / "key.json"
    path.write_text(json.dumps(says | {"private_key_id": "1", "project_id": "gristmill-tests"}))
    return path


@cache
def _make_bucket(server: Google, bucket: str) -> None:
    headers = {"Authorization": f"Bearer {server.token()}", "Content-Type": "application/json"}
    body = json.dumps({"name": bucket}).encode()
    urlopen(Request(f"{server.endpoint}/storage/v1/b?project=tests", body, headers), timeout=10).close()


def refusal(link: _Asked, key: RSAPublicKey, now: float) -> str:
    """Why Google would refuse the request, after its document on V4 signatures; empty if it would not."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    fields = dict(pair.partition("=")[::2] for pair in link.query.split("&"))
    says = {name: unquote(value) for name, value in fields.items()}
    try:
        began = datetime.strptime(says["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        signature = bytes.fromhex(says["X-Goog-Signature"])
        names, lasts = says["X-Goog-SignedHeaders"].split(";"), int(says["X-Goog-Expires"])
        scope = says["X-Goog-Credential"].partition("/")[2]
        headers = "".join(f"{name}:{' '.join(link.headers[name].split())}\n" for name in names)
    except (KeyError, ValueError) as error:
        return f"not signed: {error!r}"
    unsigned = {name for name in link.headers if name.startswith("x-goog-")} - set(names)
    if unsigned or "host" not in names or lasts > 604800 or not began - 900 < now < began + lasts:
        return "expired, or a header is not signed"
    query = sorted(f"{_quoted(name)}={_quoted(value)}" for name, value in fields.items() if name != "X-Goog-Signature")
    path = quote(unquote(link.path), safe="/~")
    canonical = "\n".join([link.method, path, "&".join(query), headers, ";".join(names), "UNSIGNED-PAYLOAD"])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    message = "\n".join(["GOOG4-RSA-SHA256", says["X-Goog-Date"], scope, digest])
    try:
        key.verify(signature, message.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return "forged"
    return ""


def _quoted(text: str) -> str:
    return quote(unquote(text), safe="~")


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A request as it came over the wire; the names of headers are in small letters."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class _Gate(BaseHTTPRequestHandler):
    """Lets through what Google would let through."""

    protocol_version = "HTTP/1.1"
    key: RSAPublicKey
    inside = outside = ""  # the emulator's address, and the gate's own
    tokens: set[str] = set()  # noqa: RUF012  given out so far

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = _Asked(method=self.command, path=path, query=query, headers=headers, body=body)
        if path == "/token":
            self._give_token(body)
        elif path.startswith(_JSON_API):
            if headers.get("authorization", "").removeprefix("Bearer ") in self.tokens:
                self._forward(asked)
            else:
                self._answer(401, b'{"error": {"code": 401, "message": "Invalid Credentials"}}')
        elif why := refusal(asked, self.key, datetime.now(UTC).timestamp()):
            self._answer(403, why.encode())
        else:
            least, _, most = headers.get("x-goog-content-length-range", "0,999999999").partition(",")
            if int(least) <= len(body) <= int(most):
                self._forward(asked)
            else:
                self._answer(400, b"EntityTooLarge, or EntityTooSmall")

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = _serve

    def _give_token(self, body: bytes) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        signed, _, signature = parse_qs(body.decode())["assertion"][0].rpartition(".")
        try:
            self.key.verify(base64.urlsafe_b64decode(signature + "=="), signed.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            self._answer(400, b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}')
            return
        token = secrets.token_hex(16)
        self.tokens.add(token)
        self._answer(200, json.dumps({"access_token": token, "expires_in": 3600, "token_type": "Bearer"}).encode())

    def _forward(self, asked: _Asked) -> None:
        connection = HTTPConnection(self.inside, timeout=30)
        passed = {name: value for name, value in asked.headers.items() if name not in ("host", "connection")}
        with closing(connection):
            connection.request(asked.method, self.path, asked.body, passed)
            answer = connection.getresponse()
            body, kind = answer.read(), answer.headers.get("Content-Type", "")
        if kind.startswith("application/json"):
            body = body.replace(self.inside.encode(), self.outside.encode())
        kept = [(name, value.replace(self.inside, self.outside)) for name, value in answer.headers.items()]
        self._answer(answer.status, body, kept)

    def _answer(self, status: int, body: bytes, headers: Any = ()) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "server", "date"):
                self.send_header(name, value)
        if not headers:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


def asked(method: str, url: str, **headers: str) -> _Asked:
    """A request for that URL, as a client would send it."""
    split = urlsplit(url)
    return _Asked(method=method, path=split.path, query=split.query, headers={"host": split.netloc, **headers})
