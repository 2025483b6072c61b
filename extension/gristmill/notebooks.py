"""Loads nbformat in a tenth of the time.

nbformat needs jsonschema, which loads every checker of formats that it finds installed. The one for IRIs compiles a
grammar for most of a second, whether or not any schema asks for it, and notebooks' schemas do not.
"""

from __future__ import annotations

import sys
from types import ModuleType

__all__ = ["nbformat"]

_SLOW = "rfc3987_syntax"


def nbformat() -> ModuleType:
    """The module nbformat; whoever imports it by way of another package calls this first."""
    is_free = _SLOW not in sys.modules
    if is_free:
        sys.modules[_SLOW] = None  # type: ignore[assignment]  # how Python says: not to be had
    try:
        import nbformat
    finally:
        if is_free:
            del sys.modules[_SLOW]
    return nbformat
