"""Steps: from moments to positions on an even grid and back, whatever the calendar does in between.

Hours and days are as long as each other; months, quarters, years and working days are not. On positions all of them
are: a gap is a difference of more than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_SECOND = 1_000_000_000
_MINUTE, _HOUR, _DAY = 60 * _SECOND, 3_600 * _SECOND, 86_400 * _SECOND
_UNITS = (
    *(("D", _DAY, "day"), ("h", _HOUR, "hour"), ("min", _MINUTE, "minute"), ("s", _SECOND, "second")),
    *(("ms", 1_000_000, "millisecond"), ("us", 1_000, "microsecond"), ("ns", 1, "nanosecond")),
)
_CALENDAR = {"M": "month", "Q": "quarter", "Y": "year"}
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")

# How far ahead people mostly look, and after how many steps things repeat: unit -> (horizon, season, in words)
_HABITS = {
    "second": (60, 60, "a minute"),
    "minute": (60, 60, "an hour"),
    "hour": (24, 24, "a day"),
    "day": (14, 7, "two weeks"),
    "working day": (10, 5, "two weeks"),
    "week": (8, 52, "two months"),
    "month": (12, 12, "a year"),
    "quarter": (4, 4, "a year"),
    "year": (3, 1, ""),
}


@dataclass(frozen=True)
class Step:
    """A step by pandas' code (`D`, `15min`, `W-SUN`, `B`, `MS`, `QE`); `phase` sets grids of equal steps apart."""

    code: str
    phase: int = 0  # nanoseconds since the epoch, within one step

    @classmethod
    def of(cls, code: str) -> Step:
        """The step that a person has named, in pandas' way or by a word; ValueError for what is none."""
        import pandas as pd

        words = {"hourly": "h", "daily": "D", "weekly": "W-MON", "monthly": "MS", "quarterly": "QS", "yearly": "YS"}
        words |= {"hour": "h", "day": "D", "week": "W-MON", "month": "MS", "quarter": "QS", "year": "YS"}
        words |= {"d": "D", "w": "W-MON", "m": "MS", "q": "QS", "y": "YS", "b": "B", "t": "min"}
        offset: Any = pd.tseries.frequencies.to_offset(words.get(code.strip().lower(), code.strip()))
        if offset is None or offset.n < 1:
            raise ValueError(f"{code} is no step")
        base = offset.name.split("-")[0]
        if base in ("ME", "MS", "QE", "QS", "YE", "YS", "B") and offset.n == 1:
            return cls(base)
        if base == "W" and offset.n == 1:
            day = _WEEKDAYS.index(offset.name.split("-")[1])
            return cls(offset.name, (day - 3) % 7 * _DAY)  # the epoch was a Thursday
        return cls.every(int(pd.Timedelta(offset).value))

    @classmethod
    def every(cls, nanoseconds: int, phase: int = 0) -> Step:
        """Steps of one length."""
        phase %= nanoseconds
        if nanoseconds == 7 * _DAY:
            return cls(f"W-{_WEEKDAYS[(phase // _DAY + 3) % 7]}", phase)
        unit, size, _ = next(one for one in _UNITS if nanoseconds % one[1] == 0)
        number = nanoseconds // size
        return cls(unit if number == 1 else f"{number}{unit}", phase)

    @property
    def length(self) -> int | None:
        """Nanoseconds, where all steps have as many."""
        if self.code.startswith("W-"):
            return 7 * _DAY
        digits = self.code.rstrip("Dhminsu")
        unit = {name: size for name, size, _ in _UNITS}.get(self.code[len(digits) :])
        return None if unit is None else int(digits or 1) * unit

    @property
    def noun(self) -> str:
        """What one step is called, if it has a name: day, 15 minutes."""
        if self.code == "B":
            return "working day"
        if self.length is None:
            return _CALENDAR[self.code[0]]
        if self.code.startswith("W-"):
            return "week"
        _, size, word = next(one for one in _UNITS if self.length % one[1] == 0)
        number = self.length // size
        return word if number == 1 else f"{number} {word}s"

    def amount(self, steps: int) -> str:
        """So many steps, in words: 14 days, 24 steps of 15 minutes."""
        if " " in self.noun and self.code != "B":
            return f"{steps:,} step{'' if steps == 1 else 's'} of {self.noun}"
        return f"{steps:,} {self.noun}{'' if steps == 1 else 's'}"

    def habit(self) -> tuple[int, str]:
        """How many steps people mostly look ahead, and how long that is in words, if there are better ones."""
        horizon, _, words = self._habit()
        return horizon, words

    def season(self, length: int) -> int:
        """After how many steps things repeat; 1 where series of `length` steps are too short to show it."""
        _, season, _ = self._habit()
        return season if length >= 3 * season else 1

    def positions(self, moments: Any) -> Any:
        """The position of each moment: that of the step in which it lies."""
        import numpy as np
        import pandas as pd

        index = pd.DatetimeIndex(moments)
        if self.code == "B":
            return np.busday_count("1970-01-01", np.busday_offset(index.values.astype("datetime64[D]"), 0, "forward"))
        if self.length is None:
            return index.to_period(self.code[0]).asi8
        nanoseconds = index.values.astype("datetime64[ns]").astype("int64")
        if self.length >= _DAY and self.phase % _DAY:  # midnight in a zone with summer time moves with it
            nanoseconds = nanoseconds + 2 * _HOUR
        return (nanoseconds - self.phase) // self.length

    def stamps(self, positions: Any) -> Any:
        """The moment that stands for each position."""
        import numpy as np
        import pandas as pd

        positions = np.asarray(positions, dtype="int64")
        if self.code == "B":
            return np.busday_offset("1970-01-01", positions, "forward").astype("datetime64[ns]")
        if self.length is None:
            index: Any = pd.PeriodIndex
            periods = index.from_ordinals(positions, freq=self.code[0])
            return periods.to_timestamp(how="start" if self.code.endswith("S") else "end").normalize().values
        return (positions * self.length + self.phase).astype("datetime64[ns]")

    def on_grid(self, moments: Any) -> Any:
        """Which moments are those that stand for their position."""
        import pandas as pd

        return self.stamps(self.positions(moments)) == pd.DatetimeIndex(moments).values

    def _habit(self) -> tuple[int, int, str]:
        if self.noun in _HABITS:
            return _HABITS[self.noun]
        number, word = self.noun.split(" ", 1)
        if word in ("minutes", "hours") and _DAY % (self.length or 1) == 0:
            day = _DAY // (self.length or 1)
            return min(day, 96), day if day <= 288 else 1, "a day" if day <= 96 else f"{96 * int(number)} {word}"
        return 10, 1, ""
