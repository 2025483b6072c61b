"""Who people are: a login of our own, or somebody else's that speaks OpenID (`GRISTMILL_LOGIN`).

There is no default password. The first administrator comes by a link that the start prints, others by links of theirs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill_hub import roles, services
from gristmill_hub.login.links import invitation_link
from gristmill_hub.login.openid import configure_openid
from gristmill_hub.settings import OWN, HubSettings

if TYPE_CHECKING:
    from gristmill_hub.login.people import People

__all__ = ["configure_login", "invitation_link", "people_of"]


def configure_login(c: Any, settings: HubSettings) -> None:
    """Tells the hub who says who people are."""
    c.JupyterHub.template_vars = {
        "own_login": settings.login == OWN,
        "wizard": services.start_page(settings) if settings.wizard else "",
        "address": settings.address,
    }
    (_own if settings.login == OWN else configure_openid)(c, settings)


def people_of(settings: HubSettings) -> People:
    """The people of this installation's own login."""
    from gristmill_hub.login.people import People

    return People(_file(settings))


def _own(c: Any, settings: HubSettings) -> None:
    c.JupyterHub.authenticator_class = "gristmill_hub.login.own.OwnLogin"
    c.OwnLogin.file = str(_file(settings))
    people = people_of(settings)
    c.JupyterHub.load_roles = [roles.admin_role(people.admins())]
    people.close()


def _file(settings: HubSettings) -> Path:
    return settings.folder / "people.sqlite"
