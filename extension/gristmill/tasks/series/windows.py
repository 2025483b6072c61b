"""How much of each series is held out: a few windows of the horizon's length, as far as that leaves enough to learn."""

from __future__ import annotations

_MOST = 3


def windows_of(length: int, horizon: int) -> int:
    """Windows to hold out of series that are mostly `length` long: up to three, never more than two fifths."""
    return max(1, min(_MOST, int(0.4 * length) // horizon))


def fewest_steps(horizon: int) -> int:
    """Steps that a series needs: a window to test on, one to choose on, and a little to learn from."""
    return 2 * horizon + max(horizon + 1, 5)
