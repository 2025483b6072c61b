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
    RunKind,
    RunRequest,
    RunStatus,
    Wanted,
)
from gristmill.records.schedules import (
    Action,
    CatchUp,
    Outlook,
    Schedule,
    ScheduleRequest,
    Tick,
    TickOutcome,
    Verdict,
)
from gristmill.records.seeing import Alive, Ended
from gristmill.records.telling import Channel, Choices, Delivery, News, NewsKind, Tiding, Webhook
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
)

__all__ = [
    "LOCAL",
    "Action",
    "Alive",
    "Answer",
    "ArrivedPart",
    "Artifact",
    "CatchUp",
    "Channel",
    "Choices",
    "Column",
    "ColumnKind",
    "Comparison",
    "Dataset",
    "DatasetEntry",
    "Deed",
    "Delivery",
    "Ended",
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
    "News",
    "NewsKind",
    "Notice",
    "Outlook",
    "Power",
    "Profile",
    "Project",
    "Proposal",
    "RecipeEntry",
    "Resources",
    "Role",
    "Run",
    "RunKind",
    "RunRequest",
    "RunStatus",
    "SavedRecipe",
    "Schedule",
    "ScheduleRequest",
    "Severity",
    "Stage",
    "Table",
    "TableForm",
    "Tick",
    "TickOutcome",
    "Tiding",
    "Transfer",
    "Upload",
    "UploadStatus",
    "Verdict",
    "Wanted",
    "Webhook",
    "Who",
    "decode",
    "encode",
    "new_id",
    "replace",
    "to_plain",
]
