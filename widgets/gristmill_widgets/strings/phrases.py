"""What the platform says in English, said in another language: sentence by sentence, with what was put into each.

A phrase is a pair, the English sentence and its translation; braces stand for what is put in, brackets for one word or
another, such as `[is|are]`. What was put in is said anew, too: a number by the language's separators, a list by its
"and", and words that are a phrase themselves by that one; what stands in quotation marks is somebody's own, and stays.
What no phrase fits stays English; so does all that was said
before there was a phrase for it, only that this is found as soon as there is one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

__all__ = ["Manner", "Phrasebook"]

_LONGEST = 2_000  # letters; what is longer is no sentence of ours
_OWN = re.compile(r"'\{(\w+)\}'")
_SLOT = re.compile(r"\\\{(\w+)\\\}")
_CHOICE = re.compile(r"\\\[(.+?)\\\]")
_NUMBER = re.compile(r"[-\N{MINUS SIGN}<>≈]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e\N{MINUS SIGN}?\d+)?%?")
_RANGE = re.compile(rf"({_NUMBER.pattern})( to |\N{{EN DASH}})({_NUMBER.pattern})")
_OPENS, _CLOSES = "'\N{LEFT SINGLE QUOTATION MARK}", "'\N{RIGHT SINGLE QUOTATION MARK}"
_QUOTED = re.compile(rf"(?<!\w)[{_OPENS}](.+?)[{_CLOSES}](?!\w)")
_ENDS = re.compile(r"(?<=[.!?])\s+")


class Manner(NamedTuple):
    """How a language writes what is put into its sentences."""

    decimal: str
    thousands: str
    percent: str
    quotes: tuple[str, str]
    words: tuple[tuple[str, str], ...]  # between the parts of a list, such as " and "


class Phrasebook:
    """Phrases of one language; what fits several is said by the first."""

    def __init__(self, phrases: Sequence[tuple[str, str]], manner: Manner) -> None:
        self._phrases, self._manner = phrases, manner

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], frozenset[str], str]]:
        return [(_pattern(english), frozenset(_OWN.findall(english)), said) for english, said in self._phrases]

    def say(self, text: str) -> str:
        """The text in this language, as far as there are phrases for it."""
        text = text.strip()
        if not text or len(text) > _LONGEST:
            return text
        whole = self._phrase(text)
        if whole is not None:
            return whole
        parts, said = _ENDS.split(text), list[str]()
        while parts:
            for many in range(len(parts), 0, -1):  # a phrase may be two sentences long
                found = self._phrase(" ".join(parts[:many]))
                if found is not None or many == 1:
                    said.append(found or parts[0])
                    parts = parts[many:]
                    break
        return " ".join(said)

    def _phrase(self, text: str) -> str | None:
        for pattern, own, said in self._patterns:
            found = pattern.fullmatch(text)
            if found:
                told = found.groupdict()
                return said.format_map({name: one if name in own else self._inside(one) for name, one in told.items()})
        return None

    def _inside(self, value: str) -> str:
        """What was put in, as the language writes it."""
        if _NUMBER.fullmatch(value):
            return self._number(value)
        ends = _RANGE.fullmatch(value)
        if ends:
            low, high = self._number(ends[1]), self._number(ends[3])
            return f"{low}\N{EN DASH}{high}" if ends[2] == "\N{EN DASH}" else f"{low} bis {high}"
        found = self._phrase(value)
        if found is not None:
            return found
        before, after = self._manner.quotes
        if _QUOTED.search(value):
            kept = _QUOTED.split(value)  # what stands in quotation marks is somebody's own
            for at in range(0, len(kept), 2):
                for word, other in self._manner.words:
                    kept[at] = kept[at].replace(word, other)
            return "".join(f"{before}{part}{after}" if at % 2 else part for at, part in enumerate(kept))
        return value

    def _number(self, text: str) -> str:
        manner, text = self._manner, text.replace(",", "\0").replace(".", self._manner.decimal)
        text = text.replace("\0", manner.thousands)
        return manner.percent.format(text.removesuffix("%")) if text.endswith("%") else text


def _pattern(english: str) -> re.Pattern[str]:
    text = re.escape(english).replace(r"\ ", " ")
    text = _CHOICE.sub(lambda found: f"(?:{found[1].replace(chr(92) + '|', '|')})", text)
    text = re.sub(r"\\?'", f"[{_OPENS}{_CLOSES}]", text)
    seen: set[str] = set()

    def slot(found: re.Match[str]) -> str:
        name = found[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        kind = _NUMBER.pattern if name.startswith("n_") else "[^()]+" if name == "measure" else ".+?"
        return f"(?P<{name}>{kind})"

    return re.compile(_SLOT.sub(slot, text), re.DOTALL)
