"""Weights of one's own: opened and asked once before they are kept, so that no run finds out that they are no good."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gristmill import weights
from gristmill.engines.opening import REFUSED
from gristmill.errors import Conflict, NotFound, NotPossible, UsageError
from gristmill.records import WeightsEntry
from gristmill.sandbox import Sandbox
from gristmill.weights import Weights, WeightsMissing

__all__ = ["WeightsShelf"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightsShelf:
    """The registry of weights, and the folder in which those lie that no package brings."""

    folder: Path
    sandbox: Sandbox  # weights are strangers' files: they are opened where notebooks are

    def entries(self) -> Sequence[WeightsEntry]:
        """All weights that have a name, at hand or not."""
        return tuple(_entry(one) for one in weights.known(on=self.folder))

    def add(self, name: str, folder: Path, *, kind: str, licence: str) -> WeightsEntry:
        """Copy the weights in `folder` to the shelf under a name, once they have opened and answered."""
        self.check(name, kind=kind, licence=licence)
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder.", cure="Give the folder that holds the weights' files.")
        self._try(kind, folder)
        weights.put(folder, self.folder, name=name, kind=kind, source="folder", licence=licence, origin=folder.name)
        return self._kept(name)

    def check(self, name: str, *, kind: str, licence: str) -> None:
        """Refuse what is wrong whatever the weights are like."""
        self._check_name(name)
        if kind not in (weights.PICTURE, weights.TEXT):
            raise UsageError(f"There are no weights of the kind {kind!r}.", cure="Choose one of: picture, text.")
        if not licence.strip():
            raise UsageError("Nothing says under what licence these weights are.", cure="Name it: --licence Apache-2.0")

    def fetch(self, name: str) -> WeightsEntry:
        """Fetch the weights of that name, or a repository `owner/name`, from a model hub and keep them."""
        wanted = self._wanted(name)
        if wanted.at_hand:
            return _entry(wanted)
        if wanted.package:
            raise NotPossible(f"The weights of {wanted.name} come with a package.", cure=wanted.cure)
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".fetch-", ignore_cleanup_errors=True) as scratch:
            into = Path(scratch) / wanted.name
            try:
                licence = weights.fetched(wanted.repository, into)
            except WeightsMissing as error:
                raise NotPossible(
                    str(error),
                    cure="Bring them by hand: copy the repository's files into a folder, then: gristmill weights add "
                    f"{wanted.name} FOLDER --kind {wanted.kind or 'text'} --licence {wanted.licence or 'LICENCE'}",
                ) from None
            kind = wanted.kind or (weights.TEXT if (into / "tokenizer.json").is_file() else weights.PICTURE)
            self._try(kind, into)
            weights.put(
                into, self.folder, name=wanted.name, kind=kind, source="hub", licence=wanted.licence or licence,
                origin=wanted.repository,
            )  # fmt: skip
        return self._kept(wanted.name)

    def _wanted(self, name: str) -> Weights:
        every = weights.known(on=self.folder)
        found = next((one for one in every if name in (one.name, one.repository)), None)
        if found is not None:
            return found
        if not _REPOSITORY.fullmatch(name):
            raise NotFound(
                f"No weights are called {name!r}.",
                cure=f"Give a hub's owner/name, or one of: {', '.join(one.name for one in every)}.",
            )
        short = re.sub(r"[^a-z0-9._-]", "-", name.rpartition("/")[2].lower()).lstrip(".-_")
        self._check_name(short)
        return Weights(name=short, kind="", licence="", megabytes=0, repository=name)

    def _check_name(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} cannot be the name of weights.", cure="Use small letters, digits, dots and hyphens."
            )
        if any(one.name == name and (one.folder or one.package) for one in weights.known(on=self.folder)):
            where = self.folder / name
            cure = f"Choose another name, or delete {where} first." if where.exists() else "Choose another name."
            raise Conflict(f"There are weights called {name} already.", cure=cure)

    def _try(self, kind: str, folder: Path) -> None:
        """Have the weights answer once, apart from the platform; UsageError with what is wrong with them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=self.folder, prefix=".try-"))
        try:
            command = [sys.executable, "-m", "gristmill.engines.opening", kind, str(folder.resolve())]
            done = self.sandbox.call(command, place)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        if done.returncode == 0:
            return
        said = (done.stderr.strip().splitlines() or ["It gave no reason."])[-1]
        if done.returncode != REFUSED:
            raise NotPossible("The weights could not be tried.", cause=said)
        cures = {
            weights.PICTURE: "Give a folder with an EfficientNet-Lite's pytorch_model.bin, .pth or .safetensors.",
            weights.TEXT: "Give a folder with config.json, tokenizer.json and model.safetensors of a BERT.",
        }
        raise UsageError(f"The weights in {folder.name} cannot be used: {said}", cure=cures[kind], code="bad-weights")

    def _kept(self, name: str) -> WeightsEntry:
        return _entry(weights.find(name, on=self.folder))


def _entry(one: Weights) -> WeightsEntry:
    path = one.path()
    place = one.package or one.repository or "added"
    return WeightsEntry(
        name=one.name,
        kind=one.kind,
        megabytes=one.megabytes,
        licence=one.licence,
        source=one.source,
        origin=place,
        path=None if path is None else str(path),
        cure="" if path is not None else one.cure,
    )
