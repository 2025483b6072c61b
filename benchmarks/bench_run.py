"""What a run costs beside the bare script that an expert would write, and whether budgets are kept.

    python benchmarks/bench_run.py                both of these:
    python benchmarks/bench_run.py cost           total time less the time inside fit, Gristmill and script in turn
    python benchmarks/bench_run.py budget [S...]  budgets of 60, 120 and 300 s, beside AutoGluon's best_quality

In `budget` both start at the same moment on the same cores, so that both have a busy machine.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from grist import Grist, all_grist

GRISTMILL = str(Path(sys.executable).parent / "gristmill")
PROMISED_COST = 3.0
COST_BUDGET = 120.0
ROUNDS = 3
BUDGETS = [60.0, 120.0, 300.0]
SETTINGS = {
    "hyperparameters": {"GBM": [{"num_boost_round": 200}], "RF": [{"n_estimators": 60}]},
    "portfolio": "",
    "folds": 0,
    "share": 1.0,
}

SCRIPT = """
import json, sys, time
import pandas as pd
from autogluon.tabular import TabularPredictor

folder, target, metric, kind, out, settings = *sys.argv[1:6], json.loads(sys.argv[6])
train, test = pd.read_csv(f"{folder}/train.csv"), pd.read_csv(f"{folder}/test.csv")
predictor = TabularPredictor(label=target, eval_metric=metric, problem_type=kind, path=out)
begun = time.perf_counter()
predictor.fit(train, num_cpus=2, **settings)
fitted = time.perf_counter() - begun
score = predictor.evaluate(test)[metric]
print(json.dumps({"fit": fitted, "score": abs(score)}))
"""


def main() -> int:
    what, *numbers = sys.argv[1:] or ["all"]
    missed = 0 if what == "budget" else cost()
    return missed if what == "cost" else missed | budgets([float(number) for number in numbers] or BUDGETS)


def cost() -> int:
    """The platform's cost of a run, over what the bare script takes around its fit."""
    missed = False
    print("Seconds around fit: the whole command less the time inside fit, and less explaining, which no script does.")
    print("\n| data | script | Gristmill | more | explaining | total, script | total, Gristmill | score | score |")
    print("|---|---|---|---|---|---|---|---|---|")
    for grist in all_grist():
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:  # the worker may be tidying
            folder = Path(scratch)
            data = grist.write(folder)
            script, platform, explaining, totals, scores = [], [], [], ([], []), (0.0, 0.0)
            for round_ in range(ROUNDS):
                bare, bare_total = run_script(grist, folder / f"bare{round_}", folder, fit_settings())
                run, total = run_gristmill(grist, data, folder / "home", COST_BUDGET, SETTINGS)
                script.append(bare_total - bare["fit"])
                explaining.append(run["seconds"]["explain"])
                platform.append(total - run["seconds"]["fit"] - explaining[-1])
                totals[0].append(bare_total)
                totals[1].append(total)
                scores = (bare["score"], run["score"])
        more = statistics.median(platform) - statistics.median(script)
        missed |= more > PROMISED_COST
        shown = (spread(script), spread(platform), f"{more:+.1f} s", *map(spread, (explaining, *totals)))
        print(f"| {grist.name} | {' | '.join(shown)} | {scores[0]:.4f} | {scores[1]:.4f} |", flush=True)
    print(f"\nPromised: at most {PROMISED_COST:g} s more: {'MISSED' if missed else 'kept'}")
    return int(missed)


def budgets(seconds: list[float]) -> int:
    """Whether runs end within their budget, from claim to the end; and how far the peer overshoots."""
    missed = False
    print("| data | budget | Gristmill | models | score | salvaged | AutoGluon best_quality, process | score |")
    print("|---|---|---|---|---|---|---|---|")
    for budget in seconds:
        for grist in all_grist():
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:  # the worker may be tidying
                folder = Path(scratch)
                data = grist.write(folder)
                settings = {"presets": "best_quality", "time_limit": budget}
                peer = start_script(grist, folder / "peer", folder, settings)
                begun = time.perf_counter()
                run, _ = run_gristmill(grist, data, folder / "home", budget, {})
                out, _ = peer.communicate()
                peer_total = time.perf_counter() - begun
            taken = run["seconds"]["total"]
            missed |= taken > budget or run["status"] != "succeeded"
            peer_score = f"{told(out)['score']:.4f}" if peer.returncode == 0 else "failed"
            print(
                f"| {grist.name} | {budget:g} s | {taken:.1f} s | {len(run['leaderboard'])} | {run['score'] or 0:.4f} "
                f"| {'yes' if run['salvaged'] else 'no'} "
                f"| {peer_total:.1f} s ({peer_total - budget:+.1f}) | {peer_score} |",
                flush=True,
            )
    print(f"\nPromised: no run takes longer than its budget: {'MISSED' if missed else 'kept'}")
    return int(missed)


def fit_settings() -> dict[str, Any]:
    return {"hyperparameters": SETTINGS["hyperparameters"], "dynamic_stacking": False, "time_limit": 240}


def told(out: str) -> dict[str, Any]:
    """What the bare script said last; Ray may have the very last word."""
    told: dict[str, Any] = json.loads(next(line for line in reversed(out.splitlines()) if line.startswith("{")))
    return told


def start_script(grist: Grist, out: Path, folder: Path, settings: dict[str, Any]) -> subprocess.Popen[str]:
    """The bare script, started."""
    kind = {"late": "binary", "digit": "multiclass", "amount": "regression"}[grist.target]
    words = [str(folder), grist.target, grist.metric, kind, str(out), json.dumps(settings)]
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def run_script(grist: Grist, out: Path, folder: Path, settings: dict[str, Any]) -> tuple[dict[str, float], float]:
    """What the bare script found, and how long it took as a process."""
    begun = time.perf_counter()
    process = start_script(grist, out, folder, settings)
    found, _ = process.communicate()
    return json.loads(found.splitlines()[-1]), time.perf_counter() - begun


def run_gristmill(
    grist: Grist, data: Path, home: Path, budget: float, settings: dict[str, Any]
) -> tuple[dict[str, Any], float]:
    """What the command found, and how long it took as a process: intake, run, report and all."""
    words = ["train", str(data), "--target", grist.target, "--metric", grist.metric, "--task", grist.task]
    words += [word for name, value in settings.items() for word in ("--set", f"{name}={json.dumps(value)}")]
    begun = time.perf_counter()
    done = subprocess.run(
        [GRISTMILL, *words, "--budget", f"{budget:g}s", "--yes", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"GRISTMILL_HOME": str(home)},
    )
    return json.loads(done.stdout.splitlines()[-1]), time.perf_counter() - begun


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} s ({min(values):.1f} to {max(values):.1f})"


if __name__ == "__main__":
    sys.exit(main())
