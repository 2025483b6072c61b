"""What trains: AutoGluon's predictors and ours, each as the bench must know it, one file an engine."""

from __future__ import annotations

from gristmill.engines.base import Engine, Say, find, has_candidates

__all__ = ["Engine", "Say", "find", "has_candidates"]
