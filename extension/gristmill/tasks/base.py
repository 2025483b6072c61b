"""What a task is: a kind of answer, with the columns that could give it, its metrics, its checks and its reader.

Terms
-----
target      the column whose values a model learns to tell from the others
candidate   a column that could be a task's target, with how likely that is and why
metric      one figure that says how good a model is; named as AutoGluon names it
listing     a table that a task makes of files that are none: one row a picture, one row a text
hold-out    rows that no model sees while it is trained: the reported score is measured on them
left out    a column that no model sees, because it only numbers, names or repeats

A plugin is a class of the entry-point group `gristmill.tasks`, named as its `name`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gristmill.errors import NotPossible, UsageError
from gristmill.records import Column, ColumnKind, Notice, Profile, Resources

if TYPE_CHECKING:
    from pandas import DataFrame, Series

__all__ = ["Candidate", "Listing", "LoadPlan", "Metric", "TaskKind"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One figure that says how good a model is; `name` is AutoGluon's."""

    name: str
    title: str
    explain: str  # a sentence for people with no statistics
    greater_is_better: bool = True
    percent: bool = False  # shown as a percentage
    lower: float | None = 0.0  # the lowest and the highest value it can take, if there is one
    upper: float | None = 1.0
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A column that could be a task's target; the highest `likelihood` over all tasks is proposed."""

    target: str
    likelihood: float
    sure: bool  # more than its place speaks for it
    target_reason: str  # why this column, in a sentence
    task_reason: str  # why this kind of answer, in a sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadPlan:
    """How a run wants its rows: what to predict, which rows to hold out, what the person has settled."""

    target: str
    seed: int = 0
    order: str | None = None  # hold out the latest rows by this column
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """What a task makes of files that are no table: one row an item. Paths are relative to the dataset's folder.

    One without rows says that the files are tables which do as they are, and keeps only the facts.
    """

    rows: DataFrame | None
    test: DataFrame | None = None  # rows that the archive itself holds out
    kinds: dict[str, ColumnKind] = field(default_factory=dict)  # of columns whose values do not tell
    notices: tuple[Notice, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)  # what the task wants to find in the profile again
    likelihood: float = 1.0  # the likeliest listing over all tasks is taken


class TaskKind(ABC):
    """One kind of answer. A subclass sets the class attributes below and overrides every abstract method.

    - `arrange` makes a listing of files that are no table; most tasks have none to make,

    - `candidates` names the columns that could be the target,
    - `check` says what a person should know about a target, or refuses it,
    - `settle` refuses settings that cannot be,
    - `metrics_for` orders the metrics that make sense for a target, the proposed one first,
    - `metric_reason` says why that one,
    - `load` gives the rows to train on and the rows held out,
    - `problem_type` is AutoGluon's word for what the rows ask,
    - `plan` says how much to try, given time and memory.

    A subclass that leaves something out is refused when it is defined, unless it says `partial=True`: then it is a
    base for others.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]  # what a model answers, in a few words
    item: ClassVar[str] = "row"  # what one answer is for, in people's words
    recipe: ClassVar[str]  # the template's file name
    exploration: ClassVar[str] = "explore.ipynb"  # the template that looks at its data
    modules: ClassVar[tuple[str, ...]] = ("autogluon.tabular",)  # what training cannot do without
    extra: ClassVar[str] = "train"  # the extra of the distribution that brings them
    tiny_target: ClassVar[str] = "answer"  # what `tiny` is to be asked for
    lasting: ClassVar[tuple[str, ...]] = ()  # settings that a resumed run keeps, for its models were trained by them
    engine: ClassVar[str] = "gristmill.engines.tabular:TabularEngine"  # what its recipe trains
    asks_for_rows: ClassVar[bool] = True  # whether a model of it cannot answer without a file
    comparable: ClassVar[bool] = False  # whether two models of it can be asked about rows that neither has seen
    answers: ClassVar[tuple[str, ...]] = ("csv", "parquet")  # the files that predictions can be written to
    metrics: ClassVar[tuple[Metric, ...]]

    def __init_subclass__(cls, *, partial: bool = False, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if partial:
            return
        attributes = [name for name in ("name", "title", "summary", "recipe", "metrics") if not hasattr(cls, name)]
        methods = [name for name in dir(cls) if getattr(getattr(cls, name, None), "__isabstractmethod__", False)]
        if attributes or methods:
            raise TypeError(f"{cls.__name__} is no complete TaskKind: it lacks {', '.join(attributes + methods)}.")

    def arrange(self, folder: Path, files: Sequence[str]) -> Listing | None:
        """The listing of a dataset's files, where they are laid out for this task; DataRejected if wrongly so."""
        del folder, files
        return None

    def tiny(self, folder: Path) -> Path:
        """A file in `folder` with the least data that a recipe for this task can be tried on, `tiny_target` in it."""
        del folder
        raise NotPossible(f"A recipe for {self.title.lower()} cannot be tried yet: there is no tiny data set for it.")

    @abstractmethod
    def candidates(self, profile: Profile, target: str | None = None) -> tuple[Candidate, ...]:
        """The columns that could be the target, likeliest first; only `target` if one is given, however unlikely."""

    @abstractmethod
    def check(self, profile: Profile, target: str) -> tuple[Notice, ...]:
        """What a person should know before `target` is learned; raises DataRejected where it cannot be."""

    def settle(self, profile: Profile, target: str, settings: dict[str, Any]) -> None:
        """Refuse what a person has settled, before anything is trained, if it cannot be."""
        del profile, target, settings

    def classes_in(self, profile: Profile, target: str) -> Column | None:
        """The column whose values are the classes to be told apart; None where answers are no classes."""
        del profile, target
        return None

    @abstractmethod
    def metrics_for(self, profile: Profile, target: str) -> tuple[Metric, ...]:
        """The metrics that make sense for this target, the proposed one first."""

    @abstractmethod
    def metric_reason(self, profile: Profile, target: str) -> str:
        """Why the first of `metrics_for` is proposed, in a sentence."""

    @abstractmethod
    def load(self, folder: Path, profile: Profile, plan: LoadPlan) -> tuple[DataFrame, DataFrame]:
        """The rows to train on and the rows held out, read from the dataset's files in `folder`."""

    @abstractmethod
    def problem_type(self, target: Series) -> str:
        """What AutoGluon calls the problem that these target values pose."""

    @abstractmethod
    def plan(
        self, profile: Profile, budget: float, resources: Resources, *, smaller: bool = False
    ) -> tuple[dict[str, Any], tuple[Notice, ...]]:
        """The recipe's parameters, and what a person should know of them; `smaller` when memory has run out before."""

    def metric_for(self, profile: Profile, target: str, name: str | None = None) -> Metric:
        """The metric of that name or alias, or the proposed one; a wrong name is answered with the right ones."""
        valid = self.metrics_for(profile, target)
        if name is None:
            return valid[0]
        words = {word: metric for metric in valid for word in (metric.name, *metric.aliases)}
        wanted = name.strip().lower().replace("-", "_").replace(" ", "_")
        if wanted in words:
            return words[wanted]
        near = get_close_matches(wanted, words, n=1)
        raise UsageError(
            f"There is no metric {name!r} for {self.title.lower()} of {target!r}.",
            cause=f"Did you mean {words[near[0]].name}?" if near else "",
            cure=f"Choose one of: {', '.join(metric.name for metric in valid)}.",
            code="unknown-metric",
        )
