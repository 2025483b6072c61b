"""Who is asking: the bearer of a token.

An `Identity` makes a token a `Who`. `LocalToken` knows one person, whoever has its token. `hub.HubIdentity`
asks JupyterHub.
"""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod

from starlette.requests import HTTPConnection

from gristmill.errors import NotSignedIn
from gristmill.records import LOCAL, Who, replace

__all__ = ["Identity", "LocalToken", "token_of"]

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
