"""What lies in the store: data and models with their sizes, to be taken along, or deleted where nothing needs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gristmill.records import DatasetEntry, Limit, Model, Standing
from gristmill_widgets.doubting import Doubting
from gristmill_widgets.files import Handed, hand_over
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.links import fragment_of, link
from gristmill_widgets.pieces import action, card, empty, head, loading
from gristmill_widgets.words import size, when

__all__ = ["Files"]

_SHOWN = 50  # at once


class Files(Doubting):
    """One list of data, one of models, newest first."""

    name = "files"

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        self._datasets: list[DatasetEntry] | None = None
        self._models: Sequence[Model] = ()
        self._standing: Standing | None = None
        self._has_more = False

    @property
    def title(self) -> str:
        return self.s.files_title

    def begin(self) -> None:
        client = self.app.client
        self._datasets = None
        self._more(None)
        self.ask(lambda: client.models(self._project, limit=_SHOWN), lambda found: setattr(self, "_models", found))
        self.ask(client.standing, lambda found: setattr(self, "_standing", found), lambda _: None)

    @property
    def _project(self) -> str | None:
        return self.chosen.get("project") or None

    def _more(self, before: str | None) -> None:
        def found(page: Sequence[DatasetEntry]) -> None:
            self._datasets = [*(self._datasets or ()), *page[:_SHOWN]]
            self._has_more = len(page) > _SHOWN

        self.ask(lambda: self.app.client.datasets(self._project, _SHOWN + 1, before), found)

    # --- shown -------------------------------------------------------------------------------------------------------

    def content(self) -> Html:
        s = self.s
        if self._datasets is None:
            return el("div", head(s.files_title), card(loading(s.loading)) if self.why is None else None)
        models: Child = None
        if self._models:
            models = card(el("ul", [self._model(one) for one in self._models], class_="gm-files"), title=s.home_models)
        return el("div", head(s.files_title, self._lead()), self._data(self._datasets), models)

    def _lead(self) -> str:
        s = self.s
        allowances = self._standing.allowances if self._standing else ()
        used = next((one for one in allowances if one.limit is Limit.STORAGE), None)
        if used is None:
            return s.files_lead
        taken = size(s, used.used) if used.most is None else s.used_of.format(
            used=size(s, used.used), most=size(s, used.most)
        )  # fmt: skip
        return f"{s.files_lead} {s.files_used.format(size=taken)}"

    def _data(self, datasets: Sequence[DatasetEntry]) -> Html:
        s = self.s
        if not datasets:
            go = link(s.welcome_go, "have", class_="gm-button is-main")
            return card(empty(s.files_empty_title, s.files_empty, go), title=s.home_data)
        more = action(s.files_more, "more", kind="is-quiet", once=True) if self._has_more else None
        return card(
            el("ul", [self._dataset(one) for one in datasets], class_="gm-files"),
            el("div", more, class_="gm-row") if more else None, title=s.home_data,
        )  # fmt: skip

    def _dataset(self, one: DatasetEntry) -> Html:
        s = self.s
        name = shorten(one.name, 60)
        acts = self._acts(one.id, "take", name, s.file_doubt.format(name=name))
        said = f"{s.version} {one.version} · {shorten(one.filename, 40)}"
        return self._line(one.id, link(name, fragment_of("want", one.id)), said, (one.size, one.created_at), acts)

    def _model(self, one: Model) -> Html:
        s, name = self.s, shorten(one.name, 60)
        acts = self._acts(one.id, "take_model", name, s.model_doubt.format(name=name, version=one.version))
        said = f"{s.version} {one.version} · {shorten(one.target, 40)}"
        return self._line(one.id, link(name, fragment_of("run", one.run_id)), said, (one.size, one.created_at), acts)

    def _acts(self, key: str, take: str, name: str, asked: str) -> Html:
        s = self.s
        if self.doubted == key:
            return self.question(asked, "delete")
        return el(
            "div",
            action(s.download, take, key, kind="is-quiet", aria_label=f"{s.download}: {name}"),
            action(s.file_delete, "doubt", key, kind="is-quiet", aria_label=f"{s.file_delete}: {name}"),
            class_="gm-row",
        )

    def _line(self, key: str, name: Child, said: str, facts: tuple[int, float], acts: Child) -> Html:
        s, (bytes, at) = self.s, facts
        return el(
            "li",
            el("div", el("b", name, dir="auto"), el("span", said, class_="gm-soft", dir="auto"), class_="gm-file-name"),
            el("span", size(s, bytes), class_="gm-file-size"),
            el("span", when(s, at), class_="gm-soft gm-file-when"),
            acts,
            data_key=key,
        )

    # --- done --------------------------------------------------------------------------------------------------------

    def on_more(self, value: Any, fields: dict[str, Any]) -> None:
        """Show older ones, too."""
        del value, fields
        if self._datasets:
            self._more(self._datasets[-1].id)

    def on_take(self, value: Any, fields: dict[str, Any]) -> None:
        """Take along a dataset's file."""
        del fields
        one = next((one for one in self._datasets or () if one.id == value), None)
        if one is None:
            return
        client = self.app.client
        hand_over(self, Handed(one.filename, lambda: client.dataset_link(one.id), lambda to: client.file(one.id, to)))

    def on_take_model(self, value: Any, fields: dict[str, Any]) -> None:
        """Take along a model."""
        del fields
        one = next((one for one in self._models if one.id == value), None)
        if one is None:
            return
        client, name = self.app.client, f"{one.name}-{one.version}.zip"
        hand_over(self, Handed(name, lambda: client.archive_link(one.id), lambda to: client.download(one.id, to)))

    def on_delete(self, value: Any, fields: dict[str, Any]) -> None:
        """Delete a dataset and its file, or a model."""
        del fields
        if not self.is_sure(value):
            return
        draft, deleted, client = self.app.draft, str(value), self.app.client
        delete = client.delete_model if deleted.startswith("model-") else client.delete_dataset

        def gone(_: None) -> None:
            self._datasets = [one for one in self._datasets or () if one.id != deleted]
            self._models = [one for one in self._models if one.id != deleted]
            self.app.say(self.s.file_gone)
            if draft.dataset is not None and draft.dataset.id == deleted:
                draft.forget()
            self.ask(client.standing, lambda found: setattr(self, "_standing", found), lambda _: None)

        self.ask(lambda: delete(deleted), gone)
