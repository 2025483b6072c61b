"""What AutoGluon's NeuralNetFastAI asks of its fastai learner, and nothing else.

AutoGluon fills gaps and scales numbers before it asks the learner, and scales answers back afterwards. What is left to
the learner is numbering the categories, and the network.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gristmill.engines.compiled.network import Floats, Network, softmax

__all__ = ["Answers", "Learner"]


class Answers(np.ndarray):
    """An array that says `numpy()` when asked for, as a tensor does."""

    def numpy(self) -> Floats:
        return np.array(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Learner:
    """A fastai learner to whoever only wants its answers."""

    categories: dict[str, list[Any]]  # of each column of categories, in the order in which they are numbered from 1
    numbers: list[str]
    network: Network
    shares: bool  # whether answers are shares of classes

    @property
    def dls(self) -> Learner:
        """What makes batches of a frame."""
        return self

    def test_dl(self, frame: pd.DataFrame, *, inplace: bool) -> pd.DataFrame:
        """All rows are one batch."""
        del inplace
        return frame

    def no_bar(self) -> AbstractContextManager[None]:
        return nullcontext()

    def no_logging(self) -> AbstractContextManager[None]:
        return nullcontext()

    def get_preds(self, *, dl: pd.DataFrame) -> tuple[Answers, None]:
        """The answers, and the targets that there are none of."""
        columns = [self._numbered(dl[name], known) for name, known in self.categories.items()]
        codes = np.column_stack(columns) if columns else np.empty((len(dl), 0), np.int64)
        values = self.network(codes, dl[self.numbers].to_numpy(np.float32))
        return (softmax(values) if self.shares else values).view(Answers), None

    @staticmethod
    def _numbered(values: pd.Series, known: list[Any]) -> Any:
        """Each value's number among those known; 0 for one that is missing or was not there in training."""
        if not isinstance(values.dtype, pd.CategoricalDtype):
            values = pd.Series(pd.Categorical(values, categories=known))
        return values.cat.codes.to_numpy(np.int64) + 1  # as fastai has it, a column of categories numbers its own
