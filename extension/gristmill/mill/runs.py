"""Runs: asked for, watched, ended, and what they left."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gristmill import exploring, intake, recipes, records, tasks
from gristmill.bench import BenchFile
from gristmill.catalog.datasets import Found
from gristmill.errors import Conflict, NotConfirmed, NotFound, NotPossible, UsageError, possible_budget
from gristmill.mill.data import key_segment
from gristmill.mill.errands import Errand
from gristmill.mill.parts import label, needs
from gristmill.mill.trail import audited
from gristmill.mill.uploads import Uploads
from gristmill.records import (
    Artifact,
    Comparison,
    Dataset,
    Event,
    Failure,
    Membership,
    Notice,
    Power,
    Proposal,
    Run,
    RunKind,
    RunRequest,
    RunStatus,
    Severity,
    UploadStatus,
    Wanted,
    replace,
)
from gristmill.stores import places

__all__ = ["Runs", "confirmed"]

_LOOK_EVERY = 0.1
_MOST_COMPARED = 20
_LINK_LASTS = 300.0  # seconds
_ASKED = ("dataset_id", "recipe", "task", "target", "metric", "budget", "seed", "settings", "resumed_from")
_UNTOUCHED: dict[str, Any] = {  # what a run is before anybody works on it
    "status": RunStatus.QUEUED,
    "wanted": Wanted.FINISH,
    "claimed_at": None,
    "finished_at": None,
    "fence": 0,
    "worker": None,
    "lease_until": None,
    "salvaged": False,
    "score": None,
    "rows": None,
    "leaderboard": (),
    "seconds": {},
    "artifacts": (),
    "model_id": None,
    "failure": None,
}


class Runs(Uploads):
    """What can be asked about runs."""

    @audited("run.train")
    def train(self, request: RunRequest) -> Run:
        """Queue a run; what the request leaves open is taken from the proposal."""
        self._gate.must(Power.TRAIN)
        found = self._workable(request.dataset_id, Membership.EDITOR)
        dataset = found.dataset
        proposal = self._fitting(dataset, request)
        confirmed((*dataset.profile.notices, *proposal.notices), request.accepted)
        return self._train(request, found, proposal, self._recipe(request, dataset, proposal))

    def _recipe(self, request: RunRequest, dataset: Dataset, proposal: Proposal) -> recipes.Recipe:
        """The notebook that a request asks for: its own, one of the book, or the task's."""
        if request.notebook:
            self._catalog.rest()  # it may be a long one
            return recipes.given(request.recipe or "notebook", request.notebook)
        built_in = tasks.find(proposal.task).recipe.removesuffix(".ipynb")
        return self._book.find(request.recipe or built_in, dataset.project_id)

    def _train(
        self, request: RunRequest, found: Found, proposal: Proposal, recipe: recipes.Recipe, id: str | None = None
    ) -> Run:
        """Queue what was settled; whatever asks for training comes by here."""
        dataset = found.dataset
        kind = tasks.find(proposal.task)
        self._parts.allowance.check_classes(dataset.profile, kind, proposal.target)
        kind.settle(dataset.profile, proposal.target, dict(request.settings))
        needs(f"Training for {kind.title.lower()}", kind.modules, kind.extra)
        id = id or records.new_id("run")
        errand = self._training(request, dataset, proposal, recipe, id=id, store_id=found.next_store)
        return self._queue(errand, {places.proposal(errand.id): records.encode(proposal)})

    def _training(
        self, request: RunRequest, dataset: Dataset, proposal: Proposal, recipe: recipes.Recipe, *, id: str,
        store_id: str | None = None,
    ) -> Errand:  # fmt: skip
        """What a request for training comes to."""
        return Errand(
            id=id,
            store_id=store_id,
            project_id=dataset.project_id,
            dataset_id=dataset.id,
            name=label(request.name, dataset.name),
            notebook=recipe,
            like=proposal,
            budget=possible_budget(proposal.budget if request.budget is None else request.budget),
            seed=request.seed,
            settings=_settled(request.settings),
            accepted=tuple(request.accepted),
        )

    @audited("run.rerun")
    def rerun(self, run_id: str) -> Run:
        """A new run that is asked for as an earlier one was, from the beginning."""
        run = self._gate.get(self._catalog.runs, run_id, Membership.EDITOR)
        self._gate.must(Power.TRAIN if run.kind is RunKind.TRAIN else Power.USE)
        return self._again(run, resumed_from=None)

    @audited("run.resume")
    def resume(self, run_id: str, budget: float, settings: dict[str, Any] | None = None) -> Run:
        """A new run that goes on from where an ended one stopped, keeping the models it had trained."""
        self._gate.must(Power.TRAIN)
        earlier = self._gate.get(self._catalog.runs, run_id, Membership.EDITOR)
        if earlier.kind is not RunKind.TRAIN:
            raise Conflict(f"The run {earlier.name} trains nothing.", cure="Ask for it again; it begins anew.")
        if not earlier.status.is_final:
            raise Conflict(
                f"The run {earlier.name} is still {earlier.status}.",
                cure="Wait until it has ended, or cancel it first.",
            )
        if earlier.artifact("checkpoint") is not None:
            _same(earlier, settings or {})
        settings = earlier.settings | _settled(settings or {})
        return self._again(earlier, resumed_from=run_id, budget=possible_budget(budget), settings=settings)

    def _again(self, earlier: Run, **changed: Any) -> Run:
        """A queued run that is asked for as `earlier` was, but for what is changed."""
        if earlier.dataset_id is not None:
            self._workable(earlier.dataset_id)
        upload = None if earlier.upload_id is None else self._catalog.uploads.get(earlier.upload_id)
        if upload is not None and upload.status is UploadStatus.REJECTED:
            raise Conflict(f"The file {upload.name} that the run had is not kept.", cure="Send it again, and ask anew.")
        if earlier.kind is not RunKind.TRAIN and earlier.model_id is not None:
            self._catalog.models.get(earlier.model_id)  # NotFound where it was deleted
        new: dict[str, Any] = {"id": records.new_id("run"), "store_id": self._shelf.next_id(earlier.project_id)}
        if earlier.kind is not RunKind.TRAIN:
            new["model_id"] = earlier.model_id
        run = replace(earlier, **(_UNTOUCHED | new | changed | self._admission.terms()))
        proposed = earlier.kind in (RunKind.TRAIN, RunKind.EXPLORE)
        places_of = (places.proposal, places.recipe) if proposed else (places.recipe,)
        papers = {place(run.id): self._paper(earlier, place(earlier.id)) for place in places_of}
        return self._admission.queue(run, papers)

    def run(self, run_id: str) -> Run:
        """A run as it stands now."""
        return self._gate.get(self._catalog.runs, run_id)

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
        statuses = () if status is None else (status,)
        projects = self._project_ids(project)
        return self._catalog.runs.list(
            projects, statuses, before=before, limit=limit, task=task, owner=owner, kind=kind
        )

    def compare(self, run_ids: Sequence[str]) -> Comparison:
        """Runs side by side: in what they were asked for differently, and which did best."""
        if not 2 <= len(set(run_ids)) <= _MOST_COMPARED:
            raise UsageError(f"{len(set(run_ids))} runs cannot be compared.", cure=f"Name 2 to {_MOST_COMPARED}.")
        runs = tuple(self.run(run_id) for run_id in dict.fromkeys(run_ids))
        differs = tuple(name for name in _ASKED if any(getattr(run, name) != getattr(runs[0], name) for run in runs))
        comparable = not {"task", "target", "metric"}.intersection(differs)
        scored = [(run.score, run.id) for run in runs if run.score is not None]
        best = None
        if comparable and scored and runs[0].dataset_id is not None:
            profile = self.dataset(runs[0].dataset_id).profile
            metric = tasks.find(runs[0].task).metric_for(profile, runs[0].target, runs[0].metric)
            best = (max if metric.greater_is_better else min)(scored)[1]
        return Comparison(runs=runs, differs=differs, comparable=comparable, best=best)

    def events(self, run_id: str, after: int = 0, wait: float = 0.0) -> Sequence[Event]:
        """What has happened in a run since event `after`; waits up to `wait` seconds for something to happen."""
        self.run(run_id)
        until = time.monotonic() + wait
        while True:
            events = self._catalog.events.after(run_id, after, 500)
            if events or time.monotonic() >= until or (wait and self.run(run_id).status.is_final):
                return events
            time.sleep(_LOOK_EVERY)

    @audited("run.cancel")
    def cancel(self, run_id: str, *, keep: bool = False) -> Run:
        """Ask a run to end: with `keep`, it stops training now and keeps the best model so far."""
        run = self._gate.get(self._catalog.runs, run_id, Membership.EDITOR)
        keep = keep and run.kind is RunKind.TRAIN  # the others have nothing to keep before their end
        return self._catalog.runs.want(run.id, Wanted.STOP if keep else Wanted.CANCEL)

    @audited("run.delete")
    def delete_run(self, run_id: str) -> None:
        """Delete a run with all that it has left, its model too; Conflict while it goes on, or something needs it."""
        run = self._gate.get(self._catalog.runs, run_id, Membership.EDITOR)
        why = Failure(code="deleted", what=f"It was deleted with the run {run.name} by {self.who.name}.")
        upload_id = self._catalog.removing.run(run.id, why)
        self._shelf.of(run).delete_all(places.run(run.id))
        if upload_id is not None:
            upload = self._catalog.uploads.get(upload_id)
            self._shelf.of(upload).delete(upload.key)
        if run.model_id is not None and run.kind is RunKind.TRAIN:
            self._forget_unpacked(run.model_id)

    def _forget_unpacked(self, model_id: str) -> None:
        """Remove the copy of a model's archive that is kept here to be asked."""
        shutil.rmtree(self._parts.home / "models" / model_id, ignore_errors=True)

    @audited("run.fetch")
    def fetch(self, run_id: str, artifact: str, to: Path) -> Path:
        """One thing that a run left, as a file."""
        run, found = self._artifact(run_id, artifact)
        self._shelf.of(run).get_file(found.key, to)
        return to

    @audited("run.folder")
    def folder(self, run_id: str, to: Path, *, data: bool = True) -> Path:
        """The run's folder, unpacked: its notebook runs there by hand, with its data unless that is not wanted."""
        run = self.run(run_id)
        if run.dataset_id is None or run.kind is not RunKind.TRAIN:
            raise NotPossible(
                f"The run {run.name} has no folder to work in.",
                cause="It only asks a model.",
                cure="Fetch its notebook, the model and the file; the notebook's first cell names them.",
            )
        dataset = self.dataset(run.dataset_id)
        self._new_folder(to)
        if data:
            intake.fetch(self._shelf.of(dataset), dataset, to / "data", self._parts.looking.edit)
        proposal = records.decode(self._paper(run, places.proposal(run.id)), Proposal)
        BenchFile.of(run, dataset, proposal, self._parts.sandbox.resources()).write(to)
        notebook = run.artifact("notebook")
        text = self._shelf.of(run).read(notebook.key) if notebook else self._paper(run, places.recipe(run.id))
        (to / "notebook.ipynb").write_bytes(text)
        exploring.lay_beside(to, run.task)
        return to

    def _new_folder(self, to: Path) -> None:
        if to.exists() and (not to.is_dir() or any(to.iterdir())):
            raise UsageError(f"{to} is there already and not empty.", cure="Name a folder that is not there yet.")
        to.mkdir(parents=True, exist_ok=True)

    @audited("run.fetch")
    def artifact_link(self, run_id: str, artifact: str) -> str:
        """A URL that fetches one thing that a run left, for a while."""
        run, found = self._artifact(run_id, artifact)
        name = key_segment(f"{run.name}-{found.key.rsplit('/', 1)[-1]}")
        return self._shelf.of(run).sign_get(found.key, seconds=_LINK_LASTS, filename=name)

    @audited("run.fetch")
    def artifact_stream(self, run_id: str, artifact: str) -> tuple[int, Iterator[bytes]]:
        """One thing that a run left: how long it is, and its bytes."""
        run, found = self._artifact(run_id, artifact)
        return found.size, self._shelf.of(run).stream(found.key)

    def _artifact(self, run_id: str, artifact: str) -> tuple[Run, Artifact]:
        run = self.run(run_id)
        found = run.artifact(artifact)
        if found is None:
            raise NotFound(
                f"The run {run.name} has no {artifact}.", cause=f"It is {run.status}.", cure=f"It has: {_listed(run)}."
            )
        return run, found

    def nudge(self) -> None:
        """Make sure that somebody works on what is queued."""
        self._parts.dispatcher.nudge()

    def _fitting(self, dataset: Dataset, request: RunRequest) -> Proposal:
        """The dataset's own proposal where the request asks for nothing else; otherwise one for what it asks."""
        stored = dataset.proposal
        names = ("task", "target", "metric")
        if stored is None or any(getattr(request, name) not in (None, getattr(stored, name)) for name in names):
            return self._proposal(dataset, request.task, request.target, request.metric)
        chosen = {name for name in names if getattr(request, name)}
        doubts = {"doubtful-target"} if "target" in chosen else set()
        kept = [one for one in stored.notices if one.code not in doubts]
        if "task" in chosen:
            kept = [one for one in kept if not one.code.startswith("doubtful-")]
        reasons = {name: "You chose it." if name in chosen else why for name, why in stored.reasons.items()}
        return replace(stored, notices=tuple(kept), reasons=reasons)

    def _paper(self, run: Run, key: str) -> bytes:
        """Something that a run was asked with."""
        return self._catalog.papers.read(run.id, key, self._shelf.of(run).read)

    def _queue(self, errand: Errand, beside: Mapping[str, bytes] | None = None) -> Run:
        """Queue a run with what its worker will look for in the store, if fair use lets it in."""
        papers = {places.recipe(errand.id): errand.notebook.text.encode(), **(beside or {})}
        return self._admission.queue(errand.run(**self._admission.terms()), papers)


def confirmed(notices: Sequence[Notice], accepted: Sequence[str]) -> None:
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


def _listed(run: Run) -> str:
    return ", ".join(artifact.name for artifact in run.artifacts) or "nothing"


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
