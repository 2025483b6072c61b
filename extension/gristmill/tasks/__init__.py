"""Tasks: kinds of answers that can be learned from data. Each says what data it takes, how it is judged and read."""

from __future__ import annotations

from gristmill.tasks.base import Candidate, Listing, LoadPlan, Metric, TaskKind
from gristmill.tasks.registry import all_kinds, find
from gristmill.tasks.tuning import searcher

__all__ = ["Candidate", "Listing", "LoadPlan", "Metric", "TaskKind", "all_kinds", "find", "searcher"]
