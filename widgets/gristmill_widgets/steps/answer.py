"""Step 5, the answer: how good the model is in a sentence, the report, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gristmill.records import Dataset, Model, Power, Run, Stage, Upload
from gristmill_widgets.files import Handed, hand_over, text_of
from gristmill_widgets.glossary import explained
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.links import fragment_of, link
from gristmill_widgets.pieces import action, card, head, loading, table
from gristmill_widgets.steps.sharing import Sharing
from gristmill_widgets.steps.trying import Trying
from gristmill_widgets.words import duration, metric, score, size, task

if TYPE_CHECKING:
    from gristmill_widgets.steps.run import RunPage
    from gristmill_widgets.strings import English

__all__ = ["Answer"]

_TABS = ("try", "report", "file", "board", "about")


class Answer:
    """A model, and what to do with it."""

    def __init__(self, page: RunPage, run: Run) -> None:
        self._page, self._run = page, run
        self._model: Model | None = None
        self._dataset: Dataset | None = None
        tab = page.chosen.get("show", "try")
        self._tab = tab if tab in _TABS else "try"
        self._is_fetching = False
        self.trying: Trying | None = None
        self.sharing = Sharing(page, run.project_id)

    @property
    def s(self) -> English:
        """All that is said."""
        return self._page.s

    def begin(self) -> None:
        """Ask for the model, and the data that its form is filled from."""
        client, run = self._page.app.client, self._run
        self._page.app.uploads.on("rows", self._arrived)
        self._page.app.screen.report = ""

        def found() -> tuple[Model, Dataset | None]:
            model = client.model(run.model_id or run.id)
            return model, client.dataset(run.dataset_id) if run.dataset_id else None

        def then(both: tuple[Model, Dataset | None]) -> None:
            self._model, self._dataset = both
            self.trying = Trying(self._page, both[0], both[1])
            self._shown()

        self._page.ask(found, then)

    # --- shown -------------------------------------------------------------------------------------------------------

    def content(self) -> Html:
        """The answer, with one of its tabs."""
        s, run, model = self.s, self._run, self._model
        title = s.answer_title.format(target=shorten(run.target, 60))
        over = el("span", shorten(run.name, 60), " · ", task(s, run.task)[0], dir="auto")
        if model is None:
            return el("div", head(title, over=over), card(loading(s.loading)))
        tabs = [
            el(
                "button", s.tabs[name], type="button", role="tab",
                tabindex="0" if name == self._tab else "-1", id=f"gm-tab-{name}", data_act="tab", data_value=name,
                aria_selected=str(name == self._tab).lower(), aria_controls="gm-tabpanel",
            )
            for name in _TABS
        ]  # fmt: skip
        panel = el(
            "div", self._inside(model), role="tabpanel", id="gm-tabpanel", aria_labelledby=f"gm-tab-{self._tab}",
            data_key=f"panel-{self._tab}", class_="gm-panel",
        )  # fmt: skip
        return el(
            "div", head(title, over=over), self._verdict(model),
            el("div", tabs, role="tablist", class_="gm-tabs", aria_label=title), el("div", panel),
        )  # fmt: skip

    def _verdict(self, model: Model) -> Html:
        s, run = self.s, self._run
        said = s.retold(str(model.metrics.get("verdict") or ""))
        called, means = metric(s, run.metric)
        facts = [
            (score(s, run.metric, run.score), called, means),
            (str(len(run.leaderboard)), s.fact_candidates, ""),
        ]
        facts.append((duration(s, run.seconds.get("total", run.budget)), s.fact_time, ""))
        items = [el("div", el("dt", name), el("dd", value), el("dd", note, class_="gm-note") if note else None)
                 for value, name, note in facts]  # fmt: skip
        salvaged = el("p", s.salvaged, class_="gm-note") if run.salvaged else None
        acts = el(
            "div",
            action(s.get_model, "get", "model", kind="is-main", once=True),
            self._lab(),
            action(s.get_notebook, "get", "notebook", once=True),
            action(s.longer, "longer", once=True),
            el(
                "button",
                s.share,
                type="button",
                class_="gm-button is-quiet",
                data_copy=f"run/{run.id}",
                data_done=s.copied,
            ),
            el("span", s.fetching, class_="gm-note", role="status") if self._is_fetching else None,
            class_="gm-row",
        )
        return card(
            # no break at an interval's dash
            el("p", (said or s.no_verdict).replace("\N{EN DASH}", "\N{EN DASH}\N{WORD JOINER}"), class_="gm-verdict"),
            explained(s, said), salvaged, el("dl", items, class_="gm-facts"), acts, kind="is-lead",
        )  # fmt: skip

    def _lab(self) -> Html:
        """The way to the notebook in one's own JupyterLab, which the browser shows where there is a hub."""
        to = f"user-redirect/lab?gristmill-run={self._run.id}"
        return el("a", self.s.open_notebook, data_hub=to, target="_blank", class_="gm-button", hidden=True)

    def _inside(self, model: Model) -> Child:
        s = self.s
        if self._tab == "report":
            shown = el("div", data_report=True, data_title=s.tabs["report"], class_="gm-report", id="gm-report")
            full = el("button", s.full, type="button", class_="gm-button is-quiet", data_full=True)
            if not self._page.app.screen.report:
                return loading(s.report_loading)
            return [
                el("div", full, action(s.get_report, "get", "report", kind="is-quiet", once=True), class_="gm-row"),
                explained(s, self._page.app.screen.report, is_page=True),
                shown,
            ]
        if self._tab == "try":
            return self.trying.content() if self.trying is not None else loading(s.loading)
        if self._tab == "file":
            return self._file(model)
        return self._board(model) if self._tab == "board" else self._about(model)

    def _file(self, model: Model) -> Child:
        s = self.s
        is_series = model.task == "time-series"
        drop = el("div", data_upload="rows", data_hint=s.file_hint, class_="gm-drop is-small", id="gm-rows")
        ahead = action(s.file_series, "series_file", kind="is-main", once=True) if is_series else None
        return [el("p", s.file_lead.format(target=shorten(model.target, 40))), ahead, drop]

    def _board(self, model: Model) -> Child:
        from gristmill_widgets.steps.watch import candidate

        s, run = self.s, self._run
        called, means = metric(s, run.metric)
        best = str(model.metrics.get("best", ""))  # several may have the same score
        badge = el("span", s.board_chosen, class_="gm-badge")
        rows: list[list[Child]] = [
            [
                str(place),
                el(
                    "span",
                    el("span", candidate(s, row.model), " ", badge if row.model == best else None),
                    el("small", shorten(row.model, 40)),
                    class_="gm-candidate",
                ),
                el("b", score(s, run.metric, row.test_score)),
                score(s, run.metric, row.score),
                duration(s, row.fit_seconds) if row.fit_seconds is not None else "–",
                size(s, row.bytes) if row.bytes is not None else "–",
            ]
            for place, row in enumerate(sorted(run.leaderboard, key=lambda row: row.model != best), start=1)
        ]
        names: list[Child] = [s.col_place, s.col_candidate, s.col_test, s.col_validation, s.col_time, s.col_size]
        return [el("p", el("b", called), ". ", means, " ", s.board_note, class_="gm-note"),
                table(names, rows, kind="gm-board is-full", label=s.tabs["board"]),
                explained(s, " ".join([s.col_validation, *(row.model for row in run.leaderboard)]))]  # fmt: skip

    def _about(self, model: Model) -> Child:
        s, run = self.s, self._run
        facts: list[tuple[str, Child]] = [
            (s.about_task, task(s, run.task)[0]),
            (s.about_target, shorten(run.target, 80)),
            (s.about_data, link(shorten(self._dataset.filename, 60), fragment_of("want", self._dataset.id))
             if self._dataset else "–"),
            (s.about_model, f"{shorten(model.name, 60)}, {s.version} {model.version}, {size(s, model.size)}"),
            (s.about_stage, self._stage(model)),
            (s.about_budget, duration(s, run.budget)),
            (s.about_recipe, shorten(run.recipe, 60)),
            (s.about_run, run.id),
        ]  # fmt: skip
        compare = link(s.compare, f"compare/{run.id}", class_="gm-button")
        items = [el("div", el("dt", name), el("dd", said, dir="auto")) for name, said in facts]
        return [el("dl", items, class_="gm-about"),
                el("div", compare, link(s.change, fragment_of("want", run.dataset_id or "", {"target": run.target}),
                                        class_="gm-button is-quiet"), class_="gm-row"),
                self.sharing.content(), self._page.deleting.titled(run, model)]  # fmt: skip

    def _stage(self, model: Model) -> Child:
        """What the model is to others: whoever may, puts it into use, or out of it."""
        s, who = self.s, self._page.app.who
        if who is None or not who.powers & {Power.DEPLOY, Power.ADMIN}:
            return s.stages_of[model.stage]
        options = [el("option", s.stages_of[one], value=one.value, selected=one is model.stage) for one in Stage]
        return el("select", options, data_act="stage", class_="gm-select is-short", aria_label=s.about_stage)

    # --- what can be done --------------------------------------------------------------------------------------------

    def on_tab(self, value: Any, fields: dict[str, Any]) -> None:
        """Another tab."""
        del fields
        if value in _TABS:
            self._tab = str(value)
            self._page.chosen = {} if value == "try" else {"show": str(value)}
            self._shown()

    def _shown(self) -> None:
        page, run_id = self._page, self._run.id
        if self._tab == "try" and self.trying is not None:
            self.trying.wake()
        if self._tab == "report" and not page.app.screen.report:

            def got(text: str) -> None:
                page.app.screen.report = text

            page.ask(lambda: text_of(lambda to: page.app.client.fetch(run_id, "report", to)), got)

    def on_get(self, value: Any, fields: dict[str, Any]) -> None:
        """A file of the run's: model, notebook, report."""
        del fields
        page, run, model = self._page, self._run, self._model
        if model is None or self._is_fetching:
            return
        self._is_fetching = True
        client = page.app.client

        def over() -> None:
            self._is_fetching = False

        if value == "model":
            file = Handed(
                f"{model.name}-{model.version}.zip",
                lambda: client.archive_link(model.id),
                lambda to: client.download(model.id, to),
            )
        else:
            artifact = "notebook" if value == "notebook" else "report"
            file = Handed(
                f"{run.name}.ipynb" if artifact == "notebook" else f"{run.name}.html",
                lambda: client.artifact_link(run.id, artifact),
                lambda to: client.fetch(run.id, artifact, to),
            )
        hand_over(page, file, over)

    def on_stage(self, value: Any, fields: dict[str, Any]) -> None:
        """Put the model into use, or out of it."""
        del fields
        page, model = self._page, self._model
        if model is None or value not in set(Stage):
            return

        def changed(now: Model) -> None:
            self._model = now

        page.ask(lambda: page.app.client.stage(model.id, Stage(value)), changed)

    def on_longer(self, value: Any, fields: dict[str, Any]) -> None:
        """Go on with more time."""
        from gristmill_widgets.steps.watch import longer

        del value, fields
        longer(self._page)

    def on_invite(self, value: Any, fields: dict[str, Any]) -> None:
        """Make a link for others."""
        self.sharing.on_invite(value, fields)

    def on_try(self, value: Any, fields: dict[str, Any]) -> None:
        """Ask the model about what was filled in."""
        if self.trying is not None:
            self.trying.on_try(value, fields)

    def on_picture(self, value: Any, fields: dict[str, Any]) -> None:
        """Ask the model about a picture."""
        if self.trying is not None:
            self.trying.on_picture(value, fields)

    def on_series_file(self, value: Any, fields: dict[str, Any]) -> None:
        """Have the series go on."""
        del value, fields
        self._predict(None)

    def _arrived(self, upload: Upload) -> None:
        self._predict(upload.id)

    def _predict(self, upload_id: str | None) -> None:
        page, model = self._page, self._model
        if model is None:
            return
        client = page.app.client

        def asked() -> Run:
            run = client.batch(model.id, upload_id)
            client.nudge()
            return run

        page.ask(asked, lambda run: page.app.go("run", run.id), lambda why: page.app.uploads.refuse("rows", why))
