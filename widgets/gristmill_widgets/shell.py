"""What is around every page: where one is, the way through the steps, the bell, who one is, the language, the theme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gristmill.records import Channel, Choices, News, NewsKind, Who
from gristmill_widgets.html import Child, Html, el
from gristmill_widgets.links import link
from gristmill_widgets.pieces import action
from gristmill_widgets.words import when

if TYPE_CHECKING:
    from gristmill_widgets.app import App
    from gristmill_widgets.page import Page

__all__ = ["Shell"]

_MILL = (
    "M12 5.6Q14.6 4.6 16 3M17.5 8.8Q19.7 10.5 21.8 10.1M17.5 15.2Q17.1 18 18.5 19.6M12 18.4Q9.4 19.4 8 21"
    "M6.5 15.2Q4.3 13.5 2.2 13.9M6.5 8.8Q6.9 6 5.5 4.4"
)
_BELL = "M6 10a6 6 0 0 1 12 0c0 5 2 6 2 6H4s2-1 2-6M10 19a2 2 0 0 0 4 0"


class Shell:
    """The frame, and what opens over a page."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._open = ""  # bell or settings
        self._news: Sequence[News] = ()
        self._told_by: tuple[Channel, ...] = ()  # how they are told that a run has ended

    def begin(self) -> None:
        """Find out who is there, and what they have not read."""
        self._app.ask(self._app.client.me, self._met, lambda _: None)
        self.look()

    def look(self) -> None:
        """See whether there is news."""
        self._app.ask(lambda: self._app.client.notices(20), self._told, lambda _: None)

    def close(self) -> None:
        """Shut what is open over the page."""
        self._open = ""

    def hear(self, act: str, value: Any) -> bool:
        """Do what was asked, if it is the frame's to do."""
        if act == "open":
            self._open = "" if self._open == value else str(value)
            if self._open == "bell":
                self.look()
            if self._open == "settings":
                self._app.ask(self._app.client.choices, self._chosen, lambda _: None)
        elif act.startswith("tell_") and act.removeprefix("tell_") in (Channel.BELL, Channel.MAIL):
            self._tell(Channel(act.removeprefix("tell_")), on=bool(value))
        elif act == "close":
            self._open = ""
        elif act == "read":
            self._app.ask(self._app.client.read_notices, lambda _: self.look(), lambda _: None)
        else:
            return False
        self._app.draw()
        return True

    def _tell(self, channel: Channel, *, on: bool) -> None:
        """Have them told that a run has ended by this channel too, or not."""
        by = tuple(one for one in Channel if (on if one is channel else one in self._told_by))
        kinds = {kind: by for kind in (NewsKind.RUN_FINISHED, NewsKind.RUN_FAILED, NewsKind.RUN_SALVAGED)}
        self._app.ask(lambda: self._app.client.choose(kinds), self._chosen)

    def _chosen(self, choices: Choices) -> None:
        self._told_by = choices.by(NewsKind.RUN_FINISHED)
        self._app.draw()

    def _met(self, who: Who) -> None:
        self._app.who = who
        self._app.draw()

    def _told(self, news: Sequence[News]) -> None:
        self._news = news
        self._app.draw()

    # --- shown -------------------------------------------------------------------------------------------------------

    def top(self, page: Page) -> Html:
        """The bar above a page."""
        s = self._app.strings
        unread = sum(one.read_at is None for one in self._news)
        bell = el(
            "button", _icon(_BELL),
            el("span", str(unread) if unread < 10 else "9+", class_="gm-dot") if unread else None,
            type="button", class_="gm-icon", data_act="open", data_value="bell",
            aria_label=s.bell_of(unread), aria_expanded=str(self._open == "bell").lower(),
        )  # fmt: skip
        name = self._app.who.name if self._app.who else ""
        me = el(
            "button", el("span", (name[:1] or "·").upper(), aria_hidden="true"), type="button", class_="gm-me",
            data_act="open", data_value="settings", aria_label=s.settings_of(name),
            aria_expanded=str(self._open == "settings").lower(),
        )  # fmt: skip
        brand = link(el("span", _wheel(), el("b", "Gristmill")), "home", class_="gm-brand")
        return el("div", brand, self._steps(page), el("div", bell, me, class_="gm-tools"), class_="gm-bar-top")

    def _steps(self, page: Page) -> Child:
        s = self._app.strings
        if not page.step:
            return el("nav", link(s.new, "have", class_="gm-button is-main"), class_="gm-new", aria_label=s.new)
        ways = page.ways()
        items = []
        for number, name in enumerate(s.steps, start=1):
            to = ways.get(number)
            said = [el("span", str(number), class_="gm-step-number", aria_hidden="true"), el("span", name)]
            inner = link(el("span", said), to) if to and number < page.step else el("span", said)
            kind = "is-now" if number == page.step else "is-done" if number < page.step else ""
            items.append(el("li", inner, class_=kind or None, aria_current="step" if kind == "is-now" else None))
        return el("nav", el("ol", items), class_="gm-steps", aria_label=s.steps_label)

    def dialog(self) -> Html:
        """What is open over the page."""
        s = self._app.strings
        if self._open == "bell":
            return _sheet(s.bell, s.close, self._bell())
        if self._open == "settings":
            return _sheet(self._app.who.name if self._app.who else s.settings, s.close, self._settings())
        return Html("")

    def _bell(self) -> Child:
        s = self._app.strings
        if not self._news:
            return el("p", s.bell_empty, class_="gm-note")
        unread = any(one.read_at is None for one in self._news)
        items = [self._piece(one) for one in self._news]
        return [el("ul", items, class_="gm-news"), action(s.bell_read, "read") if unread else None]

    def _piece(self, one: News) -> Html:
        s = self._app.strings
        title = s.retold(one.title)
        return el(
            "li",
            el("p", link(title, f"run/{one.thing}") if one.thing.startswith("run-") else title),
            el("p", s.retold(one.text), class_="gm-note"),
            el("p", when(s, one.created_at), class_="gm-note"),
            class_="is-unread" if one.read_at is None else None,
        )

    def _settings(self) -> Child:
        s = self._app.strings
        themes = [
            el("button", said, type="button", data_theme=theme, aria_pressed="false")
            for theme, said in (("auto", s.theme_auto), ("light", s.theme_light), ("dark", s.theme_dark))
        ]
        languages = [
            el("button", said, type="button", data_act="speak", data_value=code, lang=code,
               aria_pressed=str(code == s.language).lower())
            for code, said in (("en", "English"), ("de", "Deutsch"))
        ]  # fmt: skip
        told = [
            el("label", el("input", type="checkbox", data_act=f"tell_{channel}", checked=channel in self._told_by),
               el("span", s.channels[channel]), class_="gm-check")
            for channel in (Channel.BELL, Channel.MAIL)
        ]  # fmt: skip
        return [
            el("h3", s.theme), el("div", themes, class_="gm-switch", role="group", aria_label=s.theme),
            el("h3", s.spoken), el("div", languages, class_="gm-switch", role="group", aria_label=s.spoken),
            el("h3", s.tell), el("div", told, class_="gm-row", role="group", aria_label=s.tell),
            el("a", s.account, data_hub="home", class_="gm-button gm-hub", hidden=True),
            el("a", s.sign_out, data_hub="logout", class_="gm-button gm-hub is-quiet", hidden=True),
        ]  # fmt: skip


def _sheet(title: str, close: str, inside: Child) -> Html:
    shut = el("button", "×", type="button", class_="gm-icon", data_act="close", aria_label=close)
    return el(
        "dialog", el("div", el("h2", title), shut, class_="gm-sheet-head"), inside, class_="gm-sheet", aria_label=title
    )


def _icon(path: str) -> Html:
    return el(
        "svg", el("path", d=path), viewBox="0 0 24 24", fill="none", stroke="currentColor", stroke_width="1.7",
        stroke_linecap="round", stroke_linejoin="round", aria_hidden="true",
    )  # fmt: skip


def _wheel() -> Html:
    return el(
        "svg", el("circle", cx="12", cy="12", r="10.6"), el("circle", cx="12", cy="12", r="2.6", fill="currentColor"),
        el("path", d=_MILL), viewBox="0 0 24 24", fill="none", stroke="currentColor", stroke_width="1.7",
        stroke_linecap="round", aria_hidden="true",
    )  # fmt: skip
