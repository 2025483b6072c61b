"""Gristmill: a notebook-first AutoML platform. Drop in a ZIP, get back a model, its report and its notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gristmill.client.connection import Connection

__all__ = ["__version__", "connect"]

__version__ = "0.1.0"


def connect(url: str | None = None, token: str | None = None) -> Connection:
    """The platform, to be asked from a program or a notebook.

    It is the hub at `url`; without one, the hub that GRISTMILL_URL, `gristmill login` or JupyterHub tells of; without
    any, the embedded platform in this process.
    """
    from gristmill.app import connect as found

    return found(url, token)
