"""Time series: how does it go on? Each series gets its next values, with the range in which they should lie.

A dataset of series is arranged: wide tables are turned long, moments that are written as words are read, and the
columns that name an item and tell the time are found by the spacing of the rows. What was found is kept with the
profile (`series.Facts`), so that horizon and step can be proposed with their reasons.

The last windows of each series are held out. No candidate sees them, and the score is measured on them one after
another, each forecast starting where the window before has ended.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill import records
from gristmill.errors import DataRejected, UsageError
from gristmill.records import Column, ColumnKind, Notice, Profile, Resources
from gristmill.tasks import series
from gristmill.tasks.base import Candidate, Listing, LoadPlan, Metric, TaskKind
from gristmill.tasks.frames import finite, read_rows
from gristmill.tasks.series import ITEM, STAMP, Facts, Panel, Shape, Step
from gristmill.tasks.series_columns import SETTINGS, Columns
from gristmill.tasks.series_metrics import MASE, METRICS
from gristmill.tasks.series_notices import series_notices, to_regularize, too_short, twice
from gristmill.tasks.series_plan import series_plan
from gristmill.tasks.series_tables import arranged, tables_of
from gristmill.tasks.targets import SURE, Promise, promise

if TYPE_CHECKING:
    from pandas import DataFrame, Series

__all__ = ["TimeSeries"]

_EDGE = 1.0  # what speaks for a forecast rather than for an answer row by row, where rows are evenly spaced
_COMPANY = 2  # columns beside the target from which on each speaks for an answer row by row
_NAMED = 1.0  # what speaks for a forecast besides, where columns name series: those are no answers
_AWAITED = 2.0  # what speaks for a target that is empty at the end, where other columns go on
_FORCED = -5.0  # only who asks for it gets a forecast of rows that are not evenly spaced
_NUMBERS = (ColumnKind.NUMBER, ColumnKind.INTEGER, ColumnKind.IDENTIFIER)


class TimeSeries(TaskKind):
    """Each series gets its next values."""

    name = "time-series"
    title = "Time series"
    summary = "how series go on"
    modules = ("autogluon.timeseries",)
    extra = "all-tasks"
    recipe = "series.ipynb"
    engine = "gristmill.engines.series:SeriesEngine"
    asks_for_rows = False
    metrics = METRICS
    lasting = ("horizon", "frequency", "aggregate", "item", *SETTINGS)

    # --- what the files hold -----------------------------------------------------------------------------------------

    def arrange(self, folder: Path, files: Sequence[str]) -> Listing | None:
        return arranged(folder, files)

    def tiny(self, folder: Path) -> Path:
        path = folder / "tiny.csv"
        days = [f"2024-{month:02d}-{day:02d}" for month in (1, 2, 3) for day in range(1, (31, 29, 31)[month - 1] + 1)]
        values = [(at % 7 + at * at % 5, day) for at, day in enumerate(days)]
        rows = [f"{shop},{day},{10 * number + value}" for number, shop in enumerate("ab", 1) for value, day in values]
        path.write_text("\n".join(["shop,day,answer", *rows]) + "\n", encoding="utf-8")
        return path

    # --- what could be forecast --------------------------------------------------------------------------------------

    def candidates(self, profile: Profile, target: str | None = None) -> tuple[Candidate, ...]:
        facts = Facts.read(profile.facts)
        columns = profile.main.columns if target is None else [profile.column(target)]
        named = set() if facts is None else {*facts.panel.items, facts.panel.time}
        numbers = [column for column in columns if _is_number(column) and column.name not in named]
        if facts is None or not numbers:
            return tuple(_forced(profile, column) for column in columns if target)
        others = [column for column in profile.main.columns if column.name not in named]
        company = sum(_is_number(column) or column.kind is ColumnKind.CATEGORY for column in others)
        # What stands beside a single series mostly explains it; what stands beside many comes with each.
        edge = _EDGE + (_NAMED if facts.panel.items and facts.panel.is_regular else 0.0)
        edge -= (0.15 if facts.panel.items else 0.35) * max(0, company - 1 - _COMPANY)
        found = []
        for column in numbers:
            speaks = _speaks(profile, facts, column)
            found.append(
                Candidate(
                    target=column.name,
                    likelihood=speaks.points + 1.0 + edge,
                    sure=speaks.points >= SURE or len(numbers) == 1,
                    target_reason=speaks.reason(column.name)
                    if company > 1
                    else f"'{column.name}' is the only column of values.",
                    task_reason=_task_reason(facts),
                )
            )
        return tuple(sorted(found, key=lambda candidate: -candidate.likelihood))

    def check(self, profile: Profile, target: str) -> tuple[Notice, ...]:
        column, facts = profile.column(target), Facts.read(profile.facts)
        if not _is_number(column):
            raise DataRejected(
                f"'{target}' holds no numbers, so there is nothing to forecast.",
                cure="Choose a column of numbers, or another task.",
                code="not-a-number",
            )
        if facts is None:
            return (to_regularize(profile),)
        if target in (*facts.panel.items, facts.panel.time):
            raise DataRejected(
                f"'{target}' names the series or tells the time, so it cannot be forecast.",
                cure="Choose the column that holds the values.",
                code="target-kind",
            )
        if column.distinct < 2:
            raise DataRejected(
                f"'{target}' is the same in every row: there is nothing to forecast.",
                cure="Choose another target.",
                code="one-value",
            )
        if facts.panel.duplicates:
            raise twice(facts)
        if facts.longest < series.fewest_steps(1):
            raise too_short(profile.main.path, facts, 1)
        return series_notices(profile, target, facts)

    def metrics_for(self, profile: Profile, target: str) -> tuple[Metric, ...]:
        del profile, target
        return self.metrics

    def metric_reason(self, profile: Profile, target: str) -> str:
        del profile, target
        return f"{MASE.explain} It counts large and small series alike."

    def settle(self, profile: Profile, target: str, settings: dict[str, Any]) -> None:
        facts, wanted = Facts.read(profile.facts), settings.get("frequency")
        step = None if wanted is None else _step(str(wanted))
        if facts is None:
            if step is None:
                raise _nameless()
            return
        horizon = _horizon(settings, Columns.of(profile, facts, target, settings).horizon(facts))
        if (step is None or step == facts.panel.step) and facts.longest < series.fewest_steps(horizon):
            raise too_short(profile.main.path, facts, horizon)

    # --- what a run reads --------------------------------------------------------------------------------------------

    def load(self, folder: Path, profile: Profile, plan: LoadPlan) -> tuple[DataFrame, DataFrame]:
        """The series up to their held-out windows, and all of them as a whole; `attrs` says what they are."""
        from autogluon.timeseries import TimeSeriesDataFrame

        rows = finite(read_rows(folder, tables_of(profile), list(profile.main.form.names)))
        facts = _settled(rows, profile, plan)
        columns = Columns.of(profile, facts, plan.target, plan.settings)
        sums = [plan.target] if plan.settings.get("aggregate") == "sum" else []
        whole = series.even(rows, facts.panel, columns.values, sums=sums)
        whole, future = series.told_apart(whole, plan.target)
        lengths = whole.groupby(ITEM, sort=False).size()
        middle, longest = int(lengths.median()), int(lengths.max())
        horizon = _horizon(plan.settings, columns.horizon(facts))
        if longest < series.fewest_steps(horizon):
            raise too_short(profile.main.path, replace(facts, longest=longest), horizon)
        windows = series.windows_of(middle, horizon)
        while windows > 1 and longest < series.fewest_steps(horizon) + (windows - 1) * horizon:
            windows -= 1
        described = series.described(rows, facts.panel, columns.static)
        test = TimeSeriesDataFrame(whole, static_features=described)
        enough = lengths[lengths >= series.fewest_steps(horizon) + (windows - 1) * horizon].index
        train = test.loc[list(enough)].slice_by_timestep(None, -windows * horizon)
        told = {
            "panel": asdict(facts.panel),
            "shape": asdict(facts.shape),
            "form": json.loads(facts.form) if facts.form else records.to_plain(profile.main.form),
            "target": plan.target,
            "sums": sums,
            "known": list(columns.known),
            "past": list(columns.past),
            "static": list(columns.static),
            "horizon": horizon,
            "season": facts.panel.step.season(middle),
            "windows": windows,
            "names": _item_columns(rows, facts.panel),
            "future": future.astype({STAMP: str}).to_dict("list") if columns.known else {},
        }
        train.attrs = test.attrs = {"series": told}
        return train, test

    def problem_type(self, target: Series) -> str:
        del target
        return "regression"

    def plan(
        self, profile: Profile, budget: float, resources: Resources, *, smaller: bool = False
    ) -> tuple[dict[str, Any], tuple[Notice, ...]]:
        return series_plan(profile, budget, resources, smaller=smaller)


# --- within ---------------------------------------------------------------------------------------------------------


def _settled(rows: DataFrame, profile: Profile, plan: LoadPlan) -> Facts:
    """What is known of the series, with the step that the person has named, if any."""
    facts, wanted = Facts.read(profile.facts), plan.settings.get("frequency")
    step = _step(str(wanted)) if wanted is not None else None
    if facts is not None:
        if step is None or step.code == facts.panel.step.code:
            return facts
        return Facts.of(rows, replace(facts.panel, step=step), facts.shape, facts.form)
    times = series.times_of(rows)
    if not times:
        raise DataRejected(
            f"No column of {profile.main.path} tells the time.", cure="Add a column of dates.", code="no-time"
        )
    if step is None:
        raise _nameless()
    items = plan.settings.get("item", ())
    panel = Panel((items,) if isinstance(items, str) else tuple(items), times[0], step, is_regular=False)
    return Facts.of(rows, panel, Shape("long"))


def _nameless() -> UsageError:
    return UsageError(
        "The rows are not evenly spaced, so the step to forecast in must be named.",
        cure="Give it as --set frequency=D (h, D, W, MS, QS, YS).",
        code="no-frequency",
    )


def _item_columns(rows: DataFrame, panel: Panel) -> dict[str, list[Any]]:
    """What each item is called in the columns that name it."""
    if not panel.items:
        return {}
    first = rows.assign(**{ITEM: series.item_names(rows, panel.items)}).drop_duplicates(ITEM)
    values = first[list(panel.items)].astype(object).where(first[list(panel.items)].notna(), None)
    return dict(zip(first[ITEM], values.to_numpy().tolist(), strict=True))


def _step(code: str) -> Step:
    try:
        return Step.of(code)
    except (ValueError, KeyError):
        raise UsageError(
            f"{code!r} is no step in time.",
            cure="Give one of h, D, B, W, MS, QS, YS, or a length such as 15min.",
            code="unknown-frequency",
        ) from None


def _horizon(settings: dict[str, Any], proposed: int) -> int:
    horizon = settings.get("horizon", proposed)
    if not isinstance(horizon, int) or isinstance(horizon, bool) or horizon < 1:
        raise UsageError(
            f"The horizon {horizon!r} is no number of steps.", cure="Give a whole number, such as --set horizon=14."
        )
    return horizon


def _is_number(column: Column) -> bool:
    return column.dtype in ("int64", "float64") and column.kind in (*_NUMBERS, ColumnKind.YES_NO, ColumnKind.CONSTANT)


def _speaks(profile: Profile, facts: Facts, column: Column) -> Promise:
    """What speaks for a column as the one to forecast, beside what speaks for it anywhere."""
    speaks = promise(profile, column)
    if facts.empty.get(column.name, 0) > 1 and 0 in facts.empty.values():
        speaks.add(_AWAITED, "has no value in the last rows of each series, where other columns go on")
    if column.kind is ColumnKind.YES_NO:
        speaks.add(-1.0)
    return speaks


def _forced(profile: Profile, column: Column) -> Candidate:
    return Candidate(
        target=column.name,
        likelihood=_FORCED,
        sure=True,
        target_reason="You chose it.",
        task_reason=f"'{column.name}' of {profile.main.path} is no series by itself.",
    )


def _task_reason(facts: Facts) -> str:
    step, panel = facts.panel.step, facts.panel
    article = "an" if step.noun == "hour" else "a"
    what = f"one row {article} {step.noun}" if step.noun[0].isalpha() else f"one row every {step.noun}"
    whose = " for each " + " and ".join(f"'{name}'" for name in panel.items) if panel.items else ""
    return f"The rows stand in even steps of '{panel.time}', {what}{whose}, so they are series that go on."
