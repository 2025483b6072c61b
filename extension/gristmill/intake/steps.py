"""The steps of a revision, without their rows: whether they can be done, and the form of a table after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gristmill.errors import NotPossible, UsageError
from gristmill.records import ColumnKind, Edit, EditKind, Profile, Revision, Role, Table, TableForm, replace
from gristmill.tables.conditions import Family, parse

__all__ = ["FILES", "NUMBERS", "first_form", "form_after", "renamed_in", "revision_of", "without"]

MOST_EDITS = 100
FILES = {Role.TRAIN: "edited.train.parquet", Role.TEST: "edited.test.parquet"}
NUMBERS = (ColumnKind.NUMBER, ColumnKind.INTEGER)
_WORDS = (ColumnKind.CATEGORY, ColumnKind.TEXT, ColumnKind.IDENTIFIER, ColumnKind.YES_NO)
_SETTLED = (*NUMBERS, *_WORDS, ColumnKind.DATE)
_LONGEST = 200


def revision_of(profile: Profile, edits: Sequence[Edit], before: Revision | None = None) -> Revision:
    """The revision that adds these steps to a version of that profile; UsageError where one of them cannot be done."""
    if not edits:
        raise UsageError("There is nothing to edit.", cure="Drop or rename columns, set a kind, or keep some rows.")
    if profile.arranged:
        raise NotPossible(
            "This dataset cannot be edited.",
            cause="Its table was made from files such as pictures or texts, or from series in another layout.",
            cure="Edit the files and upload them again; they become the next version.",
        )
    revision = before or Revision(tables=_agreed(profile), edits=())
    revision = replace(revision, edits=(*revision.edits, *edits))
    if len(revision.edits) > MOST_EDITS:
        raise UsageError(f"{len(revision.edits)} steps are too many.", cure=f"Take at most {MOST_EDITS}.")
    form_after(first_form(revision), revision.edits)
    return revision


def _agreed(profile: Profile) -> tuple[Table, ...]:
    """The tables to be edited: a column is a number or a date if it is so in every file that is trained on.

    A test file is read with the types of the training files, as it would be by a run.
    """
    forms = [table.form for table in profile.tables if table.role is Role.TRAIN]
    whole = [name for name in forms[0].names if all(name in form.integers for form in forms)]
    numbers = [name for name in forms[0].names if all(name in (*form.integers, *form.numbers) for form in forms)]
    dates = [name for name in forms[0].names if all(name in form.dates for form in forms)]
    tables = []
    for table in profile.tables:
        if table.role not in FILES:
            continue
        own = table.form if table.role is Role.TRAIN else forms[0]
        form = replace(
            table.form,
            integers=tuple(whole),
            numbers=tuple(name for name in numbers if name not in whole),
            dates={name: own.dates[name] for name in dates},
            yes_no=own.yes_no,
            strings=own.strings,
        )
        tables.append(replace(table, form=form, columns=()))
    return tuple(tables)


def form_after(form: TableForm, edits: Sequence[Edit]) -> TableForm:
    """The form of a table after the steps; UsageError where one of them cannot be done."""
    for one in edits:
        form = _STEPS[one.act](form, one)
    return form


def _dropped(form: TableForm, step: Edit) -> TableForm:
    if not step.columns:
        raise UsageError("Which columns shall go?", cure="Name them.")
    for name in step.columns:
        _known(form, name)
    return without(form, step.columns, names=tuple(name for name in form.names if name not in step.columns))


def _renamed(form: TableForm, step: Edit) -> TableForm:
    name, to = _only(form, step), step.to
    if not to.strip() or to != to.strip() or not to.isprintable() or len(to) > _LONGEST:
        raise UsageError(
            f"{to[:60]!r} cannot be a column's name.",
            cure=f"Give 1 to {_LONGEST} letters, digits and signs, without blanks around them.",
        )
    if to in form.names:
        raise UsageError(f"There is a column '{to}' already.", cure="Choose another name, or drop that one first.")
    swap = {name: to}
    changed: dict[str, Any] = {part: renamed_in(getattr(form, part), swap) for part in ("names", *_LISTS)}
    for part in _MAPS:
        changed[part] = {swap.get(key, key): value for key, value in getattr(form, part).items()}
    return replace(form, **changed)


def _of_kind(form: TableForm, step: Edit) -> TableForm:
    name, kind = _only(form, step), step.kind
    if kind not in _SETTLED:
        raise UsageError(
            f"'{name}' cannot be made {kind or 'nothing'}.", cure=f"Choose one of: {', '.join(sorted(_SETTLED))}."
        )
    form = without(form, (name,))
    if kind is ColumnKind.DATE:
        return replace(form, dates=form.dates | {name: step.format or "ISO8601"})
    if kind in NUMBERS:
        part = "integers" if kind is ColumnKind.INTEGER else "numbers"
        more: dict[str, Any] = {part: (*getattr(form, part), name)}
        return replace(form, **more)
    return replace(form, strings=(*form.strings, name))


def _kept(form: TableForm, step: Edit) -> TableForm:
    parse(step.where).check(_families(form))
    return form


_LISTS = ("integers", "numbers", "strings", "doubtful")
_MAPS = ("dates", "yes_no")
_STEPS = {EditKind.DROP: _dropped, EditKind.RENAME: _renamed, EditKind.KIND: _of_kind, EditKind.KEEP: _kept}


def _only(form: TableForm, step: Edit) -> str:
    if len(step.columns) != 1:
        raise UsageError(f"To {step.act} takes one column.", cure="Name one; for several, take several steps.")
    return _known(form, step.columns[0])


def _known(form: TableForm, name: str) -> str:
    if name not in form.names:
        raise UsageError(
            f"There is no column {name[:60]!r}.",
            cure=f"The columns are: {', '.join(form.names[:30])}.",
            code="no-column",
        )
    return name


def without(form: TableForm, gone: Sequence[str], **changed: Any) -> TableForm:
    for part in _LISTS:
        changed[part] = tuple(name for name in getattr(form, part) if name not in gone)
    for part in _MAPS:
        changed[part] = {key: value for key, value in getattr(form, part).items() if key not in gone}
    return replace(form, **changed)


def renamed_in(names: Sequence[str], swap: dict[str, str]) -> tuple[str, ...]:
    return tuple(swap.get(name, name) for name in names)


def _families(form: TableForm) -> dict[str, Family]:
    numbers = {*form.integers, *form.numbers}
    return {
        name: Family.NUMBER if name in numbers else Family.DATE if name in form.dates else Family.WORD
        for name in form.names
    }


def first_form(revision: Revision) -> TableForm:
    return next(table.form for table in revision.tables if table.role is Role.TRAIN)
