"""The data sets that runs are measured on, each split once into rows to learn from and rows held out."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["Grist", "all_grist"]

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@dataclass(frozen=True, kw_only=True)
class Grist:
    """One data set; `frame` holds features and target."""

    name: str
    task: str
    target: str
    metric: str
    frame: pd.DataFrame

    def write(self, folder: Path) -> Path:
        """train.csv and test.csv in `folder`, and both in a ZIP beside them."""
        folder.mkdir(parents=True, exist_ok=True)
        held = self.frame.sample(frac=0.2, random_state=0)
        self.frame.drop(held.index).to_csv(folder / "train.csv", index=False)
        held.to_csv(folder / "test.csv", index=False)
        path = folder / f"{self.name}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(folder / "train.csv", "train.csv")
            archive.write(folder / "test.csv", "test.csv")
        return path


def all_grist() -> tuple[Grist, ...]:
    """Real flights (two classes), real handwritten digits (ten classes), and made numbers (regression, 50,000 rows)."""
    return _flights(), _digits(), _made()


def _flights() -> Grist:
    frame = pd.read_csv(EXAMPLES / "flights.zip")
    return Grist(name="flights", task="tabular-classification", target="late", metric="roc_auc", frame=frame)


def _digits() -> Grist:
    from sklearn.datasets import load_digits

    frame = load_digits(as_frame=True).frame.rename(columns={"target": "digit"})
    return Grist(name="digits", task="tabular-classification", target="digit", metric="accuracy", frame=frame)


def _made() -> Grist:
    random = np.random.default_rng(0)
    numbers = random.random((50_000, 20))
    signal = 10 * np.sin(np.pi * numbers[:, 0] * numbers[:, 1]) + 20 * (numbers[:, 2] - 0.5) ** 2 + 10 * numbers[:, 3]
    frame = pd.DataFrame(numbers.round(5), columns=[f"measure_{index}" for index in range(20)])
    frame["amount"] = (signal + random.normal(size=len(frame))).round(4)
    return Grist(name="made", task="tabular-regression", target="amount", metric="root_mean_squared_error", frame=frame)
