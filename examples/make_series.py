"""Makes a small panel of daily sales: python make_series.py bakeries.zip

Ten bakeries sell bread for two years. Each has its size, its week and its trend; all have summers and a noisy day now
and then. One opened late, one closed a month before the others, and a few days are missing.
"""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

NAMES = ("Harbour", "Station", "Market", "Castle", "Bridge", "Mill", "Park", "Church", "Hill", "River")
DAYS = 730


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a panel of daily sales.")
    parser.add_argument("output", type=Path, help="the ZIP to write")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    write(arguments.output, arguments.seed)


def write(output: Path, seed: int = 0) -> None:
    """Write a ZIP with bakeries.csv in it, the same bytes each time."""
    entry = zipfile.ZipInfo("bakeries.csv", date_time=(2025, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr(entry, bakeries(seed).to_csv(index=False, lineterminator="\n"))


def bakeries(seed: int = 0) -> pd.DataFrame:
    """One row a bakery and day."""
    random = np.random.default_rng(seed)
    days = pd.date_range("2023-01-01", periods=DAYS)
    tables = [_bakery(name, days, random) for name in NAMES]
    tables[3] = tables[3].iloc[400:]  # opened late
    tables[7] = tables[7].iloc[:-30]  # closed before the others
    rows = pd.concat(tables, ignore_index=True)
    return rows.drop(index=[100, 101, 2500]).assign(date=lambda frame: frame["date"].dt.strftime("%Y-%m-%d"))


def _bakery(name: str, days: pd.DatetimeIndex, random: np.random.Generator) -> pd.DataFrame:
    at = np.arange(len(days))
    size, growth = random.uniform(60, 240), random.uniform(-0.1, 0.3)
    week = np.resize(random.uniform(0.7, 1.3, 7), len(days))
    summer = 1 + 0.15 * np.sin(2 * np.pi * (at - 100) / 365.25)
    noise = random.normal(1, 0.06, len(days))
    loaves = size * (1 + growth * at / len(days)) * week * summer * noise
    return pd.DataFrame({"bakery": name, "date": days, "loaves": loaves.round().astype(int)})


if __name__ == "__main__":
    main()
