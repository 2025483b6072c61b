"""Try it: one row, one text or one picture, answered by the model while a person waits.

The form is made from the model's schema, and filled with what is usual in the data it has learned from, so that a click
is enough for a first answer.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill.records import Column, ColumnKind, Dataset, Failure, Model
from gristmill_widgets.charts import bars, signed_bars
from gristmill_widgets.html import Child, Html, el, plain, shorten
from gristmill_widgets.pieces import card, loading, table
from gristmill_widgets.steps.asking import Answer, Thing, ask, row_file
from gristmill_widgets.steps.forecast import forecast
from gristmill_widgets.words import duration, number
from gristmill_widgets.words import value as said

if TYPE_CHECKING:
    from gristmill_widgets.page import Page
    from gristmill_widgets.strings import English

__all__ = ["Trying"]

_FIELDS = 60  # that are shown; the rest are left empty
_FIRST = 12  # before "more"
_LONGEST = 20_000  # letters of a value
_PICTURE = 20 << 20  # bytes
_CLASSES = 6
_THINGS = 20
_MOVED = 6  # values that are shown to have moved an answer
_LEAST = 0.001  # of a chance, below which a value has not
_SURE = 0.3  # below, a thing is not shown
_NUMBERS = ("number", "integer")


class Trying:
    """One question after the other."""

    def __init__(self, page: Page, model: Model, dataset: Dataset | None) -> None:
        self._page, self._model, self._dataset = page, model, dataset
        self._columns = [column for column in model.schema.get("columns", ()) if isinstance(column, dict)]
        self._values = {str(column["name"]): self._usual(column) for column in self._columns}
        self._is_asking, self._is_waking, self._has_woken = False, False, False
        self._answer: Answer | None = None
        self._seconds = 0.0
        self._picture = bytearray()
        self._pictured = ""
        self._wide, self._high = 0.0, 0.0  # of the picture

    @property
    def s(self) -> English:
        """All that is said."""
        return self._page.s

    @property
    def _sees(self) -> bool:
        return self._model.schema.get("item") == "picture"

    def content(self) -> Html:
        """The form and the answer, side by side."""
        s = self.s
        lead = s.try_lead.get(self._kind(), s.try_lead["row"]).format(target=shorten(self._model.target, 40))
        form = card(el("p", lead, class_="gm-note"), self._form(), title=s.try_title)
        return el("div", form, card(self._said(), title=s.try_answer, aria_live="polite"), class_="gm-two is-try")

    def _kind(self) -> str:
        if self._model.task == "time-series":
            return "series"
        return str(self._model.schema.get("item", "row"))

    # --- the form ----------------------------------------------------------------------------------------------------

    def _form(self) -> Html:
        s = self.s
        if self._kind() == "series":
            fields: Child = None
        elif self._sees:
            chosen = el("p", shorten(self._pictured, 60), dir="auto") if self._pictured else None
            fields = el(
                "label", el("span", s.try_picture, class_="gm-label"), chosen,
                el("input", type="file", accept="image/*", data_pick="picture", class_="gm-file"), class_="gm-field",
            )  # fmt: skip
            return el("form", fields, el("div", data_preview=True, class_="gm-preview"), class_="gm-form")
        else:
            shown = [self._field(place, column) for place, column in enumerate(self._columns[:_FIELDS])]
            more = el("details", el("summary", s.try_more.format(n=len(shown) - _FIRST)),
                      el("div", shown[_FIRST:], class_="gm-fields")) if len(shown) > _FIRST else None  # fmt: skip
            fields = [el("div", shown[:_FIRST], class_="gm-fields"), more]
        ask = el(
            "button", s.try_forecast if self._kind() == "series" else s.try_ask, type="submit",
            class_="gm-button is-main", aria_busy="true" if self._is_asking else None,
        )  # fmt: skip
        return el("form", fields, el("div", ask, class_="gm-row"), data_act="try", class_="gm-form")

    def _field(self, place: int, column: dict[str, Any]) -> Html:
        name, kind = str(column["name"]), str(column.get("kind", ""))
        values = [str(one) for one in column.get("values") or ()]
        value, field = self._values.get(name, ""), f"f{place}"
        if kind in _NUMBERS and not values:
            value = value.replace(".", self.s.decimal)
        given: Html
        if kind == "text":
            given = el("textarea", value, name=field, rows="4", class_="gm-input", maxlength=str(_LONGEST), dir="auto")
        elif values and len(values) <= 60:
            options = [el("option", self.s.try_blank, value="", selected=not value)]
            options += [el("option", shorten(one, 60), value=one, selected=one == value) for one in values]
            given = el("select", options, name=field, class_="gm-select")
        else:
            mode = "decimal" if kind in _NUMBERS else None
            given = el("input", type="text", name=field, value=value, inputmode=mode, class_="gm-input",
                       maxlength=str(_LONGEST), dir="auto", list=f"gm-l{place}" if values else None)  # fmt: skip
            if values:
                options = [el("option", value=one) for one in values[:500]]
                given = Html(given + el("datalist", options, id=f"gm-l{place}"))
        low, high = column.get("minimum"), column.get("maximum")
        if kind in _NUMBERS and isinstance(low, int | float) and isinstance(high, int | float):
            hint: Child = el("small", f"{said(self.s, low)} – {said(self.s, high)}")
        else:
            hint = None
        return el("label", el("span", el("span", shorten(name, 50), dir="auto"), hint, class_="gm-label"), given,
                  class_="gm-field")  # fmt: skip

    def _usual(self, column: dict[str, Any]) -> str:
        """What is usual in the data, as a person would write it."""
        found = self._seen(str(column["name"]))
        if found is None:
            return ""
        if found.kind in (ColumnKind.NUMBER, ColumnKind.INTEGER):
            middle = found.quantiles[len(found.quantiles) // 2] if found.quantiles else found.mean
            if middle is None:
                return ""
            return str(round(middle)) if found.kind is ColumnKind.INTEGER else f"{middle:.6g}"
        if found.kind is ColumnKind.DATE and found.maximum is not None:
            return str(found.maximum)
        if found.kind is ColumnKind.TEXT:
            return plain(found.examples[0])[:2000] if found.examples else ""
        return found.top[0][0] if found.top else ""

    def _seen(self, name: str) -> Column | None:
        if self._dataset is None:
            return None
        return next((column for column in self._dataset.profile.main.columns if column.name == name), None)

    # --- the answer --------------------------------------------------------------------------------------------------

    def _said(self) -> Child:
        s = self.s
        if self._is_asking:
            return [loading(s.try_asking), el("p", s.try_first, class_="gm-note") if self._is_waking else None]
        found = self._answer
        if found is None:
            waking = el("p", s.try_waking, class_="gm-note") if self._is_waking else None
            return [el("p", s.try_none, class_="gm-note"), waking]
        took = el("p", s.try_took.format(time=duration(s, max(0.1, round(self._seconds, 1)))), class_="gm-note")
        if not found.warm:
            took = Html(took + el("p", s.try_cold, class_="gm-note"))
        if found.things is not None:
            return [self._found(found.things), took]
        if found.mask:
            mask = el("img", src=found.mask, alt=s.try_mask, class_="gm-mask")
            return [el("div", el("div", data_preview=True, class_="gm-preview"), mask, class_="gm-pictured"), took]
        if self._kind() == "series":
            return [forecast(s, self._model, found.rows), took]
        if len(found.rows) != 1:
            return [self._many(found.rows), took]
        row = found.rows[0]
        chances = sorted(
            ((name.removeprefix("probability."), _float(value)) for name, value in row.items()
             if name.startswith("probability.")),
            key=lambda pair: -pair[1],
        )  # fmt: skip
        answer = row.get("prediction", "")
        said = [
            el("p", shorten(self._model.target, 40), class_="gm-over", dir="auto"),
            el("p", self._written(answer), class_="gm-answer", dir="auto"),
        ]
        if chances:
            said.append(el("h3", s.try_sure))
            said.append(bars(s, chances, 1.0, most=_CLASSES))
        return [*said, self._moved(found, self._written(answer), classes=bool(chances)), took]

    def _moved(self, found: Answer, answer: str, *, classes: bool) -> Child:
        """What has moved the answer: which values, and by how much."""
        s = self.s
        if self._kind() != "row" or len(self._columns) < 2 or not found.warm or self._dataset is None:
            return None
        moved = [one for one in found.effects if abs(one.by) >= (_LEAST if classes else 0.0) and one.by]
        if not moved:
            return el("p", s.try_moved_none, class_="gm-note")
        shown = []
        for one in moved[:_MOVED]:
            name = s.try_moved_by.format(
                name=shorten(one.column, 30), value=self._written(one.value) or s.try_blank,
                usual=self._written(one.usual),
            )  # fmt: skip
            by = 100 * one.by if classes else one.by
            amount = ("+" if by > 0 else "\N{MINUS SIGN}") + number(s, abs(round(by, 1) if classes else by), 3)
            shown.append((name, s.try_points.format(n=amount) if classes else amount, one.by))
        how = (s.try_moved_class if classes else s.try_moved_number).format(answer=shorten(answer, 40))
        return [el("h3", s.try_moved), signed_bars(shown), el("p", how, class_="gm-note")]

    def _many(self, rows: Sequence[dict[str, str]]) -> Child:
        names = list(rows[0]) if rows else []
        shown: list[list[Child]] = [[self._written(row.get(name, "")) for name in names] for row in rows[:60]]
        return table([shorten(name, 30) for name in names], shown, label=self.s.try_answer)

    def _found(self, things: Sequence[Thing]) -> Child:
        """What is in the picture, drawn over it."""
        s = self.s
        sure = [one for one in things if one.score >= _SURE][:_THINGS]
        if not sure:
            return el("p", s.try_nothing, class_="gm-answer")
        boxes = []
        for one in sure:
            x, y, wide, high = one.box
            boxes.append(el("rect", x=f"{x:.1f}", y=f"{y:.1f}", width=f"{wide:.1f}", height=f"{high:.1f}"))
        drawn = el(
            "svg", boxes, viewBox=f"0 0 {self._wide:.0f} {self._high:.0f}", class_="gm-boxes", aria_hidden="true"
        )
        picture = el("div", el("div", data_preview=True, class_="gm-preview"), drawn, class_="gm-pictured")
        names = [(one.name, one.score) for one in sure]
        return [picture if self._wide else None, bars(s, names, 1.0, most=_THINGS)]

    def _written(self, text: str) -> str:
        try:
            return number(self.s, float(text), 5)
        except ValueError:
            return shorten(text, 400)

    # --- asking ------------------------------------------------------------------------------------------------------

    def on_try(self, value: Any, fields: dict[str, Any]) -> None:
        """Ask about the row in the form."""
        del value
        if self._is_asking:
            return
        for place, column in enumerate(self._columns[:_FIELDS]):
            if f"f{place}" in fields:
                self._values[str(column["name"])] = str(fields[f"f{place}"])[:_LONGEST]
        if self._kind() == "series":
            self._ask(None, "")
            return
        bad = self._not_a_number()
        if bad:
            self._page.why = Failure(code="value", what=self.s.try_no_number.format(name=shorten(bad, 60)))
            return
        self._ask(self._row(), "row.csv")

    def wake(self) -> None:
        """Have the model opened while somebody fills in the form; if it does not wake, a question says why."""
        if self._is_waking or self._has_woken:
            return
        client, model_id = self._page.app.client, self._model.id
        self._is_waking = True

        def over(_: object) -> None:
            self._is_waking, self._has_woken = False, True

        self._page.ask(lambda: client.wake(model_id), over, over)

    def on_picture(self, value: Any, fields: dict[str, Any]) -> None:
        """Take a picture, piece by piece, and ask about it."""
        if self._is_asking:
            return
        piece = fields.get("bytes") or b""
        if not fields.get("offset"):
            self._picture.clear()
        self._picture += piece
        if len(self._picture) > _PICTURE:
            self._picture.clear()
            self._page.why = Failure(code="value", what=self.s.try_large)
            return
        if fields.get("last"):
            self._pictured = plain(str(value))
            self._wide, self._high = _float(str(fields.get("wide", 0))), _float(str(fields.get("high", 0)))
            ending = Path(self._pictured).suffix.lower()[:6]
            whole = bytes(self._picture)
            self._picture.clear()
            self._ask(whole, f"picture{ending if ending[1:].isalnum() else '.png'}")

    def _not_a_number(self) -> str:
        for column in self._columns:
            text = self._values.get(str(column["name"]), "").strip()
            if column.get("kind") in _NUMBERS and text:
                try:
                    float(text.replace(",", ".") if self.s.decimal == "," else text)
                except ValueError:
                    return str(column["name"])
        return ""

    def _row(self) -> bytes:
        values = {str(column["name"]): self._values.get(str(column["name"]), "").strip() for column in self._columns}
        numbers = frozenset(str(column["name"]) for column in self._columns if column.get("kind") in _NUMBERS)
        if self.s.decimal == ",":
            values |= {name: values[name].replace(",", ".") for name in numbers}
        return row_file(self._model, values, numbers)

    def _ask(self, data: bytes | None, name: str) -> None:
        client, model = self._page.app.client, self._model
        self._is_asking, began = True, time.monotonic()

        def answered(found: Answer) -> None:
            self._is_asking, self._answer, self._seconds = False, found, time.monotonic() - began

        def refused(why: Failure) -> None:
            self._is_asking, self._page.why = False, why

        self._page.ask(lambda: ask(client, model, data, name), answered, refused)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
