"""The search for hyperparameters: what was tried, how it did, and what it gained over the untuned candidates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gristmill.figures.drawing import Axis, Chart, legend
from gristmill.figures.figure import Figure
from gristmill.figures.measures import Measure, measure_named
from gristmill.figures.pieces import Cell, more, table
from gristmill.wording import Form, alike, count, duration, number, quoted, share, shorten

if TYPE_CHECKING:
    from gristmill.engines.tuning import Configuration, Search

__all__ = ["search"]

_TITLE = "The search for settings"
_SHOWN = 10
_FEWEST = 3  # configurations that make a chart
_SERIES = 5  # families that are told apart by colour
_DASH = "\N{EN DASH}"
_HOW = {"bayes": "Bayesian search (TPE)", "random": "random search"}


def search(found: Search, metric: str, *, chosen: str = "") -> Figure | None:
    """Every configuration that the search tried; None where none was asked for."""
    tried = found.tried
    if not tried:
        caption = "There was no time left to search: less than one configuration takes. A longer run would."
        return Figure(title=_TITLE, caption=caption, body="", part="search") if found.how else None
    measure, untuned = measure_named(metric), found.untuned()
    done = [one for one in tried if one.score is not None]
    caption = _caption(found.how, tried, measure, untuned, chosen)
    if not done:
        return Figure(title=_TITLE, caption=caption, body=_failures(tried), part="search", wide=True)
    body = _chart(done, measure, untuned, caption) + _table(done, measure, untuned, chosen) + _failures(tried)
    return Figure(title=_TITLE, caption=caption, body=body, part="search", wide=True)


def _caption(how: str, tried: Sequence[Configuration], measure: Measure, untuned: dict[str, float], chosen: str) -> str:
    done = [one for one in tried if one.score is not None]
    seconds = sum(one.seconds or 0.0 for one in done)
    said = f"{count(len(tried), 'configuration')} tried in {duration(seconds)}"
    said += f" by {_HOW[how]}." if how in _HOW else " in an earlier run."
    if not done:
        return f"{said} None of them came to an end."
    best = _ordered(done, measure)[0]
    if untuned:
        score = untuned[""]
        gain = _gain(best.score or 0.0, score, measure)
        form, worth = _form(measure, score, best.score or 0.0), _points(abs(gain), measure)
        came = f"{quoted(best.name, 60)}, came to {form(best.score or 0.0)} in validation"
        said += (
            f" The best, {came}: {worth} better than the best untuned candidate ({form(score)})."
            if gain > 0
            else f" None did better than the best untuned candidate ({form(score)}); the best of them, {came}."
        )
    if chosen and chosen != best.name:
        said += f" The choice fell on {quoted(chosen, 60)}."
    return f"{said} These scores picked the settings, so they flatter them: the test scores decide."


def _chart(done: Sequence[Configuration], measure: Measure, untuned: dict[str, float], alt: str) -> str:
    """Each configuration in the order in which it was tried, and the best so far; nothing where the table will do."""
    if len(done) < _FEWEST:
        return ""
    scores = [one.score or 0.0 for one in done]
    places = list(range(1, len(done) + 1))
    better = max if measure.greater_is_better else min
    best = [better(scores[:place]) for place in places]
    start = untuned.get("")
    ys = Axis.around(f"{measure.title} in validation", [*scores, *([] if start is None else [start])])
    if measure.form is share:
        ys = Axis(ys.label, ys.low, ys.high, form=lambda value: share(value, 1))
    chart = Chart(Axis("configuration", 0, len(done) + 1, form=_whole), ys, width=620)
    if start is not None:
        chart.guide([0, len(done) + 1], [start, start])
    names = list(dict.fromkeys(one.family for one in done))
    for series, name in enumerate(names, start=1):
        own = [place for place, one in zip(places, done, strict=True) if one.family == name]
        chart.dots(own, [scores[place - 1] for place in own], series=min(series, _SERIES), large=True)
    chart.line(places, best, series=1, stepped=True)
    note = '<p class="gm-aside">The line is the best so far; the dashed one, the best untuned candidate.</p>'
    shown = names if len(names) <= _SERIES else [*names[: _SERIES - 1], "others"]
    return chart.svg(f"{_TITLE}. {alt}") + legend(shown) + note


def _table(done: Sequence[Configuration], measure: Measure, untuned: dict[str, float], chosen: str) -> str:
    ordered = _ordered(done, measure)
    form = _form(measure, *(one.score or 0.0 for one in ordered[:_SHOWN]))
    rows = [_row(one, form, untuned, measure) for one in ordered]
    head = ("candidate", "settings", measure.title, "over the untuned", "fit")
    strong = next((place for place, one in enumerate(ordered) if one.name == chosen), 0)
    body = table(head, rows[:_SHOWN], numeric=(2, 3, 4), strong=strong if strong < _SHOWN else -1)
    if len(rows) > _SHOWN:
        body += more(f"{len(rows) - _SHOWN} more", table(head, rows[_SHOWN:], numeric=(2, 3, 4)))
    return body


def _row(one: Configuration, form: Form, untuned: dict[str, float], measure: Measure) -> list[Cell]:
    start = untuned.get(one.family)
    gain = None if start is None or one.score is None else _gain(one.score, start, measure)
    sign = "+" if gain is not None and gain > 0 else ""
    return [
        shorten(one.name, 60),
        _settings(one.settings),
        _DASH if one.score is None else form(one.score),
        _DASH if gain is None else sign + _points(gain, measure),
        _DASH if one.seconds is None else duration(one.seconds),
    ]


def _failures(tried: Sequence[Configuration]) -> str:
    failed = [one for one in tried if one.score is None]
    if not failed:
        return ""
    told = [
        (one.family, _settings(one.settings), shorten(one.why or "Its time was up.", 200)) for one in failed[:_SHOWN]
    ]
    return more(f"{count(len(failed), 'configuration')} came to no end", table(("candidate", "settings", "why"), told))


def _settings(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name.rpartition('/')[2]} {_written(value)}" for name, value in settings.items())


def _whole(place: float) -> str:
    return f"{place:.0f}" if float(place).is_integer() else ""


def _written(value: Any) -> str:
    return number(value) if isinstance(value, float) else str(value)


def _ordered(done: Sequence[Configuration], measure: Measure) -> list[Configuration]:
    sign = -1 if measure.greater_is_better else 1
    return sorted(done, key=lambda one: sign * (one.score or 0.0))


def _gain(score: float, start: float, measure: Measure) -> float:
    return score - start if measure.greater_is_better else start - score


def _points(gain: float, measure: Measure) -> str:
    return f"{number(100 * gain, 2)} points" if measure.form is share else number(gain)


def _form(measure: Measure, *scores: float) -> Form:
    if measure.form is share:
        percent = alike([100 * score for score in scores], 4)
        return lambda score: f"{percent(100 * score)}%"
    return alike(scores, 4)
