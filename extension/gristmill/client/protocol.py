"""What the platform can be asked, whoever answers: a Mill in this process, or one behind HTTP.

The command line, the wizard and notebooks are written against `Client` and nothing else. Every method speaks in
records, raises errors of gristmill.errors, and may be called again after it failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from gristmill.client.people import People
from gristmill.records import (
    About,
    AboutChange,
    Comparison,
    Dataset,
    DatasetEntry,
    Edit,
    Event,
    Lineage,
    Model,
    Outlook,
    Preview,
    Profile,
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
    Stage,
    Tick,
    Transfer,
    Upload,
    WeightsEntry,
)

__all__ = ["Client", "Progress"]

Progress = Callable[[int, int], None]
"""Told how many bytes have gone, and of how many."""


class Client(People, Protocol):
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

    def versions(self, dataset_id: str, limit: int = 1_000, before: str | None = None) -> Sequence[DatasetEntry]:
        """Versions of a dataset's name in its project, newest first; `before` is the last id on the page before."""

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
