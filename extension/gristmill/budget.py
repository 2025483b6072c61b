"""A run's budget: the wall-clock seconds from its claim to its saved model, and who may have how many of them.

The fit may not have all. `for_fitting()` holds back what must still happen afterwards: comparing and saving, and,
should training overrun and be killed, loading the models that were finished and saving the best of those. That reserve
is measured, not guessed: a restart costs about what it cost to come this far, and models take as long to load, pack and
store as they are large.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

__all__ = ["Budget", "Freight", "Pace"]

_CROWDED = 2.0  # processes that want a core, by core, from which a run makes do with fewer threads
_SLOWEST = 4.0  # however busy the machine: beyond that, a run could not train at all
_LEAST_RESTART = 6.0  # seconds that loading AutoGluon anew costs at least, however quick a preheated start seemed
_STORED_A_SECOND = 80e6  # bytes; forests of 200 MB took 1.8 s on two busy cores, into a store on the same disk
_HOMECOMING = 2.5  # as long as they take to store, models take to be loaded, packed and stored
_WEIGHED_EVERY = 1.0  # seconds
_MOST_HELD = 0.25  # of a budget, by such a guess: a short run is to have time to train
_FIRST = 6.0  # seconds for a candidate that takes one or two, and for what goes before it


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """The time, and how fast it is to be used: both can be set by whoever tests."""

    clock: Callable[[], float] = time.time
    load: Callable[[], float] = lambda: os.getloadavg()[0]  # processes that want a core, over the last minute
    cores: int = os.cpu_count() or 1

    def slowness(self) -> float:
        """How many times longer than on an idle machine things take, going by who else wants its cores."""
        return min(max(1.0, self.load() / self.cores), _SLOWEST)

    def free(self, cores: int) -> int:
        """How many of so many cores are worth a thread: where others want them, threads spin while they wait."""
        slowness = self.slowness()
        return cores if slowness < _CROWDED else max(1, int(cores / slowness))


class Freight:
    """What a run has made and will have to store: how long that takes, by its bytes below `out` and a cautious rate."""

    def __init__(self, out: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._weighed_at = float("-inf")
        self._seconds = 0.0

    def seconds(self) -> float:
        """How long it takes to store what is there; may be called often."""
        now = self._clock()
        if now - self._weighed_at >= _WEIGHED_EVERY:
            self._weighed_at, self._seconds = now, self._bytes() / _STORED_A_SECOND
        return self._seconds

    def _bytes(self) -> int:
        total = 0
        for folder, _, names in os.walk(self._out):
            for name in names:
                with suppress(OSError):  # files come and go while a model is being saved
                    total += Path(folder, name).lstat().st_size
        return total


class Budget:
    """The seconds a run may take and how many are left.

    `warm` is what the kernel had spent on loading before the budget began to count: a restart pays it again. `storing`
    tells how many seconds storing what there is will take. Where much else goes on in the machine, more is held back.
    """

    TOLERANCE = 2.0  # seconds by which training may overrun its time limit before a salvage is prepared for

    def __init__(
        self,
        total: float,
        *,
        started_at: float,
        warm: float = 0.0,
        pace: Pace = Pace(),
        storing: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.total = total
        self._started_at = started_at
        self._warm = warm
        self._pace = pace
        self._storing = storing

    def spent(self) -> float:
        """Seconds since the budget began to count."""
        return self._pace.clock() - self._started_at

    def left(self) -> float:
        """Seconds until the budget ends; never negative."""
        return max(0.0, self.total - self.spent())

    def for_salvage(self, loading: float | None = None) -> float:
        """Seconds to hold back, behind those for saving, for bringing home what there is in a second sandbox."""
        return self.for_restart(loading) + self.for_homecoming()

    def for_homecoming(self) -> float:
        """The part of them that large models take."""
        return _HOMECOMING * self._storing()

    def for_restart(self, loading: float | None = None) -> float:
        """The part of them that the second sandbox takes.

        It needs as long to load as the first did, but warms up beside it as soon as training overruns by `TOLERANCE`.
        """
        loading = self._loaded_in if loading is None else loading
        warmed_up = self.for_saving() - self.TOLERANCE
        # What loading took was measured, slowness is guessed from the load: others may be more patient than we are.
        guessed = min(4.0 * self._pace.slowness(), _MOST_HELD * self.total)
        return guessed + max(1.5, 1.5 * min(loading, 60.0) - warmed_up)

    @cached_property
    def _loaded_in(self) -> float:
        """What a restart costs, taken when first asked for: what comes later is training, and no restart pays it."""
        return self.loading(self.spent(), self._warm)

    @staticmethod
    def loading(spent: float, warm: float) -> float:
        """What a restart costs: what it cost to come here, or what the kernel had spent before there was a run."""
        return max(_LEAST_RESTART, spent, warm + 4.0)

    def for_saving(self) -> float:
        """Seconds to hold back for comparing and saving once training has ended by itself."""
        return min(3.0 * self._pace.slowness() + min(0.08 * self.total, 120.0), _MOST_HELD * self.total)

    def for_fitting(self) -> float:
        """Seconds that training may take from now on; 0 when there is no time to train anything."""
        spare = self.left() - self.for_salvage() - self.for_saving()
        return spare if spare >= 1.0 else 0.0

    def for_first(self) -> float:
        """Seconds that a run's first candidate may take, however busy the machine.

        Until it is there, a salvage could bring home nothing: what is held back for one is the first candidate's.
        """
        spare = max(self.left() - self.for_saving(), self.left() / 3)
        return min(spare, _FIRST * self._pace.slowness())

    def for_explaining(self) -> float:
        """Seconds that one explanation may take from now on: longer where people have asked for a longer run."""
        return min(0.5 + 0.02 * self.total, 0.25 * max(0.0, self.left() - self.for_finishing()))

    def for_finishing(self) -> float:
        """Seconds to hold back, once the model is saved, for the report and for the way into the store."""
        return 3.0 * self._pace.slowness() + self._storing()
