"""Who may do what: the hub's scopes that Gristmill adds, and who has them.

    custom:gristmill:use       look, upload, predict                     everybody
    custom:gristmill:train     have runs executed                        everybody
    custom:gristmill:deploy    put models into production                everybody
    custom:gristmill:admin     everything, in every project              administrators

Which projects somebody may do it in is the platform's own business: a project has members. What a person's server may
do with its token is what the person may do, less administration.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["ADMIN", "EVERYBODY", "SCOPES", "SERVER", "WIZARD", "admin_role"]

_POWERS = {
    "use": "look, upload, predict",
    "train": "have runs executed",
    "deploy": "put models into production",
    "admin": "everything, in every project",
}
SCOPES = {f"custom:gristmill:{power}": {"description": f"Gristmill: {what}"} for power, what in _POWERS.items()}

_REACH = ("access:services!service=gristmill", "access:services!service=wizard")
_USE = tuple(f"custom:gristmill:{power}" for power in ("use", "train", "deploy"))
_NAME = ("read:users:name!user", "read:users:groups!user")

EVERYBODY = frozenset((*_REACH, *_USE))
ADMIN = "gristmill-admin"

WIZARD = (*_REACH, *_USE, "custom:gristmill:admin", *_NAME)  # what its token may do, where its visitor may
SERVER = ("users:activity!user", "access:servers!server", *_REACH, *_USE, *_NAME)  # the same, of a person's server


def admin_role(names: Iterable[str]) -> dict[str, Any]:
    """The role of those who may do everything in Gristmill, as `JupyterHub.load_roles` takes it."""
    return {
        "name": ADMIN, "description": "Everything in Gristmill", "scopes": ["custom:gristmill:admin"],
        "users": sorted(names),
    }  # fmt: skip
