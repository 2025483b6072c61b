"""The hub's pages in a real browser: both themes, desk and phone, by keyboard, and whether everybody can read them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.installations import PASSWORD, Installation

pytestmark = pytest.mark.slow

PATIENCE = 60_000.0
SCREENS = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
LONG = "a.name-that_is.nearly-too.long12"  # 32 characters, the most


class Visit:
    """Somebody's browser on the hub, with all that it asked for elsewhere and all that it complained about."""

    def __init__(self, installation: Installation, chromium: Any, screen: str = "desk", theme: str = "light") -> None:
        context = chromium.new_context(viewport=SCREENS[screen], color_scheme=theme, base_url=installation.url)
        context.set_default_timeout(PATIENCE)
        self.page, self.elsewhere, self.said = context.new_page(), [], []
        self.page.on("request", lambda asked: self._note(asked.url, installation.url))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("console", lambda told: self.said.append(told.text) if told.type == "error" else None)

    def _note(self, asked: str, ours: str) -> None:
        if not asked.startswith((ours, "data:")):
            self.elsewhere.append(asked)

    def sign_in(self, name: str) -> None:
        self.page.goto("/hub/login")
        self.page.fill("#username", name)
        self.page.fill("#password", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url("**/hub/home")

    def close(self) -> None:
        self.page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("screen", list(SCREENS))
def test_pages_fit_ask_nobody_else_and_can_be_read_by_everybody(
    installation: Installation, chromium: Any, screen: str, theme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    installation.person("chief", admin=True)
    installation.person(LONG)
    people = installation.people()
    links = [people.invite(by="chief"), people.invite(by="chief", name=LONG), "none"]
    people.close()
    visit = Visit(installation, chromium, screen, theme)
    pages = ["/hub/login", *(f"/hub/invitation?token={link}" for link in links)]
    faults = {page: faults_of(visit, axe, page) for page in pages}
    visit.sign_in("chief")
    pages = ["/hub/home", "/hub/people", "/hub/password", "/hub/token", "/hub/nowhere", "/user/chief/lab"]
    faults |= {page: faults_of(visit, axe, page) for page in pages}
    assert {page: found for page, found in faults.items() if found} == {}
    assert visit.elsewhere == []
    assert [told for told in visit.said if "Failed to load resource" not in told] == []  # 404 is what was asked for
    visit.close()


def faults_of(visit: Visit, axe: Any, page: str) -> list[str]:
    """What is wrong with a page: too wide, targets too small for a finger, or what axe finds serious."""
    visit.page.goto(page)
    found = axe.run(visit.page).response["violations"]
    faults = [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found if each["impact"] != "minor"]
    if visit.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        faults.append("too wide")
    small = visit.page.evaluate(
        """[...document.querySelectorAll("button, .button, nav a, input:not([type=hidden]):not(.unseen), select")]
            .filter((each) => each.type !== "checkbox" && each.checkVisibility())
            .filter((each) => each.getBoundingClientRect().height < 40)
            .map((each) => each.outerHTML.slice(0, 120))"""
    )
    return faults + [f"too small: {each}" for each in small]


def test_signing_in_by_keyboard(installation: Installation, chromium: Any) -> None:
    installation.person("kay")
    visit = Visit(installation, chromium)
    keys = visit.page.keyboard
    visit.page.goto("/hub/login")
    visit.page.wait_for_selector("#username:focus")  # the cursor comes there by itself
    keys.type("kay")
    keys.press("Tab")
    keys.type("not my password")
    keys.press("Enter")
    visit.page.wait_for_selector("[role=alert]")
    assert visit.page.input_value("#username") == "kay"
    visit.page.focus("#password")
    keys.type(PASSWORD)
    keys.press("Tab")
    keys.press("Space")  # shows it
    assert visit.page.get_attribute("#password", "type") == "text"
    keys.press("Tab")
    keys.press("Enter")
    visit.page.wait_for_url("**/hub/home")
    keys.press("Tab")
    assert visit.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    visit.close()


def test_an_administrator_invites_and_removes_by_the_page(installation: Installation, chromium: Any) -> None:
    installation.person("chief", admin=True)
    visit = Visit(installation, chromium, "phone")
    page = visit.page
    visit.sign_in("chief")
    page.click("text=People")
    page.fill("#name", "short.lived")
    page.click("text=Make a link")
    link = page.input_value("#link")
    guest = Visit(installation, chromium)
    guest.page.goto(link)
    guest.page.fill("#password", PASSWORD)
    guest.page.fill("#again", PASSWORD)
    guest.page.click("button[type=submit]")
    guest.page.wait_for_url("**/hub/home")
    page.goto("/hub/people")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.click("text=Remove short.lived")
    assert page.locator("strong", has_text="short.lived").count() == 1  # no means no
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("text=Remove short.lived")
    page.wait_for_function("!document.body.textContent.includes('short.lived')")
    guest.page.goto("/hub/home")
    assert re.search(r"/hub/login", guest.page.url)
    assert guest.said + visit.said == []
    guest.close()
    visit.close()


def test_jupyterlab_is_started_watched_and_ended_by_the_page(installation: Installation, chromium: Any) -> None:
    installation.person("lab")
    visit = Visit(installation, chromium)
    visit.sign_in("lab")
    visit.page.click("text=Start JupyterLab")
    visit.page.wait_for_url("**/user/lab/lab**")
    visit.page.goto("/hub/home")
    visit.page.click("text=End it")
    visit.page.wait_for_selector("text=Start JupyterLab")
    visit.page.goto("/user/lab/lab")
    assert "Your JupyterLab is not running" in visit.page.inner_text("h1")
    visit.close()
