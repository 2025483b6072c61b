"""How much a column looks like what somebody wants to predict: by its name, its place and what it holds."""

from __future__ import annotations

import re

from gristmill.records import Column, ColumnKind, Profile, Role

__all__ = ["SURE", "Promise", "promise", "words_of"]

SURE = 1.7  # points from which more than a column's place speaks for it


def words_of(name: str) -> tuple[str, ...]:
    """The words of a header, in lower case: 'SalePrice' and 'sale_price' are both sale, price."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return tuple(re.findall(r"[^\W\d_]+", spaced.lower()))


# What people call a target when they think of it as one ...
_PLAIN = frozenset(
    words_of("target label labels class classes outcome response y dependent output truth prediction result")
)
# ... and what people most often want to predict.
_WISHED = frozenset(
    words_of(
        """
        price prices cost costs sales revenue demand income salary wage profit amount consumption usage yield load
        churn churned exited attrition left survived survival died death mortality disease diagnosis readmitted
        default defaulted fraud fraudulent risk credit eligible approved failure failed failures defect spam
        quality rating stars grade score sentiment species status category type medv mpg delay duration strength
        converted conversion clicked purchased bought subscribed deposit cancelled canceled winner won
        """
    )
)
_NAMING = frozenset(words_of("id uuid guid key index idx number no nr code name unnamed"))

# Neither learnable nor worth wishing for.
_NEVER = frozenset({ColumnKind.EMPTY, ColumnKind.CONSTANT, ColumnKind.IDENTIFIER, ColumnKind.DATE, ColumnKind.TEXT})


class Promise:
    """How much speaks for a column as the target (`points`), and the reason in words."""

    def __init__(self, *, possible: bool) -> None:
        self.possible = possible  # by its kind
        self.points = 0.0
        self._reasons: list[str] = []

    def add(self, points: float, reason: str = "") -> None:
        """Let something speak for the column, or against it."""
        self.points += points
        if reason:
            self._reasons.append(reason)

    def reason(self, name: str) -> str:
        """All that speaks for the column, as one sentence."""
        if not self._reasons:
            return f"'{name}' could be it, though neither its name nor its place says so."
        *first, last = self._reasons
        return f"'{name}' {', '.join(first)}{' and ' if first else ''}{last}."


def promise(profile: Profile, column: Column) -> Promise:
    """What speaks for `column`."""
    found = Promise(possible=column.kind not in _NEVER)
    _weigh_place(found, profile, column)
    _weigh_name(found, column.name)
    if column.kind is ColumnKind.YES_NO:
        found.add(0.5)
    if column.missing > 0.2 * column.rows:
        found.add(-1.0)
    return found


def _weigh_place(found: Promise, profile: Profile, column: Column) -> None:
    for table in profile.tables:
        if table.role is Role.OTHER and column.name not in table.form.names:
            found.add(5.0, f"is missing from {table.path}, whose rows wait for a prediction")
            break
    names = [other.name for other in profile.main.columns]
    if column.name == names[-1]:
        found.add(1.5, "is the last column")
    elif column.name == names[0]:
        found.add(0.5, "is the first column")


def _weigh_name(found: Promise, name: str) -> None:
    words = words_of(name)
    if "_".join(words) in _PLAIN:
        found.add(3.0, "has a name that people give to what they want to predict")
    elif words and words[-1] in _PLAIN:
        found.add(2.4, "has a name that people give to what they want to predict")
    elif any(word in _WISHED for word in words):
        found.add(2.0, "is something that people often want to predict")
    if any(word in _NAMING for word in words):
        found.add(-1.5)
