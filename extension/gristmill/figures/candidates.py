"""What was tried: the leaderboard as it ended, and where the time went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from gristmill.figures.figure import Figure
from gristmill.figures.measures import measure_named
from gristmill.figures.pieces import Bar, Cell, Markup, bars, more, table
from gristmill.records import LeaderboardRow
from gristmill.wording import Form, count, duration, quoted, share, shorten, size

__all__ = ["leaderboard", "timeline"]

_SHOWN = 30
_DASH = "\N{EN DASH}"


def leaderboard(
    rows: Sequence[LeaderboardRow], metric: str, *, chosen: str = "", rows_tested: int = 0, item: str = "row"
) -> Figure:
    """Every candidate, best first by validation; `chosen` is the one that was kept, the first if empty."""
    measure = measure_named(metric)
    sign = -1 if measure.greater_is_better else 1
    ordered = sorted(rows, key=lambda row: (row.score is None, sign * (row.score or 0.0), row.model != chosen))
    if not ordered:
        return Figure(title="Leaderboard", caption="No candidate was finished.", body="", part="leaderboard", wide=True)
    chosen = chosen or ordered[0].model
    better = "higher is better" if measure.greater_is_better else "lower is better"
    seconds = sum(row.fit_seconds or 0.0 for row in rows)
    caption = (
        f"{count(len(rows), 'candidate')}, fitted in {duration(seconds)}; scores are {measure.title}, {better}. "
        f"The choice fell on {quoted(chosen, 60)} by its validation score: test scores had no say in it."
    )
    head = ("", "candidate", "validation", "test", "fit", "predict", "size")
    form = measure.column([row.score or 0.0 for row in ordered[:_SHOWN]], 4)
    body = [_candidate(place, row, form, row.model == chosen) for place, row in enumerate(ordered[:_SHOWN], start=1)]
    strong = next((place for place, row in enumerate(ordered[:_SHOWN]) if row.model == chosen), -1)
    note = f'<p class="gm-aside">Predict: time for {_tested(rows_tested, item)}.</p>'
    if len(ordered) > _SHOWN:
        note += f'<p class="gm-aside">The best {_SHOWN} of {len(ordered)} are shown.</p>'
    shown = table(head, body, numeric=(0, 2, 3, 4, 5, 6), strong=strong) + note
    return Figure(title="Leaderboard", caption=caption, body=shown, part="leaderboard", wide=True)


def timeline(
    seconds: Mapping[str, float],
    rows: Sequence[LeaderboardRow] = (),
    *,
    budget: float | None = None,
    failures: Mapping[str, str] | None = None,
) -> Figure:
    """How long each phase took, how long each candidate, and which candidates failed and why."""
    phases = {name: spent for name, spent in seconds.items() if name != "total"}
    total = seconds.get("total", sum(phases.values()))
    caption = f"{duration(total)} so far" if "total" not in seconds else f"{duration(total)} in all"
    if budget:
        caption += f", of a budget of {duration(budget)} ({share(total / budget, 0)})"
    longest = max(phases, key=lambda name: phases[name], default="")
    caption += f"; {longest} took {duration(phases[longest])}." if longest else "."
    drawn, start = [], 0.0
    for name, spent in phases.items():
        drawn.append(Bar(name=name, value=spent, start=start, text=duration(spent)))
        start += spent
    body = bars(("phase", "one after another", "time"), drawn, most=max(start, total)) if drawn else ""
    fitted = [row for row in rows if row.fit_seconds is not None][:_SHOWN]
    if fitted:
        slowest = sorted(fitted, key=lambda row: -(row.fit_seconds or 0.0))
        entries = [
            Bar(name=row.model, value=row.fit_seconds or 0, text=duration(row.fit_seconds or 0), series=2)
            for row in slowest
        ]
        body += bars(("candidate", "time to fit", "time"), entries)
    if failures:
        told = [(shorten(name, 60), shorten(why, 240)) for name, why in failures.items()]
        body += more(f"{count(len(told), 'candidate')} did not finish", table(("candidate", "why"), told))
    return Figure(title="What was tried, and for how long", caption=caption, body=body, part="timeline", wide=True)


def _candidate(place: int, row: LeaderboardRow, form: Form, chosen: bool) -> list[Cell]:
    name = escape(shorten(row.model, 60)) + (' <span class="gm-mark">chosen</span>' if chosen else "")
    return [
        str(place),
        Markup(f'<span title="{escape(row.model)}">{name}</span>'),
        _DASH if row.score is None else form(row.score),
        _DASH if row.test_score is None else form(row.test_score),
        _DASH if row.fit_seconds is None else duration(row.fit_seconds),
        _DASH if row.predict_seconds is None else duration(row.predict_seconds),
        _DASH if row.bytes is None else size(row.bytes),
    ]


def _tested(rows: int, item: str) -> str:
    return f"the {count(rows, f'held-out {item}')}" if rows else "all that was held out"
