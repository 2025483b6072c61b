"""Steps 4 and 5, one page: a run is watched until it has a model, and then it is the answer.

Whoever comes to the page, at whatever time, finds it where the run is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gristmill.records import Event, Model, Run, RunKind, RunStatus
from gristmill_widgets.doubting import Doubting
from gristmill_widgets.following import Following, Story
from gristmill_widgets.html import Html, el, shorten
from gristmill_widgets.links import fragment_of
from gristmill_widgets.pieces import card, head, loading
from gristmill_widgets.steps.answer import Answer
from gristmill_widgets.steps.deleting import Deleting
from gristmill_widgets.steps.watch import Watch

__all__ = ["RunPage"]


class RunPage(Doubting):
    """A run, however it stands."""

    name = "run"

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        self.run: Run | None = None
        self.story = Story()
        self.is_lost = False
        self.model: Model | None = None  # that a run asks which trains none
        self._following: Following | None = None
        self.deleting = Deleting(self)
        self.watch = Watch(self)
        self.answer: Answer | None = None

    @property
    def step(self) -> int:  # type: ignore[override]
        is_answer = self.answer is not None or (self.run is not None and self.run.kind is not RunKind.TRAIN)
        return 5 if is_answer else 4

    @property
    def title(self) -> str:
        return self.s.watch_title if self.run is None else shorten(self.run.name, 40)

    def ways(self) -> dict[int, str]:
        ways = {1: "have", 4: self.fragment}
        if self.run is not None and self.run.dataset_id:
            chosen = {"task": self.run.task, "target": self.run.target, "metric": self.run.metric}
            ways |= {2: fragment_of("want", self.run.dataset_id), 3: fragment_of("time", self.run.dataset_id, chosen)}
        return ways

    def begin(self) -> None:
        self.leave()
        self.is_shown = True
        self.ask(lambda: self.app.client.run(self.subject), self._found)

    def leave(self) -> None:
        super().leave()
        if self._following is not None:
            self._following.end()
            self._following = None

    def _found(self, run: Run) -> None:
        self.run = run
        self._turn()
        if self.answer is None:
            self.follow()
        model_id = run.model_id
        if run.kind is not RunKind.TRAIN and model_id is not None:
            self.ask(lambda: self.app.client.model(model_id), self._asked, lambda _: None)

    def _asked(self, model: Model) -> None:
        self.model = model

    def follow(self) -> None:
        """Look on until the run has ended."""
        if self.run is not None and self._following is None:
            later = self.app.work.later
            self._following = Following(
                self.app.client, self.run, self.story.seen,
                lambda run, events: later(lambda: self._heard(run, events)),
                lambda: later(self._lost),
            )  # fmt: skip

    def _heard(self, run: Run, events: Sequence[Event]) -> None:
        if not self.is_shown:
            return
        before = self.run
        self.run, self.is_lost = run, False
        self.story.take(events)
        if run.status.is_final and not events:
            self._following = None
            self._turn()
        if before is not None and before.status is not run.status:
            self.app.say(f"{run.name}: {self.s.states[run.status]}")
            self.app.shell.look()
        if before != run or events:
            self.app.draw()

    def _lost(self) -> None:
        if self.is_shown and not self.is_lost:
            self.is_lost = True
            self.app.draw()

    def _turn(self) -> None:
        """From watching to the answer, once there is one."""
        run = self.run
        if run is None or run.status is not RunStatus.SUCCEEDED or run.kind is not RunKind.TRAIN:
            return
        if run.model_id is not None and self.answer is None:
            self.answer = Answer(self, run)
            self.answer.begin()

    def content(self) -> Html:
        if self.run is None:
            return el("div", head(self.s.watch_title), card(loading(self.s.loading)) if self.why is None else None)
        return self.answer.content() if self.answer is not None else self.watch.content(self.run)

    def on_delete(self, value: Any, fields: dict[str, Any]) -> None:
        """It goes."""
        del fields
        self.deleting.done(str(value))

    def hear(self, act: str, value: Any, fields: dict[str, Any], buffers: list[memoryview]) -> None:
        """What the visitor did, for whichever of the two is shown."""
        self.why = None
        view = self.answer if self.answer is not None else self.watch
        done = getattr(view, f"on_{act}", None) if act.isidentifier() else None
        if done is None:
            super().hear(act, value, fields, buffers)
            return
        if buffers:  # a piece of a file
            fields = {**fields, "bytes": bytes(buffers[0])}
        done(value, fields)
        if self.is_shown:
            self.app.draw()
