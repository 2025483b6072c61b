"""What intake found and proposes: a page on a terminal, tab-separated lines in a pipe."""

from __future__ import annotations

from collections.abc import Iterator

from gristmill.cli import words
from gristmill.cli.session import Session
from gristmill.records import Profile, Proposal

__all__ = ["show_columns", "show_plan"]


def show_columns(session: Session, name: str, profile: Profile, proposal: Proposal | None) -> None:
    """All that is known of the data, and what could be done with it."""
    if not session.is_rich:
        for line in _lines(profile, proposal):
            session.say("\t".join(words.plain(part).replace("\t", " ").replace("\n", " ") for part in line))
        return
    from gristmill.cli import pages

    width, target = session.console.width, proposal.target if proposal else None
    session.console.print(pages.data_page(profile, name, width=width, target=target))
    if proposal:
        session.console.print()
        session.console.print(pages.proposal_page(proposal, width=width))


def show_plan(session: Session, name: str, profile: Profile, proposal: Proposal, budget: float | None) -> None:
    """The data in a line, what to beware of, and what will be done."""
    if session.is_rich:
        from gristmill.cli import pages

        session.console.print(pages.data_page(profile, name, width=None))
        session.console.print()
        session.console.print(pages.proposal_page(proposal, width=session.console.width, budget=budget))
        session.console.print()
        return
    session.say(f"data {words.plain(name)}: {', '.join(words.extent(profile))}")
    for notice in (*profile.notices, *proposal.notices):
        session.say(f"{notice.severity}: {words.plain(notice.message)}")
    seconds = words.duration(proposal.budget if budget is None else budget)
    what = f"{words.task(proposal.task)} of {words.plain(proposal.target)}"
    session.say(f"plan {what}, by {proposal.metric}, within {seconds}")


def _lines(profile: Profile, proposal: Proposal | None) -> Iterator[tuple[str, ...]]:
    for table in profile.tables:
        yield "table", table.path, table.role, str(table.rows)
    for column in profile.main.columns:
        yield "column", column.name, column.kind, str(column.missing), str(column.distinct)
    for notice in (*profile.notices, *(proposal.notices if proposal else ())):
        yield "notice", notice.severity, notice.code, f"{notice.message} {notice.cure}".strip()
    if proposal:
        for name, value in (("target", proposal.target), ("task", proposal.task), ("metric", proposal.metric)):
            yield name, value, proposal.reasons.get(name, "")
        yield "budget", f"{proposal.budget:g} s", proposal.reasons.get("budget", "")
