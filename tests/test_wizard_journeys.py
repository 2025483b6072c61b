"""People on a whole installation, as `gristmill up` brings it up: can all use its pages, and what if things break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.installations import PASSWORD, Installation, installed
from test_wizard_browser import ATTACK, FILE, Visit, a_large_file
from test_wizard_pages import a_file

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    for needed in ("jupyterhub", "jupyterhub_traefik_proxy", "voila", "anywidget"):
        pytest.importorskip(needed)
    with installed(tmp_path_factory.mktemp("whole"), GRISTMILL_WIZARD="on") as here:
        yield here


class Person(Visit):
    """Somebody who signs in by the hub's own page."""

    def signs_in(self, name: str) -> Person:
        hub = self.url.split("/services/")[0]
        self.page.goto(f"{hub}/hub/login")
        self.page.fill("#username", name)
        self.page.fill("#password", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_selector(".gm-main h1")
        return self


@pytest.fixture
def person(chromium: Any, hub: Installation) -> Iterator[Callable[..., Person]]:
    """A function: somebody of that name, signed in, in front of the wizard."""
    people = []

    def come(name: str, *, admin: bool = False, **how: Any) -> Person:
        hub.person(name, admin=admin)
        people.append(Person(chromium, f"{hub.url}/services/wizard/", **how))
        return people[-1].signs_in(name)

    yield come
    for one in people:
        one.context.close()


# --- everybody can use it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_page_shuts_anybody_out(person: Callable[..., Person], width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    here = person("chief", admin=True, width=width, scheme=scheme).at("have")
    here.chooses("grain.csv", a_file(name=ATTACK))
    here.has("The first rows")
    dataset = here.page.evaluate("location.hash.slice(1).split('/')[1].split('?')[0]")
    faults = {}
    for page in ("home", "have", "files", f"want/{dataset}", f"time/{dataset}", "admin", "run/none", "join/none"):
        here.at(page).page.wait_for_function("() => !document.querySelector('.gm-main .gm-loading')")
        found = axe.run(here.page).response["violations"]
        faults[page] = [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found if one["impact"] != "minor"]
        if here.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults[page].append("too wide")
    assert {page: found for page, found in faults.items() if found} == {}
    assert here.said == []


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_file_that_is_chosen_offline_goes_on_by_itself(person: Callable[..., Person], tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    file.write_bytes(a_large_file())
    here = person("otto").at("have")
    here.context.set_offline(True)
    here.page.set_input_files(FILE, str(file))
    here.page.wait_for_function("() => /offline/.test(document.querySelector('.gm-send-line')?.textContent)")
    here.context.set_offline(False)
    here.has("What do you want to know?")
    assert here.said == []


def test_whoever_signed_out_elsewhere_is_told_and_comes_back_to_the_same_page(person: Callable[..., Person]) -> None:
    here = person("lea").at("have")
    here.chooses("grain.csv", a_file())
    here.has("The first rows")
    where = here.page.evaluate("location.hash")
    other = here.context.new_page()
    other.goto(here.url.replace("/services/wizard/", "/hub/logout"))
    here.page.wait_for_function("() => /[Ss]ign(ed)? (in|out)|session has ended/.test(document.body.textContent)")
    assert here.page.evaluate("location.hash") == where


def test_what_nobody_wants_any_more_is_deleted(person: Callable[..., Person]) -> None:
    here = person("dora").at("have")
    here.chooses("rye.csv", a_file())
    here.has("The first rows")
    here.at("files").has("rye.csv")
    with here.page.expect_download() as fetched:
        here.page.click("[aria-label='Download: rye']")
    assert Path(fetched.value.path()).read_bytes() == a_file()
    here.page.click("[aria-label='Delete: rye']")
    here.has("for good?")
    here.page.click("button.is-bad")
    here.has("Nothing is stored yet")
    assert here.said == []
