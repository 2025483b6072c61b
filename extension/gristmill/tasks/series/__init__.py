"""Series: rows that are values in time, evenly spaced, one series an item.

This folder imports nothing of gristmill and knows itself by relative imports only: it is copied into each model archive
of a forecast, so that new rows are put in order just as the rows of training were.

Terms
-----
step      the time from one value of a series to the next: an hour, a day, a month
position  the number of a step, counted from a fixed moment, so that neighbours in time differ by one
panel     a table of series: which columns name an item, which one tells the time, and what the step is
context   the history that a forecast starts from
horizon   how many steps are forecast
window    as many steps as the horizon has, held out, so that a forecast of them can be compared with what came
"""

from __future__ import annotations

from .beside import beside
from .coming import coming
from .faults import SeriesError
from .frames import ITEM, STAMP, described, even, item_names, latest_context, told_apart
from .listing import Facts
from .operators import ready_for
from .panel import Panel, find, moments_of, times_of
from .parts import parted
from .shapes import Shape, may_be_series, melted, shape_of
from .steps import Step
from .windows import fewest_steps, windows_of

__all__ = [
    "ITEM",
    "STAMP",
    "Facts",
    "Panel",
    "SeriesError",
    "Shape",
    "Step",
    "beside",
    "coming",
    "described",
    "even",
    "fewest_steps",
    "find",
    "item_names",
    "latest_context",
    "may_be_series",
    "melted",
    "moments_of",
    "parted",
    "ready_for",
    "shape_of",
    "times_of",
    "told_apart",
    "windows_of",
]
