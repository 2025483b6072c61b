"""Who is asking: the bearer of a token.

An `Identity` makes a token a `Who`. `LocalToken` knows one person, whoever has its token. `hub.HubIdentity`
asks JupyterHub.
"""

from __future__ import annotations

import hmac
import os
import secrets
from abc import ABC, abstractmethod
from pathlib import Path

from starlette.requests import HTTPConnection

from gristmill.errors import NotSignedIn
from gristmill.records import LOCAL, Who, replace

__all__ = ["Identity", "LocalToken", "kept_secret", "token_of"]

_LONGEST = 1024  # characters of a token


class Identity(ABC):
    """Knows people by their tokens. Override `of_token`."""

    @abstractmethod
    async def of_token(self, token: str) -> Who:
        """Whose token it is; NotSignedIn for one that is not valid here."""

    async def who(self, asked: HTTPConnection) -> Who:
        """Who sends a request, and from where."""
        address = asked.client.host if asked.client else ""
        return replace(await self.of_token(token_of(asked)), address=address)

    async def close(self) -> None:
        """Let go of what is held."""
        return


class LocalToken(Identity):
    """One token, for the one person of an embedded platform."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def of_token(self, token: str) -> Who:
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            raise NotSignedIn("This token is not valid here.", cure="It stands in the file `token` of GRISTMILL_HOME.")
        return LOCAL


def token_of(asked: HTTPConnection) -> str:
    """The token that a request carries."""
    scheme, _, token = asked.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() not in ("token", "bearer") or not token:
        raise NotSignedIn("Nobody is signed in.", cure="Send the header Authorization: Bearer TOKEN.")
    if len(token) > _LONGEST or not token.isascii() or not token.isprintable():
        raise NotSignedIn("This is no token.", cure="Send the header Authorization: Bearer TOKEN.")
    return token


def kept_secret(file: Path) -> str:
    """The secret in a file that only its owner can read; made if it is not there, once, however many ask."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    if not file.exists():
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(secrets.token_urlsafe(32))
        try:
            os.link(fresh, file)
        except FileExistsError:
            pass  # another process was quicker: its secret counts
        finally:
            fresh.unlink()
    return file.read_text(encoding="ascii").strip()
