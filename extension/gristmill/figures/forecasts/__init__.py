"""Forecasts beside what came: how good they are against repeating the last season, for which series, and by how far.

All of it is computed from windows that no candidate had seen: for each, every series' forecast from all that came
before.
"""

from gristmill.figures.forecasts.charts import forecast_ahead, forecast_charts
from gristmill.figures.forecasts.tables import backtests, item_errors, series_summary
from gristmill.figures.forecasts.verdict import series_verdict
from gristmill.figures.forecasts.windows import Forecasts

__all__ = [
    "Forecasts",
    "backtests",
    "forecast_ahead",
    "forecast_charts",
    "item_errors",
    "series_summary",
    "series_verdict",
]
