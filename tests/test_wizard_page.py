"""The wizard's page in a real browser: what it loads, how it ends, and how it waits."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from services.waiting import until
from services.wizards import Wizard, process_of

pytestmark = pytest.mark.slow

PATIENCE = 60_000.0
LIGHT = 300_000  # bytes of a second visit


class Visit:
    """A visitor's own browser, with all it asked for and all it complained about."""

    def __init__(self, wizard: Wizard, chromium: Any, name: str) -> None:
        self.wizard, self.context = wizard, chromium.new_context()
        self.context.set_default_timeout(PATIENCE)
        self.asked: list[Any] = []
        self.said: list[str] = []
        self.page = self.tab()
        self.page.goto(f"{wizard.hub.url}/hub/login?next=%2Fhub%2Fhome")
        self.page.fill("#username_input", name)
        self.page.fill("#password_input", "any")
        self.page.click("#login_submit")
        self.page.wait_for_url("**/hub/home")

    def tab(self) -> Any:
        page = self.context.new_page()
        page.on("requestfinished", lambda request: self.asked.append(request))
        page.on("console", lambda told: self.said.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        return page

    def open(self, page: Any = None) -> Any:
        """The page with its greeting, which comes from the API by way of its kernel."""
        page = page or self.page
        page.goto(self.wizard.url)
        page.wait_for_selector(".greeting")
        return page

    def kernel(self) -> str:
        return str(
            self.page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
        )

    def weight(self) -> int:
        """Bytes over the wire since `asked` was emptied, websockets aside."""
        sizes = [request.sizes() for request in self.asked]
        return sum(max(size["responseBodySize"], 0) + size["responseHeadersSize"] for size in sizes)


@pytest.fixture
def visit(wizard: Wizard, chromium: Any, request: pytest.FixtureRequest) -> Iterator[Visit]:
    made = Visit(wizard, chromium, re.sub(r"\W", "-", request.node.name)[:30])
    yield made
    for page in made.context.pages:  # a page that a program closes says nothing to anybody
        page.goto("about:blank")
    made.context.close()


def test_the_page_is_shown_answers_and_is_light_the_second_time(visit: Visit) -> None:
    visit.asked.clear()
    page = visit.open()
    assert not page.locator("#loading").is_visible()
    assert page.inner_text(".size") == "99 bytes"
    page.click("text=Again")
    page.wait_for_selector("text=sum 15, 7 came back")
    page.wait_for_selector(".greeting >> text=again")
    page.click("text=Keep")
    page.wait_for_selector(".greeting >> text=kept 1")
    urls = [request.url for request in visit.asked]
    foreign = [url for url in urls if not url.startswith((visit.wizard.hub.url, "blob:", "data:"))]
    assert foreign == []
    assert visit.said == []

    visit.asked.clear()
    visit.open()
    assert visit.weight() < LIGHT
    assert visit.said == []


def test_a_page_that_is_left_is_freed_and_one_that_is_not_is_not(visit: Visit) -> None:
    visit.open()
    kernel = visit.kernel()
    visit.page.evaluate("window.dispatchEvent(new Event('beforeunload'))")  # as it comes when a file is downloaded
    visit.page.click("text=Again")
    visit.page.wait_for_selector(".greeting >> text=again")
    assert process_of(kernel) is not None
    visit.page.goto("about:blank")
    until(lambda: process_of(kernel) is None)


def test_whoever_signs_out_elsewhere_is_told_so(visit: Visit) -> None:
    page = visit.open()
    visit.tab().goto(f"{visit.wizard.hub.url}/hub/logout")
    page.wait_for_selector("#gm-over[open] >> text=You are signed out")
    page.click("text=Open it again")
    page.wait_for_url("**/hub/login*")


def test_a_page_whose_kernel_has_died_says_so_and_comes_again(visit: Visit) -> None:
    page = visit.open()
    kernel = visit.kernel()
    pid = process_of(kernel)
    assert pid is not None
    os.kill(pid, 9)
    page.wait_for_selector("#gm-over[open] >> text=This page is over")
    page.click("text=Open it again")
    page.wait_for_selector(".greeting")
    assert visit.kernel() != kernel


def test_a_page_without_a_network_says_so_and_goes_on_with_what_was_asked_of_it(visit: Visit) -> None:
    page = visit.open()
    visit.context.set_offline(True)
    page.wait_for_selector("#gm-line >> text=The connection is lost")
    page.click("text=Again")
    visit.context.set_offline(False)
    page.wait_for_selector("#gm-line", state="hidden")
    page.wait_for_selector("text=sum 15, 7 came back")
    page.click("text=Keep")
    page.wait_for_selector(".greeting >> text=kept 1")
    assert page.inner_text(".greeting").count("again") == 1
    assert not page.locator("#gm-over[open]").count()


def test_a_page_whose_machine_has_slept_connects_again_with_what_its_kernel_has_said(visit: Visit) -> None:
    page = visit.page
    sockets: list[Any] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    visit.open()
    page.evaluate("{ const now = Date.now; Date.now = () => now() + 3600_000; }")
    until(lambda: len(sockets) == 2 or page.wait_for_timeout(100))
    page.click("text=Again")
    page.wait_for_selector(".greeting >> text=again")


def test_a_page_whose_service_is_started_anew_is_one_click_from_where_it_was(visit: Visit) -> None:
    import psutil

    page = visit.open()
    page.evaluate("location.hash = 'run/7'")
    pid = process_of(visit.kernel())
    assert pid is not None
    original = psutil.Process(pid).parent()
    assert original is not None
    service = original.parent()
    assert service is not None
    assert "our_service.py" in " ".join(service.cmdline())
    service.kill()
    page.wait_for_selector("#gm-line >> text=The connection is lost")
    page.wait_for_selector("#gm-over[open] >> text=This page is over", timeout=180_000.0)  # the hub has to notice it
    page.click("text=Open it again")
    page.wait_for_selector(".greeting")
    assert page.url.endswith("#run/7")


def test_whoever_finds_no_place_waits_and_comes_in_by_itself(visit: Visit) -> None:
    second = visit.tab()
    visit.open()
    visit.open(second)
    third = visit.tab()
    third.goto(visit.wizard.url)
    third.wait_for_selector("text=You have the wizard open elsewhere")
    second.goto("about:blank")
    third.wait_for_selector(".greeting")
