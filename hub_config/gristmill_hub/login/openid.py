"""Signing in elsewhere: at a provider that speaks OpenID Connect, such as Keycloak, Entra ID, Google or GitLab.

    GRISTMILL_LOGIN       https://login.example.org/realms/mill?people=all&admins=ada,grace
    OAUTH_CLIENT_ID       as the provider knows this hub
    OAUTH_CLIENT_SECRET   what proves it

The provider is told to send people back to HUB/hub/oauth_callback. It says itself where its pages are, at
ADDRESS/.well-known/openid-configuration, which is asked for when the hub starts. Nobody is invited here: the page for
people is JupyterHub's own.

=========  ==========================================================================
option     is
=========  ==========================================================================
people     who may come: `all` whom the provider lets in, or names, parted by commas
admins     who administers the hub, too
claim      which of the provider's words is the name; preferred_username by default
scope      what it is asked for; openid, profile and email by default
=========  ==========================================================================
"""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from tornado.web import RedirectHandler

from gristmill.errors import HubAway, UsageError
from gristmill_hub import roles
from gristmill_hub.settings import HubSettings

__all__ = ["configure_openid"]

_OPTIONS = {"people", "admins", "claim", "scope"}
_PATIENCE = 10.0


def configure_openid(c: Any, settings: HubSettings) -> None:
    """Tells the hub to ask the provider that `settings.login` names."""
    parts = urlsplit(settings.login)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if unknown := sorted(options.keys() - _OPTIONS):
        raise UsageError(
            f"GRISTMILL_LOGIN has an option {unknown[0]!r}.", cure=f"There are: {', '.join(sorted(_OPTIONS))}."
        )
    people, admins = _names(options.get("people", "")), _names(options.get("admins", ""))
    if not people and not admins:
        raise UsageError("GRISTMILL_LOGIN says nobody who may come.", cure="Add ?people=all, or ?people=ada,grace")
    known = _discovered(urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", "")))

    c.JupyterHub.authenticator_class = "generic-oauth"
    told = c.GenericOAuthenticator
    told.client_id, told.client_secret = (_secret(name) for name in ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET"))
    told.oauth_callback_url = f"{settings.address}hub/oauth_callback"
    told.authorize_url = known["authorization_endpoint"]
    told.token_url = known["token_endpoint"]
    told.userdata_url = known["userinfo_endpoint"]
    told.username_claim = options.get("claim", "preferred_username")
    told.scope = options.get("scope", "openid profile email").split()
    told.login_service = parts.hostname or ""
    told.allow_all = "all" in people
    told.allowed_users = people - {"all"}
    told.admin_users = admins
    c.JupyterHub.load_roles = [roles.admin_role(admins)]
    c.JupyterHub.extra_handlers = [(r"/people", RedirectHandler, {"url": "/hub/admin", "permanent": False})]


def _names(text: str) -> set[str]:
    return {name.strip().lower() for name in text.split(",") if name.strip()}


def _secret(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise UsageError(f"{name} is not set.", cure="The provider gives it to whoever registers this hub there.")
    return value


def _discovered(issuer: str) -> dict[str, str]:
    """Where the provider's pages are, as it says itself."""
    url = f"{issuer}/.well-known/openid-configuration"
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:
            told = json.load(answer)
        return {name: str(told[name]) for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HubAway(
            f"{url} does not say where to sign in.", cause=f"{type(error).__name__}: {error}",
            cure="Mend GRISTMILL_LOGIN, or wait until the provider is back.",
        ) from None  # fmt: skip
