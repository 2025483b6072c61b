"""Telling workers that a run is waiting. The row in the catalog is the truth; what goes through here is only a hint."""

from gristmill.dispatch.base import Dispatcher

__all__ = ["Dispatcher"]
