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
from gristmill.records import Column, ColumnKind, Notice, Profile, Resources, Role, Severity, Table, TableForm
from gristmill.tasks import series
from gristmill.tasks.base import Candidate, Listing, LoadPlan, Metric, TaskKind
from gristmill.tasks.frames import finite, read_rows, typed_as
from gristmill.tasks.series import ITEM, STAMP, Facts, Panel, Shape, Step
from gristmill.tasks.targets import SURE, promise

if TYPE_CHECKING:
    from pandas import DataFrame, Series

__all__ = ["TimeSeries"]

_MOST_BYTES = 400 << 20  # of tables that are looked through for series
_MOST_COLUMNS = 20_000
_EDGE = 1.0  # what speaks for a forecast rather than for an answer row by row, where rows are evenly spaced
_COMPANY = 2  # columns beside the target from which on each speaks for an answer row by row
_FORCED = -5.0  # only who asks for it gets a forecast of rows that are not evenly spaced
_NUMBERS = (ColumnKind.NUMBER, ColumnKind.INTEGER, ColumnKind.IDENTIFIER)
_FEW_SERIES = 100
_LONG_BUDGET, _LONGER_BUDGET = 150.0, 300.0
_HUBS = {"Chronos2": "autogluon/chronos-2", "Toto2": "Datadog/Toto-2.0-22m"}

MASE = Metric(
    name="MASE",
    title="Mean absolute scaled error",
    explain="The size of an error, measured by how much the series changes from one season to the next: below 1 is "
    "better than repeating the last season was on the history.",
    greater_is_better=False,
    upper=None,
    aliases=("mase", "mean_absolute_scaled_error"),
)
WQL = Metric(
    name="WQL",
    title="Weighted quantile loss",
    explain="How far forecast and range are off, as a share of what there was; the one to take if the range matters.",
    greater_is_better=False,
    upper=None,
    aliases=("wql", "weighted_quantile_loss"),
)
WAPE = Metric(
    name="WAPE",
    title="Weighted absolute percentage error",
    explain="The sum of all errors as a share of the sum of all values.",
    greater_is_better=False,
    percent=True,
    upper=None,
    aliases=("wape", "weighted_absolute_percentage_error"),
)
SMAPE = Metric(
    name="SMAPE",
    title="Symmetric percentage error",
    explain="By how many percent a forecast is off, against the mean of forecast and truth: 2 is the worst.",
    greater_is_better=False,
    percent=True,
    upper=2.0,
    aliases=("smape",),
)
RMSE = Metric(
    name="RMSE",
    title="Root mean squared error",
    explain="The typical size of an error, in the target's own unit; large errors and large series count most.",
    greater_is_better=False,
    in_target_unit=True,
    upper=None,
    aliases=("rmse", "root_mean_squared_error"),
)
MAE = Metric(
    name="MAE",
    title="Mean absolute error",
    explain="By how much a forecast is off on average, in the target's own unit.",
    greater_is_better=False,
    in_target_unit=True,
    upper=None,
    aliases=("mae", "mean_absolute_error"),
)


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
    metrics = (MASE, WQL, WAPE, SMAPE, RMSE, MAE)

    # --- what the files hold -----------------------------------------------------------------------------------------

    def arrange(self, folder: Path, files: Sequence[str]) -> Listing | None:
        found = _read(folder, files)
        if found is None:
            return None
        rows, form, sizes = found
        used, is_made = list(sizes), False
        shape = series.shape_of(rows)
        rows = series.melted(rows, shape)
        panel = series.find(rows)
        if panel is None and shape.kind == "long" and len(used) > 1 and "series" not in rows.columns:
            rows = rows.assign(series=[Path(path).stem for path, size in sizes.items() for _ in range(size)])
            panel = series.find(rows)
            panel, is_made = panel if panel is not None and panel.items == ("series",) else None, True
        if panel is None:
            return None
        zones = _zones(folder, used, form, panel.time)
        is_made = is_made or shape.kind != "long" or rows[panel.time].dtype.kind not in "Mi"
        moments = series.moments_of(rows[panel.time])
        rows = rows.assign(**{panel.time: moments})[moments.notna()]
        facts = Facts.of(rows, panel, shape, records.encode(form).decode())
        if len(zones) > 1 and ("" in zones or not panel.is_regular or panel.duplicates):
            raise _mixed_zones(used[0], panel.time, zones)
        if not is_made:
            return Listing(rows=None, likelihood=0.5, facts=facts.written())
        rows = rows.sort_values([*panel.items, panel.time], kind="stable")
        return Listing(rows=rows.reset_index(drop=True), likelihood=0.5, facts=facts.written())

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
        edge = _EDGE - (0.15 if facts.panel.items else 0.35) * max(0, company - 1 - _COMPANY)
        found = []
        for column in numbers:
            speaks = promise(profile, column)
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
            return (_to_regularize(profile),)
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
        if facts.twice:
            count = facts.panel.duplicates
            raise DataRejected(
                f"{count:,} row{'' if count == 1 else 's'} repeat{'s' if count == 1 else ''} a moment that its series "
                f"has already; the first is {facts.twice}.",
                cure="Keep one row for each moment, or add the column that tells such rows apart.",
                code="duplicate-moments",
            )
        if facts.longest < series.fewest_steps(1):
            raise _too_short(facts, 1)
        return _notices(profile, target, facts)

    def metrics_for(self, profile: Profile, target: str) -> tuple[Metric, ...]:
        del profile, target
        return self.metrics

    def metric_reason(self, profile: Profile, target: str) -> str:
        del profile, target
        return f"{MASE.explain} It counts large and small series alike."

    # --- what a run reads --------------------------------------------------------------------------------------------

    def load(self, folder: Path, profile: Profile, plan: LoadPlan) -> tuple[DataFrame, DataFrame]:
        """The series up to their held-out windows, and all of them as a whole; `attrs` says what they are."""
        from autogluon.timeseries import TimeSeriesDataFrame

        known = _known(profile, plan)
        names = list(profile.main.form.names)
        rows = finite(read_rows(folder, _tables(profile), names))
        facts = _settled(rows, profile, plan)
        values = [plan.target, *known]
        whole = series.even(rows, facts.panel, values, sums=plan.settings.get("aggregate") == "sum")
        whole, future = series.told_apart(whole, plan.target)
        lengths = whole.groupby(ITEM, sort=False).size()
        middle = int(lengths.median())
        horizon = _horizon(plan.settings, facts)
        if int(lengths.max()) < series.fewest_steps(horizon):
            raise _too_short(replace(facts, longest=int(lengths.max())), horizon)
        windows = series.windows_of(middle, horizon)
        while windows > 1 and int(lengths.max()) < series.fewest_steps(horizon) + (windows - 1) * horizon:
            windows -= 1
        told = {
            "panel": asdict(facts.panel),
            "shape": asdict(facts.shape),
            "form": json.loads(facts.form) if facts.form else records.to_plain(profile.main.form),
            "target": plan.target,
            "known": known,
            "horizon": horizon,
            "season": facts.panel.step.season(middle),
            "windows": windows,
        }
        test = TimeSeriesDataFrame(whole)
        enough = lengths[lengths >= series.fewest_steps(horizon) + (windows - 1) * horizon].index
        train = test.loc[list(enough)].slice_by_timestep(None, -windows * horizon)
        told["names"] = _item_columns(rows, facts.panel)
        told["future"] = future.astype({STAMP: str}).to_dict("list") if known else {}
        train.attrs = test.attrs = {"series": told}
        return train, test

    def problem_type(self, target: Series) -> str:
        del target
        return "regression"

    def plan(
        self, profile: Profile, budget: float, resources: Resources, *, smaller: bool = False
    ) -> tuple[dict[str, Any], tuple[Notice, ...]]:
        facts = Facts.read(profile.facts)
        number = 1 if facts is None else facts.series
        # A pool of processes takes longer to start than a hundred series take by themselves.
        alone = {"n_jobs": 1} if number <= _FEW_SERIES or resources.cpus == 1 else {}
        quick: dict[str, Any] = {"SeasonalNaive": {"n_jobs": 1}, "Theta": alone, "ETS": alone}
        if smaller:
            notice = Notice(
                code="smaller-plan",
                message="Training ran out of memory: only the candidates that need least of it are trained.",
                severity=Severity.WARNING,
                cure="A machine with more memory would try them all.",
            )
            return {"quick": quick, "hyperparameters": {}, "validations": 1}, (notice,)
        more: dict[str, Any] = {"RecursiveTabular": {}, "DirectTabular": {}}
        if budget >= _LONG_BUDGET:
            more |= {"AutoETS": alone, "TemporalFusionTransformer": {}}
        if budget >= _LONGER_BUDGET:
            more |= {"DynamicOptimizedTheta": alone, "DeepAR": {}, "PatchTST": {}}
        lacking = [name for name, weights in _HUBS.items() if not _is_cached(weights)]
        more |= {name: {} for name in _HUBS if name not in lacking}
        validations = 2 if number < 20 and budget >= 45 else 1
        return {"quick": quick, "hyperparameters": more, "validations": validations}, _without(lacking)


# --- reading ---------------------------------------------------------------------------------------------------------


def _read(folder: Path, files: Sequence[str]) -> tuple[DataFrame, TableForm, dict[str, int]] | None:
    """The rows of all tables, how they are written, and how many are in each file; None where they are no series."""
    import pandas as pd

    from gristmill.tables import is_table, read, sniff

    paths = [file for file in files if is_table(folder / file)]
    if not paths or len(paths) > 2_000 or sum((folder / path).stat().st_size for path in paths) > _MOST_BYTES:
        return None
    try:
        forms = {path: sniff(folder / path) for path in paths}
        names = set(forms[paths[0]].names)
        if any(set(form.names) != names for form in forms.values()) or len(names) > _MOST_COLUMNS:
            return None
        frames = [read(folder / path, forms[path]) for path in paths]
    except DataRejected:
        return None  # whoever reads the files as tables says what is wrong with them
    rows = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    return rows, forms[paths[0]], {path: len(frame) for path, frame in zip(paths, frames, strict=True)}


def _zones(folder: Path, paths: Sequence[str], form: TableForm, time: str) -> set[str]:
    """The offsets from UTC that the moments are written with; "" for those with none."""
    from gristmill.tables import read

    if form.format != "csv" or form.dates.get(time) != "ISO8601":
        return set()
    plain = replace(form, dates={name: way for name, way in form.dates.items() if name != time})
    zones: set[str] = set()
    for path in paths[:20]:
        words = read(folder / path, plain, columns=[time])[time].dropna().astype("string")
        found = words.str.extract(r":\d\d(?:[.,]\d+)? ?(Z|UTC|[+-]\d\d:?(?:\d\d)?)$")[0].fillna("")
        zones |= {"Z" if zone == "UTC" else str(zone) for zone in found.unique()}
    return zones


def _mixed_zones(path: str, time: str, zones: set[str]) -> DataRejected:
    named = sorted(zone or "none" for zone in zones)
    return DataRejected(
        f"The moments in '{time}' of {path} are written in different time zones: {', '.join(named[:5])}.",
        cure="Write all of them in one zone, best in UTC.",
        code="mixed-zones",
    )


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
        raise UsageError(
            "The rows are not evenly spaced, so the step to forecast in must be named.",
            cure="Give it as --set frequency=D (h, D, W, MS, QS, YS).",
            code="no-frequency",
        )
    items = plan.settings.get("item", ())
    panel = Panel((items,) if isinstance(items, str) else tuple(items), times[0], step, is_regular=False)
    return Facts.of(rows, panel, Shape("long"))


def _item_columns(rows: DataFrame, panel: Panel) -> dict[str, list[Any]]:
    """What each item is called in the columns that name it."""
    if not panel.items:
        return {}
    first = rows.assign(**{ITEM: series.item_names(rows, panel.items)}).drop_duplicates(ITEM)
    values = first[list(panel.items)].astype(object).where(first[list(panel.items)].notna(), None)
    return dict(zip(first[ITEM], values.to_numpy().tolist(), strict=True))


def _tables(profile: Profile) -> list[Table]:
    """All tables that hold series: one that is called a test merely has the later rows."""
    form = profile.main.form
    return [table if table.role is Role.TRAIN else typed_as(table, form)
            for table in profile.tables if table.role is not Role.OTHER]  # fmt: skip


def _step(code: str) -> Step:
    try:
        return Step.of(code)
    except (ValueError, KeyError):
        raise UsageError(
            f"{code!r} is no step in time.",
            cure="Give one of h, D, B, W, MS, QS, YS, or a length such as 15min.",
            code="unknown-frequency",
        ) from None


def _horizon(settings: dict[str, Any], facts: Facts) -> int:
    horizon = settings.get("horizon", facts.horizon)
    if not isinstance(horizon, int) or isinstance(horizon, bool) or horizon < 1:
        raise UsageError(
            f"The horizon {horizon!r} is no number of steps.", cure="Give a whole number, such as --set horizon=14."
        )
    return horizon


def _known(profile: Profile, plan: LoadPlan) -> list[str]:
    """The columns whose coming values are known ahead, as the person says."""
    chosen = plan.settings.get("known", ())
    names = [name.strip() for name in chosen.split(",")] if isinstance(chosen, str) else list(chosen)
    for name in names:
        if name not in profile.main.form.names or name == plan.target:
            raise UsageError(
                f"There is no column {name!r} that could be known ahead.",
                cure=f"The columns are: {', '.join(profile.main.form.names)}.",
                code="unknown-column",
            )
    return names


def _too_short(facts: Facts, horizon: int) -> DataRejected:
    step = facts.panel.step
    return DataRejected(
        f"The longest series has {step.amount(facts.longest)}, too few to forecast {step.amount(horizon)}: "
        f"a test needs at least {series.fewest_steps(horizon):,}.",
        cure="Give more history, or a shorter horizon: --set horizon=N.",
        code="series-too-short",
    )


# --- words -----------------------------------------------------------------------------------------------------------


def _is_number(column: Column) -> bool:
    return column.dtype in ("int64", "float64") and column.kind in (*_NUMBERS, ColumnKind.YES_NO, ColumnKind.CONSTANT)


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


def _to_regularize(profile: Profile) -> Notice:
    return Notice(
        code="regularize",
        message=f"The rows of {profile.main.path} are not evenly spaced in time, so they are brought onto even steps: "
        "rows within one step become their mean, steps without a row become gaps.",
        severity=Severity.CONFIRM,
        cure="Name the step with --set frequency=D, and add --set aggregate=sum where values add up.",
    )


def _notices(profile: Profile, target: str, facts: Facts) -> tuple[Notice, ...]:
    step, panel = facts.panel.step, facts.panel
    ahead = step.amount(facts.horizon)
    habit, words = step.habit()
    why = f"about {words}, as is usual" if facts.horizon == habit else "as much as series of this length bear"
    count = "One series" if facts.series == 1 else f"{facts.series:,} series"
    found = [
        Notice(
            code="series",
            message=f"{count} of {_span(facts)} in steps of {'one ' if step.noun[0].isalpha() else ''}{step.noun}, up "
            f"to {facts.end}. The next {ahead} {'is' if facts.horizon == 1 else 'are'} forecast: {why}.",
            cure="Another horizon: --set horizon=N. Another step: --set frequency=W.",
            column=panel.time,
        )
    ]
    if not panel.is_regular:
        found.append(
            Notice(
                code="regularize",
                message=f"The moments in '{panel.time}' are not quite evenly spaced: they are brought onto steps of "
                f"one {step.noun}, where rows within one step become their mean.",
                severity=Severity.CONFIRM,
                cure="Add --set aggregate=sum where values add up.",
                column=panel.time,
            )
        )
    if facts.gaps:
        share = facts.gaps / (facts.gaps + profile.rows)
        found.append(
            Notice(
                code="series-gaps",
                message=f"{facts.gaps:,} step{'' if facts.gaps == 1 else 's'} within the series "
                f"({100 * share:.2g}%) {'has' if facts.gaps == 1 else 'have'} no row: they count as unknown, not as "
                "zero.",
                severity=Severity.WARNING if share > 0.05 else Severity.INFO,
                cure="If nothing happened there, give them as rows with 0.",
                column=panel.time,
            )
        )
    if facts.early:
        found.append(
            Notice(
                code="series-end-early",
                message=f"{facts.early:,} of {facts.series:,} series end before {facts.end}: they are forecast for the "
                "same dates as the others all the same, which is less sure the longer they have been silent.",
                cure="Leave out series that are over.",
            )
        )
    if facts.shortest < series.fewest_steps(facts.horizon):
        found.append(
            Notice(
                code="series-short",
                message=f"Some series are shorter than {step.amount(series.fewest_steps(facts.horizon))}: they are "
                "forecast, though the score tells nothing of them.",
            )
        )
    others = [
        column.name
        for column in profile.main.columns
        if column.name not in (*panel.items, panel.time, target) and column.kind is not ColumnKind.EMPTY
    ]
    if others:
        listed = ", ".join(f"'{name}'" for name in others[:5]) + (" and others" if len(others) > 5 else "")
        found.append(
            Notice(
                code="columns-unknown-ahead",
                message=f"{listed} take{'s' if len(others) == 1 else ''} no part, as nobody can say whether the coming "
                "values are known when a forecast is made.",
                cure=f"If they are: --set known={others[0]}.",
            )
        )
    return tuple(found)


def _span(facts: Facts) -> str:
    if facts.shortest == facts.longest:
        return f"{facts.longest:,} values" + (" each" if facts.series > 1 else "")
    return f"{facts.shortest:,} to {facts.longest:,} values"


# --- weights ---------------------------------------------------------------------------------------------------------


def _is_cached(weights: str) -> bool:
    """Whether the weights lie on this machine; a hub is not asked."""
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return False
    return isinstance(try_to_load_from_cache(weights, "config.json"), str)


def _without(lacking: Sequence[str]) -> tuple[Notice, ...]:
    if not lacking:
        return ()
    return (
        Notice(
            code="weights-missing",
            message=f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} left out: pretrained weights are "
            "not on this machine, and a model hub is not asked during a run.",
            cure="Download the weights beforehand with huggingface-cli, and they will be tried.",
        ),
    )
