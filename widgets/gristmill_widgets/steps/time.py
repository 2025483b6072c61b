"""Step 3, how long may it take: a quick look, solid, or best; what that costs; and the button Train."""

from __future__ import annotations

from typing import Any

from gristmill.client.durations import seconds as read
from gristmill.errors import UsageError
from gristmill.records import Dataset, Failure, Proposal, Run, Standing
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.links import fragment_of
from gristmill_widgets.page import Page
from gristmill_widgets.pieces import card, head, loading, notice
from gristmill_widgets.steps.want import accept
from gristmill_widgets.words import duration, money

__all__ = ["Time"]

_LEAST = 60.0


def choices(proposed: float) -> dict[str, float]:
    """Three lengths: the platform's own in the middle."""
    quick = max(_LEAST, _round(proposed / 4))
    return {"quick": quick, "solid": max(proposed, 2 * quick), "best": max(5 * proposed, 8 * quick)}


def _round(seconds: float) -> float:
    step = 30 if seconds < 300 else 60 if seconds < 3600 else 600
    return max(step, round(seconds / step) * step)


class Time(Page):
    """The last decision before training."""

    name = "time"
    step = 3

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        self._standing: Standing | None = None
        self._choice = self.chosen.pop("how", "solid")
        self._is_asking = False

    @property
    def title(self) -> str:
        return self.s.time_title

    def ways(self) -> dict[int, str]:
        return {1: "have", 2: fragment_of("want", self.subject, self.chosen)}

    def begin(self) -> None:
        draft, client = self.app.draft, self.app.client
        wanted = {key: self.chosen.get(key) for key in ("task", "target", "metric")}
        draft.is_asked = False
        self.ask(client.standing, self._stands, lambda _: None)
        is_same = draft.dataset is not None and draft.dataset.id == self.subject and draft.proposal is not None
        if is_same and wanted == {"task": draft.task, "target": draft.target, "metric": draft.metric}:
            return

        def looked() -> tuple[Dataset, Proposal]:
            dataset = client.dataset(self.subject)
            if dataset.proposal is not None and not any(wanted.values()):
                return dataset, dataset.proposal
            return dataset, client.propose(self.subject, **wanted)

        def found(both: tuple[Dataset, Proposal]) -> None:
            draft.take(both[0])
            draft.proposal = both[1]
            draft.task, draft.target, draft.metric = wanted["task"], wanted["target"], wanted["metric"]

        draft.proposal = None
        self.ask(looked, found)

    def _stands(self, standing: Standing) -> None:
        self._standing = standing

    # --- shown -------------------------------------------------------------------------------------------------------

    def content(self) -> Html:
        s, draft = self.s, self.app.draft
        if draft.dataset is None or draft.proposal is None:
            return el("div", head(s.time_title), card(loading(s.loading)) if self.why is None else None)
        lengths = choices(draft.proposal.budget)
        lead = s.time_lead.format(target=shorten(draft.proposal.target, 60))
        cards = [self._card(key, seconds) for key, seconds in lengths.items()]
        own = el(
            "label",
            el("input", type="radio", name="how", value="own", checked=self._choice == "own", data_act="how"),
            el("span", el("b", s.time_own), el("small", s.time_own_hint)),
            el("input", type="text", name="own", class_="gm-input", value=self._own_text(), data_input="own",
               aria_label=s.time_own, placeholder="20m", maxlength="12"),
            class_="gm-radio is-own",
        )  # fmt: skip
        name = draft.name or shorten(draft.dataset.name, 80)
        named = el(
            "label", el("span", s.time_name, class_="gm-label"),
            el("input", type="text", name="name", class_="gm-input", value=name,
               data_input="name", maxlength="80", dir="auto"),
        )  # fmt: skip
        wants = draft.unconfirmed
        ask = el(
            "button", s.train, type="submit", class_="gm-button is-main is-large gm-train",
            disabled=bool(wants) or self._is_asking, aria_busy="true" if self._is_asking else None,
        )  # fmt: skip
        form = el(
            "form",
            el("fieldset", el("legend", s.time_title, class_="gm-away"), el("div", cards, class_="gm-lengths"), own,
               class_="gm-plain"),
            named,
            self._confirm(),
            el("div", el("p", s.train_hint, class_="gm-note"), ask, class_="gm-row is-end"),
            data_act="train", data_once=True,
        )  # fmt: skip
        return el("div", head(s.time_title, lead), card(form, kind="is-lead"))

    def _card(self, key: str, seconds: float) -> Html:
        s = self.s
        called, buys = s.lengths[key]
        cost = money(s, self._standing.price, seconds) if self._standing else ""
        return el(
            "label",
            el("input", type="radio", name="how", value=key, checked=self._choice == key, data_act="how"),
            el("span", el("b", called), el("strong", duration(s, seconds)), el("small", buys),
               el("em", cost) if cost else None),
            class_="gm-radio is-card",
        )  # fmt: skip

    def _confirm(self) -> Child:
        found = self.app.draft.unconfirmed
        if not found:
            return None
        items = [
            notice(
                self.s, one,
                el("label", el("input", type="checkbox", data_act=f"accept_{one.code.replace('-', '_')}"),
                   el("span", self.s.accept), class_="gm-check"),
            )
            for one in found
        ]  # fmt: skip
        return el("ul", items, class_="gm-notices")

    def _own_text(self) -> str:
        return self.chosen.get("own", "")

    # --- decided -----------------------------------------------------------------------------------------------------

    def hear(self, act: str, value: Any, fields: dict[str, Any], buffers: list[memoryview]) -> None:
        if act.startswith("accept_"):
            accept(self, act, value=bool(value))
        else:
            super().hear(act, value, fields, buffers)

    def on_how(self, value: Any, fields: dict[str, Any]) -> None:
        """One of the lengths."""
        del fields
        self._choice = str(value)

    def on_own(self, value: Any, fields: dict[str, Any]) -> None:
        """A length in their own words."""
        del fields
        self._choice = "own"
        self.chosen["own"] = str(value)[:12]

    def on_name(self, value: Any, fields: dict[str, Any]) -> None:
        """What the run is called."""
        del fields
        self.app.draft.name = str(value)[:80]

    def on_train(self, value: Any, fields: dict[str, Any]) -> None:
        """Ask for the run, once."""
        del value
        draft, client = self.app.draft, self.app.client
        if draft.is_asked or draft.proposal is None or draft.dataset is None:
            return
        draft.name = str(fields.get("name", ""))[:80]
        if str(fields.get("own", "")).strip() not in ("", self.chosen.get("own", "")):  # sent while they were typing
            self._choice = "own"
        try:
            draft.budget = self._seconds(draft.proposal, fields)
        except UsageError as error:
            self.why = error.failure
            return
        draft.is_asked = self._is_asking = True
        request = draft.request()

        def asked() -> Run:
            run = client.train(request)
            client.nudge()
            return run

        def refused(why: Failure) -> None:
            draft.is_asked = self._is_asking = False
            self.why = why

        self.ask(asked, lambda run: self.app.go("run", run.id), refused)

    def _seconds(self, proposal: Proposal, fields: dict[str, Any]) -> float:
        if self._choice == "own":
            text = str(fields.get("own", "")).strip().lower().replace("min", "m")
            return read(f"{text}m" if text.isdigit() else text)
        return choices(proposal.budget)[self._choice if self._choice in ("quick", "best") else "solid"]
