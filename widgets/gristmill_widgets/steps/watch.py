"""Step 4, watching it: how far the run is, who leads, and what happens, in words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from gristmill.records import Run, RunKind, RunStatus
from gristmill_widgets import charts
from gristmill_widgets.files import Handed, hand_over
from gristmill_widgets.following import Said
from gristmill_widgets.glossary import explained
from gristmill_widgets.html import Child, Html, el, plain, shorten
from gristmill_widgets.links import fragment_of, link
from gristmill_widgets.pieces import action, card, head, loading, sentence, state, table
from gristmill_widgets.words import count, duration, metric, score, task

if TYPE_CHECKING:
    from gristmill_widgets.steps.run import RunPage
    from gristmill_widgets.strings import English

__all__ = ["Watch", "candidate"]

# What a run goes through, as a person would tell it: each stage with the phases of the platform that make it up.
_STAGES = {"look": ("fetch", "load", "look"), "fit": ("fit",), "compare": ("compare", "save"),
           "explain": ("explain", "report", "store")}  # fmt: skip
_ROWS = 8
_SAID = 12


def candidate(s: English, model: str) -> str:
    """A candidate as a person calls it, with its own name behind."""
    for start, said in s.candidates:
        if model.startswith(start):
            return said
    return shorten(model, 40)


class Watch:
    """How a run goes on, or how it ended without a model."""

    def __init__(self, page: RunPage) -> None:
        self._page = page
        self._is_asked = ""  # cancel or keep

    @property
    def s(self) -> English:
        """All that is said."""
        return self._page.s

    def content(self, run: Run) -> Html:
        """The run as it stands."""
        s = self.s
        over = el("span", state(s, run), " ", task(s, run.task)[0])
        name = shorten(run.name, 80)
        if run.kind is not RunKind.TRAIN:
            called = (s.asks, name) if run.kind is RunKind.BATCH else (name, None)
            return el("div", head(*called, over=over), self._batch(run))
        title = s.watch_target.format(target=shorten(run.target, 60))
        is_lost = self._page.is_lost and not self._page.app.reaching.is_away  # which is said above
        lost = el("p", s.watch_lost, class_="gm-problem", role="status") if is_lost else None
        if run.status in (RunStatus.FAILED, RunStatus.CANCELLED) or (run.status.is_final and run.model_id is None):
            return el(
                "div",
                head(title, name, over=over),
                self._ended(run),
                self._board(run) if self._rows(run) else None,
                self._log(),
            )
        return el(
            "div", head(title, name, over=over), lost, self._progress(run),
            el("div", self._board(run), self._told(run), class_="gm-two is-wide"), self._log(),
        )  # fmt: skip

    # --- how far it is -----------------------------------------------------------------------------------------------

    def _progress(self, run: Run) -> Html:
        s = self.s
        if run.status is RunStatus.QUEUED or run.claimed_at is None:
            waited = max(0.0, time.time() - run.created_at)
            inside: Child = [
                loading(s.watch_queued),
                el("p", data_gone=f"{waited:.0f}", data_form=s.watch_waited, class_="gm-note", data_at=run.id),
            ]
            return card(inside, self._acts(run), kind="is-lead")
        gone = max(0.0, time.time() - run.claimed_at)
        left = run.budget - gone
        bar = el(
            "div", el("span"), class_="gm-bar is-clock", role="progressbar", aria_label=s.watch_clock,
            aria_valuemin="0", aria_valuemax="100",
            data_gone=f"{gone:.1f}", data_of=f"{run.budget:.0f}", data_key="clock",
        )  # fmt: skip
        clock = el(
            "p", data_left=f"{left:.0f}", data_form=s.watch_left, data_over=s.watch_finishing, class_="gm-clock",
            data_key="left",
        )  # fmt: skip
        of = el("p", s.watch_of.format(time=duration(s, run.budget)), class_="gm-note")
        now = el("p", el("span", class_="gm-spin", aria_hidden="true"), self._now(), class_="gm-now")
        return card(
            el("div", el("div", clock, of), now, class_="gm-row is-apart"), bar, self._stages(), self._acts(run),
            kind="is-lead",
        )  # fmt: skip

    def _now(self) -> str:
        s, story = self.s, self._page.story
        phase = story.phases[-1] if story.phases else "fetch"
        if phase == "fit" and story.trying:
            return s.watch_trying.format(model=candidate(s, story.trying))
        return s.phases.get(phase) or plain(phase)

    def _stages(self) -> Html:
        s, phases = self.s, self._page.story.phases
        names = list(_STAGES)
        last = phases[-1] if phases else "fetch"
        now = next((place for place, name in enumerate(names) if last in _STAGES[name]), 0)
        items = [
            el(
                "li", el("span", "✓" if place < now else str(place + 1), class_="gm-step-number", aria_hidden="true"),
                el("span", s.stages[name]),
                class_="is-done" if place < now else "is-now" if place == now else None,
                aria_current="step" if place == now else None,
            )
            for place, name in enumerate(names)
        ]  # fmt: skip
        return el("ol", items, class_="gm-stages")

    def _acts(self, run: Run) -> Html:
        s = self.s
        if self._is_asked or run.wanted != "finish":
            kept = self._is_asked == "keep" or run.wanted == "stop"
            return el("p", s.watch_keeping if kept else s.watch_cancelling, class_="gm-note", role="status")
        keep = action(s.watch_keep, "keep", once=True) if run.status is RunStatus.RUNNING and self._rows(run) else None
        return el("div", keep, action(s.watch_cancel, "cancel", kind="is-quiet", once=True),
                  el("span", s.watch_close, class_="gm-note"), class_="gm-row")  # fmt: skip

    # --- who leads, and what happened --------------------------------------------------------------------------------

    def _rows(self, run: Run) -> list[Any]:
        return list(self._page.story.rows or run.leaderboard)

    def _board(self, run: Run) -> Html:
        s, rows = self.s, self._rows(run)
        called, means = metric(s, run.metric)
        if not rows:
            text = s.board_empty if not run.status.is_final else s.board_none
            return card(el("p", text, class_="gm-note"), title=s.board)
        shown: list[list[Child]] = [
            [
                str(place),
                el("span", candidate(s, row.model), el("small", shorten(row.model, 40)), class_="gm-candidate"),
                el("b", score(s, run.metric, row.score if row.test_score is None else row.test_score)),
                duration(s, row.fit_seconds) if row.fit_seconds is not None else "–",
            ]
            for place, row in enumerate(rows[:_ROWS], start=1)
        ]
        curve = self._curve(run)
        lower = s.lower_better if run.metric in s.lower_is_better else s.higher_better
        return card(
            el("p", el("b", called), ". ", means, " ", lower, class_="gm-note"),
            curve,
            table([s.col_place, s.col_candidate, s.col_score, s.col_time], shown, kind="gm-board", label=s.board),
            title=s.board,
        )

    def _curve(self, run: Run) -> Html:
        """How the best score has changed, from the first one until now."""
        s, points = self.s, self._page.story.curve
        if not points:
            return Html("")
        until = run.finished_at or time.time()
        began = run.claimed_at or points[0][0]

        def said(moment: float, height: float) -> str:
            return f"{score(s, run.metric, height)} · {duration(s, max(0.0, moment - began))}"

        return charts.line(
            points, until=until, ends=(said(*points[0]), said(until, points[-1][1])), label=s.board_curve
        )

    def _told(self, run: Run) -> Html:
        s = self.s
        items = [
            el(
                "li",
                el("time", duration(s, max(0.0, one.at - (run.claimed_at or one.at)))),
                el("span", self._said(one, run)),
            )
            for one in reversed(self._page.story.said[-_SAID:])
        ]
        inside = el("ol", items, class_="gm-told") if items else el("p", s.told_empty, class_="gm-note")
        return card(inside, title=s.told, aria_live="off")

    def _said(self, one: Said, run: Run) -> Child:
        s = self.s
        if one.what == "try":
            return s.told_try.format(model=candidate(s, one.about))
        if one.what == "lead":
            return el("b", s.told_lead.format(model=candidate(s, one.about), score=score(s, run.metric, one.score)))
        if one.what == "notice":
            return shorten(s.retold(one.about), 300)
        return s.phases.get(one.about) or plain(one.about)

    def _log(self) -> Child:
        log = self._page.story.log
        if not log:
            return None
        return el(
            "details", el("summary", self.s.log), el("pre", log[-8000:], tabindex="0"), explained(self.s, log),
            class_="gm-log", data_key="log",
        )  # fmt: skip

    # --- how it ended ------------------------------------------------------------------------------------------------

    def _ended(self, run: Run) -> Html:
        s = self.s
        if run.status is RunStatus.CANCELLED:
            said = s.was_cancelled
        elif run.status is RunStatus.SUCCEEDED:
            said = s.model_gone
        else:
            said = sentence(s, run.failure) if run.failure is not None else s.fault
        chosen = {"task": run.task, "target": run.target, "metric": run.metric}
        acts = [
            action(s.more_time, "longer", kind="is-main", once=True),
            link(s.change, fragment_of("want", run.dataset_id or "", {"target": chosen["target"]}), class_="gm-button"),
        ]
        if run.artifact("report"):
            acts.append(action(s.get_report, "report_file", kind="is-quiet", once=True))
        kind = "is-lead is-bad" if run.status is RunStatus.FAILED else "is-lead"
        delete = self._page.deleting.content(run)
        return card(el("p", said, class_="gm-ended"), el("div", acts, class_="gm-row"), delete, kind=kind)

    def _batch(self, run: Run) -> Html:
        s = self.s
        if run.status is RunStatus.SUCCEEDED:
            said = s.batch_done.format(rows=self._answered(run))
            acts: Child = action(s.get_predictions, "predictions", kind="is-main", once=True)
        elif run.status.is_final:
            said = sentence(s, run.failure) if run.failure is not None else s.was_cancelled
            acts = None
        else:
            rows = self._answered(run) if run.rows else ""
            return card(loading(s.batch_running), el("p", rows, class_="gm-note"), self._acts(run), kind="is-lead")
        model = self._page.model
        back = link(s.batch_back, f"run/{model.run_id}", class_="gm-button") if model is not None else None
        return card(el("p", said, class_="gm-ended"), el("div", acts, back, class_="gm-row"),
                    self._page.deleting.content(run), kind="is-lead")  # fmt: skip

    def _answered(self, run: Run) -> str:
        model = self._page.model
        return count(self.s, run.rows or 0, str(model.schema.get("item", "row")) if model is not None else "row")

    # --- what can be done --------------------------------------------------------------------------------------------

    def on_keep(self, value: Any, fields: dict[str, Any]) -> None:
        """Stop now and keep the best."""
        del value, fields
        self._stop(keep=True)

    def on_cancel(self, value: Any, fields: dict[str, Any]) -> None:
        """End it."""
        del value, fields
        self._stop(keep=False)

    def _stop(self, *, keep: bool) -> None:
        page = self._page
        self._is_asked = "keep" if keep else "cancel"

        def asked(run: Run) -> None:
            page.run, self._is_asked = run, ""

        def refused(why: Any) -> None:
            self._is_asked = ""
            page.why = None if why.code == "conflict" else why  # it has ended meanwhile

        page.ask(lambda: page.app.client.cancel(page.subject, keep=keep), asked, refused)

    def on_longer(self, value: Any, fields: dict[str, Any]) -> None:
        """Go on with more time, from where it stopped."""
        del value, fields
        longer(self._page)

    def on_predictions(self, value: Any, fields: dict[str, Any]) -> None:
        """The answers of a batch, as a file."""
        del value, fields
        self._get("predictions", "predictions.csv")

    def on_report_file(self, value: Any, fields: dict[str, Any]) -> None:
        """The report, as a file."""
        del value, fields
        self._get("report", "report.html")

    def _get(self, artifact: str, name: str) -> None:
        page = self._page
        client, run_id = page.app.client, page.subject
        hand_over(
            page,
            Handed(name, lambda: client.artifact_link(run_id, artifact), lambda to: client.fetch(run_id, artifact, to)),
        )


def longer(page: RunPage, times: float = 3.0) -> None:
    """A new run that goes on from this one."""
    run = page.run
    if run is None:
        return
    client, budget = page.app.client, run.budget * times

    def asked() -> Run:
        found = client.resume(run.id, budget)
        client.nudge()
        return found

    page.ask(asked, lambda found: page.app.go("run", found.id))
