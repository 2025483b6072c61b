"""Whether a table is what its project asks for: every rule, every column, all that does not fit in one answer.

What is judged is what intake has counted over all rows: kinds, gaps, the smallest and the largest value, and the
different values where they are few.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from gristmill.errors import DataRejected, UsageError
from gristmill.intake.profile import columns_of
from gristmill.records import (
    Column,
    ColumnKind,
    Model,
    Notice,
    Profile,
    Role,
    Rule,
    Schema,
    Severity,
    TableForm,
    decode,
    encode,
)

__all__ = ["check_rules", "held_to", "held_to_as_batch", "misfits", "rules_of"]

MOST_RULES = 5_000
MOST_ALLOWED = 100  # values of one column: intake names as many for certain
_FEW = 20  # different values that a schema made from a dataset allows and no others
_NUMBERS = (ColumnKind.NUMBER, ColumnKind.INTEGER)
_ANY = (ColumnKind.IDENTIFIER, ColumnKind.YES_NO)  # codes and answers come as numbers or as words
_RULED = (*_NUMBERS, *_ANY, ColumnKind.CATEGORY, ColumnKind.TEXT, ColumnKind.DATE)
_SHOWN = 5


def held_to(schema: Schema, profile: Profile, project: str) -> None:
    """Go on only with data that fits the project's schema; DataRejected names everything that does not."""
    faults: list[Notice] = []
    for table in profile.tables:
        if table.columns and table.role in (Role.TRAIN, Role.TEST):
            faults += misfits(schema, table.columns, table.path)
    if faults:
        raise not_fitting(faults, project)


def held_to_as_batch(schema: Schema, path: Path, model: Model, project: str) -> None:
    """Go on only with a file that fits the project's schema, but for the column that the model is to answer.

    It is read as the model reads it, a table that comes with its pictures too. Of pictures or texts alone, the columns
    are those that the model makes of them, and only their names are judged.
    """
    from gristmill.tables import is_table
    from gristmill.tables.reading.attached import attached

    if "form" in model.schema and is_table(path):
        _hold_table(schema, path, model, project, path.name)
    elif len(_columns_of(model)) > 1 and zipfile.is_zipfile(path):
        try:
            with attached(path, alone=True) as (table, _):
                _hold_table(schema, table, model, project, path.name)
        except ValueError:  # it holds no table, or several: the model says so better
            return
    else:
        _hold_names(schema, model, path.name, project)


def _hold_names(schema: Schema, model: Model, file: str, project: str) -> None:
    there = {*_columns_of(model), model.target}
    missing = [rule for rule in schema.rules if rule.required and rule.column not in there]
    if missing:
        raise DataRejected(
            f"{file} holds no table, and the schema of the project {project} asks for one.",
            cause=f"It asks for the columns {', '.join(repr(rule.column) for rule in missing[:_SHOWN])}.",
            cure="Schemas hold tables: put pictures and texts into a project without one.",
            code="schema",
            faults=tuple(_fault("missing-column", rule, f"{file} has no column '{rule.column}'.") for rule in missing),
        )


def _columns_of(model: Model) -> list[str]:
    """The columns that the model answers from."""
    return [str(column["name"]) for column in model.schema.get("columns") or ()]


def _hold_table(schema: Schema, path: Path, model: Model, project: str, file: str) -> None:
    columns, strays = columns_of(path, decode(encode(model.schema["form"]), TableForm))
    if not columns:
        return
    faults = misfits(schema, columns, file, without=model.target)
    ruled = {rule.column: rule for rule in schema.rules if rule.kind is not None}
    for name, count in strays.items():
        if name in ruled:
            values = f"{count:,} value{'' if count == 1 else 's'}"
            kind = _called(ruled[name].kind or ColumnKind.TEXT)
            faults.append(_fault("kind", ruled[name], f"'{name}' of {file} has to be {kind}; {values} cannot be."))
    if faults:
        raise not_fitting(faults, project)


def not_fitting(faults: Sequence[Notice], project: str) -> DataRejected:
    """What is said of data that does not fit."""
    many = f"{len(faults)} thing{'' if len(faults) == 1 else 's'}"
    return DataRejected(
        f"The data does not fit the schema of the project {project}: {many} to mend.",
        cause=" ".join(fault.message for fault in faults),
        cure="Mend the file and send it again, or have an owner change the schema.",
        code="schema",
        faults=tuple(faults),
    )


def misfits(schema: Schema, columns: Sequence[Column], file: str, *, without: str | None = None) -> list[Notice]:
    """What of a table does not fit; the column `without` need not be there: what is asked of a model is not known."""
    known = {column.name: column for column in columns}
    faults: list[Notice] = []
    for rule in schema.rules:
        column = known.get(rule.column)
        if column is not None:
            faults += _misfits(rule, column, file)
        elif rule.required and rule.column != without:
            faults.append(_fault("missing-column", rule, f"{file} has no column '{rule.column}'."))
    if not schema.others:
        ruled = {rule.column for rule in schema.rules}
        for name in known:
            if name not in ruled:
                faults.append(
                    _fault("unknown-column", Rule(column=name), f"{file} has a column '{name}' that the schema lacks.")
                )
    return faults


def rules_of(profile: Profile) -> tuple[Rule, ...]:
    """Rules that the table fits: its columns, their kinds, whether they have gaps; of few words, no others.

    Ranges are left open, as the next file may well hold a larger number.
    """
    return tuple(_rule(column) for column in profile.main.columns)


def check_rules(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules themselves; UsageError where one of them cannot be held to."""
    if not rules:
        raise UsageError("A schema takes a rule at least.", cure="Make it from a dataset, and change that.")
    if len(rules) > MOST_RULES:
        raise UsageError(f"{len(rules):,} rules are too many.", cure=f"Give at most {MOST_RULES:,}.")
    seen: set[str] = set()
    for rule in rules:
        if not rule.column.strip() or rule.column in seen:
            raise UsageError(
                f"There are several rules for {rule.column!r}." if rule.column in seen else "A rule has no column."
            )
        seen.add(rule.column)
        _check(rule)
    return tuple(rules)


def _check(rule: Rule) -> None:
    said = f"The rule for '{rule.column}' cannot be kept."
    if rule.kind is not None and rule.kind not in _RULED:
        raise UsageError(said, cause=f"No column can be asked to be {rule.kind}.", cure=f"Kinds: {', '.join(_RULED)}.")
    if len(rule.allowed) > MOST_ALLOWED:
        raise UsageError(said, cause=f"It allows {len(rule.allowed)} values.", cure=f"Give at most {MOST_ALLOWED}.")
    bounds = [bound for bound in (rule.minimum, rule.maximum) if bound is not None]
    if not bounds:
        return
    if rule.kind not in (*_NUMBERS, ColumnKind.DATE):
        raise UsageError(said, cause="Only numbers and dates have a range.", cure="Name the kind, or leave it out.")
    if any(not _is_bound(bound, rule.kind) for bound in bounds):
        raise UsageError(said, cause="Its range is not of its kind.", cure="Numbers for numbers; dates as 2024-01-31.")
    if len(bounds) == 2 and _beyond(bounds[0], bounds[1]):
        raise UsageError(said, cause="Its smallest value is above its largest.", cure="Exchange them.")


def _is_bound(bound: float | str, kind: ColumnKind | None) -> bool:
    if kind is not ColumnKind.DATE or not isinstance(bound, str):
        return kind is not ColumnKind.DATE and not isinstance(bound, str) and math.isfinite(bound)
    try:
        datetime.fromisoformat(bound)
    except ValueError:
        return False
    return True


def _rule(column: Column) -> Rule:
    kind: ColumnKind | None = column.kind
    if column.kind not in _RULED or column.kind is ColumnKind.IDENTIFIER:
        kind = None
    few = column.kind is ColumnKind.YES_NO or (column.kind is ColumnKind.CATEGORY and column.distinct <= _FEW)
    allowed = tuple(sorted(value for value, _ in column.top)) if few and len(column.top) == column.distinct else ()
    return Rule(column=column.name, kind=kind, gaps=column.missing > 0, allowed=allowed)


def _misfits(rule: Rule, column: Column, file: str) -> Iterator[Notice]:
    where = f"'{column.name}' of {file}"
    if column.missing and not rule.gaps:
        lack = f"{column.missing:,} row{'' if column.missing == 1 else 's'}"
        yield _fault("gaps", rule, f"{where} has no value in {lack}, and has to have one in each.")
    if column.missing == column.rows:
        return
    if rule.kind is not None and not _is(column, rule.kind):
        shown = f", such as {column.examples[0]!r}" if column.examples else ""
        yield _fault("kind", rule, f"{where} has to be {_called(rule.kind)}, and holds {_held(column)}{shown}.")
        return
    for bound, found, least in ((rule.minimum, column.minimum, True), (rule.maximum, column.maximum, False)):
        if bound is not None and found is not None and _beyond(*((bound, found) if least else (found, bound))):
            word, end = ("least", "goes down to") if least else ("most", "goes up to")
            yield _fault("range", rule, f"{where} has to be {_number(bound)} at {word}, and {end} {_number(found)}.")
    strange = _strange(rule, column)
    if strange:
        listed = ", ".join(repr(value) for value in strange[:_SHOWN]) + (", …" if len(strange) > _SHOWN else "")
        yield _fault("value", rule, f"{where} holds what is not allowed: {listed}.")


def _strange(rule: Rule, column: Column) -> list[str]:
    """The values that are not allowed, as far as they are known; the commonest first."""
    if not rule.allowed:
        return []
    allowed = {_same(value, column) for value in rule.allowed}
    strange = [value for value, _ in column.top if _same(value, column) not in allowed]
    if not strange and column.distinct_is_exact and column.distinct > len(allowed):
        return ["others"]
    return strange


def _same(value: str, column: Column) -> Any:
    """A value so that 1 and 1.0 are the same among numbers."""
    if column.dtype not in ("int64", "float64"):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _is(column: Column, kind: ColumnKind) -> bool:
    number, date = column.dtype in ("int64", "float64"), column.dtype.startswith("datetime")
    if kind in _ANY:
        return not date and (kind is not ColumnKind.YES_NO or column.distinct <= 2)
    if kind is ColumnKind.DATE:
        return date
    if kind is ColumnKind.NUMBER:
        return number
    if kind is ColumnKind.INTEGER:
        return number and _is_whole(column)
    return not number and not date


def _is_whole(column: Column) -> bool:
    if column.dtype == "int64" or column.kind in (ColumnKind.INTEGER, ColumnKind.IDENTIFIER):
        return True
    values = [value for value, _ in column.top]
    return column.kind in (ColumnKind.YES_NO, ColumnKind.CONSTANT) and all(
        float(value).is_integer() for value in values
    )


def _held(column: Column) -> str:
    if column.dtype in ("int64", "float64"):
        return "numbers"
    return "dates" if column.dtype.startswith("datetime") else "words"


def _called(kind: ColumnKind) -> str:
    called = {
        ColumnKind.NUMBER: "a number", ColumnKind.INTEGER: "a whole number", ColumnKind.DATE: "a date",
        ColumnKind.YES_NO: "yes or no: two values at most", ColumnKind.IDENTIFIER: "a code",
    }  # fmt: skip
    return called.get(kind, f"words ({kind})")


def _beyond(low: float | str, high: float | str) -> bool:
    """Whether `low` lies above `high`; dates are written so that they sort."""
    if isinstance(low, str) or isinstance(high, str):
        return str(low).replace(" ", "T") > str(high).replace(" ", "T")
    return low > high


def _number(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)


def _fault(code: str, rule: Rule, message: str) -> Notice:
    return Notice(code=code, message=message, severity=Severity.WARNING, column=rule.column)
