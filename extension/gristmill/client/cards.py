"""What a notebook shows of a run, a model or a dataset: a small card, made of text that cannot break out of it.

Colours are the notebook's own, so that a card fits a light theme and a dark one; in a terminal `repr` says the same.
"""

from __future__ import annotations

import html
import time
from collections.abc import Sequence

from gristmill.client.durations import clock
from gristmill.records import Column, Dataset, Model, Run, RunStatus

__all__ = ["dataset_card", "model_card", "run_card"]

_ROWS = 8
_LONGEST = 80  # letters of a name
_COLOURS = {RunStatus.SUCCEEDED: "#2d8a4f", RunStatus.FAILED: "#c2481f", RunStatus.CANCELLED: "#8a7f6a"}


def run_card(run: Run) -> str:
    """How a run stands, and who leads."""
    spent = f"{clock(time.time() - run.claimed_at)} of " if run.status is RunStatus.RUNNING and run.claimed_at else ""
    facts = [("task", run.task.replace("-", " ")), ("judged by", run.metric)]
    facts.append(("time" if spent else "budget", f"{spent}{clock(run.budget)}"))
    if run.score is not None:
        facts.insert(0, ("score", f"{run.score:.4g}"))
    colour = _COLOURS.get(run.status, "#2f7ea3")
    state = f"<span style='color:{colour};border:1px solid;border-radius:9px;padding:0 .6em'>{run.status}</span>"
    rows = [(row.model, _number(row.test_score), _number(row.score)) for row in run.leaderboard[:_ROWS]]
    failure = f"<p style='margin:.5em 0 0'>{_text(str(run.failure), 600)}</p>" if run.failure is not None else ""
    table = _table(("model", "test", "validation"), rows) if rows else ""
    return _card(f"{_text(run.target)} of {_text(run.name)} {state}", facts, failure + table, run.id)


def model_card(model: Model) -> str:
    """What a model says, how good it is, and what it wants to know."""
    facts = [
        (model.metric, f"{model.score:.4g}"),
        ("task", model.task.replace("-", " ")),
        ("version", str(model.version)),
        ("stage", str(model.stage)),
        ("size", f"{model.size / 1e6:,.1f} MB"),
    ]
    verdict = _text(str(model.metrics.get("verdict") or ""), 600)
    asks = [str(column.get("name", "")) for column in model.schema.get("columns", ()) if isinstance(column, dict)]
    wants = f"<p style='margin:.5em 0 0;opacity:.75'>asks for {_text(', '.join(asks), 300)}</p>" if asks else ""
    said = f"<p style='margin:.5em 0 0'>{verdict}</p>" if verdict else ""
    return _card(f"{_text(model.target)} of {_text(model.name)}", facts, said + wants, model.id)


def dataset_card(dataset: Dataset) -> str:
    """What is in a dataset, a row for each of its first columns."""
    columns = dataset.profile.main.columns
    facts = [
        (f"{dataset.profile.item}s", f"{dataset.profile.rows:,}"),
        ("columns", str(len(columns))),
        ("size", f"{dataset.size / 1e6:,.1f} MB"),
        ("version", str(dataset.version)),
    ]
    rows = [(column.name, str(column.kind), _missing(column), _span(column)) for column in columns[:_ROWS]]
    more = f"<p style='opacity:.75'>and {len(columns) - _ROWS} more columns</p>" if len(columns) > _ROWS else ""
    notices = "".join(
        f"<li>{_text(notice.message, 300)}</li>" for notice in dataset.profile.notices if notice.severity != "info"
    )
    listed = f"<ul style='margin:.5em 0 0'>{notices}</ul>" if notices else ""
    table = _table(("column", "kind", "missing", "values"), rows)
    return _card(_text(dataset.name), facts, table + more + listed, dataset.id)


def _card(title: str, facts: Sequence[tuple[str, str]], inside: str, id: str) -> str:
    said = " &nbsp; ".join(
        f"<span style='opacity:.7'>{_text(name)}</span> <b>{_text(value)}</b>" for name, value in facts
    )
    return (
        "<div style='border:1px solid #8886;border-radius:8px;padding:.8em 1em;max-width:46em;overflow-wrap:anywhere'>"
        f"<div style='font-size:1.15em;font-weight:600'>{title}</div><div>{said}</div>{inside}"
        f"<div style='opacity:.6;font-size:.85em;margin-top:.5em'>{_text(id)}</div></div>"
    )


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th style='text-align:left'>{_text(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{_text(value)}</td>" for value in row) + "</tr>" for row in rows
    )
    return f"<table style='margin:.6em 0 0;width:100%'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(text: str, most: int = _LONGEST) -> str:
    """Somebody's text, escaped, on one line, and not too long."""
    kept = "".join(letter for letter in text[: most + 1] if letter.isprintable())
    return html.escape(kept if len(text) <= most else f"{kept[: most - 1]}…", quote=True)


def _missing(column: Column) -> str:
    return f"{column.missing / column.rows:.1%}" if column.missing and column.rows else ""


def _span(column: Column) -> str:
    if column.minimum is not None and column.maximum is not None:
        return f"{_number(column.minimum)} to {_number(column.maximum)}"
    return ", ".join(name for name, _ in column.top[:4]) or ", ".join(column.examples[:2])


def _number(value: float | str | None) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, int | float) else value
