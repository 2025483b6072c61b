"""The wizard in a real browser, in stock Voila: files dropped, paused, gone on with; names that attack; the address."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from services.apis import Api, badge, listening, make_service
from test_wizard_pages import a_file

pytestmark = [pytest.mark.slow]

FILE = "[data-upload] input[type=file] >> nth=0"
WAIT = 90_000.0  # milliseconds
ATTACK = '"><img src=x onerror="document.title=1"><script>document.title=1</script>'


class Visit:
    """A page of the wizard, and what it complained about."""

    def __init__(self, chromium: Any, url: str, *, width: int = 1280, scheme: str = "light") -> None:
        self.context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, locale="en-US", accept_downloads=True
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(WAIT)
        self.url = url
        self.said: list[str] = []
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))

    def at(self, fragment: str = "home") -> Visit:
        self.page.goto(f"{self.url}#{fragment}")
        self.page.wait_for_selector(".gm-main h1")
        return self

    def has(self, text: str) -> None:
        self.page.wait_for_function("text => document.querySelector('.gm-main')?.textContent.includes(text)", arg=text)

    def chooses(self, name: str, data: bytes) -> None:
        self.page.set_input_files(FILE, {"name": name, "mimeType": "text/csv", "buffer": data})

    def drops(self, name: str, data: bytes, *, times: int = 1) -> None:
        self.page.wait_for_selector("[data-upload]")
        self.page.evaluate(
            """([name, text, times]) => {
                const carried = new DataTransfer();
                carried.items.add(new File([text], name));
                const zone = document.querySelector("[data-upload]");
                for (const kind of ["dragenter", "dragover", ...Array(times).fill("drop")])
                    zone.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
            }""",
            [name, data.decode(), times],
        )


@pytest.fixture
def visit(chromium: Any, voila: Callable[..., str], tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """A function: somebody who comes to the wizard of one embedded platform."""
    url, visits = voila(tmp_path / "home"), []

    def come(**how: Any) -> Visit:
        visits.append(Visit(chromium, url, **how))
        return visits[-1]

    yield come
    for one in visits:
        one.context.close()


def test_a_dropped_file_leads_to_a_question_and_the_address_back_to_it(visit: Callable[..., Visit]) -> None:
    here = visit().at("have")
    here.drops("grain.csv", a_file())
    here.has("What do you want to know?")
    here.page.select_option("select[name=target]", "rain")
    here.page.wait_for_function("location.hash.includes('target=rain')")

    here.page.reload()
    here.has("What do you want to know?")
    here.page.wait_for_function("(document.querySelector('select[name=target]') || {}).value === 'rain'")

    here.page.click("text=/^Next$/")
    here.has("How long may it take?")
    here.page.go_back()
    here.has("What do you want to know?")
    assert here.said == []


def test_names_that_attack_stay_names(visit: Callable[..., Visit]) -> None:
    here = visit(width=390).at("have")
    here.chooses(f"{ATTACK}.csv".replace("/", ""), a_file(name=ATTACK, words=(ATTACK, "😀\u202e")))
    here.has("What do you want to know?")
    here.has(ATTACK[:20])
    assert here.page.title() != "1"
    assert here.page.locator(".gm-main img, .gm-main script").count() == 0
    assert here.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert here.said == []


def test_several_files_travel_as_one_archive(visit: Callable[..., Visit]) -> None:
    here = visit().at("have")
    files = [{"name": f"{place}.csv", "mimeType": "text/csv", "buffer": a_file(30 + place)} for place in range(2)]
    here.page.set_input_files(FILE, files)
    here.has("What do you want to know?")
    here.has("files.zip")
    here.has("61 rows")
    assert here.said == []


def test_what_cannot_be_taken_says_why_and_the_zone_takes_another(visit: Callable[..., Visit]) -> None:
    here = visit().at("have")
    here.chooses("empty.csv", b"")
    here.has("is empty")
    here.chooses("words.csv", b"no table at all")
    here.page.wait_for_function(
        "[...document.querySelectorAll('.gm-problem')].some(node => !node.textContent.includes('is empty'))"
    )
    here.chooses("grain.csv", a_file())
    here.has("What do you want to know?")
    assert here.said == []


def test_what_is_said_of_something_typed_is_seen_and_stays(visit: Callable[..., Visit]) -> None:
    here = visit(width=390).at("have")
    here.chooses("grain.csv", a_file())
    here.page.click("text=/^Next$/")
    here.page.fill("input[name=own]", "soon")
    here.page.click("button.gm-train")  # at once: what was typed has not been told yet
    here.has("is no length of time")
    here.page.wait_for_timeout(600)  # as long as what was typed is waited for, and more
    place = here.page.locator(".gm-problem").bounding_box()
    assert place["y"] >= 0
    assert place["y"] + place["height"] <= 900
    assert here.said == []


def test_theme_and_language_are_ones_own(visit: Callable[..., Visit]) -> None:
    here = visit(scheme="dark").at("have")
    ground = "getComputedStyle(document.querySelector('.gm-page')).backgroundColor"
    dark = here.page.evaluate(ground)
    here.page.click("[data-value=settings]")
    assert not here.page.is_visible("text=Sign out")  # there is no hub to sign out of
    here.page.click("[data-theme=light]")
    assert here.page.evaluate(ground) != dark
    here.page.click("[data-value=de]")
    here.has("Was haben Sie?")
    here.page.keyboard.press("Escape")
    here.page.wait_for_function("!document.querySelector('dialog')")
    here.page.reload()
    here.has("Was haben Sie?")
    assert here.page.evaluate(ground) != dark


def test_the_keyboard_is_enough(visit: Callable[..., Visit]) -> None:
    here = visit().at("have")
    here.page.wait_for_selector("[data-value=penguins]")
    for _ in range(40):
        here.page.keyboard.press("Tab")
        if here.page.evaluate("document.activeElement.dataset.value") == "penguins":
            break
    here.page.keyboard.press("Enter")
    here.has("What do you want to know?")
    assert here.page.evaluate("document.activeElement.localName") == "h1"


# --- straight to the store -------------------------------------------------------------------------------------------


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with listening(make_service(tmp_path / "served")) as served:
        yield served


@pytest.fixture
def hub_page(chromium: Any, voila: Callable[..., str], api: Api, tmp_path: Path) -> Iterator[Visit]:
    """Somebody at a hub, whose store is served at the page's own address."""
    url = voila(tmp_path / "home", GRISTMILL_URL=api.url, GRISTMILL_TOKEN=badge("olga"))
    here = Visit(chromium, url)
    yield here
    here.context.close()


def parts_of(links: list[str]) -> set[str]:
    """The numbers of the parts that such addresses take."""
    return {parse_qs(urlsplit(link).query)["part"][0] for link in links}


def through(
    here: Visit, api: Api, *, fails: Callable[[int], bool] = lambda _: False, busy: bool = False
) -> tuple[list[str], list[str]]:
    """Serve the store to the page; `fails` says of the nth part whether its connection breaks. Sent, and arrived."""
    sent: list[str] = []
    arrived: list[str] = []
    root = api.url.rstrip("/")

    def serve(route: Any) -> None:
        sent.append(route.request.url)
        if fails(len(sent)):
            route.fulfill(status=503) if busy else route.abort("connectionreset")
        else:
            route.fulfill(response=route.fetch(url=root + "/store/" + route.request.url.split("/store/")[1]))
            arrived.append(route.request.url)

    here.page.route("**/store/**", serve)
    return sent, arrived


def a_large_file() -> bytes:
    lines = [b"field,rain,yield", *(f"f{n % 7},{n % 97},{n % 3}".encode() for n in range(3_000_000))]
    return b"\n".join(lines)[: 33 << 20].rsplit(b"\n", 1)[0] + b"\n"


def on_disk(folder: Path) -> Path:
    file = folder / "large.csv"
    file.write_bytes(a_large_file())
    return file


def test_parts_go_straight_to_the_store_and_broken_ones_again(hub_page: Visit, api: Api, tmp_path: Path) -> None:
    sent, _ = through(hub_page, api, fails=lambda number: number in (2, 3))
    hub_page.at("have").page.set_input_files(FILE, str(on_disk(tmp_path)))
    hub_page.has("What do you want to know?")
    assert len(sent) >= 4  # three parts, and those that broke
    assert hub_page.said == []


def test_an_upload_is_paused_and_goes_on_after_a_reload(hub_page: Visit, api: Api, tmp_path: Path) -> None:
    file = on_disk(tmp_path)
    sent, arrived = through(hub_page, api, fails=lambda number: number > 1, busy=True)
    hub_page.at("have").page.set_input_files(FILE, str(file))
    while not arrived:
        hub_page.page.wait_for_timeout(100)
    hub_page.page.click("[data-upload] >> text=Pause")
    hub_page.page.wait_for_selector("[data-upload] >> text=Go on")
    hub_page.page.reload()
    hub_page.has("Choose the same file again")

    hub_page.page.unroute("**/store/**")
    sent, _ = through(hub_page, api)
    hub_page.page.set_input_files(FILE, str(file))
    hub_page.has("What do you want to know?")
    assert sent
    assert parts_of(sent).isdisjoint(parts_of(arrived))  # what had arrived is not sent again


def test_a_file_that_changes_on_its_way_is_told_of_and_taken_again(hub_page: Visit, api: Api, tmp_path: Path) -> None:
    file = on_disk(tmp_path)
    _, arrived = through(hub_page, api, fails=lambda number: number > 1, busy=True)
    hub_page.at("have").page.set_input_files(FILE, str(file))
    while not arrived:
        hub_page.page.wait_for_timeout(100)
    hub_page.page.click("[data-upload] >> text=Pause")
    with file.open("ab") as more:
        more.write(b"f1,2,3\n")
    hub_page.page.unroute("**/store/**")
    hub_page.page.click("[data-upload] >> text=Go on")
    hub_page.has("The file was changed or moved")
    hub_page.page.set_input_files(FILE, str(file))
    hub_page.has("What do you want to know?")
    assert hub_page.said == []


def test_a_store_that_refuses_the_page_gets_the_file_all_the_same(hub_page: Visit) -> None:
    hub_page.at("have").chooses("grain.csv", a_file())  # the page's own address has no store
    hub_page.has("What do you want to know?")
    assert hub_page.said == []


# --- to an answer ----------------------------------------------------------------------------------------------------


@pytest.mark.engine
@pytest.mark.timeout(600)
def test_from_a_sample_to_an_answer(visit: Callable[..., Visit], tmp_path: Path) -> None:
    pytest.importorskip("autogluon.tabular")
    here = visit().at("have")
    here.page.click("[data-value=penguins]")
    here.page.click("text=/^Next$/")
    here.page.fill("input[name=own]", "90s")
    here.page.wait_for_selector("input[value=own]:checked")
    here.page.dblclick("button.gm-train")
    here.has("Learning to predict")
    here.page.reload()
    here.has("Learning to predict")

    here.page.wait_for_selector("[role=tablist]", timeout=240_000)
    here.page.click("text=Ask the model")
    here.page.wait_for_selector(".gm-answer", timeout=120_000)
    assert here.page.inner_text(".gm-answer") in ("Adelie", "Chinstrap", "Gentoo")
    here.has("Change a value, and here stands what it does to the answer.")
    here.page.fill("label:has-text('flipper_length_mm') input", "231")
    here.page.click("text=Ask the model")
    here.has("What moved the answer")
    assert "flipper_length_mm: 231 (usual: 197)" in here.page.inner_text(".gm-two.is-try")

    here.page.click("#gm-tab-report")
    frame = here.page.wait_for_selector(".gm-report iframe")
    assert frame.get_attribute("sandbox") == "allow-scripts allow-popups"
    here.page.click("[data-value=settings]")
    here.page.click("[data-theme=dark]")  # which a frame does not know by itself
    here.page.wait_for_selector("iframe[srcdoc*='id=\"dark\" checked']", state="attached")
    here.page.keyboard.press("Escape")
    assert not here.page.is_visible("text=Open its notebook")  # there is no hub that starts JupyterLab
    with here.page.expect_download() as fetched:
        here.page.click("text=Download the model")
    assert Path(fetched.value.path()).read_bytes()[:2] == b"PK"

    rows = tmp_path / "rows.csv"
    with (Path(__file__).parent.parent / "examples" / "penguins.csv").open(encoding="utf-8") as file:
        found = list(csv.DictReader(file))[:5]
    rows.write_text("\n".join([",".join(found[0]), *(",".join(row.values()) for row in found)]), "utf-8")
    here.page.click("#gm-tab-file")
    here.page.set_input_files(FILE, str(rows))
    here.has("5 rows answered")
    assert here.said == []
