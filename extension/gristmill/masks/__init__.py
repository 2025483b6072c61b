"""Masks: pictures that say of each pixel which class it belongs to.

This folder imports nothing of gristmill and knows itself by relative imports only: it is copied into each model archive
whose model answers with masks, so that they are written as those were that it learned from.
"""

from __future__ import annotations

from .legend import VOID, Legend, paint, read_values

__all__ = ["VOID", "Legend", "paint", "read_values"]
