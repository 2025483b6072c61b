"""What every figure is: a title, a sentence that says what to see, and a body of HTML or SVG.

A figure shows itself wherever a notebook is shown. It carries the report's style sheet along, because JupyterLab has
none of ours; reports.py leaves that copy out, since the page has it once. The plain-text form is the sentence, so
that a terminal and a screen reader get what a chart would tell. The metadata `gristmill.part` lets a report find a
figure by what it is, and so put the verdict first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gristmill_templates

__all__ = ["Figure", "Group", "stylesheet"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One thing a report shows; `body` is HTML that is ours, with every word of the user's escaped."""

    title: str
    body: str
    caption: str = ""
    part: str = "figure"
    wide: bool = False

    def html(self) -> str:
        """The figure alone, without its style sheet."""
        kind = "gm-figure gm-wide" if self.wide else "gm-figure"
        title = f'<figcaption class="gm-title">{escape(self.title)}</figcaption>' if self.title else ""
        caption = f'<p class="gm-caption">{escape(self.caption)}</p>' if self.caption else ""
        return f'<figure class="gm {kind}" data-part="{self.part}">{title}{caption}{self.body}</figure>'

    def text(self) -> str:
        """The figure in words."""
        return f"{self.title}: {self.caption}" if self.title and self.caption else self.title or self.caption

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, Any]]:
        return (
            {"text/html": f"<style>{stylesheet()}</style>{self.html()}", "text/plain": self.text()},
            {"gristmill": {"part": self.part}},
        )


class Group(Sequence[Figure]):
    """Figures that belong together: side by side where the page is wide enough."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._figures = tuple(figures)

    def __len__(self) -> int:
        return len(self._figures)

    def __getitem__(self, index: Any) -> Any:
        return self._figures[index]

    def html(self) -> str:
        """All figures, without the style sheet."""
        return f'<div class="gm gm-group">{"".join(figure.html() for figure in self._figures)}</div>'

    def text(self) -> str:
        """All figures in words, one a line."""
        return "\n".join(figure.text() for figure in self._figures)

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, Any]]:
        return (
            {"text/html": f"<style>{stylesheet()}</style>{self.html()}", "text/plain": self.text()},
            {"gristmill": {"part": "group"}},
        )


def stylesheet() -> str:
    """The tokens and the figures' own rules, small enough to travel with each figure."""
    css: str = gristmill_templates.stylesheet("report/tokens.css", "report/figures.css")
    return css
