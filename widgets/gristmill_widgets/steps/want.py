"""Step 2, what do you want to know: the proposal with its reasons, and the data as a person would look at it."""

from __future__ import annotations

from typing import Any

from gristmill.records import ColumnKind, Dataset, Failure, Preview, Proposal, Severity
from gristmill_widgets.data import columns_of, facts_of
from gristmill_widgets.glance import glance
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.links import fragment_of, link
from gristmill_widgets.page import Page
from gristmill_widgets.pieces import card, head, loading, notice, order
from gristmill_widgets.words import metric, task

__all__ = ["Want"]

_OF_TABLES = ("tabular-classification", "tabular-regression", "time-series")
_OPTIONS = 200  # columns that can be chosen from a list
_NEVER = (ColumnKind.EMPTY, ColumnKind.CONSTANT)


class Want(Page):
    """What is to be predicted, and of what."""

    name = "want"
    step = 2

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        self._dataset: Dataset | None = None
        self._is_thinking = False
        self._preview: Preview | None = None
        self._all_rows = False
        self._asked = 0  # proposals: an answer to an earlier question is not shown

    @property
    def title(self) -> str:
        return self.s.want_title

    def ways(self) -> dict[int, str]:
        return {1: "have", 2: self.fragment}

    def begin(self) -> None:
        draft = self.app.draft
        if draft.dataset is not None and draft.dataset.id == self.subject:
            self._opened(draft.dataset)
        else:
            self.ask(lambda: self.app.client.dataset(self.subject), self._opened)

    def _opened(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self.ask(lambda: self.app.client.preview(dataset.id), self._seen, lambda _: None)
        draft = self.app.draft
        draft.take(dataset)
        draft.is_asked = False
        wanted = {key: self.chosen.get(key) for key in ("task", "target", "metric")}
        if not any(wanted.values()) and dataset.proposal is not None:
            draft.task = draft.target = draft.metric = None
            draft.proposal = dataset.proposal
        elif draft.proposal is None or wanted != {"task": draft.task, "target": draft.target, "metric": draft.metric}:
            self._propose(**wanted)

    def _seen(self, preview: Preview) -> None:
        self._preview = preview

    def _propose(self, **wanted: str | None) -> None:
        """Have the platform think again, given what is settled."""
        self._is_thinking, self._asked = True, self._asked + 1
        number = self._asked

        def proposed(proposal: Proposal) -> None:
            if number != self._asked:
                return
            self._is_thinking = False
            draft = self.app.draft
            draft.proposal = proposal
            draft.task, draft.target, draft.metric = wanted.get("task"), wanted.get("target"), wanted.get("metric")
            self.chosen = {key: value for key, value in wanted.items() if value}
            self.app.say(self.s.want_again.format(target=proposal.target, task=task(self.s, proposal.task)[0]))

        def refused(why: Failure) -> None:
            if number == self._asked:
                self._is_thinking = False
                self.why = why

        self.ask(lambda: self.app.client.propose(self.subject, **wanted), proposed, refused)

    # --- shown -------------------------------------------------------------------------------------------------------

    def content(self) -> Html:
        s, dataset, proposal = self.s, self._dataset, self.app.draft.proposal
        if dataset is None:
            return el("div", head(s.want_title), card(loading(s.loading)) if self.why is None else None)
        parts: list[Child] = [head(s.want_title, facts_of(s, dataset), over=shorten(dataset.filename, 80))]
        if proposal is not None:
            parts.append(self._proposed(dataset, proposal))
            parts.append(self._notices())
        elif self._is_thinking:
            parts.append(card(loading(s.want_thinking)))
        target = proposal.target if proposal else ""
        if self._preview is not None:
            parts.append(glance(s, dataset, self._preview, target=target, whole=self._all_rows))
        parts.append(columns_of(s, dataset, target=target))
        return el("div", parts)

    def _proposed(self, dataset: Dataset, proposal: Proposal) -> Html:
        s = self.s
        called, answers = task(s, proposal.task)
        short, explained = metric(s, proposal.metric)
        target = el(
            "label" if self._is_choice(dataset, proposal) else "div",
            el("span", s.want_target, class_="gm-label"),
            el(
                "select",
                self._targets(dataset, proposal),
                data_act="target",
                name="target",
                class_="gm-select is-large",
            )
            if self._is_choice(dataset, proposal)
            else el("p", shorten(proposal.target, 60), class_="gm-only", dir="auto"),
        )
        reasons = [
            el("li", el("b", s.reasons[key]), " ", shorten(s.retold(said), 400))
            for key, said in proposal.reasons.items()
            if said and key in s.reasons and key != "budget"
        ]
        why = el("details", el("summary", s.want_why), el("ul", reasons, class_="gm-reasons"))
        on = link(s.next, fragment_of("time", dataset.id, self.chosen), class_="gm-button is-main is-large")
        return card(
            el(
                "div",
                el("div", target, self._tasks(dataset, proposal), class_="gm-want-left"),
                el(
                    "div",
                    el("p", el("b", called), " ", answers, class_="gm-want-says"),
                    el("p", s.judged_by, " ", el("b", short), ". ", explained, class_="gm-note"),
                    why if reasons else None,
                    class_="gm-want-right",
                ),
                class_="gm-want-grid",
                aria_busy=str(self._is_thinking).lower(),
            ),
            el("div", on, el("span", s.want_thinking, class_="gm-note gm-busy") if self._is_thinking else None,
               class_="gm-row is-end"),
            kind="is-lead",
        )  # fmt: skip

    def _is_choice(self, dataset: Dataset, proposal: Proposal) -> bool:
        """Whether there is more than one column that could be predicted."""
        return len({proposal.target, *proposal.targets}) > 1 or not dataset.profile.arranged

    def _targets(self, dataset: Dataset, proposal: Proposal) -> Child:
        likely = [proposal.target, *proposal.targets]
        named = [column.name for column in dataset.profile.main.columns if column.kind not in _NEVER]
        if dataset.profile.arranged:
            named = []
        rest = [name for name in named if name not in likely][: max(0, _OPTIONS - len(likely))]

        def options(names: list[str]) -> Child:
            return [
                el("option", shorten(name, 60), value=name, selected=name == proposal.target, dir="auto")
                for name in dict.fromkeys(names)
            ]

        if not rest:
            return options(likely)
        return [
            el("optgroup", options(likely), label=self.s.want_likely),
            el("optgroup", options(rest), label=self.s.want_others),
        ]

    def _tasks(self, dataset: Dataset, proposal: Proposal) -> Child:
        s = self.s
        found = (proposal.task,) if dataset.profile.arranged else tuple(dict.fromkeys((proposal.task, *_OF_TABLES)))
        has_dates = any(column.kind is ColumnKind.DATE for column in dataset.profile.main.columns)
        found = tuple(name for name in found if name != "time-series" or has_dates or name == proposal.task)
        if len(found) < 2:
            return None
        items = [
            el(
                "label",
                el("input", type="radio", name="task", value=name, checked=name == proposal.task, data_act="task"),
                el("span", el("b", task(s, name)[0]), el("small", task(s, name)[1])),
                class_="gm-radio",
            )
            for name in sorted(found, key=lambda name: (*_OF_TABLES, name).index(name))
        ]
        return el("fieldset", el("legend", s.want_task, class_="gm-label"), items, class_="gm-radios")

    def _notices(self) -> Html | None:
        s, draft = self.s, self.app.draft
        found = sorted((one for one in draft.notices), key=lambda one: order(one.severity))
        loud = [one for one in found if one.severity is not Severity.INFO]
        quiet = [one for one in found if one.severity is Severity.INFO]
        if not found:
            return None
        parts: list[Child] = []
        if loud:
            parts.append(
                el("ul", [notice(s, one, self._yes(one.code, one.severity)) for one in loud], class_="gm-notices")
            )
        if quiet:
            shown = el("ul", [notice(s, one) for one in quiet], class_="gm-notices")
            said = s.want_also.format(n=len(quiet))
            parts.append(el("details", el("summary", said), shown))
        return card(parts, title=s.want_notices if loud else None)

    def _yes(self, code: str, severity: Severity) -> Child:
        if severity is not Severity.CONFIRM:
            return None
        is_on = code in self.app.draft.accepted
        return el(
            "label", el("input", type="checkbox", data_act=f"accept_{code.replace('-', '_')}", checked=is_on),
            el("span", self.s.accept), class_="gm-check",
        )  # fmt: skip

    # --- decided -----------------------------------------------------------------------------------------------------

    def hear(self, act: str, value: Any, fields: dict[str, Any], buffers: list[memoryview]) -> None:
        if act.startswith("accept_"):
            accept(self, act, value=bool(value))
        else:
            super().hear(act, value, fields, buffers)

    def on_target(self, value: Any, fields: dict[str, Any]) -> None:
        """Another column is to be predicted: what kind of answer that wants is proposed anew."""
        del fields
        self._propose(task=None, target=str(value), metric=None)

    def on_rows(self, value: Any, fields: dict[str, Any]) -> None:
        """Show all rows that there are."""
        del value, fields
        self._all_rows = True

    def on_task(self, value: Any, fields: dict[str, Any]) -> None:
        """Another kind of answer."""
        del fields
        proposal = self.app.draft.proposal
        is_chosen = proposal is not None and str(value) != "time-series" and "target" in self.chosen
        self._propose(task=str(value), target=self.chosen.get("target") if is_chosen else None, metric=None)


def accept(page: Page, act: str, *, value: bool) -> None:
    """Say yes to a notice, or take it back."""
    code = act.removeprefix("accept_").replace("_", "-")
    (page.app.draft.accepted.add if value else page.app.draft.accepted.discard)(code)
    page.app.draw()
