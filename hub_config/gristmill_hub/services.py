"""What stands behind the hub's proxy beside people's servers: the API, and the wizard where it is installed.

`gristmill up` starts them, not the hub: a hub that is started anew finds them where they were, with their visitors. So
the hub is told their addresses and tokens, and they are told what a hub tells services that it starts itself.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from gristmill_hub import roles
from gristmill_hub.keeping import kept
from gristmill_hub.settings import HubSettings

__all__ = ["environment_of", "start_page", "told_to_hub"]

_KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "TMPDIR", "TZ", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_CLOUDS = ("AWS_", "AZURE_", "GOOGLE_")


def start_page(settings: HubSettings) -> str:
    """Where people land who have signed in."""
    return "/services/wizard/" if settings.wizard else "/hub/home"


def told_to_hub(settings: HubSettings) -> list[dict[str, Any]]:
    """What `JupyterHub.services` takes."""
    api = {
        "name": "gristmill", "url": _url(settings.ports.api, settings.inside), "display": False,
        "api_token": _token(settings, "gristmill"),
    }  # fmt: skip
    wizard = {
        "name": "wizard", "url": _url(settings.ports.wizard), "api_token": _token(settings, "wizard"),
        "display": False, "oauth_no_confirm": True, "oauth_client_allowed_scopes": list(roles.WIZARD),
    }  # fmt: skip
    return [api, wizard] if settings.wizard else [api]


def environment_of(settings: HubSettings, name: str, port: int) -> dict[str, str]:
    """What a hub tells a service of itself, and what services here have of this process's own environment.

    JupyterHub gives the same to services that it starts: see jupyterhub/services/service.py.
    """
    prefix, public = f"/services/{name}/", settings.address.rstrip("/")
    access = json.dumps(["access:services", f"access:services!service={name}"])
    return passed_on(os.environ) | {
        "GRISTMILL_HOME": str(settings.home),
        "JUPYTERHUB_API_TOKEN": _token(settings, name),
        "JUPYTERHUB_API_URL": settings.hub_api,
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_CLIENT_ID": f"service-{name}",
        "JUPYTERHUB_HOST": "",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": access,
        "JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES": json.dumps(list(roles.WIZARD)),
        "JUPYTERHUB_OAUTH_SCOPES": access,
        "JUPYTERHUB_PUBLIC_HUB_URL": f"{public}/hub/",
        "JUPYTERHUB_PUBLIC_URL": f"{public}{prefix}",
        "JUPYTERHUB_SERVICE_NAME": name,
        "JUPYTERHUB_SERVICE_PREFIX": prefix,
        "JUPYTERHUB_SERVICE_URL": _url(port),
    }


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """What parts of Gristmill get of the environment: what a program needs, our settings, and the clouds' keys."""
    return {
        name: value for name, value in environment.items() if name in _KEPT or name.startswith(("GRISTMILL_", *_CLOUDS))
    }


def for_the_hub(environment: Mapping[str, str]) -> dict[str, str]:
    """What only the hub gets: how it makes itself known to whoever says who people are, and where Docker is."""
    return {name: value for name, value in environment.items() if name.startswith(("OAUTH_CLIENT_", "DOCKER_"))}


def api_command(settings: HubSettings) -> list[str]:
    """Starts the API. It starts no workers of its own: `gristmill up` keeps one."""
    run = "import sys; from gristmill.app import main; sys.exit(main())"
    where = ["--host", settings.inside, "--port", str(settings.ports.api), "--prefix", "/services/gristmill"]
    return [sys.executable, "-c", run, "api", *where, "--no-workers"]


def wizard_command() -> list[str]:
    """Starts the wizard; it reads where to listen from the environment."""
    return [sys.executable, "-m", "gristmill_widgets.service"]


def _url(port: int, host: str = "127.0.0.1") -> str:
    return f"http://{host}:{port}"


def _token(settings: HubSettings, name: str) -> str:
    return kept(settings.folder / f"{name}.token")
