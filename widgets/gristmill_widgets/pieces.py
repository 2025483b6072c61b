"""Pieces that several pages are made of."""

from __future__ import annotations

import re

from gristmill.records import Failure, Notice, Run, RunStatus, Severity
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.links import link
from gristmill_widgets.strings import English

__all__ = [
    "action",
    "card",
    "cure_of",
    "doubt",
    "empty",
    "head",
    "loading",
    "notice",
    "problem",
    "sentence",
    "state",
    "table",
]

# What the same once more does not mend: something else is to be filled in, or somebody else to be asked.
_FOR_THE_VISITOR = frozenset({"usage", "value", "budget-too-small", "not-confirmed", "not-allowed", "over-limit"})
_LONGEST = 400  # letters of what the platform says: it may name what somebody has named

# A cure for a terminal helps nobody here: a sentence that names a command or one of its options.
_FOR_TERMINALS = re.compile(r"`gristmill|--[a-z]|\bgristmill [a-z]+ |GRISTMILL_|pip install|accept=|mill\.")
_SETTING = re.compile(r" \(GRISTMILL_[A-Z_]+\)")  # for whoever runs the installation


def cure_of(text: str) -> str:
    """What to do about something, without what can be done in a terminal only."""
    kept = [part for part in re.split(r"(?<=[.!?])\s+", text.strip()) if part and not _FOR_TERMINALS.search(part)]
    return " ".join(kept)


def sentence(s: English, why: Failure) -> str:
    """Why something did not work, and what to do about it."""
    if why.code == "fault":
        return s.fault
    said = [
        s.retold(_SETTING.sub("", why.what)),
        s.retold(why.cause),
        s.cures.get(why.code) or s.retold(cure_of(why.cure)),
    ]
    return shorten(" ".join(part for part in said if part), 2 * _LONGEST)


def problem(s: English, why: Failure) -> Html:
    """The same on the page, with a way on."""
    on: Child = None if why.code in _FOR_THE_VISITOR else action(s.try_again, "again")
    if why.code == "not-signed-in":
        inside: Child = el("p", s.signed_out)
        on = el("button", s.reload, type="button", class_="gm-button", data_reload=True)
    else:
        inside = el("p", sentence(s, why))
        if why.code == "not-found":
            on = link(s.home_title, "home", class_="gm-button")
    faults = [el("li", shorten(s.retold(fault.message), _LONGEST)) for fault in why.faults[:8]]
    return el(
        "div",
        el("div", inside, el("ul", faults) if faults else None),
        on,
        class_="gm-problem",
        role="alert",
        data_key="trouble",
    )


def action(text: Child, act: str, value: str = "", *, kind: str = "", once: bool = False, **more: object) -> Html:
    """A button; with `once`, it takes no second click until the page has changed."""
    return el(
        "button", text, type="button", class_=f"gm-button {kind}".strip(), data_act=act, data_value=value or None,
        data_once=once, **more,
    )  # fmt: skip


def doubt(s: English, asked: str, act: str, value: str, *, said: tuple[str, str] | None = None) -> Html:
    """A question before something goes for good, in place of what asked for it; yes does `act`. See doubting.py."""
    yes, no = said or (s.file_delete, s.file_keep)
    return el(
        "div", el("span", asked, class_="gm-note"), action(yes, act, value, kind="is-bad", once=True),
        action(no, "spare", kind="is-quiet"), class_="gm-row is-doubt", role="alert",
    )  # fmt: skip


def head(title: Child, lead: Child = None, *, over: Child = None) -> Html:
    """What a page begins with."""
    return el(
        "header",
        el("p", over, class_="gm-over") if over else None,
        el("h1", title, tabindex="-1", dir="auto"),
        el("p", lead, class_="gm-lead") if lead else None,
        class_="gm-head",
    )


def card(*children: Child, title: Child = None, kind: str = "", **more: object) -> Html:
    """A sheet on the page."""
    return el("section", el("h2", title) if title else None, children, class_=f"gm-card {kind}".strip(), **more)


def empty(title: str, text: str, *acts: Child) -> Html:
    """What stands where nothing is yet."""
    return el(
        "div",
        el("p", title, class_="gm-empty-title"),
        el("p", text),
        el("div", acts, class_="gm-row"),
        class_="gm-empty",
    )


def loading(text: str) -> Html:
    """What stands where something is about to come."""
    return el(
        "div", el("p", el("span", class_="gm-spin", aria_hidden="true"), text), el("i"), el("i"), el("i"),
        class_="gm-loading", role="status",
    )  # fmt: skip


def notice(s: English, found: Notice, *acts: Child) -> Html:
    """Something that a person should know, with its cure."""
    cure = s.notice_cures.get(found.code) or shorten(s.retold(cure_of(found.cure)), _LONGEST)
    said = shorten(s.retold(found.message), _LONGEST)
    return el(
        "li",
        el("span", s.severities[found.severity], class_="gm-badge"),
        el("div", el("p", said), el("p", cure, class_="gm-note") if cure else None, acts),
        class_=f"gm-notice is-{found.severity}",
    )


def state(s: English, run: Run) -> Html:
    """How a run stands, in a word."""
    kind = "stopped" if run.status is RunStatus.SUCCEEDED and run.salvaged else str(run.status)
    return el("span", s.states[run.status], class_=f"gm-state is-{kind}")


def table(head_of: list[Child], rows: list[list[Child]], *, kind: str = "", label: str = "") -> Html:
    """Rows and columns, which scroll by themselves where they are too wide."""
    return el(
        "div",
        el(
            "table",
            el("thead", el("tr", [el("th", name, scope="col") for name in head_of])),
            el("tbody", [el("tr", [el("td", cell) for cell in row]) for row in rows]),
            aria_label=label or None,
        ),
        class_=f"gm-scroll {kind}".strip(),
        tabindex="0",
        role="region",
        aria_label=label or None,
    )


def order(severity: Severity) -> int:
    """Where a notice stands among others: what matters most comes first."""
    return -list(Severity).index(severity)
