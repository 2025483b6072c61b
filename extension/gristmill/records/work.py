"""People's work: projects, and the uploads, datasets, recipes and models that they hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gristmill.records.data import Profile, Proposal
from gristmill.records.datasets import Revision
from gristmill.records.failure import Failure

__all__ = [
    "Dataset",
    "DatasetEntry",
    "Model",
    "OwnStore",
    "Project",
    "RecipeEntry",
    "SavedRecipe",
    "Stage",
    "Upload",
    "UploadStatus",
    "WeightsEntry",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A named piece of work that holds datasets, runs and models.

    Names are unique. The local person's are as they were given; everybody else's begin with `owner/`, so that two
    people may each have a project `default`.
    """

    id: str
    name: str
    created_at: float
    owner: str = "local"  # who made it
    store_id: str | None = None  # its own store, which takes what comes into it; None for the platform's


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnStore:
    """A store that a project has brought along. It is kept for as long as the catalog: things may lie in it."""

    id: str
    created_at: float
    project_id: str
    url: str
    who: str  # who has set it, or its credentials, last
    updated_at: float
    credentials: str = ""  # sealed; they never leave the platform


class UploadStatus(StrEnum):
    """`open`: parts may come. `received`: whole and in the store. `accepted`: a dataset. `rejected`: see failure."""

    OPEN = "open"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """Bytes on their way into the store, or kept there after they were rejected."""

    id: str
    project_id: str
    name: str  # the file's own name
    key: str
    size: int
    status: UploadStatus
    created_at: float
    sha256: str | None = None  # what its sender says: intake/arrival.py has its forms
    failure: Failure | None = None
    token: str | None = None  # the store's name for it while its parts come
    part_size: int | None = None
    expires_at: float | None = None  # when it is dropped, if it is still open then
    owner: str = "local"  # who sent it
    store_id: str | None = None  # where its bytes lie; None for the platform's own store


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """One immutable version of a table: an upload with its profile, or an edited version of one."""

    id: str
    project_id: str
    upload_id: str
    name: str
    version: int
    key: str
    filename: str
    size: int
    sha256: str
    profile: Profile
    proposal: Proposal | None
    created_at: float
    edited_from: str | None = None  # the dataset that this is an edited version of
    revision: Revision | None = None  # what leads from the upload to it
    store_id: str | None = None  # its upload's

    @property
    def origin(self) -> str:
        """Under what the store keeps what is known of its rows: an edited version has rows of its own."""
        return self.upload_id if self.revision is None else self.id


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetEntry:
    """A dataset as a list shows it: all but profile, proposal and revision, which may be long."""

    id: str
    project_id: str
    upload_id: str
    name: str
    version: int
    key: str
    filename: str
    size: int
    sha256: str
    created_at: float
    edited_from: str | None = None
    store_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedRecipe:
    """One version of somebody's own recipe; who is not in its project may use it if it is public."""

    id: str
    project_id: str
    name: str
    version: int
    task: str
    public: bool
    key: str  # the notebook in the store
    sha256: str
    created_at: float
    store_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecipeEntry:
    """A recipe as lists show it; one that is built in has no project."""

    name: str
    version: str
    tasks: tuple[str, ...]
    project: str | None = None
    public: bool = True
    created_at: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightsEntry:
    """Pretrained weights as lists show them; `path` is where they lie, for whoever runs the platform."""

    name: str
    kind: str  # picture, text
    megabytes: int
    licence: str
    source: str  # package, folder, hub
    origin: str  # the package, or the hub's repository
    path: str | None = None
    cure: str = ""  # how to get them, where they are not at hand

    @property
    def at_hand(self) -> bool:
        """Whether the platform has them."""
        return not self.cure


class Stage(StrEnum):
    """A model's place in its project."""

    CANDIDATE = "candidate"
    PRODUCTION = "production"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """What a run that succeeded leaves, registered with all that is needed to use it and to make it again."""

    id: str
    project_id: str
    run_id: str
    name: str
    version: int
    task: str
    target: str
    metric: str
    score: float
    stage: Stage
    key: str  # the archive in the store
    size: int
    sha256: str
    schema: dict[str, Any]  # columns in, prediction out, the training file's form
    metrics: dict[str, Any]
    lineage: dict[str, Any]  # dataset id and hash, recipe and hash, seed, versions
    created_at: float
    store_id: str | None = None  # its run's
