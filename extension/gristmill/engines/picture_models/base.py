"""What all candidates for pictures share: which column holds the pictures, and answers for every class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from autogluon.core.models import AbstractModel
from autogluon.core.utils.exceptions import TimeLimitExceeded
from numpy.typing import NDArray

__all__ = ["PictureModel", "not_enough_time"]


class PictureModel(AbstractModel):  # type: ignore[misc]  # autogluon ships no types
    """A model of AutoGluon's on a column of paths."""

    _supported_problem_types = ("binary", "multiclass")

    def paths(self, X: pd.DataFrame) -> list[Path]:
        """The pictures of these rows."""
        column = self._feature_metadata.get_features(required_special_types=["image_path"])[0]
        return [Path(value) for value in X[column]]

    def spread(self, shares: NDArray[np.floating[Any]], classes: NDArray[np.integer[Any]]) -> Any:
        """Shares of the classes that were seen in training, as AutoGluon wants them: all classes, two as one."""
        count = 2 if self.problem_type == "binary" else self.num_classes or int(classes.max()) + 1
        whole = np.zeros((len(shares), count), dtype=np.float64)
        whole[:, classes] = shares
        return self._convert_proba_to_unified_form(whole)

    def gaze(self, paths: Sequence[Path], codes: NDArray[np.integer[Any]]) -> NDArray[np.float64] | None:
        """What in each picture speaks for the class of that code, a map each; None where no gradient is to be had."""
        del paths, codes
        return None

    def _get_default_resources(self) -> tuple[int, int]:
        import torch

        return super()._get_default_resources()[0], int(torch.cuda.is_available())

    @classmethod
    def _get_default_ag_args(cls) -> dict[str, Any]:
        return {**super()._get_default_ag_args(), "valid_stacker": False}

    def _more_tags(self) -> dict[str, bool]:
        return {"can_refit_full": False}


def not_enough_time(what: str) -> TimeLimitExceeded:
    """What AutoGluon notes of a candidate that is left out, in a sentence."""
    return TimeLimitExceeded(what)
