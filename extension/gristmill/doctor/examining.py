"""All checks at once, each in a thread of its own: whatever hangs is said to hang, and holds up no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from gristmill.errors import GristmillError
from gristmill.sandbox import Sandbox

__all__ = ["Check", "Finding", "Installation", "Level", "examine"]

PATIENCE = 8.0  # seconds for all checks together


class Level(StrEnum):
    """What a finding means."""

    OK = "ok"
    WARNING = "warning"  # it works, less well than it might
    FAULT = "fault"  # something does not work until this is mended


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line of what was found; `cure` says what to do about it."""

    name: str
    level: Level
    what: str
    cure: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """What is looked at: what the settings say."""

    home: Path
    catalog: str
    store: str
    sandbox: Sandbox
    mail: str = ""
    keys: str = field(default="", repr=False)  # GRISTMILL_KEYS
    hub: str | None = None  # JupyterHub's API, where this is its service
    hub_token: str = ""
    ask: Callable[[], str] | None = None  # asks the hub that this person is signed in to who they are
    port: int | None = None
    lease: float = 15.0


Check = Callable[[Installation], Iterator[Finding]]


def examine(
    installation: Installation, checks: Sequence[tuple[str, Check]], *, patience: float = PATIENCE
) -> list[Finding]:
    """What all checks find, in their order."""
    found: list[list[Finding]] = [[] for _ in checks]

    def carry_out(number: int, name: str, check: Check) -> None:
        try:
            found[number] += check(installation)
        except GristmillError as error:
            failure = error.failure
            what = " ".join(filter(None, (failure.what, failure.cause)))
            found[number].append(Finding(name=name, level=Level.FAULT, what=what, cure=failure.cure))
        except Exception as error:  # a check that fails is a finding, too
            what = f"{type(error).__name__}: {error}"[:300]
            found[number].append(Finding(name=name, level=Level.FAULT, what=what, cure="Look at what it names."))

    # Daemons, and no pool: who hangs must not keep the process from ending.
    threads = [
        threading.Thread(target=carry_out, args=(number, name, check), daemon=True)
        for number, (name, check) in enumerate(checks)
    ]
    until = time.monotonic() + patience
    for thread in threads:
        thread.start()
    findings = []
    for thread, (name, _), of_check in zip(threads, checks, found, strict=True):
        thread.join(max(0.0, until - time.monotonic()))
        hangs = f"No answer within {patience:g} seconds."
        late = [Finding(name=name, level=Level.FAULT, what=hangs, cure="See whether it can be reached at all.")]
        findings += list(of_check) + (late if thread.is_alive() else [])
    return findings
