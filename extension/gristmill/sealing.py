"""Secrets at rest: sealed by a key that lies elsewhere than they do.

Terms
-----
key     32 random bytes, written as letters: `python -c "import secrets; print(secrets.token_urlsafe(32))"`
ring    the keys that are at hand. The first one seals, each of them opens: so a new key is put before the old one, and
        the old one is dropped once everything is sealed by the new (`Catalog.reseal`).
sealed  `v1.MARK.TEXT`: the mark says which key it takes; the text is encrypted with AES-256-GCM.
of      what a secret belongs to, such as `webhooks/webhook-1`. It is a part of the seal: a sealed secret that was moved
        to another row of the catalog does not open there.

The keys are those of GRISTMILL_KEYS, then those in the file `keys` of GRISTMILL_HOME, a line each. The file is made
when something is to be sealed and there is no key at all.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.errors import NotPossible, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["Keyring", "kept_secret"]

_SEALED = re.compile(r"v1\.([0-9a-f]{12})\.([\w-]+)")
_NONCE = 12  # bytes, as AES-GCM has them
_SIZE = 32
_NEW = 'python -c "import secrets; print(secrets.token_urlsafe(32))" makes one.'


class Keyring:
    """The keys of `keys`, separated by commas or blanks, and those in `file`; neither is read before it is needed."""

    def __init__(self, file: Path | None = None, keys: str = "") -> None:
        self._file, self._given = file, keys
        self._read: dict[str, bytes] = {}  # by their marks, the one that seals first
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "Keyring()"

    def seal(self, secret: str, *, of: str) -> str:
        """The secret as it may be kept."""
        mark, key = next(iter(self._keys(make=True).items()))
        nonce = secrets.token_bytes(_NONCE)
        text = base64.urlsafe_b64encode(nonce + _cipher(key).encrypt(nonce, secret.encode(), _bound(mark, of)))
        return f"v1.{mark}.{text.decode().rstrip('=')}"

    def open(self, sealed: str, *, of: str) -> str:
        """The secret that was sealed for the same; NotPossible where its key is not here, or it was changed."""
        found = _SEALED.fullmatch(sealed)
        key = self._keys().get(found[1]) if found else None
        if found is None or key is None:
            raise _shut("It was sealed with a key that is not here.")
        try:
            data = _decoded(found[2])
            return _cipher(key).decrypt(data[:_NONCE], data[_NONCE:], _bound(found[1], of)).decode()
        except Exception:  # whatever the library raises: it may hold a part of what it was given
            raise _shut("It was changed, or belongs to something else.") from None

    def needs_sealing(self, sealed: str) -> bool:
        """Whether something is not sealed yet, or by a key that is not the first."""
        found = _SEALED.fullmatch(sealed)
        return found is None or found[1] != next(iter(self._keys(make=True)))

    @property
    def is_turning(self) -> bool:
        """Whether there are several keys, so that something may be sealed by an older one."""
        return len(self._keys()) > 1

    def _keys(self, *, make: bool = False) -> dict[str, bytes]:
        with self._lock:
            if not self._read:
                self._read = self._found(make=make)
            return self._read

    def _found(self, *, make: bool) -> dict[str, bytes]:
        lines = [("GRISTMILL_KEYS", key) for key in re.split(r"[\s,]+", self._given) if key]
        if self._file is not None and (self._file.exists() or (make and not lines)):
            lines += [(str(self._file), key) for key in kept_secret(self._file).split()]
        if make and not lines:
            raise NotPossible(
                "There is no key to seal a secret with.", cure=f"Set GRISTMILL_KEYS, or GRISTMILL_HOME. {_NEW}"
            )
        return {hashlib.sha256(key).hexdigest()[:12]: key for key in (_key(line, where) for where, line in lines)}


def kept_secret(file: Path) -> str:
    """The secret in a file that only its owner can read; made if it is not there, once, however many ask."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    if not file.exists():
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(secrets.token_urlsafe(_SIZE))
        try:
            os.link(fresh, file)
        except FileExistsError:
            pass  # another process was quicker: its secret counts
        finally:
            fresh.unlink()
    return file.read_text(encoding="ascii").strip()


def _key(line: str, where: str) -> bytes:
    try:
        key = _decoded(line)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _SIZE:
        raise UsageError(f"{where} holds something that is no key.", cause="A key is 32 bytes in Base64.", cure=_NEW)
    return key


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _bound(mark: str, of: str) -> bytes:
    return f"v1.{mark}.{of}".encode()


def _shut(cause: str) -> NotPossible:
    return NotPossible(
        "A secret of this platform cannot be opened.",
        cause=cause,
        cure="Put its key back into GRISTMILL_KEYS or the file keys of GRISTMILL_HOME, or give the secret anew.",
    )
