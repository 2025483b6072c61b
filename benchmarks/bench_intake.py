"""What it costs to open an upload: a 2 GiB ZIP of one CSV, one of 100,000 files, one of 10,000 pictures, beside peers.

    python benchmarks/bench_intake.py [--scale 0.05] [--rounds 3] [--only pictures]

Every measurement is a process of its own, so that its peak memory is its own, too; peers take turns with us, so that
all meet the same moments of a busy machine, and each result is removed before the next begins. `profile` is unpacking
and everything that intake does after it: sniffing, one pass over all rows, findings; pictures are opened to their end.
Prints Markdown; exits 1 if a peak is at its goal or above, or pictures take longer than theirs.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HERE / "extension")]  # runs from a checkout that is not installed

GOAL = 400_000_000  # bytes at the peak
ZIP_BYTES = 2 << 30
FILES = 100_000
BLOCK_ROWS = 250_000
PICTURES, PICTURES_GOAL, PICTURES_SECONDS = 10_000, 300_000_000, 10.0


@dataclass
class Cost:
    """What one thing took, round by round."""

    what: str
    is_ours: bool
    command: Callable[[Path], list[str]]  # given the folder to fill
    seconds: list[float] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def make_table(path: Path, size: int) -> None:
    """A ZIP of that size with one CSV in it: ids, times, numbers with gaps, words, free text and a target."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv

    dice, made, number = np.random.default_rng(0), 0, 0
    cities = np.array(["Amsterdam", "Berlin", "Köln", "New York", "Paris", "São Paulo", "Tokyo", "Zürich"])
    phrases = np.array(["arrived late", "as described", "broken, sent back", 'called it "fine"', "good", "no comment"])
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("orders/train.csv", "w", force_zip64=True) as file,
    ):
        while path.stat().st_size < size:
            amount = dice.gamma(2, 50, BLOCK_ROWS).round(2)
            block = pa.table(
                {
                    "order": np.arange(number, number + BLOCK_ROWS),
                    "time": np.datetime64("2020-01-01") + dice.integers(0, 10**8, BLOCK_ROWS).astype("timedelta64[s]"),
                    "amount": pa.array(amount, mask=dice.random(BLOCK_ROWS) < 0.03),
                    "weight": dice.normal(10, 3, BLOCK_ROWS),
                    "items": dice.integers(1, 20, BLOCK_ROWS),
                    "city": cities[dice.integers(0, len(cities), BLOCK_ROWS)],
                    "remark": phrases[dice.integers(0, len(phrases), BLOCK_ROWS)],
                    "rating": dice.integers(1, 6, BLOCK_ROWS),
                    "returned": np.where(dice.random(BLOCK_ROWS) < amount / 500, "yes", "no"),
                }
            )
            text = pa.BufferOutputStream()
            csv.write_csv(block, text, csv.WriteOptions(include_header=not made))
            made += file.write(text.getvalue())
            number += BLOCK_ROWS


def make_files(path: Path, count: int) -> None:
    """A ZIP of that many small files in folders of a thousand."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(count):
            archive.writestr(f"train/{number // 1000:03}/{number:06}.txt", os.urandom(400).hex())


def make_pictures(path: Path, count: int) -> None:
    """A ZIP of that many small JPEGs, 96 pixels a side, in ten folders named as their classes."""
    import io

    import numpy as np
    from PIL import Image, ImageFilter

    dice = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(count):
            small = dice.integers(0, 255, (12, 12, 3), dtype=np.uint8)
            drawn = Image.fromarray(small).resize((96, 96)).filter(ImageFilter.GaussianBlur(1))
            held = io.BytesIO()
            drawn.save(held, "JPEG", quality=85)
            archive.writestr(f"things/class-{number % 10}/{number:05}.jpg", held.getvalue())


def open_one_by_one(source: Path, folder: Path) -> None:
    """The peer for pictures: unpacked by zipfile, and each decoded by Pillow."""
    from PIL import Image

    zipfile.ZipFile(source).extractall(folder)
    for path in folder.rglob("*.jpg"):
        with Image.open(path) as picture:
            picture.load()


def unpack_here(source: Path, folder: Path) -> None:
    from gristmill.intake.archive import unpack

    unpack(source, folder)


def profile_here(source: Path, folder: Path) -> None:
    from gristmill.intake import inspect

    inspect(source, folder)


STEPS: dict[str, Callable[[Path, Path], None]] = {
    "unpack": unpack_here, "profile": profile_here, "zipfile and Pillow, one by one": open_one_by_one,
}  # fmt: skip


def step(name: str, source: Path, folder: Path) -> None:
    """One measurement's work, in its own process; prints what it took."""
    started = time.perf_counter()
    STEPS[name](source, folder)
    print(json.dumps({"seconds": time.perf_counter() - started}))


def measure(cost: Cost, folder: Path) -> None:
    """Runs the command, with the interpreter's start in its time: `unzip` has no other either."""
    started = time.perf_counter()
    process = subprocess.Popen(cost.command(folder), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    cost.seconds.append(time.perf_counter() - started)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{cost.what} failed with exit code {process.returncode}")
    # This process stays small, because Linux counts what a child had of its parent's memory at its birth.
    cost.peaks.append(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
    shutil.rmtree(folder, ignore_errors=True)


def costs_of(source: Path, steps: tuple[str, ...], *, with_zipfile: bool) -> list[Cost]:
    """What is measured on one archive, the peers first."""
    costs = []
    if shutil.which("unzip"):
        costs.append(Cost("unzip", False, lambda folder: ["unzip", "-q", str(source), "-d", str(folder)]))
    if with_zipfile:
        arguments = ["-m", "zipfile", "-e", str(source)]
        costs.append(Cost("python -m zipfile", False, lambda folder: [sys.executable, *arguments, str(folder)]))
    for name in steps:
        costs.append(Cost(name, True, lambda folder, name=name: again("--step", name, source, folder)))
    return costs


def again(*arguments: object) -> list[str]:
    """This program, in another process."""
    return [sys.executable, __file__, *map(str, arguments)]


def report(title: str, size: int, costs: list[Cost], peak: int = GOAL, seconds: float = float("inf")) -> bool:
    """Prints a table; whether all of ours stayed below the goals."""
    print(f"\n### {title}\n")
    print("| what | median | fastest | slowest | MB/s | peak memory |\n| :-- | --: | --: | --: | --: | --: |")
    for cost in costs:
        times = f"{cost.median:.1f} s | {min(cost.seconds):.1f} s | {max(cost.seconds):.1f} s"
        most = f"{max(cost.peaks) / 1e6:.0f} MB"
        print(f"| {cost.what} | {times} | {size / 1e6 / cost.median:.0f} | {most} |")
    return all(max(cost.peaks) < peak and cost.median < seconds for cost in costs if cost.is_ours)


def bench(folder: Path, kind: str, scale: float, rounds: int) -> bool:
    """One archive from its making to its table."""
    source = folder / f"{kind}.zip"
    amount = int((ZIP_BYTES if kind == "table" else FILES) * scale)
    made = subprocess.run(again("--make", kind, source, amount), check=True, capture_output=True)
    count, size = json.loads(made.stdout)
    costs = costs_of(source, ("unpack", "profile") if kind == "table" else ("unpack",), with_zipfile=kind == "files")
    for _ in range(rounds):
        for cost in costs:
            measure(cost, folder / "out")
    title = f"{count:,} file{'s' * (count > 1)}, {size / 1e6:,.0f} MB in a ZIP of {source.stat().st_size / 1e6:,.0f} MB"
    source.unlink()
    return report(title, size, costs)


def bench_pictures(folder: Path, scale: float, rounds: int) -> bool:
    """Ten thousand pictures, looked over to the end of each."""
    source, count = folder / "pictures.zip", int(PICTURES * scale)
    made = subprocess.run(again("--make", "pictures", source, count), check=True, capture_output=True)
    _, size = json.loads(made.stdout)
    peer = "zipfile and Pillow, one by one"
    costs = [
        Cost(peer, False, lambda folder: again("--step", peer, source, folder)),
        Cost("profile", True, lambda folder: again("--step", "profile", source, folder)),
    ]
    for _ in range(rounds):
        for cost in costs:
            measure(cost, folder / "out")
    title = f"{count:,} pictures, {size / 1e6:,.0f} MB"
    kept = report(title, size, costs, PICTURES_GOAL, PICTURES_SECONDS)
    print(f"\nBelow {PICTURES_SECONDS:g} s and {PICTURES_GOAL // 10**6} MB: {'kept' if kept else 'MISSED'}")
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size (default: 1)")
    parser.add_argument("--rounds", type=int, default=3, help="of the many small files; the large one has one less")
    parser.add_argument("--only", choices=["files", "table", "pictures"], help="measure nothing else")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--make", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step(options.step[0], Path(options.step[1]), Path(options.step[2]))
        return 0
    if options.make:
        kind, path, amount = options.make
        {"table": make_table, "files": make_files, "pictures": make_pictures}[kind](Path(path), int(amount))
        with zipfile.ZipFile(path) as archive:
            print(json.dumps([len(archive.infolist()), sum(entry.file_size for entry in archive.infolist())]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        benches: dict[str, Callable[[], bool]] = {
            "pictures": lambda: bench_pictures(Path(folder), options.scale, options.rounds),
            "files": lambda: bench(Path(folder), "files", options.scale, options.rounds),
            "table": lambda: bench(Path(folder), "table", options.scale, max(1, options.rounds - 1)),
        }
        kept = [run() for name, run in benches.items() if options.only in (None, name)]
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    verdict = "kept" if all(kept) else "MISSED"
    print(f"\nPeaks below {GOAL // 10**6} MB: {verdict} (of which up to {own} MB are the bench's own)")
    return int(not all(kept))


if __name__ == "__main__":
    sys.exit(main())
