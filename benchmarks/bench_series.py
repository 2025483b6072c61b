"""Forecasts on a short budget, beside the bare AutoGluon script that an expert would write.

    python benchmarks/bench_series.py [SECONDS]     60 if not given

The last horizon of each panel is held out from both. Both are given the same rows and the same seconds, and start at
the same moment on the same cores; `presets="medium_quality"` is the script's. Each forecast is judged against what was
held out by one function, MASE with the season of the step. Naive is the last season repeated.

In `sales` a column tells of campaigns, which a forecast may know: the held-out rows are given to both without the
sales. Gristmill finds that by itself; the script is told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
sys.path.insert(0, str(EXAMPLES))
GRISTMILL = str(Path(sys.executable).parent / "gristmill")
BUDGET = 60.0
NOISE = 1.05  # what a score may be over the peer's: a second round of either differs by about as much

SCRIPT = """
import json, sys, time
import pandas as pd
from autogluon.timeseries import TimeSeriesDataFrame, TimeSeriesPredictor

folder, item, stamp, target, horizon, season, freq, known, seconds = sys.argv[1:]
rows = pd.read_csv(f"{folder}/train.csv", parse_dates=[stamp])
known = [name for name in known.split(",") if name]
told = rows[rows[target].isna()]
rows = rows[rows[target].notna()]
frame = TimeSeriesDataFrame.from_data_frame(rows, id_column=item, timestamp_column=stamp).convert_frequency(freq)
predictor = TimeSeriesPredictor(
    target=target, prediction_length=int(horizon), eval_metric="MASE", eval_metric_seasonal_period=int(season),
    freq=freq, known_covariates_names=known, path=f"{folder}/peer",
)
predictor.fit(frame, presets="medium_quality", time_limit=float(seconds))
ahead = None
if known:
    ahead = TimeSeriesDataFrame.from_data_frame(told[[item, stamp, *known]], id_column=item, timestamp_column=stamp)
found = predictor.predict(frame, known_covariates=ahead).reset_index()
found = found.rename(columns={"item_id": item, "timestamp": stamp, "mean": "prediction"})
found[[item, stamp, "prediction"]].to_csv(f"{folder}/peer.csv", index=False)
print(json.dumps({"models": len(predictor.model_names()), "best": predictor.model_best}))
"""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Series, with the columns that say which, when and how much; the last `horizon` steps are held out."""

    name: str
    item: str
    stamp: str
    target: str
    freq: str
    horizon: int
    season: int
    rows: pd.DataFrame
    known: tuple[str, ...] = ()

    @property
    def is_held(self) -> pd.Series:
        """Which rows are held out: the last steps before the common end."""
        ends = self.rows[self.stamp].max()
        return self.rows[self.stamp] > ends - self.horizon * pd.tseries.frequencies.to_offset(self.freq)

    def write(self, folder: Path) -> Path:
        """The rows that both may see, as train.csv; those held out only with what is known of them, if anything is."""
        folder.mkdir(parents=True)
        rows = self.rows.assign(**{self.target: self.rows[self.target].mask(self.is_held)})
        rows = rows if self.known else rows[~self.is_held]
        rows.to_csv(folder / "train.csv", index=False)
        return folder / "train.csv"

    def mase(self, forecast: pd.DataFrame) -> float:
        """The mean over series of error by seasonal change; infinite where a series has no answer."""
        forecast = forecast.assign(**{self.stamp: pd.to_datetime(forecast[self.stamp])})
        truth = self.rows[self.is_held].merge(forecast, on=[self.item, self.stamp], how="left")
        past = self.rows[~self.is_held].groupby(self.item)[self.target]
        scale = past.apply(lambda values: values.diff(self.season).abs().mean())
        errors = (truth[self.target] - truth["prediction"]).abs().fillna(np.inf).groupby(truth[self.item]).mean()
        return float((errors / scale[errors.index]).mean())

    def naive(self) -> pd.DataFrame:
        """The last season before what is held out, again and again."""
        rows, held = self.rows, self.rows[self.is_held]
        past = rows[~self.is_held].groupby(self.item)[self.target]
        last = {item: values.to_numpy()[-self.season :] for item, values in past}
        values = [np.resize(last[item], len(part)) for item, part in held.groupby(self.item, sort=False)]
        return held[[self.item, self.stamp]].assign(prediction=np.concatenate(values))


def panels() -> tuple[Panel, ...]:
    """The bakeries of examples/; others from the same source; and a harder panel with campaigns and idle days."""
    from make_series import bakeries

    daily = {"item": "bakery", "stamp": "date", "target": "loaves", "freq": "D", "horizon": 14, "season": 7}
    shipped = pd.read_csv(EXAMPLES / "bakeries.zip", parse_dates=["date"])
    made = bakeries(seed=7).assign(date=lambda frame: pd.to_datetime(frame["date"]))
    return (
        Panel(name="bakeries", rows=_whole(shipped), **daily),
        Panel(name="make_series, seed 7", rows=_whole(made), **daily),
        _sales(),
    )


def _whole(rows: pd.DataFrame) -> pd.DataFrame:
    """Without the series that ended before what is held out."""
    ends = rows.groupby("bakery")["date"].transform("max")
    return rows[ends == rows["date"].max()].sort_values(["bakery", "date"], ignore_index=True)


def _sales() -> Panel:
    """Sixty products of three shops: few sold on most days, none on some, more in campaigns; levels shift."""
    random = np.random.default_rng(3)
    days = pd.date_range("2024-01-01", periods=400)
    parts = []
    for number in range(60):
        week = np.resize(random.dirichlet(np.full(7, 6.0)) * 7, len(days))
        level = random.gamma(2.0, 3.0) * np.exp(np.cumsum(random.normal(0, 0.02, len(days))))
        promo = (random.random(len(days)) < 0.08).astype(int)
        sold = random.poisson(level * week * (1 + 1.5 * promo)) * (random.random(len(days)) > 0.1)
        parts.append(pd.DataFrame({"product": f"p{number:02d}", "day": days, "promo": promo, "sold": sold}))
    rows = pd.concat(parts, ignore_index=True)
    return Panel(
        name="sales", item="product", stamp="day", target="sold", freq="D", horizon=14, season=7, rows=rows,
        known=("promo",),
    )  # fmt: skip


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else BUDGET
    missed = False
    print(
        f"{seconds:g} s each. MASE on the held-out window, the lower the better; wall times are of whole processes.\n"
    )
    print(
        "| panel | naive | Gristmill | best | wall | AutoGluon medium_quality | best | wall | Gristmill / AutoGluon |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for panel in panels():
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:  # the worker may be tidying
            folder = Path(scratch) / "data"
            data = panel.write(folder)
            begun = time.perf_counter()
            peer = _start_script(panel, folder, seconds)
            ours, best, wall = _gristmill(panel, data, Path(scratch) / "home", seconds)
            said, _ = peer.communicate()
            peer_wall = time.perf_counter() - begun
            naive = panel.mase(panel.naive())
            theirs, their_best = np.inf, "failed"
            if peer.returncode == 0:
                theirs = panel.mase(pd.read_csv(folder / "peer.csv"))
                their_best = json.loads(said.splitlines()[-1])["best"]
        missed |= not ours <= theirs * NOISE
        print(
            f"| {panel.name} | {naive:.4f} | {ours:.4f} | {best} | {wall:.1f} s | {theirs:.4f} | {their_best} "
            f"| {peer_wall:.1f} s | {ours / theirs:.3f} |",
            flush=True,
        )
    print(f"\nPromised: no more than {NOISE:g} times the script's error: {'MISSED' if missed else 'kept'}")
    return int(missed)


def _start_script(panel: Panel, folder: Path, seconds: float) -> subprocess.Popen[str]:
    words = [str(folder), panel.item, panel.stamp, panel.target, str(panel.horizon), str(panel.season), panel.freq]
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, *words, ",".join(panel.known), f"{seconds:g}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},  # no budget is spent on a hub that does not answer
    )


def _gristmill(panel: Panel, data: Path, home: Path, seconds: float) -> tuple[float, str, float]:
    """Error, best candidate, and how long `gristmill train` took as a process; its forecast is asked for afterwards."""
    words = ["--task", "time-series", "--target", panel.target, "--set", f"horizon={panel.horizon}"]
    begun = time.perf_counter()
    run = _asked(home, "train", str(data), *words, "--budget", f"{seconds:g}s", "--yes", "--json")
    wall = time.perf_counter() - begun
    if run.get("status") != "succeeded":
        return np.inf, "failed", wall
    _asked(home, "predict", run["run"], "-o", str(home / "ours.csv"))
    scored = [row for row in run["leaderboard"] if row["score"] is not None]
    return panel.mase(pd.read_csv(home / "ours.csv")), min(scored, key=lambda row: row["score"])["model"], wall


def _asked(home: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [GRISTMILL, *words], capture_output=True, text=True, check=False, env=os.environ | {"GRISTMILL_HOME": str(home)}
    )
    lines = done.stdout.splitlines()
    return json.loads(lines[-1]) if "--json" in words and lines else {}


if __name__ == "__main__":
    sys.exit(main())
