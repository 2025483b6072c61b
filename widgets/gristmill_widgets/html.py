"""HTML that cannot be broken out of: the one way in which the wizard writes a page.

`el("p", "a < b", class_="note")` is `<p class="note">a &lt; b</p>`. Whatever is not `Html` itself is somebody's text
and is escaped, children and values of attributes alike; steering characters that would turn the page's direction are
taken out, so that a hostile name changes nothing but itself. Attributes that hold code (`onclick`) and links that run
code (`javascript:`) are refused, for no page of ours needs any: what a click means stands in `data_act`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html import escape

__all__ = ["Child", "Html", "el", "is_link", "join", "plain", "shorten"]

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "col"})
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*")
_LINK = re.compile(r"(?:https?://|/(?!/)|\./|#|data:image/(?:png|jpeg|gif|webp);base64,)", re.IGNORECASE)
_LINKS = frozenset({"href", "src"})
_REFUSED = frozenset({"srcdoc", "style"})  # a report comes by a way of its own; sizes are given by `share`


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = Html | str | int | float | None | Iterable["Child"]


def el(name: str, /, *children: Child, **attributes: object) -> Html:
    """An element. `class_` and `for_` drop their underscore, `data_act` is `data-act`; None and False are left out."""
    if not _NAME.fullmatch(name) or name in ("script", "style", "iframe", "object", "embed"):
        raise ValueError(f"{name} is no element of a page")
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value not in (None, False))
    inner = "" if name in _VOID else f"{join(children)}</{name}>"
    return Html(f"<{name}{written}>{inner}")


def join(children: Iterable[Child]) -> Html:
    """Children one after the other; what is not Html is escaped."""
    return Html("".join(_child(child) for child in children))


def is_link(text: str) -> bool:
    """Whether a page may lead there: to a page or a file, and to nothing that runs."""
    return bool(_LINK.match(text.strip()))


def plain(text: str) -> str:
    """Somebody's text without control characters and turns of the writing direction; lines and tabs stay."""
    return "".join(letter for letter in text if letter in "\n\t" or not _steers(letter))


def shorten(text: str, most: int) -> str:
    """The text, its middle left out where it is longer than `most` letters."""
    text = plain(text)
    if len(text) <= most:
        return text
    tail = most // 3
    return f"{text[: most - tail - 1]}…{text[-tail:]}"


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str | int | float):
        return escape(plain(str(child)), quote=True)
    return join(child)


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    if not _NAME.fullmatch(name) or name.startswith("on") or name in _REFUSED:
        raise ValueError(f"{name} is no attribute of a page")
    if value is True:
        return f" {name}"
    text = plain(str(value))
    if name in _LINKS and not is_link(text):
        raise ValueError(f"{name} leads to no page")
    return f' {name}="{escape(text, quote=True)}"'


def _steers(letter: str) -> bool:
    turns = "\u202a" <= letter <= "\u202e" or "\u2066" <= letter <= "\u2069" or letter in "\u200e\u200f"
    return turns or unicodedata.category(letter) in ("Cc", "Cs")
