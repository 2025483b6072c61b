"""What a person should know about a dataset before anything is learned from it, each finding in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gristmill.records import Column, ColumnKind, Notice, Profile, Severity

__all__ = ["findings"]

_NAMED = 5  # columns named in one sentence
_MANY_GAPS = 0.5
_NEARLY = 0.9


def findings(profile: Profile, strays: Mapping[str, int]) -> tuple[Notice, ...]:
    """The findings on a dataset; `strays` counts the values of each column that were not what they should be."""
    columns = profile.main.columns
    found = (
        _duplicates(profile),
        _identifiers(columns),
        _constants(columns),
        _empty(columns),
        _gaps(columns),
        _strays(strays),
        _nearly_numbers(profile),
        _doubtful_dates(profile),
        _texts(columns),
        _ignored(profile.ignored),
    )
    return tuple(notice for notice in found if notice is not None)


def _duplicates(profile: Profile) -> Notice | None:
    repeats = profile.main.duplicates
    if not repeats:
        return None
    about = "" if profile.main.duplicates_are_exact else "About "
    one = repeats == 1
    return Notice(
        code="duplicate-rows",
        message=f"{about}{repeats:,} of {profile.rows:,} rows {'repeats' if one else 'repeat'} an earlier one. If "
        "that is a mistake, the model will look better than it is, as it is tested on rows that it has seen before.",
        severity=Severity.WARNING if repeats > 0.01 * profile.rows else Severity.INFO,
        cure="Remove the repeats, unless they are different cases that happen to be alike.",
    )


def _identifiers(columns: Sequence[Column]) -> Notice | None:
    names = _of_kind(columns, ColumnKind.IDENTIFIER)
    if not names:
        return None
    one = len(names) == 1
    return Notice(
        code="identifiers",
        message=f"{_named(names)} only {'tells' if one else 'tell'} the rows apart, which is of no help with new rows: "
        f"{'it is' if one else 'they are'} left out.",
        severity=Severity.WARNING,
        cure="If that is wrong, name the columns to leave out yourself, with the setting ignore.",
        column=names[0] if one else None,
    )


def _constants(columns: Sequence[Column]) -> Notice | None:
    names = _of_kind(columns, ColumnKind.CONSTANT)
    if not names:
        return None
    one = len(names) == 1
    return Notice(
        code="constants",
        message=f"{_named(names)} {'has' if one else 'have'} the same value in every row, which tells nothing: "
        f"{'it is' if one else 'they are'} left out.",
        column=names[0] if one else None,
    )


def _empty(columns: Sequence[Column]) -> Notice | None:
    names = _of_kind(columns, ColumnKind.EMPTY)
    if not names:
        return None
    one = len(names) == 1
    return Notice(
        code="empty-columns",
        message=f"{_named(names)} {'has' if one else 'have'} no value in any row: {'it is' if one else 'they are'} "
        "left out.",
        column=names[0] if one else None,
    )


def _gaps(columns: Sequence[Column]) -> Notice | None:
    holey = [column for column in columns if column.rows > column.missing > _MANY_GAPS * column.rows]
    if not holey:
        return None
    names = _named([column.name for column in holey])
    if len(holey) == 1:
        share = 100 * holey[0].missing / holey[0].rows
        message = f"{names} is missing in {min(99, round(share))}% of the rows. It is used for what it is worth."
    else:
        message = f"{names} are missing in more than half of the rows. They are used for what they are worth."
    return Notice(code="many-gaps", message=message, column=holey[0].name if len(holey) == 1 else None)


def _strays(strays: Mapping[str, int]) -> Notice | None:
    counted = [(name, count) for name, count in strays.items() if count]
    if not counted:
        return None
    listed = ", ".join(f"{count:,} in '{name}'" for name, count in counted[:_NAMED])
    more = f" and in {len(counted) - _NAMED:,} more columns" if len(counted) > _NAMED else ""
    return Notice(
        code="stray-values",
        message="Some values are not what the rest of their column is, such as a word among numbers: "
        f"{listed}{more}. They count as missing.",
        severity=Severity.WARNING,
        cure="Correct them if they matter.",
        column=counted[0][0] if len(counted) == 1 else None,
    )


def _nearly_numbers(profile: Profile) -> Notice | None:
    """A slip of the pen makes words of a whole column of numbers."""
    found = []
    for column in profile.main.columns:
        if (
            column.kind is ColumnKind.CATEGORY
            and column.dtype == "object"
            and column.name not in profile.main.form.strings
        ):
            words = [value for value, _ in column.top if not _is_number(value)]
            numbers = sum(count for value, count in column.top if _is_number(value))
            if words and numbers > _NEARLY * (column.rows - column.missing):
                found.append((column.name, words[0]))
    if not found:
        return None
    name, word = found[0]
    names = _named([name for name, _ in found])
    return Notice(
        code="nearly-numbers",
        message=f"{names} {'holds' if len(found) == 1 else 'hold'} numbers, but for a few words such as '{word}' in "
        f"'{name}', so that all are read as words.",
        severity=Severity.WARNING,
        cure="Correct those few, or leave them empty, and numbers will be numbers.",
        column=name if len(found) == 1 else None,
    )


def _is_number(value: str) -> bool:
    try:
        float(value.replace(",", "."))
    except ValueError:
        return False
    return True


def _doubtful_dates(profile: Profile) -> Notice | None:
    form = profile.main.form
    if not form.doubtful:
        return None
    name = form.doubtful[0]
    first = "day" if form.dates.get(name, "").startswith("%d") else "month"
    return Notice(
        code="doubtful-dates",
        message=f"The dates in {_named(form.doubtful)} make sense with day and month exchanged, too; "
        f"the {first} is taken to come first.",
        severity=Severity.DOUBT,
        cure="If that is wrong, write them as 2024-12-31.",
        column=name,
    )


def _texts(columns: Sequence[Column]) -> Notice | None:
    names = _of_kind(columns, ColumnKind.TEXT)
    if not names:
        return None
    return Notice(
        code="free-text",
        message=f"{_named(names)} {'holds' if len(names) == 1 else 'hold'} free text; its words and phrases are used.",
        column=names[0] if len(names) == 1 else None,
    )


def _ignored(ignored: Sequence[str]) -> Notice | None:
    if not ignored:
        return None
    return Notice(code="files-ignored", message=f"Not looked at: {_named(ignored, quote='')}.")


def _of_kind(columns: Sequence[Column], kind: ColumnKind) -> list[str]:
    return [column.name for column in columns if column.kind is kind]


def _named(names: Sequence[str], quote: str = "'") -> str:
    """Names in a sentence, the first few of them."""
    shown = [f"{quote}{name}{quote}" for name in names[:_NAMED]]
    if len(names) > _NAMED:
        shown.append(f"{len(names) - _NAMED:,} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
