"""Runs beside each other: what they were asked, where they differ, which did best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gristmill.records import Comparison, Run, RunStatus
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.links import fragment_of, link
from gristmill_widgets.page import Page
from gristmill_widgets.pieces import card, head, loading, state, table
from gristmill_widgets.words import duration, metric, score, task, when

__all__ = ["Compare"]

_MOST = 4


class Compare(Page):
    """Two runs or more; their ids stand in the address, with commas between."""

    name = "compare"

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        self._ids = [one for one in self.subject.split(",") if one][:_MOST]
        self._found: Comparison | None = None
        self._others: Sequence[Run] = ()

    @property
    def title(self) -> str:
        return self.s.compare_title

    def begin(self) -> None:
        client = self.app.client
        self.ask(
            lambda: client.runs(status=RunStatus.SUCCEEDED, limit=50), lambda found: setattr(self, "_others", found)
        )
        if len(self._ids) > 1:
            self.ask(lambda: client.compare(self._ids), lambda found: setattr(self, "_found", found))

    def content(self) -> Html:
        s, found = self.s, self._found
        rest = [run for run in self._others if run.id not in self._ids and run.score is not None]
        more: Child = None
        if rest and len(self._ids) < _MOST:
            items = [
                el("li", link(
                    [el("b", shorten(f"{run.target} · {run.name}", 60), dir="auto"),
                     el("span", f"{score(s, run.metric, run.score)} · {when(s, run.created_at)}")],
                    fragment_of("compare", ",".join([*self._ids, run.id])), class_="gm-choice"))
                for run in rest[:12]
            ]  # fmt: skip
            more = card(el("ul", items, class_="gm-choices"), title=s.compare_with)
        elif len(self._ids) < 2:
            more = card(el("p", s.compare_none, class_="gm-note"))
        if found is None:
            shown = card(loading(s.loading)) if len(self._ids) > 1 and self.why is None else None
        else:
            shown = self._side_by_side(found)
        return el("div", head(s.compare_title, s.compare_lead), shown, more)

    def _side_by_side(self, found: Comparison) -> Html:
        s = self.s
        said: list[tuple[str, Callable[[Run], Child], str]] = [
            (s.col_score, lambda run: el("b", score(s, run.metric, run.score)), ""),
            (s.judged_by, lambda run: metric(s, run.metric)[0], "metric"),
            (s.about_target, lambda run: shorten(run.target, 40), "target"),
            (s.about_task, lambda run: task(s, run.task)[0], "task"),
            (s.about_budget, lambda run: duration(s, run.budget), "budget"),
            (s.col_time, lambda run: duration(s, run.seconds.get("total", 0.0)), ""),
            (s.tabs["board"], lambda run: str(len(run.leaderboard)), ""),
            (s.about_recipe, lambda run: shorten(run.recipe, 40), "recipe"),
            (s.col_state, lambda run: state(s, run), "status"),
        ]
        names: list[Child] = [""]
        for run in found.runs:
            best = el("span", s.best, class_="gm-badge is-good") if run.id == found.best else None
            names.append(el("span", link(shorten(run.name, 40), fragment_of("run", run.id)), " ", best))
        rows: list[list[Child]] = [
            [el("span", name, el("small", s.differs) if field in found.differs else None, class_="gm-candidate"),
             *(form(run) for run in found.runs)]
            for name, form, field in said
        ]  # fmt: skip
        note = None if found.comparable else el("p", s.not_comparable, class_="gm-note")
        return card(note, table(names, rows, kind="gm-compared", label=s.compare_title))
