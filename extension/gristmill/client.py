"""What the platform can be asked, whoever answers: a Mill in this process, or one behind HTTP.

The command line, the wizard and notebooks are written against `Client` and nothing else. Every method speaks in
records, raises errors of gristmill.errors, and may be called again after it failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from gristmill.records import (
    Dataset,
    DatasetEntry,
    Event,
    Model,
    Profile,
    Proposal,
    RecipeEntry,
    Run,
    RunRequest,
    RunStatus,
    Upload,
    WeightsEntry,
)

__all__ = ["Client"]


class Client(Protocol):
    """Use cases, one method each. An unknown id is NotFound, and so is one that belongs to somebody else."""

    # --- data --------------------------------------------------------------------------------------------------------

    def check(self, path: Path, *, table: str | None = None) -> tuple[Profile, Proposal | None]:
        """Intake only: what is in the file and what could be done with it. Nothing is registered.

        `table` names the file to train on, where an archive holds several that differ.
        """

    def explore(
        self, source: str, to: Path, *, target: str | None = None, task: str | None = None, table: str | None = None
    ) -> Path:
        """Draws what to know of a file, or of a dataset by its id, before training: one HTML page as the file `to`."""

    def upload(self, path: Path, *, project: str = "default", name: str | None = None) -> Upload:
        """Puts a file into the store, as it is."""

    def admit(self, upload_id: str, *, name: str | None = None, table: str | None = None) -> Dataset:
        """Makes an upload a dataset; DataRejected where it cannot be one, and then the upload is kept."""

    def dataset(self, dataset_id: str) -> Dataset:
        """A dataset with its profile."""

    def datasets(self, project: str | None = None) -> Sequence[DatasetEntry]:
        """Datasets, newest first."""

    def propose(
        self, dataset_id: str, *, task: str | None = None, target: str | None = None, metric: str | None = None
    ) -> Proposal:
        """What the platform suggests to do with a dataset, given what a person has settled already."""

    # --- runs --------------------------------------------------------------------------------------------------------

    def train(self, request: RunRequest) -> Run:
        """Queues a run; NotConfirmed while a notice stands that its owner has not said yes to."""

    def resume(self, run_id: str, budget: float, settings: dict[str, Any] | None = None) -> Run:
        """A new run that goes on from where an ended one stopped, keeping the models it had trained."""

    def run(self, run_id: str) -> Run:
        """A run as it stands now."""

    def runs(
        self, project: str | None = None, status: RunStatus | None = None, limit: int = 50, before: str | None = None
    ) -> Sequence[Run]:
        """Runs, newest first; `before` is the id of the last one on the page before."""

    def events(self, run_id: str, after: int = 0, wait: float = 0.0) -> Sequence[Event]:
        """What has happened in a run since event `after`; waits up to `wait` seconds for something to happen."""

    def cancel(self, run_id: str, *, keep: bool = False) -> Run:
        """Asks a run to end: with `keep`, it stops training now and keeps the best model so far."""

    def fetch(self, run_id: str, artifact: str, to: Path) -> Path:
        """One thing that a run left, as the file `to`."""

    def folder(self, run_id: str, to: Path) -> Path:
        """The run's folder, unpacked: its notebook runs there by hand, with the run's data."""

    def explain(
        self,
        run_id: str,
        to: Path,
        *,
        candidates: Sequence[str] = (),
        every: bool = False,
        seconds: float | None = None,
    ) -> Path:
        """Explains candidates of an ended run, by their names, within `seconds`: one HTML page as the file `to`.

        The one that answers if none are named, and all of them with `every`.
        """

    def nudge(self) -> None:
        """Makes sure that somebody works on what is queued; where workers stand by anyway, it does nothing."""

    # --- recipes -----------------------------------------------------------------------------------------------------

    def recipes(self, project: str = "default") -> Sequence[RecipeEntry]:
        """Every recipe that can be named from a project: built-in ones, its own, and public ones."""

    def recipe(self, source: str, to: Path, *, project: str = "default") -> Path:
        """The notebook of a recipe, or the one that a run was asked to execute, as the file `to`."""

    def try_recipe(self, source: str, *, task: str | None = None, project: str = "default") -> None:
        """Tries a recipe, a run's or a notebook on its task's tiny data set; RecipeInvalid where it does not pass."""

    def save_recipe(self, source: str, entry: RecipeEntry) -> RecipeEntry:
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

    def models(self, project: str | None = None) -> Sequence[Model]:
        """Models, newest first."""

    def download(self, model_id: str, to: Path) -> Path:
        """The model's archive as the file `to`."""

    def predict(
        self,
        model_id: str,
        data: Path | None,
        to: Path,
        settings: Mapping[str, Any] | None = None,
        *,
        told: Callable[[str], object] = lambda _: None,
    ) -> int:
        """Predicts the rows of a file into another; how many there were. Series need no `data`.

        `told` hears a sentence for each thing that could not be answered, as long as they are few.
        """
