"""Words of the trade that a page cannot do without, explained below what says them: those that occur in it."""

from __future__ import annotations

import re

from gristmill_widgets.html import Html, el
from gristmill_widgets.strings import English

__all__ = ["explained", "terms_in"]

_MOST = 12
_LONGEST = 400_000  # letters of a report that are looked through
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def terms_in(s: English, text: str) -> list[tuple[str, str]]:
    """The words that want explaining, in the order in which they are listed, each with its explanation."""
    found = []
    for word, (name, meaning) in s.terms.items():
        for one in (word, name):
            if re.search(rf"(?<!\w){re.escape(one)}s?(?!\w)", text[:_LONGEST], re.IGNORECASE if one.islower() else 0):
                found.append((name, meaning))
                break
    return found[:_MOST]


def explained(s: English, text: str, *, is_page: bool = False) -> Html | None:
    """What these words mean, folded up; nothing where none occurs."""
    terms = terms_in(s, _TAGS.sub(" ", text[: 4 * _LONGEST]) if is_page else text)
    if not terms:
        return None
    items = [el("div", el("dt", name), el("dd", meaning)) for name, meaning in terms]
    return el("details", el("summary", s.terms_title), el("dl", items, class_="gm-terms"), data_key="terms")
