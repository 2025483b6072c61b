"""The values that cross borders: frozen, plain, and the same in process, in JSON and over HTTP.

Every word is defined once, in docs/design.md. Times are seconds since the epoch (UTC) as floats; durations are seconds;
sizes are bytes.
"""

from dataclasses import replace

from gristmill.records.coding import decode, encode, new_id, to_plain
from gristmill.records.data import Column, ColumnKind, Notice, Profile, Proposal, Role, Severity, Table, TableForm
from gristmill.records.failure import Failure
from gristmill.records.people import LOCAL, Deed, Invitation, Member, MemberKind, Membership, Power, Who
from gristmill.records.runs import (
    Artifact,
    Event,
    EventKind,
    LeaderboardRow,
    Resources,
    Run,
    RunRequest,
    RunStatus,
    Wanted,
)
from gristmill.records.wire import Answer, ArrivedPart, Comparison, Lineage, MissingPart, Transfer
from gristmill.records.work import (
    Dataset,
    DatasetEntry,
    Model,
    Project,
    RecipeEntry,
    SavedRecipe,
    Stage,
    Upload,
    UploadStatus,
    WeightsEntry,
)

__all__ = [
    "LOCAL",
    "Answer",
    "ArrivedPart",
    "Artifact",
    "Column",
    "ColumnKind",
    "Comparison",
    "Dataset",
    "DatasetEntry",
    "Deed",
    "Event",
    "EventKind",
    "Failure",
    "Invitation",
    "LeaderboardRow",
    "Lineage",
    "Member",
    "MemberKind",
    "Membership",
    "MissingPart",
    "Model",
    "Notice",
    "Power",
    "Profile",
    "Project",
    "Proposal",
    "RecipeEntry",
    "Resources",
    "Role",
    "Run",
    "RunRequest",
    "RunStatus",
    "SavedRecipe",
    "Severity",
    "Stage",
    "Table",
    "TableForm",
    "Transfer",
    "Upload",
    "UploadStatus",
    "Wanted",
    "WeightsEntry",
    "Who",
    "decode",
    "encode",
    "new_id",
    "replace",
    "to_plain",
]
