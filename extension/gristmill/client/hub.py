"""A hub as a `Client`: the use cases of the Mill, asked for over HTTP.

Routes and bodies are those of the hub's OpenAPI. What only the machine itself can do says so in a sentence.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from gristmill.client.connecting import Address
from gristmill.client.fetching import fetch
from gristmill.client.protocol import Client, Progress
from gristmill.client.uploading import Uploading
from gristmill.client.wire import Page, Wire, path_of
from gristmill.errors import DataRejected, NotFound, NotPossible, RunCancelled, RunFailed, StoreFailed, UsageError
from gristmill.records import (
    About,
    AboutChange,
    Channel,
    Choices,
    Comparison,
    Dataset,
    DatasetEntry,
    Deed,
    Edit,
    Event,
    EventKind,
    Invitation,
    Limits,
    Lineage,
    Member,
    MemberKind,
    Membership,
    Model,
    News,
    NewsKind,
    Outlook,
    OwnStore,
    Preview,
    Profile,
    Project,
    Proposal,
    RecipeEntry,
    Run,
    RunKind,
    RunRequest,
    RunStatus,
    Schedule,
    ScheduleRequest,
    Schema,
    SchemaChange,
    Stage,
    Standing,
    Subject,
    Tick,
    Transfer,
    Upload,
    UploadStatus,
    Usage,
    Webhook,
    WeightsEntry,
    Who,
)

if TYPE_CHECKING:
    import httpx

__all__ = ["Asker", "Hub"]

Item = TypeVar("Item")

Asker = Callable[[Model, Path, Path | None, Path, Mapping[str, Any], Callable[[str], object] | None], int]
"""Asks a model's archive, unpacked in a folder, about a file; puts the answers into another; how many there were.

The last one hears what could not be answered.
"""

_MOST = 200  # items on a page
_MOST_VERSIONS = 1_000
_TRIAL_SECONDS = 900.0
_LOOK_EVERY = 0.5
_UNANSWERED = "No prediction"  # how a model's script begins to say of what it has answered nothing
_WAIT = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """What a look at an upload found."""

    profile: Profile
    proposal: Proposal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Invited:
    """A link that was made, and its token."""

    invitation: Invitation
    token: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hooked:
    """A webhook that was made, and its secret."""

    webhook: Webhook
    secret: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Marked:
    """How many notices were unread until now."""

    read: int


class Hub(Client):
    """The hub at an address. `home` is where uploads are noted and models unpacked; `asker` asks the latter."""

    def __init__(self, address: Address, home: Path, asker: Asker | None = None) -> None:
        self._wire = Wire(address)
        self._uploading = Uploading(self._wire, home)
        self._home = home
        self._asker = asker
        self.url = address.url

    def __repr__(self) -> str:
        return f"Hub({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up the connections."""
        self._wire.close()

    # --- data --------------------------------------------------------------------------------------------------------

    def check(
        self, path: Path, *, table: str | None = None, project: str | None = None
    ) -> tuple[Profile, Proposal | None]:
        upload = self.upload(path, project=project or "default")
        asked, body = path_of("uploads", upload.id, "check"), _given(table=table, project=project)
        try:
            found = self._wire.read(self._sent(asked, body), _Found)
        finally:
            self._wire.send("DELETE", path_of("uploads", upload.id))
        return found.profile, found.proposal

    def explore(
        self, source: str, to: Path, *, target: str | None = None, task: str | None = None, table: str | None = None
    ) -> Path:
        del source, to, target, task, table
        raise _embedded_only("Exploring")

    def upload(
        self, path: Path, *, project: str = "default", name: str | None = None, progress: Progress | None = None
    ) -> Upload:
        return self._uploading.upload(path, project=project, name=name or path.name, progress=progress)

    def open_upload(self, name: str, size: int, *, project: str = "default", sha256: str | None = None) -> Transfer:
        body = _given(name=name, size=size, project=project, sha256=sha256)
        return self._wire.ask("POST", "uploads", Transfer, body=body, create=True)

    def transfer(self, upload_id: str) -> Transfer:
        return self._uploading.transfer(upload_id)

    def send_part(self, upload_id: str, number: int, data: bytes) -> None:
        self._uploading.send_part(upload_id, number, data)

    def complete_upload(self, upload_id: str, *, sha256: str | None = None) -> Upload:
        path, body = path_of("uploads", upload_id, "complete"), _given(sha256=sha256)
        return self._wire.ask("POST", path, Upload, body=body, create=True, patience=600.0)

    def abandon(self, upload_id: str) -> None:
        self._wire.send("DELETE", path_of("uploads", upload_id))

    def admit(self, upload_id: str, *, name: str | None = None, table: str | None = None) -> Dataset:
        body = _given(upload_id=upload_id, name=name, table=table)
        answer = self._wire.send("POST", "datasets", body=body, create=True, patience=120.0)
        if answer.status_code != 202:
            return self._wire.read(answer, Dataset)
        while True:
            transfer = self._uploading.transfer(upload_id)
            if transfer.dataset_id:
                return self.dataset(transfer.dataset_id)
            if transfer.upload.status is UploadStatus.REJECTED:
                raise _rejected(transfer.upload)
            time.sleep(_LOOK_EVERY)

    def dataset(self, dataset_id: str) -> Dataset:
        return self._wire.ask("GET", path_of("datasets", dataset_id), Dataset)

    def preview(self, dataset_id: str) -> Preview:
        return self._wire.ask("GET", path_of("datasets", dataset_id, "preview"), Preview)

    def dataset_link(self, dataset_id: str) -> str:
        return self._wire.link(path_of("datasets", dataset_id, "file"))

    def file(self, dataset_id: str, to: Path) -> Path:
        return fetch(self._wire, path_of("datasets", dataset_id, "file"), to)

    def delete_dataset(self, dataset_id: str) -> None:
        self._wire.send("DELETE", path_of("datasets", dataset_id))

    def datasets(
        self, project: str | None = None, limit: int = 50, before: str | None = None
    ) -> Sequence[DatasetEntry]:
        return self._list("datasets", DatasetEntry, limit, before, project=project)

    def propose(
        self, dataset_id: str, *, task: str | None = None, target: str | None = None, metric: str | None = None
    ) -> Proposal:
        path = path_of("datasets", dataset_id, "proposal")
        body = _given(task=task, target=target, metric=metric)
        return self._wire.ask("POST", path, Proposal, body=body, create=True)

    # --- datasets that stay right ------------------------------------------------------------------------------------

    def revise(self, dataset_id: str, edits: Sequence[Edit]) -> Dataset:
        path, body = path_of("datasets", dataset_id, "versions"), {"edits": list(edits)}
        return self._wire.read(self._sent(path, body), Dataset)

    def versions(self, dataset_id: str) -> Sequence[DatasetEntry]:
        return self._list(path_of("datasets", dataset_id, "versions"), DatasetEntry, _MOST_VERSIONS)

    def about(self, dataset_id: str) -> About:
        return self._wire.ask("GET", path_of("datasets", dataset_id, "about"), About)

    def describe(self, dataset_id: str, change: AboutChange) -> About:
        return self._wire.ask("PATCH", path_of("datasets", dataset_id), About, body=change)

    def schema(self, project: str) -> Schema:
        return self._wire.ask("GET", path_of("projects", project, "schema"), Schema)

    def fix_schema(self, project: str, change: SchemaChange) -> Schema:
        return self._wire.ask("PUT", path_of("projects", project, "schema"), Schema, body=change)

    def drop_schema(self, project: str) -> None:
        self._wire.send("DELETE", path_of("projects", project, "schema"))

    # --- runs --------------------------------------------------------------------------------------------------------

    def train(self, request: RunRequest) -> Run:
        return self._wire.ask("POST", "runs", Run, body=request, create=True)

    def resume(self, run_id: str, budget: float, settings: dict[str, Any] | None = None) -> Run:
        body = {"budget": budget, "settings": settings or {}}
        return self._wire.ask("POST", path_of("runs", run_id, "resume"), Run, body=body, create=True)

    def rerun(self, run_id: str) -> Run:
        return self._wire.ask("POST", path_of("runs", run_id, "rerun"), Run, create=True)

    def compare(self, run_ids: Sequence[str]) -> Comparison:
        return self._wire.ask("GET", "runs/compare", Comparison, query={"id": list(run_ids)})

    def run(self, run_id: str) -> Run:
        return self._wire.ask("GET", path_of("runs", run_id), Run)

    def runs(
        self,
        project: str | None = None,
        status: RunStatus | None = None,
        limit: int = 50,
        before: str | None = None,
        *,
        task: str | None = None,
        owner: str | None = None,
        kind: RunKind | None = None,
    ) -> Sequence[Run]:
        narrowed = {"project": project, "status": status, "task": task, "owner": owner, "kind": kind}
        return self._list("runs", Run, limit, before, **narrowed)

    def events(self, run_id: str, after: int = 0, wait: float = 0.0) -> Sequence[Event]:
        query = {"after": after, "wait": min(wait, 25.0)}
        return self._wire.ask("GET", path_of("runs", run_id, "events"), Page[Event], query=query).items

    def cancel(self, run_id: str, *, keep: bool = False) -> Run:
        return self._wire.ask("POST", path_of("runs", run_id, "cancel"), Run, body={"keep": keep}, create=True)

    def artifact_link(self, run_id: str, artifact: str) -> str:
        return self._wire.link(path_of("runs", run_id, "artifacts", artifact))

    def fetch(self, run_id: str, artifact: str, to: Path) -> Path:
        found = self.run(run_id).artifact(artifact)
        path = path_of("runs", run_id, "artifacts", artifact)  # the hub says it in its words where there is none
        return fetch(self._wire, path, to, sha256=found.sha256 if found else None)

    def folder(self, run_id: str, to: Path, *, data: bool = True) -> Path:
        query = {} if data else {"data": "false"}
        with _new_folder(to) as scratch:
            packed = fetch(self._wire, path_of("runs", run_id, "folder"), scratch / "folder.zip", query=query)
            _unpack(packed, to)
        return to

    def data(self, dataset_id: str, to: Path) -> Path:
        with _new_folder(to) as scratch:
            _unpack(fetch(self._wire, path_of("datasets", dataset_id, "folder"), scratch / "data.zip"), to)
        return to

    def draft(self, request: RunRequest, to: Path) -> Path:
        with _new_folder(to) as scratch:
            packed = scratch / "folder.zip"
            packed.write_bytes(self._wire.send("POST", "runs/folder", body=request).content)
            _unpack(packed, to)
        return to

    def explain(
        self, run_id: str, *, candidates: Sequence[str] = (), every: bool = False, seconds: float | None = None
    ) -> Run:
        body = _given(candidates=list(candidates), every=every, seconds=seconds)
        return self._wire.ask("POST", path_of("runs", run_id, "explanations"), Run, body=body, create=True)

    def nudge(self) -> None:
        """Workers of a hub stand by."""

    # --- recipes -----------------------------------------------------------------------------------------------------

    def recipes(self, project: str = "default") -> Sequence[RecipeEntry]:
        return self._list("recipes", RecipeEntry, project=project)

    def recipe(self, source: str, to: Path, *, project: str = "default") -> Path:
        return fetch(self._wire, path_of("recipes", source, "notebook"), to, query={"project": project})

    def try_recipe(self, source: str, *, task: str | None = None, project: str = "default", notebook: str = "") -> None:
        body = _given(source=source, notebook=notebook or None, task=task, project=project)
        self._wire.send("POST", "recipes/trial", body=body, create=True, patience=_TRIAL_SECONDS)

    def save_recipe(self, source: str, entry: RecipeEntry, *, notebook: str = "") -> RecipeEntry:
        body = _given(source=source, entry=entry, notebook=notebook or None)
        return self._wire.ask("POST", "recipes", RecipeEntry, body=body, create=True, patience=_TRIAL_SECONDS)

    # --- weights -----------------------------------------------------------------------------------------------------

    def weights(self) -> Sequence[WeightsEntry]:
        return self._list("weights", WeightsEntry, _MOST)

    def fetch_weights(self, name: str) -> WeightsEntry:
        return self._wire.read(self._sent("weights/fetch", {"name": name}), WeightsEntry)

    def add_weights(self, name: str, folder: Path, *, kind: str, licence: str) -> WeightsEntry:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder.", cure="Give the folder that holds the weights' files.")
        with tempfile.TemporaryDirectory() as scratch:
            upload = self.upload(_packed(folder, Path(scratch) / "weights.zip"))
        body = {"name": name, "upload_id": upload.id, "kind": kind, "licence": licence}
        try:
            return self._wire.read(self._sent("weights", body), WeightsEntry)
        finally:
            self._wire.send("DELETE", path_of("uploads", upload.id))

    # --- models ------------------------------------------------------------------------------------------------------

    def model(self, model_id: str) -> Model:
        if model_id.startswith("run-"):
            run = self.run(model_id)
            if run.model_id is None:
                raise NotFound(f"The run {run.name} has no model.", cause=f"It is {run.status}.")
            model_id = run.model_id
        return self._wire.ask("GET", path_of("models", model_id), Model)

    def models(self, project: str | None = None, limit: int = 50, before: str | None = None) -> Sequence[Model]:
        return self._list("models", Model, limit, before, project=project)

    def stage(self, model_id: str, stage: Stage) -> Model:
        path = path_of("models", model_id, "stage")
        return self._wire.ask("PUT", path, Model, body={"stage": stage})

    def lineage(self, model_id: str) -> Lineage:
        return self._wire.ask("GET", path_of("models", model_id, "lineage"), Lineage)

    def archive_link(self, model_id: str) -> str:
        return self._wire.link(path_of("models", self.model(model_id).id, "archive"))

    def download(self, model_id: str, to: Path) -> Path:
        model = self.model(model_id)
        return fetch(self._wire, path_of("models", model.id, "archive"), to, sha256=model.sha256)

    def predict(
        self,
        model_id: str,
        data: Path | None,
        to: Path,
        settings: Mapping[str, Any] | None = None,
        *,
        told: Callable[[str], object] | None = None,
    ) -> int:
        model = self.model(model_id)
        if self._asker is None:
            return self._predict_there(model, data, to, dict(settings or {}), told)
        folder = self._home / "models" / model.id
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                packed = self.download(model.id, Path(scratch) / "model.zip")
                unpacked = Path(scratch) / "model"
                _unpack(packed, unpacked)
                shutil.move(unpacked, folder)
        return self._asker(model, folder, data, to, settings or {}, told)

    def batch(self, model_id: str, upload_id: str | None = None, settings: Mapping[str, Any] | None = None) -> Run:
        body = _given(upload_id=upload_id, settings=dict(settings or {}))
        return self._wire.ask("POST", path_of("models", model_id, "batches"), Run, body=body, create=True)

    def _predict_there(
        self,
        model: Model,
        data: Path | None,
        to: Path,
        settings: dict[str, Any],
        told: Callable[[str], object] | None,
    ) -> int:
        """Have the hub predict, by a run of its own: this machine lacks AutoGluon."""
        if data is not None and data.is_dir():
            raise UsageError(f"{data} is a folder.", cure="Pack it into a ZIP and give that.")
        if to.is_dir():
            raise UsageError(f"{to} is a folder.", cure="Name a file; masks come as one that ends in .zip.")
        upload = None if data is None else self.upload(data, project=model.project_id)
        settings = {"output": to.suffix.lower().removeprefix(".") or "csv"} | settings
        run = self.batch(model.id, None if upload is None else upload.id, settings)
        seen, said, events = 0, "", list[Event]()
        while events or not run.status.is_final:  # what was said last is read, too
            run = self.run(run.id)
            events = list(self.events(run.id, after=seen, wait=0.0 if run.status.is_final else _WAIT))
            seen = events[-1].seq if events else seen
            said += "".join(str(event.body.get("text", "")) for event in events if event.kind is EventKind.LOG)
            *lines, said = said.split("\n")
            for line in lines:
                if told is not None and line.startswith(_UNANSWERED):
                    told(line)
        if run.failure is not None:
            kind = DataRejected if run.failure.code == "not-predictable" else RunFailed
            raise kind(run.failure.what, cause=run.failure.cause, cure=run.failure.cure, code=run.failure.code)
        if run.status is not RunStatus.SUCCEEDED:
            raise RunCancelled(f"The run {run.id} was cancelled.")
        self.fetch(run.id, "predictions", to)
        return run.rows or 0

    # --- schedules ---------------------------------------------------------------------------------------------------

    def schedule(self, request: ScheduleRequest) -> Schedule:
        return self._wire.ask("POST", "schedules", Schedule, body=request, create=True)

    def schedules(self, project: str | None = None, limit: int = 50, before: str | None = None) -> Sequence[Schedule]:
        return self._list("schedules", Schedule, limit, before, project=project)

    def outlook(self, schedule_id: str) -> Outlook:
        return self._wire.ask("GET", path_of("schedules", schedule_id), Outlook)

    def pause_schedule(self, schedule_id: str) -> Schedule:
        return self._wire.ask("POST", path_of("schedules", schedule_id, "pause"), Schedule)

    def resume_schedule(self, schedule_id: str) -> Schedule:
        return self._wire.ask("POST", path_of("schedules", schedule_id, "resume"), Schedule)

    def remove_schedule(self, schedule_id: str) -> None:
        self._wire.send("DELETE", path_of("schedules", schedule_id))

    def run_schedule(self, schedule_id: str) -> Tick:
        return self._wire.ask("POST", path_of("schedules", schedule_id, "run"), Tick, create=True)

    # --- people ------------------------------------------------------------------------------------------------------

    def me(self) -> Who:
        return self._wire.ask("GET", "me", Who)

    def make_project(self, name: str) -> Project:
        return self._wire.ask("POST", "projects", Project, body={"name": name}, create=True)

    def project(self, reference: str) -> Project:
        return self._wire.ask("GET", path_of("projects", reference), Project)

    def projects(self, limit: int = 50, before: str | None = None) -> Sequence[Project]:
        return self._list("projects", Project, limit, before)

    def members(self, project: str) -> Sequence[Member]:
        return self._list(path_of("projects", project, "members"), Member)

    def share(self, project: str, name: str, membership: Membership, kind: MemberKind = MemberKind.PERSON) -> Member:
        path = path_of("projects", project, "members", kind, name)
        return self._wire.ask("PUT", path, Member, body={"membership": membership})

    def unshare(self, project: str, name: str, kind: MemberKind = MemberKind.PERSON) -> None:
        self._wire.send("DELETE", path_of("projects", project, "members", kind, name))

    def invite(self, project: str, membership: Membership, seconds: float = 7 * 24 * 3600.0) -> tuple[Invitation, str]:
        body = {"membership": membership, "seconds": seconds}
        path = path_of("projects", project, "invitations")
        made = self._wire.ask("POST", path, _Invited, body=body, create=True)
        return made.invitation, made.token

    def accept(self, token: str) -> Project:
        return self._wire.ask("POST", "invitations/accept", Project, body={"token": token}, create=True)

    def invitations(self, project: str) -> Sequence[Invitation]:
        return self._list(path_of("projects", project, "invitations"), Invitation)

    def withdraw(self, invitation_id: str) -> None:
        self._wire.send("DELETE", path_of("invitations", invitation_id))

    # --- stores of projects ------------------------------------------------------------------------------------------

    def own_store(self, project: str) -> OwnStore:
        return self._wire.ask("GET", path_of("projects", project, "store"), OwnStore)

    def set_store(self, project: str, url: str, credentials: Mapping[str, str] | None = None) -> OwnStore:
        body = {"url": url, "credentials": None if credentials is None else dict(credentials)}
        return self._wire.ask("PUT", path_of("projects", project, "store"), OwnStore, body=body)

    def drop_store(self, project: str) -> None:
        self._wire.send("DELETE", path_of("projects", project, "store"))

    # --- being told --------------------------------------------------------------------------------------------------

    def notices(self, limit: int = 50, before: str | None = None, *, unread: bool = False) -> Sequence[News]:
        return self._list("me/notices", News, limit, before, **({"unread": "true"} if unread else {}))

    def read_notices(self, ids: Sequence[str] = ()) -> int:
        return self._wire.ask("POST", "me/notices/read", _Marked, body={"ids": list(ids)}).read

    def choices(self) -> Choices:
        return self._wire.ask("GET", "me/choices", Choices)

    def choose(self, kinds: Mapping[NewsKind, Sequence[Channel]] | None = None, *, mail: str | None = None) -> Choices:
        return self._wire.ask("PUT", "me/choices", Choices, body={"kinds": dict(kinds or {}), "mail": mail})

    def webhooks(self, project: str | None = None) -> Sequence[Webhook]:
        return self._list("me/webhooks", Webhook, **_given(project=project))

    def add_webhook(
        self, url: str, *, kinds: Sequence[NewsKind] = (), project: str | None = None
    ) -> tuple[Webhook, str]:
        body = {"url": url, "kinds": list(kinds), "project": project}
        made = self._wire.ask("POST", "me/webhooks", _Hooked, body=body, create=True)
        return made.webhook, made.secret

    def remove_webhook(self, webhook_id: str) -> None:
        self._wire.send("DELETE", path_of("me", "webhooks", webhook_id))

    # --- what was done -----------------------------------------------------------------------------------------------

    def deeds(self, limit: int = 50, before: str | None = None, **narrowed: str) -> Sequence[Deed]:
        return self._list("admin/deeds", Deed, limit, before, **narrowed)

    # --- fair use ----------------------------------------------------------------------------------------------------

    def standing(self) -> Standing:
        return self._wire.ask("GET", "me/limits", Standing)

    def usage(
        self, project: str | None = None, month: str | None = None, limit: int = 50, before: str | None = None
    ) -> Sequence[Usage]:
        path = "me/usage" if project is None else path_of("projects", project, "usage")
        return self._list(path, Usage, limit, before, month=month)

    def all_usage(
        self,
        kind: Subject = Subject.PERSON,
        limit: int = 50,
        before: str | None = None,
        *,
        name: str | None = None,
        project_id: str | None = None,
        month: str | None = None,
    ) -> Sequence[Usage]:
        narrowed = {"name": name, "project_id": project_id, "month": month}
        return self._list("admin/usage", Usage, limit, before, kind=kind, **narrowed)

    def limits(self) -> Sequence[Limits]:
        return self._list("admin/limits", Limits, _MOST)

    def set_limits(self, limits: Limits) -> Limits:
        return self._wire.ask("PUT", "admin/limits", Limits, body=limits)

    def drop_limits(self, kind: Subject, name: str = "") -> None:
        self._wire.send("DELETE", path_of("admin", "limits", kind), query={"name": name})

    # --- shared ------------------------------------------------------------------------------------------------------

    def _sent(self, path: str, body: Mapping[str, object]) -> httpx.Response:
        """The answer to what may take long: asked again as long as the hub says that it is at it."""
        while (answer := self._wire.send("POST", path, body=body, create=True)).status_code == 202:
            time.sleep(_LOOK_EVERY)
        return answer

    def _list(
        self, path: str, of: type[Item], limit: int = 50, cursor: str | None = None, /, **narrowed: object
    ) -> Sequence[Item]:
        """The first `limit` things after `cursor`, over as many pages as that takes."""
        found: list[Item] = []
        while len(found) < limit:
            query = {**narrowed, "limit": min(limit - len(found), _MOST), "cursor": cursor}
            page: Page[Item] = self._wire.ask("GET", path, Page[of], query=query)  # type: ignore[valid-type]
            found += page.items
            cursor = page.next
            if cursor is None:
                break
        return tuple(found)


def _given(**values: object) -> dict[str, object]:
    """The values that are there."""
    return {name: value for name, value in values.items() if value is not None}


def _embedded_only(what: str) -> NotPossible:
    return NotPossible(
        f"{what} needs the embedded platform on this machine.",
        cause="A hub answers, and cannot do it.",
        cure="Unset GRISTMILL_URL, or sign out: gristmill logout",
    )


@contextmanager
def _new_folder(to: Path) -> Iterator[Path]:
    """A folder beside `to` for what is on its way there; UsageError if `to` is taken."""
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UsageError(f"{to} is there already and not empty.", cure="Name a folder that is not there yet.")
    to.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.absolute().parent) as scratch:
        yield Path(scratch)


def _packed(folder: Path, to: Path) -> Path:
    """A folder's files as a ZIP; weights do not get smaller by packing."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED, strict_timestamps=False) as packed:
        for file in sorted(folder.rglob("*")):
            inner = file.relative_to(folder)
            if file.is_file() and not any(part.startswith(".") for part in inner.parts):
                packed.write(file, inner)
    return to


def _rejected(upload: Upload) -> DataRejected:
    failure = upload.failure
    if failure is None:
        return DataRejected(f"{upload.name} was rejected.")
    return DataRejected(failure.what, cause=failure.cause, cure=failure.cure, code=failure.code, faults=failure.faults)


def _unpack(packed: Path, to: Path) -> None:
    """The files of a ZIP in the folder `to`; nothing in it may point out of there."""
    try:
        with zipfile.ZipFile(packed) as opened:
            for member in opened.infolist():
                parts = PurePosixPath(member.filename).parts
                if member.filename.startswith("/") or ".." in parts or "\\" in member.filename:
                    raise StoreFailed("What the hub sent names files outside its folder.", cure="It is not unpacked.")
            opened.extractall(to)
    except zipfile.BadZipFile as error:
        raise StoreFailed("What the hub sent is no ZIP.", cure="Fetch it again.") from error
