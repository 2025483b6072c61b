"""What the platform can be asked, whoever answers: a Mill in this process, or one behind HTTP.

The command line, the wizard and notebooks are written against `Client` and nothing else. Every method speaks in
records, raises errors of gristmill.errors, and may be called again after it failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from gristmill.records import (
    About,
    AboutChange,
    Alive,
    Channel,
    Choices,
    Comparison,
    Dataset,
    DatasetEntry,
    Deed,
    Edit,
    Event,
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
    Person,
    Preview,
    Profile,
    Project,
    Proposal,
    RecipeEntry,
    Reply,
    Run,
    RunKind,
    RunRequest,
    RunStatus,
    Schedule,
    ScheduleRequest,
    Schema,
    SchemaChange,
    Setting,
    Stage,
    Standing,
    Subject,
    Tick,
    Transfer,
    Upload,
    Usage,
    Webhook,
    WeightsEntry,
    Who,
)

__all__ = ["Client", "Progress"]

Progress = Callable[[int, int], None]
"""Told how many bytes have gone, and of how many."""


class Client(Protocol):
    """Use cases, one method each. An unknown id is NotFound, and so is one that belongs to somebody else."""

    # --- data --------------------------------------------------------------------------------------------------------

    def check(
        self, path: Path, *, table: str | None = None, project: str | None = None
    ) -> tuple[Profile, Proposal | None]:
        """Intake only: what is in the file and what could be done with it. Nothing is registered.

        `table` names the file to train on, where an archive holds several that differ. With a project, the file is
        held to that project's schema, as an upload would be.
        """

    def explore(
        self,
        source: str,
        to: Path,
        *,
        target: str | None = None,
        task: str | None = None,
        table: str | None = None,
        told: Callable[[str], object] | None = None,
    ) -> Path:
        """Draws what to know of a file, or of a dataset by its id, before training: one HTML page as the file `to`.

        `told` hears a sentence if nobody begins with it for a while.
        """

    def exploration(
        self, source: str, *, target: str | None = None, task: str | None = None, table: str | None = None
    ) -> Run:
        """Queues a run that draws the same of a dataset or a whole upload, by its id; its report shows it."""

    def upload(
        self, path: Path, *, project: str = "default", name: str | None = None, progress: Progress | None = None
    ) -> Upload:
        """Puts a file into the store, as it is; one that broke off goes on where it was when it is called again."""

    def open_upload(
        self,
        name: str,
        size: int,
        *,
        project: str = "default",
        sha256: str | None = None,
        filename: str | None = None,
    ) -> Transfer:
        """Begins an upload whose parts somebody else sends, to the URLs that come back: a browser.

        `filename` is the file's own name, where it is to be called something else.
        """

    def transfer(self, upload_id: str) -> Transfer:
        """How far such an upload is, with fresh URLs for what is missing."""

    def send_part(self, upload_id: str, number: int, data: bytes) -> None:
        """Puts one part of such an upload into the store, where its URL is empty or cannot be reached."""

    def complete_upload(self, upload_id: str, *, sha256: str | None = None) -> Upload:
        """Makes the parts one file; Conflict while parts are missing."""

    def abandon(self, upload_id: str) -> None:
        """Drops an upload that is no dataset."""

    def admit(self, upload_id: str, *, name: str | None = None, table: str | None = None) -> Dataset:
        """Makes an upload a dataset; DataRejected where it cannot be one, and then the upload is kept."""

    def dataset(self, dataset_id: str) -> Dataset:
        """A dataset with its profile."""

    def preview(self, dataset_id: str) -> Preview:
        """What a dataset looks like: a few rows, small pictures, series."""

    def dataset_link(self, dataset_id: str) -> str:
        """A URL that fetches the file of a dataset, for a while; NotPossible where nobody serves the store."""

    def file(self, dataset_id: str, to: Path) -> Path:
        """The file that a dataset was made of, as it was sent, as the file `to`."""

    def delete_dataset(self, dataset_id: str) -> None:
        """Deletes a dataset and its file; runs and models made of it stay. Conflict while it is needed."""

    def datasets(
        self, project: str | None = None, limit: int = 50, before: str | None = None
    ) -> Sequence[DatasetEntry]:
        """Datasets, newest first; `before` is the id of the last one on the page before."""

    def propose(
        self, dataset_id: str, *, task: str | None = None, target: str | None = None, metric: str | None = None
    ) -> Proposal:
        """What the platform suggests to do with a dataset, given what a person has settled already."""

    # --- datasets that stay right ------------------------------------------------------------------------------------

    def revise(self, dataset_id: str, edits: Sequence[Edit]) -> Dataset:
        """An edited version of a dataset: the next version of its name, made of the same upload."""

    def versions(self, dataset_id: str) -> Sequence[DatasetEntry]:
        """Every version of a dataset's name in its project, newest first."""

    def about(self, dataset_id: str) -> About:
        """What people say about the datasets of a name: all versions share it."""

    def describe(self, dataset_id: str, change: AboutChange) -> About:
        """Says something else about the datasets of a name from now on; with another name, all versions get it."""

    def schema(self, project: str) -> Schema:
        """What a project asks of the tables that are put into it; NotFound where it asks nothing."""

    def fix_schema(self, project: str, change: SchemaChange) -> Schema:
        """Holds every later upload and batch of a project to these rules, or to those that one of its datasets fits."""

    def drop_schema(self, project: str) -> None:
        """Lets a project take whatever comes."""

    # --- runs --------------------------------------------------------------------------------------------------------

    def train(self, request: RunRequest) -> Run:
        """Queues a run; NotConfirmed while a notice stands that its owner has not said yes to."""

    def resume(self, run_id: str, budget: float, settings: dict[str, Any] | None = None) -> Run:
        """A new run that goes on from where an ended one stopped, keeping the models it had trained."""

    def rerun(self, run_id: str) -> Run:
        """A new run that asks for the same again: data, recipe, budget, seed, settings."""

    def compare(self, run_ids: Sequence[str]) -> Comparison:
        """Runs side by side: what they were asked, where they differ, which did best."""

    def run(self, run_id: str) -> Run:
        """A run as it stands now."""

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
        """Runs, newest first; `before` is the id of the last one on the page before."""

    def events(self, run_id: str, after: int = 0, wait: float = 0.0) -> Sequence[Event]:
        """What has happened in a run since event `after`; waits up to `wait` seconds for something to happen."""

    def cancel(self, run_id: str, *, keep: bool = False) -> Run:
        """Asks a run to end: with `keep`, it stops training now and keeps the best model so far."""

    def delete_run(self, run_id: str) -> None:
        """Deletes a run with all that it has left, its model too; Conflict while it goes on, or something needs it."""

    def artifact_link(self, run_id: str, artifact: str) -> str:
        """A URL that fetches one thing that a run left, for a while; NotPossible where nobody serves the store."""

    def fetch(self, run_id: str, artifact: str, to: Path) -> Path:
        """One thing that a run left, as the file `to`."""

    def folder(self, run_id: str, to: Path, *, data: bool = True) -> Path:
        """The run's folder, unpacked: its notebook runs there by hand, with its data unless that is not wanted."""

    def data(self, dataset_id: str, to: Path) -> Path:
        """The files of a dataset, unpacked, as the folder `to`."""

    def draft(self, request: RunRequest, to: Path) -> Path:
        """The folder of a run that asks for this, without its data: notebook.ipynb and run.json. Nothing is queued."""

    def explain(
        self, run_id: str, *, candidates: Sequence[str] = (), every: bool = False, seconds: float | None = None
    ) -> Run:
        """Queues a run that explains candidates of an ended one, by their names, within `seconds`; its report shows it.

        The one that answers if none are named, and all of them with `every`.
        """

    def nudge(self) -> None:
        """Makes sure that somebody works on what is queued; where workers stand by anyway, it does nothing."""

    # --- recipes -----------------------------------------------------------------------------------------------------

    def recipes(self, project: str = "default") -> Sequence[RecipeEntry]:
        """Every recipe that can be named from a project: built-in ones, its own, and public ones."""

    def recipe(self, source: str, to: Path, *, project: str = "default") -> Path:
        """The notebook of a recipe, or the one that a run was asked to execute, as the file `to`."""

    def try_recipe(self, source: str, *, task: str | None = None, project: str = "default", notebook: str = "") -> None:
        """Tries a recipe, a run's or a notebook on its task's tiny data set; RecipeInvalid where it does not pass.

        Where `notebook` holds a notebook's text, `source` is no more than its name.
        """

    def save_recipe(self, source: str, entry: RecipeEntry, *, notebook: str = "") -> RecipeEntry:
        """Keeps a run's recipe or a notebook as `entry` says, under its next version, once it has passed its trial."""

    # --- weights -----------------------------------------------------------------------------------------------------

    def weights(self) -> Sequence[WeightsEntry]:
        """Pretrained weights that have a name, at hand or not."""

    def fetch_weights(self, name: str) -> WeightsEntry:
        """Fetches weights from a model hub, by their name or as owner/name, and keeps them."""

    def add_weights(self, name: str, folder: Path, *, kind: str, licence: str) -> WeightsEntry:
        """Keeps the weights in `folder` under a name, once they have opened and answered."""

    # --- models ------------------------------------------------------------------------------------------------------

    def model(self, model_id: str) -> Model:
        """A model; the id of the run that made it will do as well."""

    def models(self, project: str | None = None, limit: int = 50, before: str | None = None) -> Sequence[Model]:
        """Models, newest first; `before` is the id of the last one on the page before."""

    def stage(self, model_id: str, stage: Stage) -> Model:
        """Puts a model into a stage; the one of its name that was in production before retires."""

    def delete_model(self, model_id: str) -> None:
        """Deletes a model; its run stays. Conflict while it is in production, or a schedule or a run needs it."""

    def lineage(self, model_id: str) -> Lineage:
        """Where a model comes from: its data, its run, and the runs that this one went on from."""

    def archive_link(self, model_id: str) -> str:
        """A URL that fetches the model's archive, for a while; NotPossible where nobody serves the store."""

    def download(self, model_id: str, to: Path) -> Path:
        """The model's archive as the file `to`."""

    def predict(
        self,
        model_id: str,
        data: Path | None,
        to: Path,
        settings: Mapping[str, Any] | None = None,
        *,
        told: Callable[[str], object] | None = None,
    ) -> int:
        """Predicts the rows of a file into another; how many there were. Series need no `data`.

        `told` hears a sentence for each thing that could not be answered, as long as they are few.
        """

    def ask(self, model_id: str, data: Path | None = None, settings: Mapping[str, Any] | None = None) -> Reply:
        """What a model says to a small file while somebody waits; it is held open for the next question if possible.

        Of a single row of a table it also says which values have moved the answer. Series need no `data`.
        """

    def wake(self, model_id: str) -> None:
        """Opens a model before it is asked, so that the first answer comes at once; returns when it is open."""

    def batch(self, model_id: str, upload_id: str | None = None, settings: Mapping[str, Any] | None = None) -> Run:
        """Queues a run that predicts the rows of an upload, however many; its artifact `predictions` holds them."""

    # --- schedules ---------------------------------------------------------------------------------------------------

    def schedule(self, request: ScheduleRequest) -> Schedule:
        """Has something done at fixed times, on one's own behalf."""

    def schedules(self, project: str | None = None, limit: int = 50, before: str | None = None) -> Sequence[Schedule]:
        """Schedules, newest first; `before` is the id of the last one on the page before."""

    def outlook(self, schedule_id: str) -> Outlook:
        """A schedule, what its latest ticks came to, and when it is due next."""

    def pause_schedule(self, schedule_id: str) -> Schedule:
        """Lets a schedule rest until it is told to go on."""

    def resume_schedule(self, schedule_id: str) -> Schedule:
        """Has a schedule go on, from now and on behalf of who says so."""

    def remove_schedule(self, schedule_id: str) -> None:
        """Forgets a schedule; the runs and models that it made stay."""

    def run_schedule(self, schedule_id: str) -> Tick:
        """A tick now, whatever the schedule's cron says."""

    # --- people ------------------------------------------------------------------------------------------------------

    def me(self) -> Who:
        """Who asks, as the platform knows them."""

    def make_project(self, name: str) -> Project:
        """A new project of one's own; Conflict if one has it already."""

    def project(self, reference: str) -> Project:
        """A project by its id or name."""

    def projects(self, limit: int = 50, before: str | None = None) -> Sequence[Project]:
        """The projects that one is a member of, newest first."""

    def members(self, project: str) -> Sequence[Member]:
        """Who is a member of a project."""

    def share(self, project: str, name: str, membership: Membership, kind: MemberKind = MemberKind.PERSON) -> Member:
        """Makes a person or a team a member of a project, or changes what they are."""

    def unshare(self, project: str, name: str, kind: MemberKind = MemberKind.PERSON) -> None:
        """Makes a member a stranger; anybody may leave."""

    def invite(self, project: str, membership: Membership, seconds: float = 7 * 24 * 3600.0) -> tuple[Invitation, str]:
        """A link by which whoever has it becomes a member, and its token, which is shown this once."""

    def accept(self, token: str) -> Project:
        """Makes who asks a member by a link; a membership that one has already is never lowered."""

    def invitations(self, project: str) -> Sequence[Invitation]:
        """The links to a project that are not used up."""

    def withdraw(self, invitation_id: str) -> None:
        """Makes a link worthless."""

    # --- stores of projects ------------------------------------------------------------------------------------------

    def own_store(self, project: str) -> OwnStore:
        """The store that takes what comes into a project, for its owners; NotFound where that is the platform's."""

    def set_store(self, project: str, url: str, credentials: Mapping[str, str] | None = None) -> OwnStore:
        """Puts what comes into a project into a store of its own from now on; what it has stays where it is.

        Credentials are named as the cloud names them, and never told again. The store is tried first.
        """

    def drop_store(self, project: str) -> None:
        """Puts what comes into a project into the platform's store again; what lies in its own one stays there."""

    # --- being told --------------------------------------------------------------------------------------------------

    def notices(self, limit: int = 50, before: str | None = None, *, unread: bool = False) -> Sequence[News]:
        """What one was told, newest first; with `unread`, only what one has not read."""

    def read_notices(self, ids: Sequence[str] = ()) -> int:
        """Marks notices as read, all of them without `ids`; how many of them were unread."""

    def choices(self) -> Choices:
        """What one chooses to be told: kinds that are not named come by bell and mail."""

    def choose(self, kinds: Mapping[NewsKind, Sequence[Channel]] | None = None, *, mail: str | None = None) -> Choices:
        """Chooses by which channels some kinds come, and where mail goes; what is not named stays as it is."""

    def webhooks(self, project: str | None = None) -> Sequence[Webhook]:
        """One's own webhooks, or a project's, for its owners; without their secrets."""

    def add_webhook(
        self, url: str, *, kinds: Sequence[NewsKind] = (), project: str | None = None
    ) -> tuple[Webhook, str]:
        """Has news sent to an address: one's own, or all of a project. The secret is shown this once."""

    def remove_webhook(self, webhook_id: str) -> None:
        """Has nothing sent there any more."""

    # --- what was done -----------------------------------------------------------------------------------------------

    def deeds(self, limit: int = 50, before: str | None = None, **narrowed: str) -> Sequence[Deed]:
        """What was done, newest first; for admins, who may narrow it by who, action, thing or project_id."""

    # --- the platform itself -----------------------------------------------------------------------------------------

    def people(self, limit: int = 50, before: str | None = None) -> Sequence[Person]:
        """The people whom the platform knows, by name; `before` is the last name on the page before. For admins."""

    def workers(self) -> Sequence[Alive]:
        """The workers that were heard of within a day, by name; for admins. A run says which one carries it out."""

    def settings(self) -> Sequence[Setting]:
        """What the platform was started with, secrets left out; for admins."""

    # --- fair use ----------------------------------------------------------------------------------------------------

    def standing(self) -> Standing:
        """What who asks may use and has used, by themselves and in each of their teams, and what an hour costs."""

    def usage(
        self, project: str | None = None, month: str | None = None, limit: int = 50, before: str | None = None
    ) -> Sequence[Usage]:
        """What one has used oneself; for its owners, what everybody has used in a project. Newest first."""

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
        """What all people, or teams, have used, newest first; for admins."""

    def limits(self) -> Sequence[Limits]:
        """All limits that are set; for admins."""

    def set_limits(self, limits: Limits) -> Limits:
        """Sets limits, for everybody, a team or a person, in place of those they had; for admins."""

    def drop_limits(self, kind: Subject, name: str = "") -> None:
        """Takes limits away; for admins."""
