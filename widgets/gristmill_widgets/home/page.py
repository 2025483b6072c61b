"""Home: what a visitor has, and the way to more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from gristmill.records import DatasetEntry, Limit, Model, Power, Project, Run, RunKind, RunStatus, Standing
from gristmill_widgets.doubting import Doubting
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.links import fragment_of, link
from gristmill_widgets.pieces import action, card, empty, head, loading, state
from gristmill_widgets.steps.deleting import run_doubt
from gristmill_widgets.words import number, score, size, task, when

__all__ = ["Home"]

_SHOWN = 50
_EVERY = 12  # shown without a search


class Home(Doubting):
    """Runs, models and data, newest first."""

    name = "home"

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        self._runs: Sequence[Run] | None = None
        self._models: Sequence[Model] = ()
        self._datasets: Sequence[DatasetEntry] = ()
        self._projects: Sequence[Project] = ()
        self._standing: Standing | None = None
        self._sought = ""

    @property
    def title(self) -> str:
        return self.s.home_title

    def begin(self) -> None:
        client, project = self.app.client, self.chosen.get("project") or None
        self.ask(lambda: client.runs(project, limit=_SHOWN), self._ran)
        self.ask(lambda: client.models(project, limit=_SHOWN), lambda found: setattr(self, "_models", found))
        self.ask(lambda: client.datasets(project, limit=_SHOWN), lambda found: setattr(self, "_datasets", found))
        self.ask(client.projects, lambda found: setattr(self, "_projects", found), lambda _: None)
        self.ask(client.standing, lambda found: setattr(self, "_standing", found), lambda _: None)

    def _ran(self, runs: Sequence[Run]) -> None:
        self._runs = runs

    # --- shown -------------------------------------------------------------------------------------------------------

    def content(self) -> Html:
        s = self.s
        if self._runs is None:
            return el("div", head(s.home_title), card(loading(s.loading)) if self.why is None else None)
        if not self._runs and not self._datasets and not self.chosen:
            return el("div", self._welcome())
        sought = el(
            "label", el("span", s.search, class_="gm-away"),
            el("input", type="search", name="sought", value=self._sought, placeholder=s.search, class_="gm-input",
               data_input="sought"), class_="gm-search",
        )  # fmt: skip
        top = el(
            "div",
            head(s.home_title),
            el("div", self._of_project(), self._members(), self._admin(), sought, class_="gm-row"),
            class_="gm-home-top",
        )
        return el(
            "div",
            top,
            self._running(),
            self._all_runs(),
            el("div", self._all_models(), self._all_data(), class_="gm-two"),
            self._used(),
        )

    def _welcome(self) -> Html:
        s = self.s
        steps = [el("li", el("b", title), el("span", text)) for title, text in s.welcome_steps]
        return el(
            "section", el("h1", s.welcome_title, tabindex="-1"), el("p", s.welcome_lead, class_="gm-lead"),
            el("div", link(s.welcome_go, "have", class_="gm-button is-main is-large"), class_="gm-row"),
            el("ol", steps, class_="gm-welcome-steps"), class_="gm-welcome",
        )  # fmt: skip

    def _of_project(self) -> Child:
        s = self.s
        if len(self._projects) < 2:
            return None
        now = self.chosen.get("project", "")
        options = [el("option", s.all_projects, value="", selected=not now)]
        options += [
            el("option", shorten(one.name, 50), value=one.name, selected=one.name == now, dir="auto")
            for one in self._projects
        ]
        return el("label", el("span", s.project, class_="gm-away"),
                  el("select", options, data_act="project", class_="gm-select"))  # fmt: skip

    def _members(self) -> Child:
        """The way to the members of the project that is shown; alone on a machine, there are none."""
        names = [one.name for one in self._projects]
        project = self.chosen.get("project") or (names[0] if len(names) == 1 else "")
        if not project or self.app.who is None or self.app.who.name == "local":
            return None
        return link(self.s.project_members, fragment_of("project", project), class_="gm-button")

    def _admin(self) -> Child:
        who = self.app.who
        if who is None or who.name == "local" or Power.ADMIN not in who.powers:
            return None
        return link(self.s.admin_title, "admin", class_="gm-button")

    def _fits(self, *texts: str) -> bool:
        words = self._sought.casefold().split()
        whole = " ".join(texts).casefold()
        return all(word in whole for word in words)

    def _running(self) -> Child:
        runs = [run for run in self._runs or () if not run.status.is_final]
        if not runs:
            return None
        return card(
            el("ul", [self._run(run) for run in runs], class_="gm-list"), title=self.s.home_running, data_refresh="5"
        )

    def _all_runs(self) -> Html:
        s = self.s
        runs = [
            run for run in self._runs or ()
            if run.status.is_final and self._fits(run.name, run.target, run.task, s.states[run.status], run.owner)
        ]  # fmt: skip
        if not runs:
            inside: Child = (
                el("p", s.none_found, class_="gm-note")
                if self._sought
                else empty(s.runs_empty_title, s.runs_empty, link(s.new, "have", class_="gm-button is-main"))
            )
        else:
            inside = el("ul", [self._run(run) for run in runs[: _SHOWN if self._sought else _EVERY]], class_="gm-list")
        return card(inside, title=s.home_runs)

    def _run(self, run: Run) -> Html:
        s = self.s
        said = s.asks if run.kind is RunKind.BATCH else task(s, run.task)[0]
        came_to = score(s, run.metric, run.score) if run.status is RunStatus.SUCCEEDED and run.score is not None else ""
        asked: Child = None
        if self.doubted == run.id:
            asked = self.question(run_doubt(s, run), "delete")
        elif run.status.is_final:
            name = shorten(run.name, 40)
            asked = action("×", "doubt", run.id, kind="is-quiet is-small", aria_label=f"{s.delete_run}: {name}")
        return el(
            "li",
            link(
                [
                    el("span", el("b", shorten(run.target or run.name, 40), dir="auto"), " ",
                       el("span", s.of.format(name=shorten(run.name, 40)), class_="gm-soft"), class_="gm-list-name"),
                    el("span", said, class_="gm-list-what"),
                    el("span", came_to, class_="gm-list-score"),
                    state(s, run),
                    el("span", when(s, run.created_at), class_="gm-list-when"),
                ],
                fragment_of("run", run.id), class_="gm-list-row",
            ),
            asked,
            data_key=run.id,
        )  # fmt: skip

    def _all_models(self) -> Html:
        s = self.s
        models = [one for one in self._models if self._fits(one.name, one.target, one.task, str(one.stage))]
        if not models:
            return card(
                el("p", s.none_found if self._sought else s.models_empty, class_="gm-note"), title=s.home_models
            )
        items = [
            el(
                "li",
                link(
                    [el("b", shorten(f"{one.target} · {one.name}", 50), dir="auto"),
                     el("span", f"{s.version} {one.version} · {score(s, one.metric, one.score)} · ",
                        s.stages_of[one.stage])],
                    fragment_of("run", one.run_id), class_="gm-choice",
                ),
                data_key=one.id,
            )
            for one in models[:_EVERY]
        ]  # fmt: skip
        return card(el("ul", items, class_="gm-choices"), title=s.home_models)

    def _all_data(self) -> Html:
        s = self.s
        found = [one for one in self._datasets if self._fits(one.name, one.filename)]
        if not found:
            return card(el("p", s.none_found if self._sought else s.have_none, class_="gm-note"), title=s.home_data)
        items = [
            el(
                "li",
                link(
                    [el("b", shorten(one.name, 50), dir="auto"),
                     el("span", f"{s.version} {one.version} · {size(s, one.size)} · {when(s, one.created_at)}")],
                    fragment_of("want", one.id), class_="gm-choice",
                ),
                data_key=one.id,
            )
            for one in found[:_EVERY]
        ]  # fmt: skip
        project = self.chosen.get("project")
        files = link(s.all_files, fragment_of("files", "", {"project": project}), class_="gm-button is-quiet")
        return card(el("ul", items, class_="gm-choices"), el("div", files, class_="gm-row"), title=s.home_data)

    def _used(self) -> Child:
        s, standing = self.s, self._standing
        if standing is None:
            return None
        items = []
        for one in standing.allowances:
            if one.most is None or one.limit is Limit.LARGEST_BUDGET:
                continue
            form: Callable[[float], str] = partial(size, s) if one.limit is Limit.STORAGE else partial(number, s)
            of = s.used_of.format(used=form(one.used + one.asked), most=form(one.most))
            gone = min(1.0, (one.used + one.asked) / one.most) if one.most else 1.0
            items.append(
                el("li", el("span", s.limits[one.limit]), el("span", of, class_="gm-soft"),
                   el("div", el("span"), class_="gm-bar is-share", data_share=f"{gone:.3f}", aria_hidden="true"))
            )  # fmt: skip
        return card(el("ul", items, class_="gm-used"), title=s.home_used) if items else None

    # --- done --------------------------------------------------------------------------------------------------------

    def on_refresh(self, value: Any, fields: dict[str, Any]) -> None:
        """See how the runs stand that go on."""
        del value, fields
        project = self.chosen.get("project") or None
        self.ask(lambda: self.app.client.runs(project, limit=_SHOWN), self._ran, lambda _: None)

    def on_delete(self, value: Any, fields: dict[str, Any]) -> None:
        """Delete a run with all that it has left."""
        del fields
        if self.is_sure(value):
            self.ask(lambda: self.app.client.delete_run(str(value)), self._gone)

    def _gone(self, _: None) -> None:
        self.app.say(self.s.file_gone)
        self.begin()

    def on_sought(self, value: Any, fields: dict[str, Any]) -> None:
        """Look for something."""
        del fields
        self._sought = str(value)[:200]

    def on_project(self, value: Any, fields: dict[str, Any]) -> None:
        """What is in one project."""
        del fields
        self.app.go("home", **({"project": str(value)} if value else {}))
