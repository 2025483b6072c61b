"""Ways from page to page: a fragment of the address names each."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from gristmill_widgets.html import Child, Html, el

__all__ = ["fragment_of", "link"]


def fragment_of(name: str, subject: str = "", chosen: Mapping[str, str | None] | None = None) -> str:
    """Where a page is."""
    query = urlencode({key: value for key, value in (chosen or {}).items() if value})
    return name + (f"/{quote(subject, safe=',')}" if subject else "") + (f"?{query}" if query else "")


def link(text: Child, fragment: str, **attributes: object) -> Html:
    """A way to another page."""
    return el("a", text, href=f"#{fragment}", data_act="go", data_value=fragment, **attributes)
