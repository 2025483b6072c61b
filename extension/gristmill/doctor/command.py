"""The command `gristmill doctor`."""

from __future__ import annotations

import json
from collections.abc import Callable

import click

from gristmill.doctor.checks import CHECKS
from gristmill.doctor.examining import Finding, Installation, Level, examine
from gristmill.records import to_plain

__all__ = ["command"]

_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "red"}


def command(installation: Callable[[int | None], Installation]) -> click.Command:
    """The command, for what the settings say; `installation` gets the port to look at."""

    @click.command(short_help="Look at this installation, and say what to mend.")
    @click.option("--port", type=click.IntRange(1, 65535), help="A port at which the API is to listen.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
    @click.pass_context
    def doctor(ctx: click.Context, port: int | None, *, as_json: bool) -> None:
        """Look at catalog, store, sandbox, extras, weights, disk, memory, clock, ports, mail and hub.

        Each line says ok, warning or fault, and its cure. Ends with 1 if there is a fault. Takes up to ten seconds.
        """
        findings = examine(installation(port), CHECKS)
        is_well = all(finding.level is not Level.FAULT for finding in findings)
        if as_json:
            click.echo(json.dumps({"ok": is_well, "findings": [to_plain(finding) for finding in findings]}))
        else:
            for finding in findings:
                _say(finding)
        ctx.exit(0 if is_well else 1)

    return doctor


def _say(finding: Finding) -> None:
    level = click.style(f"{finding.level.value:<8}", fg=_COLOURS[finding.level])
    click.echo(f"{level}{finding.name:<12}{_plain(finding.what)}")
    if finding.cure:
        click.echo(f"{'':<20}{_plain(finding.cure)}")


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
