"""Gristmill inside a Jupyter server, with a hub or without: the API, notebooks opened and sent back.

`extension.py` has the table of what is served; `app.py` tells Jupyter Server of it, and gristmill.json enables it.
"""

from __future__ import annotations

from gristmill.jupyter.embedded import Embedded
from gristmill.jupyter.extension import Extension, Platform

__all__ = ["Embedded", "Extension", "Platform"]
