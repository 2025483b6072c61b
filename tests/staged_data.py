"""What a staged client tells of its data: a profile with a column of each kind, a proposal, what it doubts and asks."""

from __future__ import annotations

from typing import Any

from gristmill.records import Column, ColumnKind, Notice, Profile, Proposal, Role, Severity, Table, TableForm

__all__ = ["DOUBT", "PROFILE", "PROPOSAL", "RARE"]

DOUBT = Notice(
    code="few-values",
    message="distance has only 5 distinct values: a number, or a class?",
    severity=Severity.DOUBT,
    cure="If it is a class, say so with --task.",
    column="distance",
)
RARE = Notice(
    code="rare-classes",
    message="2 classes have fewer than 5 rows: [bold]never[/bold], n/a.",
    severity=Severity.CONFIRM,
    cure="Their rows will be left out.",
    column="late",
)


def column(name: str, kind: ColumnKind, **more: Any) -> Column:
    return Column(name=name, kind=kind, dtype="object", rows=5000, **more)


PROFILE = Profile(
    tables=(
        Table(
            path="flights/train.csv",
            role=Role.TRAIN,
            form=TableForm(format="csv"),
            rows=5000,
            columns=(
                column("late", ColumnKind.YES_NO, distinct=2, top=(("no", 3800), ("yes", 1200))),
                column(
                    "departure", ColumnKind.DATE, distinct=4788, minimum="2013-01-01 05:15", maximum="2013-12-31 23:45"
                ),
                column(
                    "carrier",
                    ColumnKind.CATEGORY,
                    distinct=16,
                    top=(("UA", 900), ("B6", 800), ("EV", 790), ("DL", 700)),
                ),
                column("distance [mi]", ColumnKind.INTEGER, distinct=5, minimum=80.0, maximum=4983.0, missing=3),
                column("air_time", ColumnKind.NUMBER, distinct=441, minimum=20.5, maximum=688.25, missing=140),
                column(
                    "Bemerkung für die sehr lange Spaltenüberschrift",
                    ColumnKind.TEXT,
                    distinct=4100,
                    distinct_is_exact=False,
                    examples=("Wetter über Newark, Start verschoben", "keine"),
                    missing=3100,
                ),
            ),
        ),
        Table(path="flights/test.csv", role=Role.TEST, form=TableForm(format="csv"), rows=1000, columns=()),
    ),
    files=2,
    bytes=1_234_567,
    ignored=("__MACOSX/._train.csv",),
    notices=(
        Notice(
            code="duplicates",
            message="12 rows repeat an earlier row.",
            severity=Severity.WARNING,
            cure="They are kept.",
        ),
    ),
)
PROPOSAL = Proposal(
    task="tabular-classification",
    target="late",
    metric="roc_auc",
    budget=300.0,
    targets=("carrier", "air_time"),
    reasons={
        "target": "It is the only yes/no column, and its name sounds like a question.",
        "task": "late has two values, yes and no.",
        "metric": "One answer is three times as common as the other, so accuracy would flatter.",
        "budget": "Enough for the usual candidates on 5,000 rows.",
    },
    notices=(DOUBT,),
)
