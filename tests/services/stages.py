"""The wizard on a stage: its own page and scripts in a real browser, its Python in the test's own process.

=======  =====================================================================================================
fixture  gives
=======  =====================================================================================================
stage    a function: a page of the wizard for a client, at once and without a kernel
=======  =====================================================================================================

What lies between the two is anywidget's: a model with values that change, and messages both ways.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

URL = "http://wizard.test/"
PATIENCE = 60.0

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Gristmill</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="tokens.css"><link rel="stylesheet" href="page.css">
<link rel="stylesheet" href="screen.css"></head>
<body class="gm" data-voila="voila"><div id="rendered_cells"></div>
<script type="module">
import widget from "./screen.js";
const values = await window.opens(), heard = {};
const fire = (event, ...told) => (heard[event] || []).forEach((one) => one(...told));
const take = ({ changed, sent }) => {
  Object.assign(values, changed);
  for (const name of Object.keys(changed)) fire(`change:${name}`);
  for (const told of sent) fire("msg:custom", told, []);
};
const model = {
  get: (name) => values[name],
  on: (events, does) => { for (const event of events.split(" ")) (heard[event] ||= []).push(does); },
  send: (told, _, buffers) => { if (told.upload !== "piece") window.hears(told).then(take); },
};
window.takes = take;
widget.render({ model, el: document.querySelector("#rendered_cells") });
</script></body></html>"""


class Stage:
    """One visitor's page; `does` is what they do, `takes` has the browser take what came of it."""

    def __init__(self, context: Any, client: Any) -> None:
        from gristmill_widgets.wizard import PAGES, App

        with ThreadPoolExecutor(1) as beside:  # this thread has Playwright's loop, which only it can turn
            self.app = beside.submit(App, client, PAGES).result()
        self.sent: list[dict[str, Any]] = []
        self.app.screen.send = lambda told, _buffers=(): self.sent.append(told)
        self.shown: dict[str, Any] = {}
        self.said: list[str] = []
        self.page = context.new_page()
        self.page.set_default_timeout(1000 * PATIENCE)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.expose_function("opens", self._all)
        self.page.expose_function("hears", self._heard)
        self.page.route(f"{URL}**", _serve)

    def at(self, fragment: str, language: str = "en") -> Stage:
        """Come to a page by its address, and wait until all of it is there."""
        self.page.goto(f"{URL}#{fragment}")
        self.page.wait_for_selector(".gm-main h1, .gm-problem")
        return self.does("speak", language).settles()

    def does(self, act: str, value: Any = "", **fields: Any) -> Stage:
        """What a click on an element with that act tells."""
        self.page.evaluate("told => window.takes(told)", self._heard({"act": act, "value": value, "fields": fields}))
        return self

    def settles(self, until: Callable[[], Any] = lambda: True) -> Stage:
        """Wait for what is still being asked, and for `until`."""
        deadline = time.monotonic() + PATIENCE
        self.app.work.settle()
        while not until():
            assert time.monotonic() < deadline
            time.sleep(0.02)
            self.app.work.settle()
        self.page.evaluate("told => window.takes(told)", self._new())
        return self

    def close(self) -> None:
        if self.app.page is not None:
            self.app.page.leave()
        self.app.work.close()
        self.page.close()

    def _heard(self, told: dict[str, Any]) -> dict[str, Any]:
        self.app.screen._handle_custom_msg({"language": "en", "turn": 1_000_000, **told}, [])
        self.app.work.settle()
        return self._new()

    def _all(self) -> dict[str, Any]:
        self.shown = self._state()
        return self.shown

    def _new(self) -> dict[str, Any]:
        now, before = self._state(), self.shown
        self.shown, sent, self.sent = now, self.sent, []
        return {"changed": {name: value for name, value in now.items() if before.get(name) != value}, "sent": sent}

    def _state(self) -> dict[str, Any]:
        screen = self.app.screen
        return {name: getattr(screen, name) for name in (*_REGIONS, *_OTHERS)}


_REGIONS = ("page", "top", "main", "dialog")  # page first: by it the browser knows that main is another page
_OTHERS = ("said", "title", "fragment", "report", "words", "language", "away")


def said(page: Any, what: str, language: str) -> None:
    """Show what the wizard's service says where there is no page, such as that one has to wait."""
    import gristmill_widgets
    from gristmill_widgets.strings import spoken

    jinja = pytest.importorskip("jinja2")
    pages = Path(gristmill_widgets.__file__).parent / "service" / "pages"
    words = spoken(language)
    title, sentence = getattr(words, f"service_{what}")
    template = jinja.Template((pages / "said.html.j2").read_text("utf-8"), autoescape=True)
    told = {"title": title, "sentence": sentence, "again": None, "go": words.service_go, "language": language}
    page.route(f"{URL}**", _serve)
    page.route(
        f"{URL}said",
        lambda route: route.fulfill(body=template.render(told, own=".", home="."), content_type="text/html"),
    )
    page.goto(f"{URL}said")


def _serve(route: Any) -> None:
    import gristmill_widgets
    from gristmill_widgets.screen import Screen

    looks = Path(gristmill_widgets.__file__).parent
    name = route.request.url.partition("#")[0].removeprefix(URL)
    if name == "screen.js":
        route.fulfill(body=str(Screen._esm), content_type="text/javascript")
    elif name == "screen.css":
        route.fulfill(body=str(Screen._css), content_type="text/css")
    elif name in ("tokens.css", "page.css"):
        folder = looks / "look" if name == "tokens.css" else looks / "service" / "pages" / "static"
        route.fulfill(body=(folder / name).read_text("utf-8"), content_type="text/css")
    else:
        route.fulfill(body=_PAGE, content_type="text/html")


@pytest.fixture
def stage(chromium: Any) -> Iterator[Callable[..., Stage]]:
    pytest.importorskip("anywidget")
    begun: list[tuple[Any, Stage]] = []

    def begin(client: Any) -> Stage:
        context = chromium.new_context(reduced_motion="reduce", locale="en-US")
        begun.append((context, Stage(context, client)))
        return begun[-1][1]

    yield begin
    for context, one in begun:
        one.close()
        context.close()
