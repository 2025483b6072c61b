"""News as mail: a subject that says it, a text and a page, links to the report.

Nothing that a person wrote can become a header: subjects are one line of printable letters, and an address is checked
letter by letter before it is written anywhere.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gristmill.errors import NotPossible, UsageError
from gristmill.notify.wording import one_line
from gristmill.records import Delivery, News, NewsKind

__all__ = ["check_address", "letter"]

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_MOST_SCORES = 8
_OF_RUNS = (NewsKind.RUN_FINISHED, NewsKind.RUN_SALVAGED, NewsKind.RUN_FAILED)


def check_address(address: str) -> str:
    """The address itself; UsageError unless it is a plain user@example.org."""
    local, _, domain = address.rpartition("@")
    dotted = not any(part == "" for part in (*local.split("."), *domain.split(".")))
    if not _ADDRESS.fullmatch(address) or not dotted:
        raise UsageError(f"{one_line(address, 80)!r} is no mail address.", cure="Give one like name@example.org.")
    return address


def letter(delivery: Delivery, news: News, *, sender: str, public: str) -> EmailMessage:
    """The mail. Its Message-ID is the delivery's: who gets it twice can tell."""
    from email.headerregistry import Address  # takes a good part of a start
    from email.policy import SMTP

    to, domain = check_address(delivery.address), sender.rpartition("@")[2].strip("> ")
    message = EmailMessage(policy=SMTP)
    message["Subject"] = one_line(news.title)
    message["From"] = sender
    message["To"] = Address(addr_spec=to)
    message["Date"] = datetime.fromtimestamp(news.created_at, UTC)
    message["Message-ID"] = f"<{delivery.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"  # no out-of-office answers to it
    values = {"news": news, "scores": _scores(news), "links": _links(news, public), "commands": _commands(news, public)}
    templates = _templates()
    message.set_content(templates.get_template("mail.txt").render(values))
    message.add_alternative(templates.get_template("mail.html").render(values), subtype="html")
    return message


def _scores(news: News) -> list[tuple[str, str]]:
    metrics = news.facts.get("metrics")
    if not isinstance(metrics, dict):
        return []
    first = sorted(metrics.items(), key=lambda pair: pair[0] != news.facts.get("metric"))
    return [(name, f"{value:.4g}") for name, value in first[:_MOST_SCORES] if isinstance(value, int | float)]


def _links(news: News, public: str) -> list[tuple[str, str]]:
    if not public:
        return []
    base, thing = public.rstrip("/"), quote(news.thing, safe="")
    if news.kind in _OF_RUNS:
        report = [("Report", f"{base}/runs/{thing}/report")] if news.facts.get("report") else []
        return [*report, ("Run", f"{base}/runs/{thing}")]
    return [("Project", f"{base}/projects/{thing}")] if news.kind is NewsKind.SHARED else []


def _commands(news: News, public: str) -> list[str]:
    if public or news.kind not in _OF_RUNS:
        return []
    return [f"gristmill report {news.thing}"] if news.facts.get("report") else [f"gristmill show {news.thing}"]


@cache
def _templates() -> Any:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ModuleNotFoundError:
        raise NotPossible("Mail needs jinja2, which is not installed here.", cure="pip install jinja2") from None
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=lambda name: bool(name and name.endswith(".html")),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
