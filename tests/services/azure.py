"""Azurite, Microsoft's own emulator of Azure's storage: it checks keys, signatures and their expiry.

Over HTTPS it also takes an identity's tokens, and delegates keys to it; it does not check who issued the token.

=================  =====================================================================================
fixture            gives
=================  =====================================================================================
azurite            the running emulator, with the account's key in the environment and no other of Azure's
azurite_https      another one over HTTPS, whose certificate is trusted; identities sign in there
=================  =====================================================================================
"""

from __future__ import annotations

import base64
import datetime
import ipaddress
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

import pytest

from services._processes import free_port, start, stop, wait

__all__ = ["ACCOUNT", "KEY", "Azurite", "azurite", "azurite_https"]

ACCOUNT = "gristmilltests"
KEY = base64.b64encode(b"a-key-for-tests-only".ljust(64, b".")).decode()
INSTALL = "azurite is not here; scripts/test-needs installs it (npm install azurite)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Azurite:
    """A running emulator; `endpoint` is the address of its one account."""

    endpoint: str
    certificate: Path | None = None

    def store_url(self, container: str, prefix: str = "") -> str:
        """The URL of a store in `container`, which is made when it is first asked for."""
        _make_container(self, container)
        at = f"az://{container}{prefix and '/' + prefix}"
        return f"{at}?account={ACCOUNT}&endpoint={quote(self.endpoint, safe='')}"


@pytest.fixture(scope="session")
def _azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    yield from _serve(tmp_path_factory.mktemp("azurite"))


@pytest.fixture(scope="session")
def _azurite_https(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    folder = tmp_path_factory.mktemp("azurite-https")
    certificate, key = _certificate(folder)
    extra = ["--cert", str(certificate), "--key", str(key), "--oauth", "basic"]
    yield from _serve(folder, "https", *extra, certificate=certificate)


@pytest.fixture
def azurite(_azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> Azurite:
    """The running emulator, with the account's key in the environment and no other of Azure's."""
    _forget(monkeypatch)
    monkeypatch.setenv("AZURE_STORAGE_KEY", KEY)
    return _azurite


@pytest.fixture
def azurite_https(_azurite_https: Azurite, monkeypatch: pytest.MonkeyPatch) -> Azurite:
    """The emulator over HTTPS, whose certificate is trusted; no credentials in the environment."""
    _forget(monkeypatch)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(_azurite_https.certificate))
    return _azurite_https


def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)


def _serve(folder: Path, scheme: str = "http", *extra: str, certificate: Path | None = None) -> Iterator[Azurite]:
    here = Path(sys.prefix) / "azurite" / "node_modules" / ".bin"
    program = shutil.which("azurite-blob", path=f"{here}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip(INSTALL)
    port = free_port()
    command = [
        program, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder), "--silent",
        "--skipApiVersionCheck", "--disableTelemetry", *extra,
    ]  # fmt: skip
    process = start(command, folder, {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"})
    endpoint = f"{scheme}://127.0.0.1:{port}/{ACCOUNT}"
    wait("azurite", endpoint, process)
    yield Azurite(endpoint=endpoint, certificate=certificate)
    stop(process)


@cache
def _make_container(server: Azurite, container: str) -> None:
    from azure.storage.blob import BlobServiceClient

    verify = str(server.certificate) if server.certificate else True
    credential = {"account_name": ACCOUNT, "account_key": KEY}
    with BlobServiceClient(server.endpoint, credential=credential, connection_verify=verify) as service:
        service.create_container(container)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine that signs for itself, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(plain)
    return folder / "certificate.pem", folder / "key.pem"
