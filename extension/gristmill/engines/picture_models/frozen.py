"""What a pretrained network sees, and something quick that learns from it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from autogluon.common import space
from numpy.typing import NDArray

from .base import PictureModel, not_enough_time
from .seeing import Eye

__all__ = ["FrozenBoosted", "FrozenLinear"]

_FOR_LOOKING = 0.8  # the part of a candidate's time that may go into looking at the pictures
_MANY = 10_000  # pictures
_SIDES = space.Categorical(96, 64, 128, 160)  # pixels
_FEWEST, _FEWEST_OF_A_CLASS = 200, 10  # pictures to learn from, where there is no time for all of them


class _Frozen(PictureModel):
    """A head on vectors. A subclass says how its head is trained, and what its head answers."""

    def _set_default_params(self) -> None:
        self._set_default_param_value("side", 96)
        self._set_default_param_value("weights", "efficientnet-lite0")

    def _fit(
        self,
        X: pd.DataFrame,
        y: pd.Series,
        X_val: pd.DataFrame | None = None,
        y_val: pd.Series | None = None,
        time_limit: float | None = None,
        num_cpus: int | None = None,
        **_: Any,
    ) -> None:
        until = time.monotonic() + (time_limit or float("inf"))
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        params = self._get_model_params()
        self.eye = Eye(params["weights"])
        # Validation pictures must all be looked at; of those to learn from, as many as there is time for.
        drawn = np.random.default_rng(0).permutation(len(X))
        judging = [] if X_val is None else self.paths(X_val)
        every = judging + self.paths(X.iloc[drawn])
        side, count = self.eye.affordable(every, params["side"], _FOR_LOOKING * (until - time.monotonic()))
        count -= len(judging)
        if count < min(len(X), max(_FEWEST, _FEWEST_OF_A_CLASS * y.nunique())):
            raise not_enough_time(f"There was no time to look at enough of the {len(every):,} pictures.")
        self.side = side
        if count < len(X):
            X, y = X.iloc[drawn[:count]], y.iloc[drawn[:count]]
        seen = self.eye.vectors(self.paths(X), side)
        judged = None
        if X_val is not None and y_val is not None and len(X_val):
            judged = (self.eye.vectors(judging, side), y_val.to_numpy())
        spread = seen.std(axis=0)
        self.middle = seen.mean(axis=0)
        self.scale = spread + 0.1 * spread.mean() + 1e-6  # what hardly ever stirs must not shout when it does
        self.threads = num_cpus or 0 if len(seen) > _MANY else 1  # on little data threads mostly wait for one another
        with threadpool_limits(None if len(seen) > _MANY else 1):
            self._learn(self._scaled(seen), y.to_numpy(), judged, until)

    def _predict_proba(self, X: pd.DataFrame, **_: Any) -> Any:
        shares = self._answer(self._scaled(self.eye.vectors(self.paths(X), self.side)))
        return self.spread(shares, self.classes_)

    def _scaled(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        scaled: NDArray[np.float32] = (seen - self.middle) / self.scale
        return scaled

    def _learn(
        self,
        seen: NDArray[np.float32],
        codes: NDArray[np.integer[Any]],
        judged: tuple[NDArray[np.float32], NDArray[np.integer[Any]]] | None,
        until: float,
    ) -> None:
        raise NotImplementedError

    def _answer(self, seen: NDArray[np.float32]) -> NDArray[np.float64]:
        raise NotImplementedError


class FrozenLinear(_Frozen):
    """Logistic regression on what the network sees, as strict as suits the validation pictures."""

    ag_key = "FROZEN_LINEAR"
    ag_name = "FrozenLinear"
    ag_priority = 90

    def _get_default_searchspace(self) -> dict[str, Any]:
        return {"side": _SIDES, "strictness": space.Real(1e-4, 1.0, default=0.01, log=True)}

    def _learn(self, seen: Any, codes: Any, judged: Any, until: float) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import log_loss

        best = float("inf")
        params = self._get_model_params()
        for strictness in (params["strictness"],) if "strictness" in params else (0.01, 0.001, 0.1):
            before = time.monotonic()
            model = LogisticRegression(C=strictness, max_iter=300).fit(seen, codes)
            loss = -strictness
            if judged is not None:
                known = np.isin(judged[1], model.classes_)
                loss = log_loss(judged[1][known], model.predict_proba(judged[0][known]), labels=model.classes_)
            if loss < best:
                best, self.model = loss, model
            if judged is None or time.monotonic() + 1.5 * (time.monotonic() - before) > until:
                break
        self.classes_ = self.model.classes_

    def _answer(self, seen: NDArray[np.float32]) -> NDArray[np.float64]:
        shares: NDArray[np.float64] = self.model.predict_proba(seen)
        return shares

    def gaze(self, paths: Sequence[Path], codes: NDArray[np.integer[Any]]) -> NDArray[np.float64] | None:
        places, weights = np.searchsorted(self.classes_, codes).clip(max=len(self.classes_) - 1), self.model.coef_
        weights = weights if len(weights) > 1 else np.concatenate([-weights, weights])
        against = weights[places] - (weights.sum(axis=0) - weights[places]) / (len(weights) - 1)
        return self.eye.gaze(paths, self.side, (against / self.scale).astype(np.float32))


class FrozenBoosted(_Frozen):
    """Boosted trees on the main directions of what the network sees."""

    ag_key = "FROZEN_BOOSTED"
    ag_name = "FrozenBoosted"
    ag_priority = 70

    def _get_default_searchspace(self) -> dict[str, Any]:
        return {
            "side": _SIDES,
            "learning_rate": space.Real(0.02, 0.3, default=0.15, log=True),
            "num_leaves": space.Int(4, 48, default=15),
            "feature_fraction": space.Real(0.2, 1.0, default=0.5),
            "min_data_in_leaf": space.Int(2, 40, default=5),
        }

    def _learn(self, seen: Any, codes: Any, judged: Any, until: float) -> None:
        import lightgbm
        from sklearn.decomposition import PCA

        def in_time(state: Any) -> None:
            if time.monotonic() > until - 1.0:
                raise lightgbm.callback.EarlyStopException(state.iteration, state.evaluation_result_list)

        self.classes_ = np.unique(codes)
        self.main = PCA(n_components=min(96, *seen.shape), svd_solver="randomized", random_state=0).fit(seen)
        train = lightgbm.Dataset(self.main.transform(seen), np.searchsorted(self.classes_, codes))
        callbacks: list[Any] = [in_time]
        watched = []
        if judged is not None:
            known = np.isin(judged[1], self.classes_)
            right = np.searchsorted(self.classes_, judged[1][known])
            watched = [lightgbm.Dataset(self.main.transform(judged[0][known]), right, reference=train)]
            callbacks.append(lightgbm.early_stopping(20, verbose=False))
        manner = {
            "objective": "multiclass", "num_class": len(self.classes_), "learning_rate": 0.15, "num_leaves": 15,
            "feature_fraction": 0.5, "min_data_in_leaf": 5, "seed": 0, "verbose": -1, "num_threads": self.threads,
        }  # fmt: skip
        params = self._get_model_params()
        manner |= {name: params[name] for name in manner if name in params}
        rounds = 200 if judged is not None else 80
        self.model = lightgbm.train(manner, train, rounds, valid_sets=watched, callbacks=callbacks)

    def _answer(self, seen: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(self.model.predict(self.main.transform(seen)), dtype=np.float64)
