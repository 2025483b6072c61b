"""Loads nbformat and papermill in a fraction of the time.

nbformat needs jsonschema, which loads every checker of formats that it finds installed. The one for IRIs compiles a
grammar for most of a second, whether or not any schema asks for it, and notebooks' schemas do not. papermill loads the
clients of every cloud that it finds installed, to read and write notebooks there, and ours lie in folders.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

__all__ = ["nbformat", "papermill"]

_CHECKERS = ("rfc3987_syntax",)
_CLOUDS = ("azure", "boto3", "gcsfs", "github", "pyarrow")


def nbformat() -> ModuleType:
    """The module nbformat; whoever imports it by way of another package calls this first."""
    with _without(_CHECKERS):
        import nbformat
    return nbformat


def papermill() -> Any:
    """The module papermill, for notebooks in folders."""
    with _without(_CHECKERS + _CLOUDS):
        import papermill
    return papermill


@contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    """Those of the modules that are not loaded cannot be had meanwhile."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is how Python says: not to be had
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
