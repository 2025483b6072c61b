"""Amounts of what is limited, as a person reads them."""

from __future__ import annotations

from gristmill.records import Limit, Price

__all__ = ["amount"]


def amount(limit: Limit, value: float, price: Price) -> str:
    """`3`, `2.5 GPU hours`, `4.20 EUR`, `1.2 GB`, `30 min`."""
    if limit is Limit.MONEY:
        return f"{value:,.2f} {price.currency}".strip()
    if limit is Limit.GPU_HOURS:
        return f"{value:,.4g} GPU hours"
    if limit is Limit.STORAGE:
        return _bytes(value)
    if limit is Limit.LARGEST_BUDGET:
        return f"{value / 60:,.4g} min" if value < 2 * 3600 else f"{value / 3600:,.4g} h"
    return f"{value:,.0f}"


def _bytes(value: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:,.4g} {unit}"
        value /= 1000
    return f"{value:,.4g} TB"
