"""Who asks: the hub says, by OAuth, as for any of its services.

The visitor's token lies in a signed cookie that scripts cannot read. It is never taken from a URL, and what the hub
said of it is believed for a few seconds only.
"""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_server.auth.identity import User
from jupyterhub.services.auth import HubOAuth
from jupyterhub.singleuser.extension import JupyterHubIdentityProvider
from tornado.web import HTTPError
from traitlets import Unicode, default

__all__ = ["HubAwayError", "Visitors"]

_BELIEVED = 5  # seconds
_PATIENCE = 10.0  # seconds that the hub may take to say who somebody is


class HubAwayError(HTTPError):
    """The hub cannot be asked."""

    def __init__(self) -> None:
        super().__init__(503, "the hub does not answer")


class _OAuth(HubOAuth):  # type: ignore[misc]  # it has no types
    """The hub's OAuth, without tokens in URLs."""

    def _get_token_url(self, handler: Any) -> str:  # noqa: ARG002  # the hub's own signature
        return ""


class Visitors(JupyterHubIdentityProvider):  # type: ignore[misc]  # it has no types
    """Visitors of the wizard, as the hub knows them."""

    token = Unicode("")  # there is no password to the service itself

    @default("hub_auth")
    def _hub_auth(self) -> HubOAuth:
        return _OAuth(parent=self, cache_max_age=_BELIEVED)

    async def get_user(self, handler: Any) -> User | None:
        """Who sends this request; None for nobody, HubAwayError where nobody can tell."""
        try:
            async with asyncio.timeout(_PATIENCE):
                found: User | None = await super().get_user(handler)
        except TimeoutError:
            raise HubAwayError from None
        except HTTPError as error:
            if error.status_code < 500:
                raise
            raise HubAwayError from None
        return found

    def settle(self) -> None:
        """Have read all that the environment says, the service's own token among it."""
        _ = self.hub_auth.api_token, self.hub_auth.oauth_client_id

    def token_of(self, handler: Any) -> str:
        """The token with which this request came."""
        return str(self.hub_auth.get_token(handler) or "")

    async def still(self, token: str) -> bool:
        """Whether this token is still good for the wizard; a hub that cannot be asked ends nobody's work."""
        try:
            async with asyncio.timeout(_PATIENCE):
                model = await self.hub_auth.user_for_token(token, use_cache=False, sync=False)
        except (HTTPError, TimeoutError):
            return True
        return bool(model) and bool(self.hub_auth.check_scopes(self.hub_auth.access_scopes, model))
