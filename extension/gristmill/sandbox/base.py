"""What every sandbox does, whatever it is made of.

Terms
-----
sandbox     a way to execute notebooks apart from the platform: a process, a container
execution   one such place, around one run folder; it is prepared, then started once, then it ends
talk        a program that stays there and answers lines with lines, until it is killed

Guarantees
----------
- The notebook sees its run folder and an environment of named variables only: no catalog, no store, no token.
- `kill` ends everything the notebook started, may be called at any time and any number of times, and returns only
  when nothing of it is left.
- What outlives its worker is found again and ended by `sweep`.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from gristmill.errors import NotPossible
from gristmill.records import Resources

__all__ = ["End", "Ending", "Execution", "Gone", "Sandbox", "Silent", "Talk"]


class End(StrEnum):
    """How an execution ended: all cells done; a cell raised; the kernel or its keeper died."""

    DONE = "done"
    FAILED = "failed"
    DIED = "died"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """An execution's end: `error` is the exception's name and `message` its sentence, where a cell raised."""

    kind: End
    error: str = ""
    message: str = ""


class Execution(ABC):
    """One place to execute one notebook in. Override all."""

    @abstractmethod
    def start(self, notebook: Path, parameters: Mapping[str, Any]) -> None:
        """Begin to execute `notebook`, in place: it is saved as it goes."""

    @abstractmethod
    def poll(self) -> Ending | None:
        """How it ended, or None while it goes on."""

    @abstractmethod
    def memory(self) -> int:
        """Bytes of memory it holds now."""

    @abstractmethod
    def kill(self) -> None:
        """End it and all it started, now."""


class Gone(Exception):
    """The program that is talked to has ended, or says what is no line."""


class Silent(Exception):
    """The program that is talked to has not answered in time."""


class Talk(ABC):
    """A program that answers lines with lines, one at a time. Override all."""

    @abstractmethod
    def ask(self, line: bytes, seconds: float) -> bytes:
        """The line that the program answers with; Gone if it has ended, Silent if there is none within `seconds`."""

    @abstractmethod
    def lives(self) -> bool:
        """Whether it is still there."""

    @abstractmethod
    def memory(self) -> int:
        """Bytes of memory it holds now."""

    @abstractmethod
    def kill(self) -> None:
        """End it and all it started, now; anybody may, also while somebody asks, who finds it gone."""

    @abstractmethod
    def close(self) -> None:
        """The same, and let go of it; for whoever asks."""


class Sandbox(ABC):
    """A way to execute notebooks. Override what is abstract."""

    @abstractmethod
    def resources(self) -> Resources:
        """What one execution may use."""

    def gpus(self) -> int:
        """How many GPUs that are; each run is priced by it."""
        return self.resources().gpus

    @abstractmethod
    def prepare(self, folder: Path) -> Execution:
        """An execution around `folder`, warming up: what takes long to load is loading already."""

    def prepare_within(self, parent: Path) -> tuple[Path, Execution]:
        """A new run folder in `parent`, with an execution warming up around it."""
        folder = parent / secrets.token_hex(8)
        folder.mkdir(parents=True, mode=0o700)
        return folder, self.prepare(folder)

    @abstractmethod
    def call(self, command: Sequence[str], folder: Path) -> CompletedProcess[str]:
        """Run a program to its end in `folder`, as apart from the platform as a notebook; its output is kept."""

    def talk(self, command: Sequence[str], folder: Path) -> Talk:
        """Start a program that stays, in `folder`, as apart from the platform; what it logs goes to talk.log there.

        It ends by itself when its standard input does. NotPossible in a sandbox that keeps no programs.
        """
        del command, folder
        raise NotPossible("Nothing can be kept open in this sandbox.", code="not-kept")

    @abstractmethod
    def sweep(self, folder: Path) -> int:
        """End what an earlier worker's execution left running around `folder`; how many processes that were."""
