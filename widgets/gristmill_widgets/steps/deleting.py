"""A run, or its model alone, is deleted for good: somebody is asked first, and told what goes and what stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gristmill.records import Model, Run, RunKind
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.pieces import action

if TYPE_CHECKING:
    from gristmill_widgets.steps.run import RunPage
    from gristmill_widgets.strings import English

__all__ = ["Deleting", "run_doubt"]

_NAME = 60  # letters


def run_doubt(s: English, run: Run) -> str:
    """What is asked before a run goes."""
    asked = s.run_doubt if run.kind is RunKind.TRAIN and run.model_id else s.run_doubt_bare
    return asked.format(name=shorten(run.name, _NAME))


class Deleting:
    """The way to delete what the page of a run shows."""

    def __init__(self, page: RunPage) -> None:
        self._page = page

    def content(self, run: Run, model: Model | None = None) -> Child:
        """The buttons, or the question; nothing while a run goes on."""
        s, page = self._page.s, self._page
        if not run.status.is_final:
            return None
        if page.doubted == "model" and model is not None:
            return page.question(s.model_doubt.format(name=shorten(model.name, _NAME), version=model.version), "delete")
        if page.doubted == "run":
            return page.question(run_doubt(s, run), "delete")
        return el(
            "div",
            action(s.delete_run, "doubt", "run", kind="is-quiet"),
            action(s.delete_model, "doubt", "model", kind="is-quiet") if model is not None else None,
            class_="gm-row",
        )

    def titled(self, run: Run, model: Model) -> list[Html]:
        """The same with a heading and a sentence, among what is known of a model."""
        s = self._page.s
        return [
            el("h2", s.delete_title, class_="gm-share"),
            el("p", s.delete_lead, class_="gm-note"),
            el("div", self.content(run, model)),
        ]

    def done(self, what: str) -> None:
        """Delete it, if that was asked for."""
        page = self._page
        run, client = page.run, page.app.client
        if not page.is_sure(what) or run is None:
            return
        if what == "model":
            page.ask(lambda: client.delete_model(run.model_id or run.id), lambda _: self._without_model())
        else:
            page.ask(lambda: client.delete_run(run.id), lambda _: self._gone())

    def _without_model(self) -> None:
        self._page.app.say(self._page.s.file_gone)
        self._page.answer = None
        self._page.begin()

    def _gone(self) -> None:
        app = self._page.app
        app.go("home")
        app.say(self._page.s.file_gone)
