"""Where a notebook executes: shut off from the platform's keys, bounded in memory, ended when its time is over."""

from gristmill.sandbox.base import End, Ending, Execution, Gone, Sandbox, Silent, Talk
from gristmill.sandbox.waiting import execute

__all__ = ["End", "Ending", "Execution", "Gone", "Sandbox", "Silent", "Talk", "execute"]
