"""How soon a saved model gives its first answer: `python predict.py ONE` from an unpacked archive, process and all.

    python benchmarks/bench_answers.py [--rounds 5] [--budget 40] [--only tabular]

One model a kind of data is trained by `gristmill train` and downloaded; then its script and the peer, AutoGluon itself
loading the same model and predicting the same item, take turns, each in a process of its own. Where a model needs code
that lies in its archive, the peer runs in that folder. Prints Markdown; exits 1 if a promise is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent.parent
GRISTMILL = str(Path(sys.executable).parent / "gristmill")
PEER = """
import warnings; warnings.simplefilter("ignore")
import pandas as pd
from autogluon.tabular import TabularPredictor
predictor = TabularPredictor.load("model", verbosity=0, require_version_match=False, require_py_version_match=False)
print(predictor.predict(pd.read_csv({item!r})).iloc[0])
"""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of data: what is trained on, what is asked, and within how many seconds the answer must be there."""

    name: str
    limit: float
    train: Callable[[Path], Path]  # the file to train on, made in a folder
    ask: Callable[[Path], tuple[Path, Path]]  # what predict.py is given, and the same as a CSV for the peer
    settings: tuple[str, ...] = ()  # of the run, beside its budget


def flights(folder: Path) -> Path:
    del folder
    return HERE / "examples" / "flights.zip"


def one_flight(folder: Path) -> tuple[Path, Path]:
    import pandas as pd

    path = folder / "flight.csv"
    pd.read_csv(flights(folder)).drop(columns="late").head(1).to_csv(path, index=False)
    return path, path


WORDS = {
    "sea": ["waves", "salt", "harbour", "gulls", "tide", "anchor", "reef", "sails"],
    "hill": ["peak", "snow", "ridge", "pines", "trail", "boulder", "summit", "cairn"],
    "town": ["tram", "market", "steps", "lamp", "square", "traffic", "bench", "cafe"],
}
PLAIN = ["we", "saw", "the", "and", "then", "walked", "near", "an", "old", "quiet", "again", "at", "dawn", "with"]


def texts(folder: Path) -> Path:
    dice, lines = np.random.default_rng(0), ["text,place"]
    for number in range(900):
        place = list(WORDS)[number % len(WORDS)]
        mixed = dice.choice(list(WORDS), p=[0.2 + 0.4 * (place == name) for name in WORDS], size=3)
        own = [str(dice.choice(WORDS[name])) for name in mixed]
        lines.append(f"{' '.join(dice.permutation([*own, *dice.choice(PLAIN, 12)]))},{place}")
    path = folder / "texts.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def one_text(folder: Path) -> tuple[Path, Path]:
    path = folder / "text.csv"
    path.write_text("text\nthen we saw the gulls near an old harbour\n", encoding="utf-8")
    return path, path


def pictures(folder: Path) -> Path:
    path = folder / "pictures.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(300):
            kind = ("disc", "box", "bar")[number % 3]
            archive.writestr(f"{kind}/{number:03}.png", picture_of(kind, number))
    return path


def picture_of(kind: str, seed: int) -> bytes:
    import io

    from PIL import Image

    dice = np.random.default_rng(seed)
    pixels = dice.integers(0, 120, (96, 96, 3))
    y, x = np.mgrid[:96, :96] - dice.integers(30, 66, 2)[:, None, None]
    inside = {"disc": x**2 + y**2 < 500, "box": np.maximum(abs(x), abs(y)) < 20, "bar": abs(x) < 7}[kind]
    pixels[inside] += dice.integers(60, 130, 3)
    held = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(held, "PNG")
    return held.getvalue()


def one_picture(folder: Path) -> tuple[Path, Path]:
    path, listed = folder / "one.png", folder / "one.csv"
    path.write_bytes(picture_of("disc", 9_999))
    listed.write_text(f"picture\n{path}\n", encoding="utf-8")
    return path, listed


NETWORKS = ('hyperparameters={"GBM":{},"CAT":{},"FASTAI":{},"NN_TORCH":{}}', "portfolio=")

KINDS = (
    Kind(name="tabular", limit=2.5, train=flights, ask=one_flight),
    Kind(name="tabular, with networks", limit=2.5, train=flights, ask=one_flight, settings=NETWORKS),
    Kind(name="text", limit=6.0, train=texts, ask=one_text),
    Kind(name="pictures", limit=6.0, train=pictures, ask=one_picture),
)


def model_of(kind: Kind, folder: Path, budget: int) -> tuple[Path, str]:
    """A trained model's archive, unpacked; and what it is."""
    environment = os.environ | {"GRISTMILL_HOME": str(folder / "home")}
    data = str(kind.train(folder))
    settings = [word for setting in kind.settings for word in ("--set", setting)]
    command = [GRISTMILL, "train", data, "--budget", f"{budget}s", "--yes", "--json", *settings]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    archive, place = folder / "model.zip", folder / "model"
    subprocess.run([GRISTMILL, "download", told["model"], "-o", str(archive)], env=environment, check=True,
                   capture_output=True)  # fmt: skip
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(place)
    return place, str(json.loads((place / "metrics.json").read_text())["best"])


def timed(command: list[str], folder: Path) -> float:
    """Seconds from the start of a process to its end."""
    before = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - before
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:2])} failed: {done.stderr.strip()[-500:]}")
    return taken


def bench(kind: Kind, folder: Path, options: argparse.Namespace) -> bool:
    """One model from its training to its two lines in the table."""
    folder.mkdir()
    place, best = model_of(kind, folder, options.budget)
    item, listed = kind.ask(folder)
    ours = [sys.executable, "predict.py", str(item), "-o", str(folder / "answer.csv")]
    peer = [sys.executable, "-c", PEER.format(item=str(listed))]
    times: dict[str, list[float]] = {"predict.py": [], "peer": []}
    for counted in [False] + [True] * options.rounds:  # the first round warms the disk's cache
        for name, command in (("predict.py", ours), ("peer", peer)):
            taken = timed(command, place)
            times[name] += [taken] if counted else []
    kept = statistics.median(times["predict.py"]) < kind.limit
    for name, limit in (("predict.py", f"< {kind.limit:g} s: {'kept' if kept else 'MISSED'}"), ("peer", "")):
        taken = times[name]
        what = f"AutoGluon loads and predicts the same ({best})" if name == "peer" else name
        print(f"| {kind.name} | {what} | {statistics.median(taken):.2f} s | {min(taken):.2f} s | {max(taken):.2f} s "
              f"| {limit} |", flush=True)  # fmt: skip
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--budget", type=int, default=40, help="seconds that each model may be trained")
    parser.add_argument("--only", choices=[kind.name for kind in KINDS], help="measure nothing else")
    options = parser.parse_args()
    print("| model | what | median | fastest | slowest | promised |\n| :-- | :-- | --: | --: | --: | :-- |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        chosen = [kind for kind in KINDS if options.only in (None, kind.name)]
        kept = [bench(kind, Path(folder) / kind.name, options) for kind in chosen]
    return int(not all(kept))


if __name__ == "__main__":
    sys.exit(main())
