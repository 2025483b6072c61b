"""`gristmill doctor`: looks at an installation, and says what to mend."""

from __future__ import annotations

from gristmill.doctor.command import command
from gristmill.doctor.examining import Finding, Installation, Level, examine

__all__ = ["Finding", "Installation", "Level", "command", "examine"]
