"""Step 1, what do you have: a file, data that was put in before, or a sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gristmill.records import Dataset, DatasetEntry, Failure, Upload
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.links import fragment_of, link
from gristmill_widgets.page import Page
from gristmill_widgets.pieces import card, head, loading
from gristmill_widgets.words import size, when

__all__ = ["Have"]

_TAKES = ".zip,.csv,.tsv,.tab,.txt,.data,.dat,.all-data,.train,.test,.xlsx,.xls,.xlsm,.xlsb,.ods,.parquet,.pq"
_SAMPLES = {"flights": "flights.zip", "penguins": "penguins.csv", "bakeries": "bakeries.zip"}
_SHOWN = 6


class Have(Page):
    """The drop zone, and what there is already."""

    name = "have"
    step = 1

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        self._datasets: Sequence[DatasetEntry] | None = None
        self._looking, self._is_sample = "", False  # at what

    @property
    def title(self) -> str:
        return self.s.have_title

    def begin(self) -> None:
        self.app.uploads.on("data", self._arrived)
        self.ask(lambda: self.app.client.datasets(limit=_SHOWN), self._found, lambda _: self._found(()))

    def content(self) -> Html:
        s = self.s
        drop = el("div", data_upload="data", data_accept=_TAKES, data_hint=s.have_hint, class_="gm-drop", id="gm-drop")
        looking = loading(s.have_looking.format(name=shorten(self._looking, 60))) if self._looking else None
        return el(
            "div",
            head(s.have_title, s.have_lead),
            el("div", drop, class_="gm-hidden" if looking else None, data_key="zone"),
            card(looking, data_key="looking") if looking else None,
            el("div", self._samples(), self._earlier(), class_="gm-two") if not looking else None,
        )

    def _samples(self) -> Html:
        s = self.s
        items = [
            el(
                "li",
                el("button", el("b", title), el("span", text), type="button", class_="gm-choice", data_act="sample",
                   data_value=key, data_once=True),
            )
            for key, (title, text) in s.samples.items()
        ]  # fmt: skip
        return card(el("ul", items, class_="gm-choices"), title=s.have_samples)

    def _earlier(self) -> Html:
        s = self.s
        inside: Child
        if self._datasets is None:
            inside = loading(s.loading)
        elif not self._datasets:
            inside = el("p", s.have_none, class_="gm-note")
        else:
            items = [
                el(
                    "li",
                    link(
                        [el("b", shorten(entry.name, 60), dir="auto"),
                         el("span", f"{s.version} {entry.version} · {size(s, entry.size)}",
                            f" · {when(s, entry.created_at)}")],
                        fragment_of("want", entry.id), class_="gm-choice",
                    ),
                )
                for entry in self._datasets
            ]  # fmt: skip
            inside = el("ul", items, class_="gm-choices")
        return card(inside, title=s.have_earlier)

    def _found(self, datasets: Sequence[DatasetEntry]) -> None:
        self._datasets = datasets

    def on_sample(self, value: Any, fields: dict[str, Any]) -> None:
        """Take one of the samples."""
        del fields
        file = _SAMPLES.get(str(value))
        if file is None or self._looking:
            return
        path = Path(__file__).parent.parent / "samples" / file
        self._looking, self._is_sample = file, True

        def taken() -> Dataset:
            return self.app.client.admit(self.app.client.upload(path).id)

        self.ask(taken, self._admitted, self._refused)

    def _arrived(self, upload: Upload) -> None:
        """The file is in the store: look at it."""
        if not self.is_shown:
            return
        self._looking, self._is_sample = upload.name, False
        self.app.say(self.s.have_looking.format(name=upload.name))
        self.ask(lambda: self.app.client.admit(upload.id), self._admitted, self._refused)
        self.app.draw()

    def _admitted(self, dataset: Dataset) -> None:
        self.app.draft.take(dataset)
        self.app.go("want", dataset.id)

    def _refused(self, why: Failure) -> None:
        self._looking = ""
        if self._is_sample:
            self.why = why
        else:
            self.app.uploads.refuse("data", why)
