"""People on a whole installation, as `gristmill up` brings it up: from sign-in to a prediction, and what goes wrong.

The table and the series lie in a folder of the installation's own; the pictures in a bucket, which the browser itself
sends to and fetches from.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from services.installations import PASSWORD, Installation, installed
from services.s3 import S3Server
from test_own_stores import S3_KEYS
from test_wizard_browser import ATTACK, FILE, Visit, a_large_file
from test_wizard_pages import a_file

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
TRAINED = 280_000.0  # milliseconds
ANSWERED = 120_000.0
API = "/services/gristmill"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, s3_servers: Callable[[str], S3Server]) -> Iterator[Installation]:
    """An installation with a store in a folder, whose operator lets owners have buckets at a server of their own."""
    for needed in ("jupyterhub", "jupyterhub_traefik_proxy", "voila", "anywidget"):
        pytest.importorskip(needed)
    endpoint = urlsplit(s3_servers("juicefs").endpoint).netloc
    with installed(tmp_path_factory.mktemp("whole"), GRISTMILL_WIZARD="on", GRISTMILL_ENDPOINTS=endpoint) as here:
        yield here


@pytest.fixture
def hub_with_bucket(
    tmp_path: Path, s3_servers: Callable[[str], S3Server], request: pytest.FixtureRequest
) -> Iterator[Installation]:
    """An installation whose store is a bucket of another origin."""
    request.getfixturevalue("s3_environment")
    for needed in ("jupyterhub", "jupyterhub_traefik_proxy", "voila", "anywidget"):
        pytest.importorskip(needed)
    server = s3_servers("juicefs")
    with installed(tmp_path / "whole", GRISTMILL_WIZARD="on", GRISTMILL_STORE=server.store_url("whole")) as here:
        yield here


class Person(Visit):
    """Somebody who signs in by the hub's own page."""

    def signs_in(self, name: str) -> Person:
        hub = self.url.split("/services/")[0]
        self.page.goto(f"{hub}/hub/login")
        self.fills_in(name)
        self.page.wait_for_selector(".gm-main h1")
        return self

    def fills_in(self, name: str, password: str = PASSWORD) -> None:
        self.page.fill("#username", name)
        self.page.fill("#password", password)
        self.page.click("button[type=submit]")

    def trains(self, seconds: int) -> Person:
        """On from the proposal, to a model."""
        self.page.click("text=/^Next$/")
        self.has("How long may it take?")
        self.page.fill("input[name=own]", f"{seconds}s")
        self.page.wait_for_selector("input[value=own]:checked")
        self.page.click("button.gm-train")
        self.has("Learning to predict")
        if self.ended():  # a busy machine has made no model in that time
            self.page.click("text=Go on with more time")
            self.page.wait_for_selector(".gm-ended", state="detached")
            assert not self.ended(), self.page.inner_text(".gm-main")
        return self

    def ended(self) -> bool:
        """Whether the run that is watched ends without a model."""
        self.page.wait_for_selector("[role=tablist], .gm-ended", timeout=TRAINED)
        return bool(self.page.locator(".gm-ended").count())

    def asks(self, click: str, answer: str = ".gm-answer") -> str:
        """What the model says at once."""
        self.page.click(click)
        self.page.wait_for_selector(answer, timeout=ANSWERED)
        return str(self.page.inner_text(answer))

    def fetches(self, click: str) -> tuple[str, str, bytes]:
        """What is handed over: its name, where it came from, and the file."""
        with self.page.expect_download() as fetched:
            self.page.click(click)
        return fetched.value.suggested_filename, fetched.value.url, Path(fetched.value.path()).read_bytes()

    def predicts(self, file: dict[str, Any] | str) -> list[dict[str, str]]:
        """The rows that the model writes for a whole file."""
        self.page.click("#gm-tab-file")
        self.page.set_input_files("[data-upload=rows] input[type=file] >> nth=0", file)
        self.page.wait_for_selector(".gm-ended", timeout=ANSWERED)
        return list(csv.DictReader(io.StringIO(self.fetches("text=Download the predictions")[2].decode())))


@contextmanager
def _signed_in(chromium: Any, hub: Installation, name: str, **how: Any) -> Iterator[Person]:
    hub.person(name, admin=how.pop("admin", False))
    one = Person(chromium, f"{hub.url}/services/wizard/", **how)
    try:
        yield one.signs_in(name)
    finally:
        one.context.close()


@pytest.fixture
def person(chromium: Any, hub: Installation) -> Iterator[Callable[..., Person]]:
    """A function: somebody of that name, signed in, in front of the wizard."""
    with ExitStack() as people:
        yield lambda name, **how: people.enter_context(_signed_in(chromium, hub, name, **how))


def pictures(each: int = 40) -> bytes:
    """Discs and squares, in a folder each."""
    from PIL import Image, ImageDraw

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for number in range(2 * each):
            name, drawn = ("disc", "ellipse") if number % 2 else ("square", "rectangle")
            picture = Image.new("RGB", (64, 48), (180 + number % 60, 200, 140 + number))
            left, top = number % 30, number % 14
            getattr(ImageDraw.Draw(picture), drawn)((left, top, left + 26, top + 26), fill=(60, 3 * number, 90))
            png = io.BytesIO()
            picture.save(png, "PNG")
            archive.writestr(f"{name}/{number}.png", png.getvalue())
    return held.getvalue()


# --- from sign-in to a prediction ------------------------------------------------------------------------------------


@pytest.mark.engine
def test_a_table_is_dropped_and_its_model_asked_and_taken_along(person: Callable[..., Person]) -> None:
    pytest.importorskip("autogluon.tabular")
    here = person("tilda")
    here.has("From a file to a model")
    here.page.click("text=Bring your data")
    here.drops("penguins.csv", (EXAMPLES / "penguins.csv").read_bytes())
    here.has("The first rows")
    here.trains(40)
    assert here.asks("text=Ask the model") in ("Adelie", "Chinstrap", "Gentoo")

    for said, name, begins in (
        ("Download the model", "penguins-1.zip", b"PK"),
        ("Download its notebook", "penguins", b"{"),
    ):
        called, url, data = here.fetches(f"text={said}")
        assert called.startswith(name)
        assert data.startswith(begins)
        assert "/store/" in url  # straight from there

    here.page.click("[data-value=settings]")
    assert here.page.get_attribute("text=Sign out", "href") == "/hub/logout"
    here.page.keyboard.press("Escape")
    rows = here.predicts(str(EXAMPLES / "penguins.csv"))
    assert len(rows) == 344
    assert sum(row["species"] == row["prediction"] for row in rows) > 300
    assert here.said == []


@pytest.mark.engine
def test_a_series_is_drawn_and_goes_on(person: Callable[..., Person]) -> None:
    pytest.importorskip("autogluon.timeseries")
    here = person("serena").at("have")
    here.page.click("[data-value=bakeries]")
    here.has("How “loaves” goes")
    assert here.page.locator(".gm-trace path").count() == 4
    here.trains(60)
    here.asks("text=Show what comes next", ".gm-forecast")
    assert here.page.locator(".gm-forecast .gm-band").count() == 6
    assert here.page.locator(".gm-forecast li", has_text="Bridge").count() == 1
    assert here.said == []


@pytest.mark.engine
def test_pictures_go_to_a_bucket_and_one_more_is_told(chromium: Any, hub_with_bucket: Installation) -> None:
    pytest.importorskip("autogluon.tabular")
    archive, sent = pictures(), []
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        one = {"name": "new.png", "mimeType": "image/png", "buffer": opened.read("disc/1.png")}
    with _signed_in(chromium, hub_with_bucket, "piet") as here:
        here.page.on("requestfinished", lambda request: sent.append((request.method, request.url)))
        here.at("have").page.set_input_files(FILE, {"name": "s.zip", "mimeType": "application/zip", "buffer": archive})
        here.has("Some of your pictures")
        assert [url for method, url in sent if method == "PUT" and "/whole/" in url and hub_with_bucket.url not in url]
        assert here.page.locator(".gm-sight img").count() == 12
        here.page.wait_for_function(
            "() => [...document.querySelectorAll('.gm-sight img')].every(one => one.naturalWidth)"
        )
        here.trains(60)
        here.page.set_input_files("input[data-pick]", one)
        here.page.wait_for_selector(".gm-answer", timeout=ANSWERED)
        assert here.page.inner_text(".gm-answer") == "disc"
        _, url, model = here.fetches("text=Download the model")
        assert model.startswith(b"PK")
        assert hub_with_bucket.url not in url  # from the bucket itself
        assert here.said == []


def gets_a_bucket(hub: Installation, name: str, url: str) -> None:
    """Their own first project gets a store of its own."""
    with hub.browser() as browser:
        browser.sign_in(hub.person(name))
        bearer = browser.bearer(name)
        browser.client.post(f"{API}/projects", json={"name": "default"}, headers=bearer).raise_for_status()
        body = {"url": url, "credentials": S3_KEYS}
        put = browser.client.put(f"{API}/projects/default/store", json=body, headers=bearer)
        assert put.status_code == 200, put.text


def test_files_go_straight_to_a_projects_own_bucket_from_pages_opened_since(
    person: Callable[..., Person], hub: Installation, s3_servers: Callable[[str], S3Server]
) -> None:
    server, gone = s3_servers("juicefs"), []
    here = person("wilma").at("have")
    here.page.on("requestfinished", lambda request: gone.append(f"{request.method} {request.url}"))
    gets_a_bucket(hub, "wilma", server.store_url("wilmas"))
    here.chooses("rye.csv", a_file())  # from a page that was not told of it
    here.has("What do you want to know?")
    assert not [one for one in gone if server.endpoint in one]

    here.at("home").page.reload()
    here.at("have").chooses("oats.csv", a_file(70))
    here.has("What do you want to know?")
    assert [one for one in gone if one.startswith(f"PUT {server.endpoint}/wilmas/")]
    assert here.said == []


# --- everybody can use it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_page_shuts_anybody_out(person: Callable[..., Person], width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    here = person("chief", admin=True, width=width, scheme=scheme).at("have")
    here.page.emulate_media(reduced_motion="reduce")  # what is still fading in is hard to read for a moment
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
    here.page.wait_for_selector(FILE, state="attached")
    here.context.set_offline(True)
    here.page.set_input_files(FILE, str(file))
    here.page.wait_for_function("() => /offline/.test(document.querySelector('.gm-send-line')?.textContent)")
    here.context.set_offline(False)
    here.has("What do you want to know?")
    assert here.said == []


def test_a_page_goes_on_by_itself_when_the_platform_is_killed_under_it(
    person: Callable[..., Person], hub: Installation
) -> None:
    here = person("vera").at("have")
    here.page.wait_for_selector("[data-value=penguins]")
    [api] = [
        each for each in psutil.Process(hub.process.pid).children()
        if each.status() != psutil.STATUS_ZOMBIE and "--no-workers" in each.cmdline()
    ]  # fmt: skip
    api.kill()
    here.page.click("[data-value=penguins]")
    here.has("What do you want to know?")
    assert here.said == []


def test_a_page_whose_service_is_killed_is_one_click_from_where_it_was(
    person: Callable[..., Person], hub: Installation
) -> None:
    here = person("rosa").at("have")
    here.chooses("grain.csv", a_file())
    here.has("The first rows")
    where = here.page.evaluate("location.hash")
    [service] = [
        each for each in psutil.Process(hub.process.pid).children()
        if each.status() != psutil.STATUS_ZOMBIE and "gristmill_widgets.service" in each.cmdline()
    ]  # fmt: skip
    service.kill()
    here.page.wait_for_selector("#gm-line >> text=The connection is lost")
    here.page.wait_for_selector("#gm-over[open] >> text=This page is over", timeout=ANSWERED)
    here.page.click("#gm-over-again")
    here.has("The first rows")
    assert here.page.evaluate("location.hash") == where
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
    here.page.click("#gm-over-again")
    here.fills_in("lea", "another password")
    here.page.wait_for_selector("text=do not belong together")
    here.fills_in("lea")
    here.has("The first rows")
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
