"""What every sandbox does, whatever it is made of.

Terms
-----
sandbox     a way to execute notebooks apart from the platform: a process, a container
execution   one such place, around one run folder; it is prepared, then started once, then it ends

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

from gristmill.records import Resources

__all__ = ["End", "Ending", "Execution", "Sandbox"]


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

    @abstractmethod
    def sweep(self, folder: Path) -> int:
        """End what an earlier worker's execution left running around `folder`; how many processes that were."""
