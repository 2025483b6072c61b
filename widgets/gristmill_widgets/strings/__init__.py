"""All that the wizard says: `en` and `de` have what the steps say, `home_` and `trade_` beside them the rest.

`English` has every string; a translation is a subclass that says each of them anew, and a test compares the two. What
the platform itself says (verdicts, reasons, notices, refusals) comes in English; `retold` says it in the visitor's
language, by the phrases of that language (phrases.py), and leaves in English what there is no phrase for.
"""

from __future__ import annotations

from gristmill_widgets.strings.de import German
from gristmill_widgets.strings.en import English

__all__ = ["English", "German", "spoken"]

_LANGUAGES = {"en": English, "de": German}


def spoken(language: str) -> English:
    """The strings for whoever reads that language, as a browser names it; English where there is no translation."""
    return _LANGUAGES.get(language.lower()[:2], English)()
