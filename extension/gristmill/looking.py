"""Looking at data, here or in a process apart.

Reading tables takes pandas, its memory, and sometimes minutes. A command line does it in its own process (`Here`). A
service that answers many has it done by a child (`Apart`): it stays small, keeps answering, and a file that takes more
memory than there is ends the child alone. The child is handed one question as JSON and leaves one answer in the scratch
folder; of the service's environment it sees nothing but paths and the language.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gristmill import errors, intake, records, tasks
from gristmill.errors import GristmillError, NotPossible
from gristmill.records import Failure, Profile, Proposal, Revision

__all__ = ["Apart", "Here", "Looking", "Seen"]

_LONGEST = 3600.0  # seconds that a child may look
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
_ANSWER = "looked.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What was found in a file; drawn rows, a preview, and what a task made of it lie in the scratch folder."""

    profile: Profile
    proposal: Proposal
    revision: Revision | None = None


class Looking(ABC):
    """Who looks at data. Override all of it."""

    @abstractmethod
    def look(self, path: Path, scratch: Path, table: str | None = None) -> Seen:
        """What is in the file at `path`; DataRejected where nothing can be made of it."""

    @abstractmethod
    def propose(
        self, profile: Profile, scratch: Path, *, task: str | None, target: str | None, metric: str | None
    ) -> Proposal:
        """What to do with data whose drawn rows lie in `scratch`, given what a person has settled."""

    @abstractmethod
    def revise(self, scratch: Path, revision: Revision) -> Seen:
        """What a revision makes of the files in `scratch`/data, and the revision with what it left open found out."""

    @abstractmethod
    def edit(self, folder: Path, revision: Revision) -> None:
        """Do a revision's steps to the files in `folder`."""

    @abstractmethod
    def show(self, profile: Profile, scratch: Path) -> None:
        """Make a preview of data whose files and drawn rows lie in `scratch`, as `look` would have made it."""

    @abstractmethod
    def look_at_tiny(self, task: str, scratch: Path, folder: Path) -> Seen:
        """The tiny data set of a task, laid out in `folder`."""


class Here(Looking):
    """Looks in this process."""

    def look(self, path: Path, scratch: Path, table: str | None = None) -> Seen:
        profile = intake.inspect(path, scratch, table)
        intake.keep_preview(profile, scratch)
        return Seen(profile=profile, proposal=intake.propose(profile, sample=intake.sample(scratch)))

    def propose(
        self, profile: Profile, scratch: Path, *, task: str | None, target: str | None, metric: str | None
    ) -> Proposal:
        return intake.propose(profile, task=task, target=target, metric=metric, sample=intake.sample(scratch))

    def look_at_tiny(self, task: str, scratch: Path, folder: Path) -> Seen:
        kind = tasks.find(task)
        profile = intake.inspect(kind.tiny(scratch), folder)
        return Seen(profile=profile, proposal=intake.propose(profile, task=task, target=kind.tiny_target))

    def revise(self, scratch: Path, revision: Revision) -> Seen:
        revision, profile = intake.revise(scratch, revision)
        intake.keep_preview(profile, scratch)
        proposal = intake.propose(profile, sample=intake.sample(scratch))
        return Seen(profile=profile, proposal=proposal, revision=revision)

    def edit(self, folder: Path, revision: Revision) -> None:
        intake.edit(folder, revision)

    def show(self, profile: Profile, scratch: Path) -> None:
        intake.keep_preview(profile, scratch)


class Apart(Looking):
    """Has a child look."""

    def look(self, path: Path, scratch: Path, table: str | None = None) -> Seen:
        return _ask(_Question(act="look", scratch=str(scratch), path=str(path), table=table)).seen()

    def propose(
        self, profile: Profile, scratch: Path, *, task: str | None, target: str | None, metric: str | None
    ) -> Proposal:
        question = _Question(
            act="propose", scratch=str(scratch), profile=profile, task=task, target=target, metric=metric
        )
        return _ask(question).seen().proposal

    def look_at_tiny(self, task: str, scratch: Path, folder: Path) -> Seen:
        return _ask(_Question(act="tiny", scratch=str(scratch), path=str(folder), task=task)).seen()

    def revise(self, scratch: Path, revision: Revision) -> Seen:
        return _ask(_Question(act="revise", scratch=str(scratch), revision=revision)).seen()

    def edit(self, folder: Path, revision: Revision) -> None:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="editing-") as scratch:
            _ask(_Question(act="edit", scratch=scratch, path=str(folder.resolve()), revision=revision)).heed()

    def show(self, profile: Profile, scratch: Path) -> None:
        _ask(_Question(act="show", scratch=str(scratch), profile=profile)).heed()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Question:
    act: str  # look, propose, tiny, revise, edit or show
    scratch: str
    path: str = ""
    table: str | None = None
    profile: Profile | None = None
    revision: Revision | None = None
    task: str | None = None
    target: str | None = None
    metric: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    profile: Profile | None = None
    proposal: Proposal | None = None
    revision: Revision | None = None
    done: bool = False  # where nothing else is to be said
    error: str = ""  # the name of one of our errors
    failure: Failure | None = None

    def seen(self) -> Seen:
        """What was found; raises what the child raised."""
        if self.profile is not None and self.proposal is not None:
            return Seen(profile=self.profile, proposal=self.proposal, revision=self.revision)
        raise self._raised()

    def heed(self) -> None:
        """Nothing, where the child has done what it was told to; else raises what the child raised."""
        if not self.done:
            raise self._raised()

    def _raised(self) -> GristmillError:
        failure = self.failure or Failure(code="not-possible", what="The data could not be looked at.")
        kind: Any = getattr(errors, self.error, NotPossible) if self.error in errors.__all__ else NotPossible
        raised: GristmillError = kind(failure.what, cause=failure.cause, cure=failure.cure, code=failure.code)
        return raised


def _ask(question: _Question) -> _Answer:
    scratch = Path(question.scratch)
    answer = scratch / _ANSWER
    answer.unlink(missing_ok=True)
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    try:
        child = subprocess.run(
            [sys.executable, "-m", "gristmill.looking"],
            input=records.encode(question), capture_output=True, env=environment, cwd=scratch, timeout=_LONGEST,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        cause = f"It took more than {_LONGEST / 3600:.0f} hour."
        raise NotPossible("The data could not be looked at.", cause=cause, cure="Send less of it.") from None
    if not answer.exists():
        killed = child.returncode < 0
        raise NotPossible(
            "The data could not be looked at.",
            cause="Its process was ended, most likely for want of memory." if killed else "Its process failed.",
            cure="Send less of it, or run the service on a machine with more memory." if killed else "",
        )
    return records.decode(answer.read_bytes(), _Answer)


def _answer(question: _Question) -> _Answer:
    scratch, here = Path(question.scratch), Here()
    try:
        if question.act == "propose" and question.profile is not None:
            chosen = {"task": question.task, "target": question.target, "metric": question.metric}
            proposal = here.propose(question.profile, scratch, **chosen)
            return _Answer(profile=question.profile, proposal=proposal)
        if question.act == "tiny" and question.task is not None:
            seen = here.look_at_tiny(question.task, scratch, Path(question.path))
        elif question.act == "edit" and question.revision is not None:
            here.edit(Path(question.path), question.revision)
            return _Answer(done=True)
        elif question.act == "show" and question.profile is not None:
            here.show(question.profile, scratch)
            return _Answer(done=True)
        elif question.act == "revise" and question.revision is not None:
            seen = here.revise(scratch, question.revision)
        else:
            seen = here.look(Path(question.path), scratch, question.table)
        return _Answer(profile=seen.profile, proposal=seen.proposal, revision=seen.revision)
    except GristmillError as error:
        return _Answer(error=type(error).__name__, failure=error.failure)


def _main() -> None:
    question = records.decode(sys.stdin.buffer.read(), _Question)
    answer = records.encode(_answer(question))
    fresh = Path(question.scratch) / f"{_ANSWER}.partial"
    fresh.write_bytes(answer)
    fresh.rename(Path(question.scratch) / _ANSWER)


if __name__ == "__main__":
    _main()
