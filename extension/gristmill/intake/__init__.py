"""From an upload to a proposal: open it safely, look at what is in it, and say what could be learned from it."""

from __future__ import annotations

from gristmill.intake.allowance import Allowance
from gristmill.intake.archive import unpack
from gristmill.intake.arrival import check_sum, digest_of, is_of_pieces, not_what_was_sent
from gristmill.intake.editing import edit
from gristmill.intake.fitting import check_rules, held_to, held_to_as_batch, misfits, rules_of
from gristmill.intake.inspection import (
    fetch,
    inspect,
    keep_listing,
    keep_preview,
    preview_file,
    revise,
    sample,
    sample_file,
)
from gristmill.intake.profile import profile
from gristmill.intake.propose import propose
from gristmill.intake.steps import revision_of

__all__ = [
    "Allowance",
    "check_rules",
    "check_sum",
    "digest_of",
    "edit",
    "fetch",
    "held_to",
    "held_to_as_batch",
    "inspect",
    "is_of_pieces",
    "keep_listing",
    "keep_preview",
    "misfits",
    "not_what_was_sent",
    "preview_file",
    "profile",
    "propose",
    "revise",
    "revision_of",
    "rules_of",
    "sample",
    "sample_file",
    "unpack",
]
