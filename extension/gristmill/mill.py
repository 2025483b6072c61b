"""Every use case, one method each: the embedded platform, and what the API will put on the wire.

The methods are those of `client.Client`, so whatever speaks to a Mill speaks to a hub in the same words.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gristmill import explaining, exploring, intake, model_archive, records, tasks
from gristmill.bench import BenchFile
from gristmill.catalog import Catalog
from gristmill.dispatch import Dispatcher
from gristmill.errors import (
    BudgetTooSmall,
    Conflict,
    DataRejected,
    NotConfirmed,
    NotFound,
    NotPossible,
    UsageError,
)
from gristmill.intake import Allowance
from gristmill.recipe_book import RecipeBook
from gristmill.records import (
    ColumnKind,
    Dataset,
    DatasetEntry,
    Event,
    EventKind,
    Model,
    Notice,
    Profile,
    Proposal,
    RecipeEntry,
    Run,
    RunRequest,
    RunStatus,
    Severity,
    Upload,
    UploadStatus,
    Wanted,
    WeightsEntry,
)
from gristmill.sandbox import Sandbox
from gristmill.stores import Store, places
from gristmill.weights_shelf import WeightsShelf

__all__ = ["Mill", "Parts"]

_LEAST_BUDGET = 30.0  # seconds: below it, loading AutoGluon and saving a model leave no time to train
_MOST_BUDGET = 30 * 24 * 3600.0
_LOOK_EVERY = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What a Mill is made of; `home` is where it keeps what it can always make again."""

    catalog: Catalog
    store: Store
    dispatcher: Dispatcher
    sandbox: Sandbox
    home: Path
    allowance: Allowance = field(default_factory=Allowance)
    weights: Path | None = None  # the shelf of pretrained weights; in `home` where nothing is said


class Mill:
    """The platform in process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._catalog = parts.catalog
        self._store = parts.store
        self._book = RecipeBook(catalog=parts.catalog, store=parts.store, sandbox=parts.sandbox, home=parts.home)
        self._shelf = WeightsShelf(folder=parts.weights or parts.home / "weights", sandbox=parts.sandbox)

    # --- data --------------------------------------------------------------------------------------------------------

    def check(self, path: Path, *, table: str | None = None) -> tuple[Profile, Proposal | None]:
        """Intake only: what is in the file and what could be done with it. Nothing is registered."""
        with self._scratch() as scratch:
            return self._looked_at(_existing(path), Path(scratch), table)

    def explore(
        self, source: str, to: Path, *, target: str | None = None, task: str | None = None, table: str | None = None
    ) -> Path:
        """Draw what to know of a file, or of a dataset by its id, before training: one HTML page as the file `to`."""
        _needs("Exploring", ("papermill",), "train")
        with self._scratch() as scratch:
            folder, sandbox = Path(scratch), self._parts.sandbox
            execution = sandbox.prepare(folder)  # it warms up while the data is looked at
            try:
                if source.startswith("dataset-") and not Path(source).exists():
                    dataset = self.dataset(source)
                    name, profile = dataset.name, dataset.profile
                    proposal = self.propose(dataset.id, task=task, target=target)
                    intake.fetch(self._store, dataset, folder / "data")
                else:
                    name, (profile, _) = Path(source).name, self._looked_at(_existing(Path(source)), folder, table)
                    proposal = intake.propose(profile, task=task, target=target, sample=intake.sample(folder))
                file = exploring.file_of(name, profile, proposal, sandbox.resources())
                return exploring.draw(file, folder, execution, to)
            finally:
                execution.kill()

    def upload(self, path: Path, *, project: str = "default", name: str | None = None) -> Upload:
        """Put a file into the store, as it is."""
        path = _existing(path)
        self._parts.allowance.check_file(path)
        upload_id = records.new_id("upload")
        upload = Upload(
            id=upload_id,
            project_id=self._catalog.projects.ensure(project).id,
            name=name or path.name,
            key=places.upload(upload_id, _key_segment(path.name)),
            size=path.stat().st_size,
            status=UploadStatus.OPEN,
            created_at=time.time(),
        )
        self._catalog.uploads.add(upload)
        stored = self._store.put_file(upload.key, path)
        return self._catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256=stored.sha256)

    def admit(self, upload_id: str, *, name: str | None = None, table: str | None = None) -> Dataset:
        """Make an upload a dataset; DataRejected where it cannot be one, and then the upload is kept."""
        upload = self._catalog.uploads.get(upload_id)
        if upload.status is not UploadStatus.RECEIVED:
            raise Conflict(f"The upload {upload.name} is {upload.status}.", cure="Upload the file again.")
        filename = upload.key.rsplit("/", 1)[-1]
        try:
            with self._scratch() as scratch:
                local = Path(scratch) / filename
                self._store.get_file(upload.key, local)
                profile, proposal = self._looked_at(local, Path(scratch), table)
                self._store.put_file(places.sample(upload.id), intake.sample_file(Path(scratch)))
                intake.keep_listing(self._store, upload.id, profile, Path(scratch))
        except DataRejected as rejected:
            self._catalog.uploads.settle(upload.id, UploadStatus.REJECTED, failure=rejected.failure)
            raise
        dataset = Dataset(
            id=records.new_id("dataset"),
            project_id=upload.project_id,
            upload_id=upload.id,
            name=name or Path(upload.name).stem,
            version=0,
            key=upload.key,
            filename=filename,
            size=upload.size,
            sha256=upload.sha256 or "",
            profile=profile,
            proposal=proposal,
            created_at=time.time(),
        )
        return self._catalog.datasets.add(dataset)

    def dataset(self, dataset_id: str) -> Dataset:
        """A dataset with its profile."""
        return self._catalog.datasets.get(dataset_id)

    def datasets(self, project: str | None = None) -> Sequence[DatasetEntry]:
        """Datasets, newest first."""
        return self._catalog.datasets.list(self._project_id(project))

    def propose(
        self, dataset_id: str, *, task: str | None = None, target: str | None = None, metric: str | None = None
    ) -> Proposal:
        """What the platform suggests to do with a dataset, given what a person has settled already."""
        dataset = self.dataset(dataset_id)
        with self._scratch() as scratch:
            self._store.get_file(places.sample(dataset.upload_id), intake.sample_file(Path(scratch)))
            sample = intake.sample(Path(scratch))
        return intake.propose(dataset.profile, task=task, target=target, metric=metric, sample=sample)

    # --- runs --------------------------------------------------------------------------------------------------------

    def train(self, request: RunRequest) -> Run:
        """Queue a run; what the request leaves open is taken from the proposal."""
        dataset = self.dataset(request.dataset_id)
        proposal = self.propose(dataset.id, task=request.task, target=request.target, metric=request.metric)
        kind = tasks.find(proposal.task)
        self._parts.allowance.check_classes(dataset.profile, kind, proposal.target)
        _needs(f"Training for {kind.title.lower()}", kind.modules, kind.extra)
        _confirmed((*dataset.profile.notices, *proposal.notices), request.accepted)
        kind.settle(dataset.profile, proposal.target, dict(request.settings))
        built_in = kind.recipe.removesuffix(".ipynb")
        recipe = self._book.find(request.recipe or built_in, dataset.project_id)
        run = Run(
            id=records.new_id("run"),
            project_id=dataset.project_id,
            dataset_id=dataset.id,
            name=request.name or dataset.name,
            recipe=f"{recipe.name}@{recipe.version}",
            task=proposal.task,
            target=proposal.target,
            metric=proposal.metric,
            budget=_budget(request.budget or proposal.budget),
            seed=request.seed,
            settings=_settled(request.settings),
            accepted=tuple(request.accepted),
            status=RunStatus.QUEUED,
            wanted=Wanted.FINISH,
            created_at=time.time(),
        )
        self._store.put_bytes(places.proposal(run.id), records.encode(proposal))
        self._store.put_bytes(places.recipe(run.id), recipe.text.encode())
        return self._queue(run)

    def resume(self, run_id: str, budget: float, settings: dict[str, Any] | None = None) -> Run:
        """A new run that goes on from where an ended one stopped, keeping the models it had trained."""
        earlier = self.run(run_id)
        if not earlier.status.is_final:
            raise Conflict(
                f"The run {earlier.name} is still {earlier.status}.",
                cure="Wait until it has ended, or cancel it first.",
            )
        if earlier.artifact("checkpoint") is not None:
            _same(earlier, settings or {})
        run = replace(
            earlier,
            id=records.new_id("run"),
            budget=_budget(budget),
            settings=earlier.settings | _settled(settings or {}),
            status=RunStatus.QUEUED,
            wanted=Wanted.FINISH,
            created_at=time.time(),
            claimed_at=None,
            finished_at=None,
            fence=0,
            worker=None,
            lease_until=None,
            resumed_from=run_id,
            salvaged=False,
            score=None,
            leaderboard=(),
            seconds={},
            artifacts=(),
            model_id=None,
            failure=None,
        )
        for place in (places.proposal, places.recipe):
            self._store.put_bytes(place(run.id), self._store.read(place(run_id)))
        return self._queue(run)

    def run(self, run_id: str) -> Run:
        """A run as it stands now."""
        return self._catalog.runs.get(run_id)

    def runs(
        self, project: str | None = None, status: RunStatus | None = None, limit: int = 50, before: str | None = None
    ) -> Sequence[Run]:
        """Runs, newest first; `before` is the id of the last one on the page before."""
        statuses = () if status is None else (status,)
        return self._catalog.runs.list(self._project_id(project), statuses, before=before, limit=limit)

    def events(self, run_id: str, after: int = 0, wait: float = 0.0) -> Sequence[Event]:
        """What has happened in a run since event `after`; waits up to `wait` seconds for something to happen."""
        until = time.monotonic() + wait
        while True:
            events = self._catalog.events.after(run_id, after, 500)
            if events or time.monotonic() >= until or (wait and self.run(run_id).status.is_final):
                return events
            time.sleep(_LOOK_EVERY)

    def cancel(self, run_id: str, *, keep: bool = False) -> Run:
        """Ask a run to end: with `keep`, it stops training now and keeps the best model so far."""
        return self._catalog.runs.want(run_id, Wanted.STOP if keep else Wanted.CANCEL)

    def fetch(self, run_id: str, artifact: str, to: Path) -> Path:
        """One thing that a run left, as a file."""
        run = self.run(run_id)
        found = run.artifact(artifact)
        if found is None:
            raise NotFound(
                f"The run {run.name} has no {artifact}.", cause=f"It is {run.status}.", cure=f"It has: {_listed(run)}."
            )
        self._store.get_file(found.key, to)
        return to

    def folder(self, run_id: str, to: Path) -> Path:
        """The run's folder, unpacked: its notebook runs there by hand, with the run's data."""
        if to.exists() and (not to.is_dir() or any(to.iterdir())):
            raise UsageError(f"{to} is there already and not empty.", cure="Name a folder that is not there yet.")
        run = self.run(run_id)
        dataset = self.dataset(run.dataset_id)
        to.mkdir(parents=True, exist_ok=True)
        intake.fetch(self._store, dataset, to / "data")
        proposal = records.decode(self._store.read(places.proposal(run.id)), Proposal)
        BenchFile.of(run, dataset, proposal, self._parts.sandbox.resources()).write(to)
        notebook = run.artifact("notebook")
        self._store.get_file(notebook.key if notebook else places.recipe(run.id), to / "notebook.ipynb")
        exploring.lay_beside(to)
        return to

    def explain(
        self,
        run_id: str,
        to: Path,
        *,
        candidates: Sequence[str] = (),
        every: bool = False,
        seconds: float | None = None,
    ) -> Path:
        """Explain candidates of an ended run, by their names, within `seconds`: one HTML page as the file `to`.

        The one that answers if none are named, and all of them with `every`.
        """
        from gristmill.worker.keeper import restore  # the worker draws figures, which takes pandas

        run = self.run(run_id)
        kind, checkpoint = tasks.find(run.task), run.artifact("checkpoint")
        _needs(f"Explaining {kind.title.lower()}", ("papermill", *kind.modules), kind.extra)
        if not run.status.is_final:
            raise Conflict(f"The run {run.name} is still {run.status}.", cure="Wait until it has ended.")
        if checkpoint is None:
            raise NotFound(
                f"The run {run.name} has kept no candidates to explain.",
                cause=f"It is {run.status}.",
                cure=f"`gristmill resume {run.id} --budget …` gives it more time.",
            )
        wish = explaining.Wish.of(run, self._candidates(run), candidates, every=every, seconds=seconds)
        if run.model_id is not None:
            wish = replace(wish, best=str(self.model(run.model_id).metrics.get("best", "")))
        with self._scratch() as scratch:
            folder, sandbox = Path(scratch), self._parts.sandbox
            execution = sandbox.prepare(folder)  # it warms up while the data is fetched
            try:
                dataset = self.dataset(run.dataset_id)
                intake.fetch(self._store, dataset, folder / "data")
                restore(self._store, checkpoint, folder)
                proposal = records.decode(self._store.read(places.proposal(run.id)), Proposal)
                file = BenchFile.of(run, dataset, proposal, sandbox.resources())
                return explaining.draw(file, wish, folder, execution, to)
            finally:
                execution.kill()

    def nudge(self) -> None:
        """Make sure that somebody works on what is queued."""
        self._parts.dispatcher.nudge()

    # --- recipes -----------------------------------------------------------------------------------------------------

    def recipes(self, project: str = "default") -> Sequence[RecipeEntry]:
        """Every recipe that can be named from a project: built-in ones, its own, and public ones."""
        return self._book.entries(project)

    def recipe(self, source: str, to: Path, *, project: str = "default") -> Path:
        """The notebook of a recipe, or the one that a run was asked to execute, as the file `to`."""
        recipe, _ = self._book.source(source, project)
        to.write_text(recipe.text, encoding="utf-8")
        return to

    def try_recipe(self, source: str, *, task: str | None = None, project: str = "default") -> None:
        """Try a recipe, a run's or a notebook on its task's tiny data set; RecipeInvalid where it does not pass."""
        recipe, known = self._book.source(source, project)
        self._book.attempt(recipe, task or known)

    def save_recipe(self, source: str, entry: RecipeEntry) -> RecipeEntry:
        """Keep a run's recipe or a notebook as `entry` says, under its next version, once it has passed its trial."""
        recipe, known = self._book.source(source, entry.project or "default")
        return self._book.save(recipe, entry if entry.tasks or not known else replace(entry, tasks=(known,)))

    # --- weights -----------------------------------------------------------------------------------------------------

    def weights(self) -> Sequence[WeightsEntry]:
        """Pretrained weights that have a name, at hand or not."""
        return self._shelf.entries()

    def fetch_weights(self, name: str) -> WeightsEntry:
        """Fetch weights from a model hub, by their name or as owner/name, and keep them."""
        return self._shelf.fetch(name)

    def add_weights(self, name: str, folder: Path, *, kind: str, licence: str) -> WeightsEntry:
        """Keep the weights in `folder` under a name, once they have opened and answered."""
        _needs("Trying weights", ("torch",), "all-tasks")
        return self._shelf.add(name, folder, kind=kind, licence=licence)

    # --- models ------------------------------------------------------------------------------------------------------

    def model(self, model_id: str) -> Model:
        """A model; the id of the run that made it will do as well."""
        if model_id.startswith("run-"):
            run = self.run(model_id)
            if run.model_id is None:
                raise NotFound(f"The run {run.name} has no model.", cause=f"It is {run.status}.")
            model_id = run.model_id
        return self._catalog.models.get(model_id)

    def models(self, project: str | None = None) -> Sequence[Model]:
        """Models, newest first."""
        return self._catalog.models.list(self._project_id(project))

    def download(self, model_id: str, to: Path) -> Path:
        """The model's archive as a file."""
        self._store.get_file(self.model(model_id).key, to)
        return to

    def predict(
        self,
        model_id: str,
        data: Path | None,
        to: Path,
        settings: Mapping[str, Any] | None = None,
        *,
        told: Callable[[str], object] = lambda _: None,
    ) -> int:
        """Predict the rows of a file into another; how many there were. The archive's own predict.py does it.

        Series need no `data`: they go on from where training ended. `told` hears what could not be answered.
        """
        model = self.model(model_id)
        kinds = {column["kind"] for column in model.schema.get("columns", ())}
        takes_folders = not kinds.isdisjoint({ColumnKind.PICTURE, ColumnKind.TEXT})
        given = [] if data is None else [str(_existing(data, or_folder=takes_folders).resolve())]
        folder = self._parts.home / "models" / model.id
        if not folder.exists():
            with self._scratch() as scratch:
                self._store.get_file(model.key, Path(scratch) / "model.zip")
                model_archive.unpack(Path(scratch) / "model.zip", folder)
        chosen = [part for name, value in (settings or {}).items() for part in ("--set", f"{name}={value}")]
        command = [sys.executable, str(folder / "predict.py"), *given, "-o", str(to.resolve()), *chosen]
        done = self._parts.sandbox.call(command, folder)
        if done.returncode == 2:  # what the script's own command line says no to
            raise UsageError(
                f"The model {model.name} cannot be asked like that.",
                cause=done.stderr.strip().splitlines()[-1].partition("error: ")[2].capitalize() + ".",
                cure="Most models need DATA to predict, and take no settings.",
            )
        if done.returncode == 3:
            raise DataRejected(done.stderr.strip().splitlines()[-1], code="not-predictable")
        if done.returncode != 0:
            raise NotPossible(
                "The model could not be asked.", cause=(done.stderr.strip().splitlines() or ["It gave no reason."])[-1]
            )
        for line in done.stderr.splitlines():
            if line.startswith("No prediction"):
                told(line)
        return int(done.stdout.strip().splitlines()[-1])

    # --- within ------------------------------------------------------------------------------------------------------

    def _looked_at(self, path: Path, scratch: Path, table: str | None) -> tuple[Profile, Proposal]:
        """What is in a file and what could be done with it; DataRejected where it holds more than is allowed here."""
        allowance = self._parts.allowance
        allowance.check_file(path)
        profile = intake.inspect(path, scratch, table)
        allowance.check_rows(profile)
        proposal = intake.propose(profile, sample=intake.sample(scratch))
        if profile.arranged:  # of a table, another column may be chosen
            allowance.check_classes(profile, tasks.find(proposal.task), proposal.target)
        return profile, proposal

    def _queue(self, run: Run) -> Run:
        run = self._catalog.runs.add(run)
        self._parts.dispatcher.hint(run.id)
        return run

    def _candidates(self, run: Run) -> tuple[str, ...]:
        """The names of a run's candidates, as far as it has told them: one without a model keeps no leaderboard."""
        if run.leaderboard:
            return tuple(row.model for row in run.leaderboard)
        seen, names = 0, list[str]()
        while events := self._catalog.events.after(run.id, seen, 500):
            seen = events[-1].seq
            boards = [event.body["rows"] for event in events if event.kind is EventKind.LEADERBOARD]
            names = [row["model"] for row in boards[-1]] if boards else names
        return tuple(names)

    def _project_id(self, name: str | None) -> str | None:
        return None if name is None else self._catalog.projects.find(name).id

    def _scratch(self) -> tempfile.TemporaryDirectory[str]:
        self._parts.home.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=self._parts.home, prefix="scratch-", ignore_cleanup_errors=True)


def _same(earlier: Run, settings: Mapping[str, Any]) -> None:
    """Refuse to go on with models that were trained for something else."""
    for name in tasks.find(earlier.task).lasting:
        if name in settings and settings[name] != earlier.settings.get(name):
            was = f"with {name}={earlier.settings[name]}" if name in earlier.settings else "without"
            raise UsageError(
                f"The run {earlier.name} cannot go on with {name}={settings[name]}: its models were trained {was}.",
                cure=f"Train anew: gristmill train {earlier.dataset_id} --set {name}={settings[name]}",
                code="settled",
            )


def _needs(what: str, modules: Sequence[str], extra: str) -> None:
    """Refuse what this machine lacks the libraries for."""
    for module in modules:
        try:
            found = importlib.util.find_spec(module)
        except ModuleNotFoundError:  # not even the package that it would be in
            found = None
        if found is None:
            raise NotPossible(
                f"{what} needs {module}, which is not installed here.", cure=f"pip install 'gristmill[{extra}]'"
            )


def _existing(path: Path, *, or_folder: bool = False) -> Path:
    if path.is_dir():
        if or_folder:
            return path
        raise UsageError(f"{path} is a folder.", cure="Pack it into a ZIP and give that.")
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", cure="Check the path.")
    return path


def _key_segment(filename: str) -> str:
    """A file's name as a segment of a key: control characters and backslashes out, the ending kept."""
    clean = "".join(letter if letter.isprintable() and letter not in "\\/" else "_" for letter in filename)
    stem, dot, ending = clean.rpartition(".")
    return (
        f"{stem.encode()[:200].decode(errors='ignore')}{dot}{ending}"
        if dot
        else clean.encode()[:200].decode(errors="ignore")
    )


def _confirmed(notices: Sequence[Notice], accepted: Sequence[str]) -> None:
    """Refuse to go on while a notice stands that its owner has not said yes to."""
    for notice in notices:
        if notice.severity is Severity.CONFIRM and notice.code not in accepted:
            raise NotConfirmed(
                notice.message, cure=f"{notice.cure} To go on, accept it: --accept {notice.code}".strip()
            )


def _settled(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as the recipe is told them; UsageError where one that concerns every recipe says nothing."""
    found = dict(settings)
    return found | {"tune": tasks.searcher(found["tune"])} if "tune" in found else found


def _budget(seconds: float) -> float:
    if seconds < _LEAST_BUDGET:
        raise BudgetTooSmall(
            f"A budget of {seconds:g} seconds cannot be kept.",
            cause="Loading AutoGluon and saving a model take most of that.",
            cure=f"Give at least {_LEAST_BUDGET:g} seconds.",
        )
    if seconds > _MOST_BUDGET:
        raise UsageError(
            f"A budget of {seconds / 86400:.0f} days is more than a run may take.", cure="Give at most 30 days."
        )
    return float(seconds)


def _listed(run: Run) -> str:
    return ", ".join(artifact.name for artifact in run.artifacts) or "nothing"
