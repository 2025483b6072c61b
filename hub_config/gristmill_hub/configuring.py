"""The hub, put together: `configure(c)` tells JupyterHub all that Gristmill needs of it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gristmill.errors import NotPossible
from gristmill_hub import proxy, roles, services
from gristmill_hub.keeping import folder_of_ours
from gristmill_hub.login import configure_login
from gristmill_hub.settings import HubSettings
from gristmill_hub.spawning import configure_spawning

__all__ = ["configure"]

PAGES = Path(__file__).parent / "pages"
_HEADERS = {"Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}
_ROUTES_EVERY = 10  # seconds between two looks at whether the proxy knows all routes


def configure(c: Any, environment: Mapping[str, str] = os.environ) -> None:
    """Configures a hub as the environment says; `c` is what `get_config()` gives in a jupyterhub_config.py."""
    settings = HubSettings.of(environment)
    folder = folder_of_ours(settings.folder)

    c.JupyterHub.bind_url = f"http://{settings.host}:{settings.ports.public}/"
    c.JupyterHub.public_url = settings.address
    c.JupyterHub.hub_bind_url = f"http://{settings.inside}:{settings.ports.hub}"
    c.JupyterHub.db_url = f"sqlite:///{folder / 'jupyterhub.sqlite'}"
    c.JupyterHub.upgrade_db = True  # a newer JupyterHub brings its own tables along; it keeps a copy of the old ones
    c.JupyterHub.cookie_secret_file = str(folder / "cookie_secret")
    c.JupyterHub.template_paths = [str(PAGES), str(_look())]
    c.JupyterHub.default_url = services.start_page(settings)
    c.JupyterHub.redirect_to_server = False
    c.JupyterHub.service_check_interval = _ROUTES_EVERY
    c.JupyterHub.tornado_settings = {"headers": _HEADERS}

    c.JupyterHub.custom_scopes = roles.SCOPES
    c.JupyterHub.extra_user_scopes = set(roles.EVERYBODY)
    c.JupyterHub.services = services.told_to_hub(settings)

    proxy.configure_proxy(c, settings)
    configure_spawning(c, settings)
    configure_login(c, settings)


def _look() -> Path:
    """Where the wizard's look lies, which the hub's pages have, too."""
    found = importlib.util.find_spec("gristmill_widgets")
    if found is None or not found.submodule_search_locations:
        raise NotPossible("The wizard's look is not installed here.", cure="pip install 'gristmill[hub]'")
    return Path(found.submodule_search_locations[0]) / "look"
