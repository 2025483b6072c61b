"""News in words: a title that says it, and a text of a sentence or two. Mail and webhooks say the same as the bell."""

from __future__ import annotations

from typing import Any

from gristmill.amounts import amount
from gristmill.records import Limit, NewsKind, Price, Tiding

__all__ = ["one_line", "text_of", "title_of"]

_LONGEST_TITLE = 150
_LONGEST_TEXT = 2000


def title_of(tiding: Tiding) -> str:
    """What happened, in one line."""
    facts = tiding.facts
    run = one_line(facts.get("run", "") or "A run")
    titles = {
        NewsKind.RUN_FINISHED: f"{run}: {_gain(facts)}",
        NewsKind.RUN_SALVAGED: f"{run}: {_gain(facts)}, though cut short",
        NewsKind.RUN_FAILED: f"{run} failed: {_failure(facts, 'what') or 'no model'}",
        NewsKind.BUDGET_NEAR: _nearly(facts),
        NewsKind.QUOTA_NEAR: _nearly(facts),
        NewsKind.SHARED: f"{facts.get('by', 'Somebody')} shared {facts.get('project', 'a project')} with you",
    }
    return one_line(str(titles[tiding.kind]), _LONGEST_TITLE)


def text_of(tiding: Tiding) -> str:
    """What to know of it."""
    facts = tiding.facts
    if tiding.kind is NewsKind.RUN_FAILED:
        said = [_failure(facts, name) for name in ("what", "cause", "cure")]
    elif tiding.kind in (NewsKind.RUN_FINISHED, NewsKind.RUN_SALVAGED):
        said = [facts.get("verdict", ""), _took(facts)]
    elif tiding.kind is NewsKind.SHARED:
        said = [f"You are {facts.get('membership', 'a member')} of it now."]
    else:
        said = [_used(facts), "What would go beyond it is refused; an admin of this platform can raise the limit."]
    return " ".join(str(part) for part in said if part)[:_LONGEST_TEXT]


def one_line(text: object, longest: int = _LONGEST_TITLE) -> str:
    """A text as one line of letters that print; what a header or a terminal takes for its own is made a space."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in str(text)).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _nearly(facts: dict[str, Any]) -> str:
    """`84 % of your money for 2026-11 is used`."""
    called = {Limit.MONEY: "money", Limit.GPU_HOURS: "GPU hours", Limit.QUEUED_RUNS: "places for runs that wait"}
    limit, team = facts.get("limit", Limit.STORAGE), facts.get("team")
    whose = f"the {team} team's" if team else "your"
    of = f" of {facts.get('month')}" if limit in (Limit.MONEY, Limit.GPU_HOURS) else ""
    used, most = facts.get("used", 0.0), facts.get("most") or 1.0
    return f"{100 * used / most:.0f} % of {whose} {called.get(limit, 'storage')}{of} used"


def _used(facts: dict[str, Any]) -> str:
    limit, price = Limit(facts.get("limit", Limit.STORAGE)), Price(currency=str(facts.get("currency", "")))
    return f"{amount(limit, facts.get('used', 0), price)} of {amount(limit, facts.get('most', 0), price)}."


def _gain(facts: dict[str, Any]) -> str:
    if facts.get("run_kind", "train") != "train":
        return f"{facts['rows']:,} rows answered" if facts.get("rows") else "done"
    score = facts.get("score")
    return f"a model, {facts.get('metric', 'score')} {score:.4g}" if isinstance(score, int | float) else "a model"


def _took(facts: dict[str, Any]) -> str:
    seconds = facts.get("seconds")
    if not isinstance(seconds, int | float):
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"It took {minutes} min {rest} s." if minutes else f"It took {rest} s."


def _failure(facts: dict[str, Any], name: str) -> str:
    failure = facts.get("failure")
    return str(failure.get(name, "")) if isinstance(failure, dict) else ""
