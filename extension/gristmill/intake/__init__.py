"""From an upload to a proposal: open it safely, look at what is in it, and say what could be learned from it."""

from __future__ import annotations

from gristmill.intake.allowance import Allowance
from gristmill.intake.archive import unpack
from gristmill.intake.inspection import fetch, inspect, keep_listing, sample, sample_file
from gristmill.intake.profile import profile
from gristmill.intake.propose import propose

__all__ = ["Allowance", "fetch", "inspect", "keep_listing", "profile", "propose", "sample", "sample_file", "unpack"]
