"""How soon the first word comes: `import gristmill` and `gristmill --help`, beside what others take for theirs.

Each command runs in a process of its own, in turn with the others, so that a busy moment hits all alike. The first
round only warms the disk's cache and is not counted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 9
BIN = Path(sys.executable).parent


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A command to time; `limit` in seconds is what it has promised, None for a peer."""

    name: str
    command: tuple[str, ...]
    limit: float | None = None


CANDIDATES = (
    Candidate(name="python, nothing imported", command=(sys.executable, "-c", "pass")),
    Candidate(name="import gristmill", command=(sys.executable, "-c", "import gristmill"), limit=0.3),
    Candidate(name="import gristmill.client", command=(sys.executable, "-c", "import gristmill.client"), limit=0.3),
    Candidate(name="gristmill --help", command=(str(BIN / "gristmill"), "--help"), limit=0.5),
    Candidate(name="peer: import pandas", command=(sys.executable, "-c", "import pandas")),
    Candidate(name="peer: papermill --help", command=(str(BIN / "papermill"), "--help")),
    Candidate(
        name="peer: import autogluon.tabular",
        command=(sys.executable, "-c", "from autogluon.tabular import TabularPredictor"),
    ),
)


def main() -> int:
    times: dict[str, list[float]] = {candidate.name: [] for candidate in CANDIDATES}
    for counted in [False] + [True] * ROUNDS:
        for candidate in CANDIDATES:
            started = time.perf_counter()
            subprocess.run(candidate.command, check=True, stdout=subprocess.DEVNULL)
            if counted:
                times[candidate.name].append(time.perf_counter() - started)

    missed = False
    print(f"{'command':34} {'median':>8} {'fastest':>8} {'slowest':>8}   promised")
    for candidate in CANDIDATES:
        taken = times[candidate.name]
        verdict = ""
        if candidate.limit is not None:
            kept = statistics.median(taken) < candidate.limit
            missed |= not kept
            verdict = f"< {candidate.limit} s: {'kept' if kept else 'MISSED'}"
        print(
            f"{candidate.name:34} {statistics.median(taken):6.3f} s {min(taken):6.3f} s {max(taken):6.3f} s   {verdict}"
        )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
