"""Fair use: what a run costs, and whether somebody may have what they ask for. Here it is decided, and nowhere else.

The catalog counts (`Account`), this room judges (`decide_run`, `decide_upload`), and what it refuses is said with the
limit, how much of it is used, and who can raise it. The one person of an embedded platform has no limits.
"""

from __future__ import annotations

from gristmill.fair_use.deciding import decide_question, decide_run, decide_upload, is_limited
from gristmill.fair_use.pricing import price_of
from gristmill.fair_use.standing import checked, standing_of

__all__ = [
    "checked",
    "decide_question",
    "decide_run",
    "decide_upload",
    "is_limited",
    "price_of",
    "standing_of",
]
