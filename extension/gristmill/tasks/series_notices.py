"""What a person should know of series before they are forecast, each in a sentence with its cure."""

from __future__ import annotations

from gristmill.errors import DataRejected
from gristmill.records import Notice, Profile, Severity
from gristmill.tasks import series
from gristmill.tasks.series import Facts
from gristmill.tasks.series_columns import Columns, column_notices

__all__ = ["series_notices", "to_regularize", "too_short", "twice"]


def too_short(path: str, facts: Facts, horizon: int) -> DataRejected:
    """The refusal of series that hold too little for a horizon."""
    step, fewest = facts.panel.step, series.fewest_steps(horizon)
    most = max((steps for steps in range(1, horizon) if series.fewest_steps(steps) <= facts.longest), default=0)
    shorter = f", or a shorter horizon: --set horizon={most}" if most else ""
    return DataRejected(
        f"The longest series of {path} has {step.amount(facts.longest)}, too few to forecast {step.amount(horizon)}: "
        f"a test needs at least {fewest:,}.",
        cure=f"Give more history{shorter}.",
        code="series-too-short",
    )


def twice(facts: Facts) -> DataRejected:
    """The refusal of rows that repeat a moment."""
    count = facts.panel.duplicates
    return DataRejected(
        f"{count:,} row{'' if count == 1 else 's'} repeat{'s' if count == 1 else ''} a moment that its series "
        f"has already; the first is {facts.twice}.",
        cure="Keep one row for each moment, or add the column that tells such rows apart.",
        code="duplicate-moments",
    )


def to_regularize(profile: Profile) -> Notice:
    """What is asked where rows keep to no step at all."""
    return Notice(
        code="regularize",
        message=f"The rows of {profile.main.path} are not evenly spaced in time, so they are brought onto even steps: "
        "rows within one step become their mean, steps without a row become gaps.",
        severity=Severity.CONFIRM,
        cure="Name the step with --set frequency=D, and add --set aggregate=sum where values add up.",
    )


def series_notices(profile: Profile, target: str, facts: Facts) -> tuple[Notice, ...]:
    """All of them for one target."""
    columns = Columns.of(profile, facts, target, {})
    found = [_series(target, facts, columns)]
    if not facts.panel.is_regular:
        found.append(_irregular(facts))
    if facts.gaps:
        found.append(_gaps(facts, profile.rows))
    if facts.early:
        found.append(_early(facts))
    fewest = series.fewest_steps(columns.horizon(facts))
    if facts.shortest < fewest:
        found.append(
            Notice(
                code="series-short",
                message=f"Some series are shorter than {facts.panel.step.amount(fewest)}: they are forecast, though "
                "the score tells nothing of them.",
            )
        )
    return (*found, *column_notices(columns, facts))


def _series(target: str, facts: Facts, columns: Columns) -> Notice:
    step, horizon = facts.panel.step, columns.horizon(facts)
    habit, words = step.habit()
    usual = f"about {words}, as is usual" if words else "as is usual"
    why = usual if horizon == habit else "as much as series of this length bear"
    if horizon != facts.horizon:
        why = f"as many as the last rows of each series tell of without a value of '{target}'"
    count = "One series" if facts.series == 1 else f"{facts.series:,} series"
    one = "one " if step.noun[0].isalpha() else ""
    return Notice(
        code="series",
        message=f"{count} of {_span(facts)} in steps of {one}{step.noun}, up to {facts.end}. The next "
        f"{step.amount(horizon)} {'is' if horizon == 1 else 'are'} forecast: {why}.",
        cure="Another horizon: --set horizon=N. Another step: --set frequency=W.",
        column=facts.panel.time,
    )


def _irregular(facts: Facts) -> Notice:
    panel, noun = facts.panel, facts.panel.step.noun
    return Notice(
        code="regularize",
        message=f"The moments in '{panel.time}' are not quite evenly spaced: they are brought onto steps of "
        f"{'one ' if noun[0].isalpha() else ''}{noun}, where rows within one step become their mean.",
        severity=Severity.CONFIRM,
        cure="Add --set aggregate=sum where values add up.",
        column=panel.time,
    )


def _gaps(facts: Facts, rows: int) -> Notice:
    share, alone = facts.gaps / (facts.gaps + rows), facts.gaps == 1
    return Notice(
        code="series-gaps",
        message=f"{facts.gaps:,} step{'' if alone else 's'} within the series ({100 * share:.2g}%) "
        f"{'has' if alone else 'have'} no row: {'it counts' if alone else 'they count'} as unknown, not as zero.",
        severity=Severity.WARNING if share > 0.05 else Severity.INFO,
        cure="If nothing happened there, give them as rows with 0.",
        column=facts.panel.time,
    )


def _early(facts: Facts) -> Notice:
    ends, they = ("ends", "it is") if facts.early == 1 else ("end", "they are")
    return Notice(
        code="series-end-early",
        message=f"{facts.early:,} of {facts.series:,} series {ends} before {facts.end}: {they} forecast for the same "
        "dates as the others all the same, which is less sure the longer nothing has been known.",
        cure="Leave out series that are over.",
    )


def _span(facts: Facts) -> str:
    if facts.shortest == facts.longest:
        return f"{facts.longest:,} values" + (" each" if facts.series > 1 else "")
    return f"{facts.shortest:,} to {facts.longest:,} values"
