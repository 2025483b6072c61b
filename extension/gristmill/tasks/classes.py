"""What a person should know about a target's classes: doubts, balance, rare ones, ones that only a test file has."""

from __future__ import annotations

from collections.abc import Iterable

from gristmill.errors import DataRejected
from gristmill.records import Column, Notice, Severity, Table
from gristmill.tasks.readings import read_answers

__all__ = ["RARE", "balance", "doubts", "is_lopsided", "rare", "unknown_in_tests"]

RARE = 10  # fewer rows than this are too few for a class; AutoGluon drops such classes
MANY = 100  # more classes than this are hard to learn and to read
NAMED = 20  # as many rare classes are named in a sentence


def is_lopsided(column: Column) -> bool:
    """Whether some classes are much rarer than others; classes beyond the commonest ones count as rare."""
    counts = [count for _, count in column.top]
    fair = (column.rows - column.missing) / column.distinct
    return len(counts) < column.distinct or min(counts) < fair / 3 or max(counts) > 2 * fair


def doubts(column: Column) -> tuple[Notice, ...]:
    """Why the values may not be classes after all, or too many to be good ones."""
    reading, found = read_answers(column), []
    if reading.doubt or not reading.is_classes:
        found.append(
            Notice(
                code="doubtful-classes",
                message=f"'{column.name}' {reading.doubt or 'holds numbers'}, and each is taken for a class of its "
                "own: mistaking a 2 for a 3 counts as just as wrong as mistaking it for a 9.",
                severity=Severity.DOUBT,
                cure="If the values are amounts, counts or points on a scale, choose the task tabular-regression.",
                column=column.name,
            )
        )
    if column.distinct > MANY:
        found.append(
            Notice(
                code="many-classes",
                message=f"'{column.name}' has {column.distinct:,} classes; so many are slow to learn and hard to tell "
                "apart.",
                severity=Severity.DOUBT,
                cure="Group them into fewer if you can.",
                column=column.name,
            )
        )
    return tuple(found)


def balance(column: Column, item: str = "row") -> tuple[Notice, ...]:
    """How the rows, or what they stand for, spread over the classes."""
    present = column.rows - column.missing
    (common, most), (scarce, least) = column.top[0], column.top[-1]
    if len(column.top) < column.distinct:
        part = _share(most, present)
        message = f"The commonest of {column.distinct:,} classes, '{common}', has {part} of the {item}s."
    elif column.distinct == 2:
        message = f"{_share(most, present)} of the {item}s are '{common}' and {_share(least, present)} are '{scarce}'."
    elif most <= 1.5 * least:
        message = f"Each of the {column.distinct:,} classes has about as many {item}s as the others."
    else:
        message = (
            f"Of {column.distinct:,} classes the commonest, '{common}', has {_share(most, present)} of the {item}s, "
            f"and the rarest, '{scarce}', {_share(least, present)}."
        )
    uneven = least < 0.1 * present if column.distinct == 2 else is_lopsided(column)
    if most > 0.8 * present:
        message += f" To answer '{common}' every time would be right that often, so accuracy alone says little."
    return (
        Notice(
            code="uneven-classes" if uneven else "class-balance",
            message=message,
            severity=Severity.WARNING if uneven else Severity.INFO,
            column=column.name,
        ),
    )


def rare(column: Column, item: str = "row") -> tuple[Notice, ...]:
    """The classes with too few rows to be learned, named; where there are more than two classes, to be confirmed."""
    known = [(label, count) for label, count in column.top if count < RARE]
    if column.distinct == 2:
        return tuple(_few_of_two(column, *pair, item) for pair in known)
    unseen = column.distinct - len(column.top)  # none of these has more rows than the last of the commonest ones
    if not known and not unseen:
        return ()
    names = [f"'{label}' ({count})" for label, count in known[:NAMED]]
    more = len(known) - len(names) + unseen
    if more:
        sure = bool(known) or not unseen
        names.append(f"{more:,} more" if sure else f"perhaps some of the {more:,} that are not counted one by one")
    one = len(known) + unseen == 1
    return (
        Notice(
            code="rare-classes",
            message=f"{'A class' if one else 'Some classes'} of '{column.name}' {'has' if one else 'have'} fewer than "
            f"{RARE} {item}s, too few to learn from: {_list(names)}. Unless you say otherwise, "
            f"{'its' if one else 'their'} {item}s are left out, and the model will never answer with "
            f"{'it' if one else 'them'}.",
            severity=Severity.CONFIRM,
            cure="Say yes to go on without them, merge them into one class (rare_classes=merge), keep them as they are "
            f"(rare_classes=keep), or add {item}s.",
            column=column.name,
        ),
    )


def unknown_in_tests(column: Column, tests: Iterable[Table]) -> tuple[Notice, ...]:
    """Classes that stand in a test file and in no row to train on: no model can get them right."""
    if len(column.top) < column.distinct:
        return ()
    known, found = {label for label, _ in column.top}, []
    for table in tests:
        there = next(other for other in table.columns if other.name == column.name)
        strange = [(label, count) for label, count in there.top if label not in known]
        if strange and len(strange) == there.distinct:
            raise DataRejected(
                f"{table.path} and the rows to train on have no class of '{column.name}' in common: "
                f"'{strange[0][0]}' here, '{column.top[0][0]}' there.",
                cure="Write the classes alike in both files.",
                code="test-classes",
            )
        if strange:
            names = _list([f"'{label}' ({count})" for label, count in strange[:NAMED]])
            found.append(
                Notice(
                    code="test-classes",
                    message=f"{table.path} has classes of '{column.name}' that no row to train on has: {names}. No "
                    "model could get them right, so these rows are not counted.",
                    severity=Severity.WARNING,
                    column=column.name,
                )
            )
    return tuple(found)


def _few_of_two(column: Column, label: str, count: int, item: str) -> Notice:
    return Notice(
        code="few-examples",
        message=f"Only {count} {item}{' is' if count == 1 else 's are'} '{label}': what is learned from so few, and "
        "what is measured on them, is hardly better than a guess.",
        severity=Severity.WARNING,
        cure=f"Add {item}s of '{label}' if you can.",
        column=column.name,
    )


def _share(part: int, whole: int) -> str:
    share = 100 * part / whole
    return f"{share:.0f}%" if share >= 2 else f"{share:.2g}%"


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
