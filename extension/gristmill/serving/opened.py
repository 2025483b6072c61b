"""One model that is held open by a process, seen from outside.

What the process says is a stranger's word, for a model's archive holds code: it is bounded, and checked before it is
believed. A process that hangs, dies or babbles is ended, and whoever asked gets a sentence; the next question has the
model opened anew.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from gristmill import model_archive, records, tasks
from gristmill.errors import GristmillError, NotPossible
from gristmill.records import Effect, Model
from gristmill.sandbox import Gone, Sandbox, Silent, Talk

__all__ = ["Answered", "Opened", "Patience", "Question"]

_INSIDE = Path(__file__).with_name("inside.py")
_LARGEST = 64 << 20  # bytes of an answer
_MOST_EFFECTS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """Seconds that a model has: to be opened, and to answer."""

    opening: float = 180.0
    answering: float = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A small file, or none where series only go on; what else the model is told; a row of what is usual."""

    data: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    usual: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What came of it: the file that predict.py has written, and what else there is to say."""

    name: str
    content: bytes
    count: int
    told: tuple[str, ...]
    effects: tuple[Effect, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said:
    """A line of the process."""

    code: int
    out: str = ""
    err: str = ""
    effects: tuple[Effect, ...] = ()


class Opened:
    """A model, its process and its folder. Whoever asks holds it alone."""

    def __init__(self, model: Model, folder: Path) -> None:
        self.model, self.folder = model, folder
        self.ended = ""  # why it was ended from outside, while somebody was asking
        self._talk: Talk | None = None

    @property
    def lives(self) -> bool:
        """Whether the model can be asked without being opened."""
        return self._talk is not None and self._talk.lives()

    def memory(self) -> int:
        """Bytes that the process holds."""
        return 0 if self._talk is None else self._talk.memory()

    def open(self, sandbox: Sandbox, fetch: Callable[[Path], object], memory: int, seconds: float) -> None:
        """Start the process, unless it is there; `fetch` brings the model's archive."""
        if self.lives:
            return
        self.close()
        self.folder.mkdir(parents=True, mode=0o700)
        archive = self.folder / "model.zip"
        fetch(archive)
        command = [sys.executable, str(_INSIDE), str(archive), str(self.folder / "model"), str(memory)]
        self._talk = sandbox.talk(command, self.folder)
        said = self._heard(b"", seconds, "open")
        if said.code != 0:
            raise self._refused("did not open", said.err[:400] or "It gave no reason.")

    def ask(self, question: Question, seconds: float) -> Answered:
        """What the model answers."""
        place = self.folder / f"question-{secrets.token_hex(4)}"
        place.mkdir(mode=0o700)
        told: list[str] = []
        effects: list[Effect] = []

        def call(command: Sequence[str], folder: Path) -> CompletedProcess[str]:
            del folder
            usual = place / "usual.csv"
            if question.usual is not None:
                usual.write_bytes(question.usual)
            asked = {"arguments": list(command[2:]), "usual": "" if question.usual is None else str(usual)}
            said = self._heard(json.dumps(asked).encode(), seconds, "answer")
            effects.extend(sorted(said.effects, key=lambda one: -abs(one.by))[:_MOST_EFFECTS])
            return CompletedProcess(command, said.code, said.out, said.err)

        try:
            (place / "data").mkdir()  # of its own: nobody knows what the file is called
            (place / "out").mkdir()
            data = None if question.data is None else Path(shutil.copy(question.data, place / "data"))
            to = place / "out" / f"answers.{tasks.find(self.model.task).answers[0]}"
            count = model_archive.ask(self.model, self.folder / "model", data, to, question.settings, call, told.append)
            content = self._read(to)
        except (ValueError, IndexError):  # the count that the script prints
            raise self._refused("did not answer", "What it has written cannot be read.") from None
        finally:
            shutil.rmtree(place, ignore_errors=True)
        return Answered(name=to.name, content=content, count=count, told=tuple(told), effects=tuple(effects))

    def close(self) -> None:
        """End the process, and remove all that it had."""
        if self._talk is not None:
            self._talk.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def end(self, why: str) -> None:
        """End the process from outside, though somebody may be asking: they are told why."""
        self.ended = why
        if self._talk is not None:
            self._talk.kill()

    def _heard(self, line: bytes, seconds: float, verb: str) -> _Said:
        """What the process says to that line; an error that says what has become of it instead."""
        try:
            if self._talk is None:
                raise Gone
            return records.decode(self._talk.ask(line, seconds), _Said)
        except Silent:
            raise self._refused(f"did not {verb} within {seconds:g} seconds", "Its process was ended.") from None
        except Gone:
            raise self._refused(f"did not {verb}", "Its process ended.") from None
        except ValueError:
            raise self._refused(f"did not {verb}", "What its process says cannot be read.") from None

    def _refused(self, what: str, cause: str) -> GristmillError:
        """The error to raise; nothing of the process is left."""
        why, self.ended = self.ended or cause, ""
        self.close()
        self._talk = None
        cure = "Ask again: it is opened anew. For many rows, or a model that takes long, predict a file."
        return NotPossible(f"The model {self.model.name} {what}.", cause=why, cure=cure, code="no-answer")

    def _read(self, path: Path) -> bytes:
        """The answer, which may be no link to something else, and no more than can be sent."""
        with suppress(OSError), os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                content = file.read(_LARGEST + 1)
                if len(content) <= _LARGEST:
                    return content
        raise self._refused("did not answer", "What it has written cannot be read.")
