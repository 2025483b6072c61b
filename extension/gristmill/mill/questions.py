"""Questions: a model asked about one small thing while a person waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gristmill import fair_use, model_archive, tasks
from gristmill.errors import NotFound, NotPossible, UsageError
from gristmill.mill.models import Models
from gristmill.mill.parts import existing, needs
from gristmill.mill.trail import audited
from gristmill.records import Model, Power, Reply
from gristmill.serving import Answered, Question
from gristmill.serving.usual import usual_row

__all__ = ["Questions"]

_LARGEST = 20 << 20  # bytes of a question
_MOST_SETTINGS = 20


class Questions(Models):
    """What a model can be asked at once."""

    @audited("model.predict")
    def ask(self, model_id: str, data: Path | None = None, settings: Mapping[str, Any] | None = None) -> Reply:
        """What a model says to a small file, held open for the next question where that is possible.

        Of a single row of a table, it also says which values have moved the answer. Series need no `data`.
        """
        self._gate.must(Power.USE)
        model, settings = self.model(model_id), _checked(settings or {})
        if data is not None and existing(data).stat().st_size > _LARGEST:
            raise UsageError(
                f"{data.name} is too large to be answered at once.",
                cause=f"It has more than {_LARGEST >> 20} MiB.",
                cure="Predict the file: gristmill batch, or batch() of a client.",
            )
        if data is None and tasks.find(model.task).asks_for_rows:
            raise UsageError(f"The model {model.name} answers rows.", cure="Give a file that holds them.")
        self._may_ask(model)
        question = Question(data=data, settings=settings, usual=self._usual(model) if data is not None else None)
        found, warm = self._answered(model, question)
        return Reply(
            model_id=model.id, name=found.name, content=found.content, count=found.count, warm=warm, told=found.told,
            effects=found.effects,
        )  # fmt: skip

    @audited("model.wake")
    def wake(self, model_id: str) -> None:
        """Open a model before it is asked, so that the first answer comes at once; nothing where none is held open."""
        self._gate.must(Power.USE)
        model, serving = self.model(model_id), self._parts.serving
        self._may_ask(model)
        if serving is not None:
            fetch, meter = self._fetch_and_meter(model)
            try:
                serving.wake(model, fetch, self.who.name, meter)
            except NotPossible as error:
                if error.failure.code != "not-kept":
                    raise

    def _may_ask(self, model: Model) -> None:
        _must_have_engine(model)
        if fair_use.is_limited(self.who):
            accounts = self._catalog.fair_use.accounts(self.who)
            fair_use.decide_question(accounts, self._parts.price, self._parts.sandbox.gpus())

    def _fetch_and_meter(self, model: Model) -> tuple[Callable[[Path], None], Callable[[float], None]]:
        """What brings the model's archive, and what counts the seconds that it takes."""
        store = self._shelf.of(model)

        def fetch(to: Path) -> None:
            store.get_file(model.key, to)

        def meter(seconds: float) -> None:
            self._charge(model, seconds)

        return fetch, meter

    def _answered(self, model: Model, question: Question) -> tuple[Answered, bool]:
        """The answer, and whether the model is held open."""
        serving = self._parts.serving
        if serving is not None:
            fetch, meter = self._fetch_and_meter(model)
            try:
                return serving.ask(model, fetch, question, self.who.name, meter), True
            except NotPossible as error:
                if error.failure.code != "not-kept":
                    raise
        return self._started_anew(model, question), False

    def _started_anew(self, model: Model, question: Question) -> Answered:
        told: list[str] = []
        folder, began = self._unpacked(model), time.monotonic()
        try:
            with self._scratch() as scratch:
                to = Path(scratch) / f"answers.{tasks.find(model.task).answers[0]}"
                call = self._parts.sandbox.call
                count = model_archive.ask(model, folder, question.data, to, question.settings, call, told.append)
                return Answered(name=to.name, content=to.read_bytes(), count=count, told=tuple(told), effects=())
        finally:
            self._charge(model, time.monotonic() - began)

    def _charge(self, model: Model, seconds: float) -> None:
        """Count what a question has taken, whatever came of it."""
        price, gpus = self._parts.price.hourly, self._parts.sandbox.gpus()
        self._catalog.fair_use.charge(self.who, model.project_id, seconds, price, gpus)

    def _usual(self, model: Model) -> bytes | None:
        """A row of what is usual in the data that a model was trained on; None where that is gone."""
        if model.schema.get("item", "row") != "row":
            return None
        try:
            dataset_id = self._catalog.runs.get(model.run_id).dataset_id
            profile = self._catalog.datasets.get(dataset_id or "").profile
        except NotFound:
            return None
        return usual_row(model, profile)


def _must_have_engine(model: Model) -> None:
    """NotPossible with a code of its own: a client may have the question answered elsewhere."""
    kind = tasks.find(model.task)
    try:
        needs(f"Asking a model for {kind.title.lower()}", kind.modules, kind.extra)
    except NotPossible as error:
        raise NotPossible(error.failure.what, cure=error.failure.cure, code="no-engine") from None


def _checked(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings, if a script's command line can be given them."""
    if len(settings) > _MOST_SETTINGS:
        raise UsageError(f"{len(settings)} settings are too many.", cure=f"Give at most {_MOST_SETTINGS}.")
    for name, value in settings.items():
        if not name.isidentifier() or not isinstance(value, str | int | float):
            raise UsageError(f"{name[:60]!r} cannot be set like that.", cure="Give a word and a number or a text.")
    return settings
