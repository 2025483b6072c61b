"""What an hour of this host costs, as GRISTMILL_PRICE says it: `0.85 EUR`."""

from __future__ import annotations

import math

from gristmill.errors import UsageError
from gristmill.records import Price

__all__ = ["price_of"]

_LONGEST = 12  # letters of a currency
_MOST = 1e6


def price_of(text: str | None) -> Price:
    """The price that a text says; nothing where there is none. A price without a currency is in points."""
    if not text or not text.strip():
        return Price()
    amount, _, currency = text.strip().partition(" ")
    try:
        hourly = float(amount)
    except ValueError:
        hourly = math.nan
    currency = currency.strip() or "points"
    if not 0 <= hourly <= _MOST or len(currency) > _LONGEST or not currency.isprintable():
        raise UsageError(
            f"GRISTMILL_PRICE is {text[:60]!r}.",
            cure="Give what an hour of this host costs, and the currency: 0.85 EUR.",
        )
    return Price(hourly=hourly, currency=currency)
