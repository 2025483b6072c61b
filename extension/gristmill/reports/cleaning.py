"""HTML from a notebook's outputs, made safe to show: an allow-list of elements, attributes and styles.

The page is served from the platform's own origin, and what cells print is not ours. Everything is parsed and written
anew: an element or attribute that is not listed does not come through, all text is escaped, and what was opened is
closed. Ids are dropped, so that an output cannot stand in for a part of the page.

A report never changes what it shows without saying so: `Cleaned.left_out` names what was more than decoration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

__all__ = ["Cleaned", "clean"]


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_VOID = _names("br hr img col wbr")
_ELEMENTS = _VOID | _names(
    """a abbr address article aside b bdi bdo blockquote caption cite code colgroup dd del details dfn div dl dt em
    figcaption figure footer h1 h2 h3 h4 h5 h6 header i ins kbd li main mark ol p pre q rp rt ruby s samp section small
    span strong sub summary sup table tbody td tfoot th thead time tr u ul var
    svg g path rect circle ellipse line polyline polygon text tspan defs desc lineargradient radialgradient stop"""
)
_DECORATION = _names("style link meta title head clippath metadata use html body")  # left out without a word
_RAW = _names("script style title iframe noscript object template textarea xmp noembed select")  # with what they hold
_ATTRIBUTES = _names(
    """align alt class colspan cx cy d datetime dir dx dy fill fill-opacity font-family font-size font-weight
    gradientunits height href lang offset open opacity points preserveaspectratio r role rowspan rx ry scope span src
    start stop-color stop-opacity stroke stroke-dasharray stroke-linecap stroke-linejoin stroke-opacity stroke-width
    style tabindex text-anchor title transform valign value viewbox width x x1 x2 y y1 y2"""
)
_PROPERTIES = re.compile(
    r"--part|left|right|width|height|(min|max)-(width|height)|color|background(-color)?|opacity|vertical-align"
    r"|text-(align|decoration|transform|indent|overflow)|white-space|line-height|overflow(-[xy])?|border(-[a-z-]+)?"
    r"|font(-[a-z]+)?|padding(-[a-z]+)?|margin(-[a-z]+)?|list-style(-type)?|fill|stroke(-[a-z]+)?|display"
)
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.ASCII)
_ADDRESS = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)


@dataclass(frozen=True)
class Cleaned:
    """HTML that is safe to show, and the names of elements that did not come through and may be missed."""

    html: str
    left_out: tuple[str, ...] = ()


def clean(html: str) -> Cleaned:
    """`html` with nothing active in it, and nothing that would be fetched."""
    cleaner = _Cleaner()
    cleaner.feed(html)
    cleaner.close()
    return cleaner.result()


class _Cleaner(HTMLParser):
    """Writes anew what it parses; `_open` holds the elements not yet closed, `_skipped` the raw element passed over."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._written: list[str] = []
        self._open: list[str] = []
        self._skipped = ""
        self._left_out: dict[str, None] = {}

    def result(self) -> Cleaned:
        closing = "".join(f"</{tag}>" for tag in reversed(self._open))
        return Cleaned("".join(self._written) + closing, tuple(self._left_out))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped:
            return
        if tag not in _ELEMENTS:
            if tag not in _DECORATION:
                self._left_out[tag] = None
            if tag in _RAW:
                self._skipped = tag
            return
        kept = "".join(self._attribute(tag, name, value or "") for name, value in attrs)
        if tag == "img" and " src=" not in kept:
            self._left_out["picture from elsewhere"] = None
            return
        self._written.append(f"<{tag}{kept}>")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        depth = len(self._open)
        self.handle_starttag(tag, attrs)
        if self._skipped == tag:
            self._skipped = ""
        elif len(self._open) > depth:
            self._written.append(f"</{self._open.pop()}>")

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            if tag == self._skipped:
                self._skipped = ""
            return
        if tag in self._open:
            while (last := self._open.pop()) != tag:
                self._written.append(f"</{last}>")
            self._written.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self._written.append(escape(data, quote=False))

    def _attribute(self, tag: str, name: str, value: str) -> str:
        if name == "style":
            value = _safe_style(value)
        elif name == "src":
            value = value if tag == "img" and _PICTURE.fullmatch(value) else ""
        elif name == "href":
            value = value if tag == "a" and _ADDRESS.match(value) else ""
            if value and not value.startswith("#"):
                return f' href="{escape(value)}" rel="noopener noreferrer"'
        elif (name not in _ATTRIBUTES and not name.startswith(("aria-", "data-"))) or "url(" in value.lower():
            return ""
        if not value and name in ("style", "src", "href"):
            return ""
        return f' {name}="{escape(value)}"' if re.fullmatch(r"[a-z][a-z0-9-]*", name) else ""


def _safe_style(style: str) -> str:
    """The declarations that only look, and cannot move a thing out of its place or fetch one."""
    kept = []
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        looks = _PROPERTIES.fullmatch(name.strip().lower()) and re.fullmatch(r"[\w\s.,%#()+*/!'-]*", value)
        if looks and not re.search(r"url|image|src|expression|attr", value, re.IGNORECASE):
            kept.append(f"{name.strip()}:{value.strip()}")
    return ";".join(kept)
