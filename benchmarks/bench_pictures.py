"""How quickly boxes and masks are learned and answered, and how good they are after a minute.

    python benchmarks/bench_pictures.py          all of these, one after the other: five minutes
    python benchmarks/bench_pictures.py speed    boxes: pictures a second in training, time for an answer
    python benchmarks/bench_pictures.py boxes    boxes: COCO's figures after the same time, beside RetinaNet's
    python benchmarks/bench_pictures.py masks    masks: mean IoU by `gristmill train shapes.zip --budget 60s`

The peer is torchvision's RetinaNet on the same backbone (retina.py). Pictures are made by examples/make_shapes.py.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from grist import EXAMPLES

sys.path.insert(0, str(EXAMPLES))
GRISTMILL = str(Path(sys.executable).parent / "gristmill")
TRAINED, ANSWERED, OVERLAP = 40.0, 0.015, 0.9  # promised: pictures a second, seconds a picture, mean IoU
SIZE, SPEED_SECONDS, BOX_SECONDS = 96, 20.0, (60.0,)
BUDGET = 60.0


def main() -> int:
    what, *numbers = sys.argv[1:] or ["all"]
    torch.set_num_threads(os.cpu_count() or 1)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:  # the worker may be tidying
        folder, missed = Path(scratch), 0
        if what in ("all", "speed"):
            missed |= speed(folder)
        if what in ("all", "boxes"):
            boxes(folder, [float(number) for number in numbers] or BOX_SECONDS)
        if what in ("all", "masks"):
            missed |= masks(folder)
    return missed


def speed(folder: Path) -> int:
    """Pictures a second in training and milliseconds a picture in answering, at 96 pixels."""
    from retina import Retina

    from gristmill.engines.dense import DetectionPredictor

    train, test, names = shapes(folder)
    peer = Retina(names, SIZE)
    peer_pace = peer.fit(train, SPEED_SECONDS)
    predictor = DetectionPredictor("boxes", categories=names, path=folder / "speed")
    settings = {"kind": "network", "size": SIZE, "passes": 10_000, "batch": 8}
    predictor.fit(train, time_limit=SPEED_SECONDS, candidates={"Centers-96": settings})
    [tried] = predictor.tried
    last = tried.history[-1]
    pace = last.number * (0.85 * len(train) // 8 * 8) / last.seconds  # the rest is for validation
    paths = list(test["picture"])
    took, peer_took = timed(lambda path: predictor.predict([path]), paths), timed(peer.answer, paths)
    print(f"At {SIZE} pixels, {torch.get_num_threads()} threads; training of ours with validation after its passes.\n")
    print("| boxes | trained, pictures a second | answered, ms a picture | promised |")
    print("|---|---|---|---|")
    kept = pace >= TRAINED and took <= ANSWERED
    promise = f"{TRAINED:g}, {1000 * ANSWERED:g} ms: {'kept' if kept else 'MISSED'}"
    print(f"| Gristmill | {pace:.0f} | {1000 * took:.1f} | {promise} |")
    print(f"| RetinaNet | {peer_pace:.0f} | {1000 * peer_took:.1f} | |\n", flush=True)
    return int(not kept)


def boxes(folder: Path, budgets: Any) -> None:
    """COCO's figures on pictures held out, after as much time."""
    from retina import Retina

    from gristmill.engines.dense import DetectionPredictor

    train, test, names = shapes(folder)
    print("| seconds of training | boxes | best | mAP | mAP at 0.5 |\n|---|---|---|---|---|")
    for seconds in budgets:
        predictor = DetectionPredictor("boxes", categories=names, path=folder / f"boxes-{seconds:g}")
        predictor.fit(train, time_limit=seconds)
        ours = predictor.evaluate(test)
        print(
            f"| {seconds:g} | Gristmill | {predictor.model_best} | {ours['map']:.3f} | {ours['map_50']:.3f} |",
            flush=True,
        )
        peer = Retina(names, 128)
        peer.fit(train, seconds)
        found = peer.evaluate(test)
        print(f"| {seconds:g} | RetinaNet | 128 pixels | {found['map']:.3f} | {found['map_50']:.3f} |", flush=True)
    print()


def masks(folder: Path) -> int:
    """Mean IoU on pictures held out, by the command line."""
    import make_shapes

    make_shapes.write("masks", folder / "shapes.zip", 160, 128)
    begun = time.perf_counter()
    done = subprocess.run(
        [GRISTMILL, "train", str(folder / "shapes.zip"), "--budget", f"{BUDGET:g}s", "--yes", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"GRISTMILL_HOME": str(folder / "home")},
    )
    wall = time.perf_counter() - begun
    run = json.loads(done.stdout.splitlines()[-1])
    kept = (run["score"] or 0.0) > OVERLAP and run["seconds"]["total"] <= BUDGET
    print("| masks | budget | run | command | best | mean IoU | promised |\n|---|---|---|---|---|---|---|")
    best = run["leaderboard"][0]["model"] if run["leaderboard"] else ""
    taken = run["seconds"]["total"]
    print(
        f"| four classes | {BUDGET:g} s | {taken:.1f} s | {wall:.1f} s | {best} | {run['score'] or 0:.3f} "
        f"| > {OVERLAP:g}: {'kept' if kept else 'MISSED'} |",
        flush=True,
    )
    return int(not kept)


def shapes(folder: Path) -> tuple[Any, Any, list[str]]:
    """Rows to learn from and rows held out, with the names of what is to be found."""
    import make_shapes
    import pandas as pd

    from gristmill import intake, tasks

    if not (folder / "boxes.zip").exists():
        make_shapes.write("boxes", folder / "boxes.zip", 200, 128)
    scratch = Path(tempfile.mkdtemp(dir=folder))
    profile = intake.inspect(folder / "boxes.zip", scratch)
    plan = tasks.LoadPlan(target="boxes")
    train, test = tasks.find("object-detection").load(scratch / "data", profile, plan)
    return pd.DataFrame(train), pd.DataFrame(test), list(train.attrs["categories"])


def timed(answer: Callable[[str], object], paths: list[str]) -> float:
    """Seconds that one answer takes, in the middle of many."""
    answer(paths[0])  # what is loaded at first is not paid again
    taken = []
    for path in paths * 2:
        begun = time.perf_counter()
        answer(path)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())
