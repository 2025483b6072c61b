"""The platform over HTTP: one Mill, many people. `app.py` says how the parts go together and how to add a route."""

from __future__ import annotations

from gristmill.api.app import create_app
from gristmill.api.service import Service

__all__ = ["Service", "create_app"]
