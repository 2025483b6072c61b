"""Files on their way from a real browser into the store, and what may happen to them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.apis import Api, badge, listening, make_service
from services.installations import Installation, installed
from services.s3 import S3Server, use_credentials
from test_wizard_browser import FILE, Visit, a_large_file, api, hub_page, on_disk, parts_of, through
from test_wizard_hashing import sum_of
from test_wizard_journeys import Person
from test_wizard_pages import a_file

__all__ = ["api", "hub_page"]  # fixtures

pytestmark = pytest.mark.slow


def summed(here: Visit) -> list[str]:
    """The sums that go along, as they go; of sockets that open from now on."""
    found: list[str] = []

    def look(payload: str | bytes) -> None:
        text = payload if isinstance(payload, str) else payload.decode(errors="replace")
        found.extend(re.findall(r'"sha256":\s*"([0-9a-f:]{64,})"', text))

    here.page.on("websocket", lambda socket: socket.on("framesent", look))
    return found


# --- its sum goes along ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["in one piece", "in several"])
def test_a_byte_that_changes_on_its_way_is_refused(hub_page: Visit, api: Api, tmp_path: Path, size: str) -> None:
    sent: list[int] = []
    (file := tmp_path / "grain.csv").write_bytes(a_file() if size == "in one piece" else a_large_file())

    def alter(route: Any) -> None:
        data = bytearray(route.request.post_data_buffer)
        sent.append(len(data))
        data[len(data) // 2] ^= 1
        url = api.url.rstrip("/") + "/store/" + route.request.url.split("/store/")[1]
        route.fulfill(response=route.fetch(url=url, post_data=bytes(data)))

    hub_page.page.route("**/store/**", alter)
    hub_page.at("have").page.set_input_files(FILE, str(file))
    hub_page.has("The file did not arrive as it was sent")
    assert sum(sent) == len(file.read_bytes())

    hub_page.page.unroute("**/store/**")
    through(hub_page, api)
    hub_page.chooses("grain.csv", a_file())
    hub_page.has("What do you want to know?")
    assert hub_page.said == []


def test_what_goes_on_after_a_reload_is_summed_from_its_beginning(hub_page: Visit, api: Api, tmp_path: Path) -> None:
    file = on_disk(tmp_path)
    _, arrived = through(hub_page, api, fails=lambda number: number > 1, busy=True)
    hub_page.at("have").page.set_input_files(FILE, str(file))
    while not arrived:
        hub_page.page.wait_for_timeout(100)
    said = summed(hub_page)
    hub_page.page.reload()
    hub_page.has("Choose the same file again")
    hub_page.page.unroute("**/store/**")
    sent, _ = through(hub_page, api)
    hub_page.page.set_input_files(FILE, str(file))
    hub_page.has("What do you want to know?")
    assert sent
    assert parts_of(sent).isdisjoint(parts_of(arrived))  # what had arrived is not sent again
    assert set(said) == {sum_of(a_large_file(), by_the_browser=True)}


# --- what cannot be taken --------------------------------------------------------------------------------------------


def of_size(here: Visit, name: str, size: int) -> None:
    """Drop a file that says it has so many bytes."""
    here.page.wait_for_selector("[data-upload]")
    here.page.evaluate(
        """([name, size]) => {
            const file = new File(["a,b"], name), carried = new DataTransfer();
            Object.defineProperty(file, "size", { value: size });
            carried.items.add(new File(["a,b"], name));
            const event = new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true });
            Object.defineProperty(event, "dataTransfer", { value: { files: [file], items: [] } });
            document.querySelector("[data-upload]").dispatchEvent(event);
        }""",
        [name, size],
    )


def test_what_is_too_large_or_of_another_kind_is_refused_before_a_byte_is_sent(
    chromium: Any, voila: Callable[..., str], tmp_path: Path
) -> None:
    with listening(make_service(tmp_path / "served", gigabytes=10)) as api:
        url = voila(tmp_path / "home", GRISTMILL_URL=api.url, GRISTMILL_TOKEN=badge("olga"))
        here = Visit(chromium, url)
        sent, _ = through(here, api)
        of_size(here.at("have"), "harvest.csv", 20_000_000_000)
        here.has(
            "harvest.csv has 20 GB, more than the 10 GB that whoever runs this Gristmill allows. "
            "Take less of it, or ask whoever runs this installation to allow more."
        )
        of_size(here, "film.mp4", 3_000_000_000)
        here.has("“film.mp4” is neither a table nor a ZIP.")
        of_size(here, "nothing.zip", 0)
        here.has("“nothing.zip” is empty.")
        assert sent == []

        here.chooses("GRAIN.CSV", a_file())
        here.has("What do you want to know?")
        assert (len(sent), here.said) == (1, [])
        here.context.close()


def test_what_is_dropped_or_clicked_twice_is_taken_once(hub_page: Visit, api: Api) -> None:
    sent, _ = through(hub_page, api)
    hub_page.at("have").drops("grain.csv", a_file(), times=2)
    hub_page.has("What do you want to know?")
    assert len(sent) == 1
    hub_page.at("have").page.dblclick("[data-value=penguins]")
    hub_page.has("What do you want to know?")
    assert sorted(entry.name for entry in api.mill().datasets()) == ["grain", "penguins"]
    assert hub_page.said == []


# --- a store of another origin ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("s3_environment")
def test_a_store_that_refuses_the_page_gets_large_files_through_the_hub(
    chromium: Any,
    voila: Callable[..., str],
    s3_servers: Callable[[str], S3Server],
    tmp_path: Path,
) -> None:
    server, file = s3_servers("aloof"), on_disk(tmp_path)
    tried: list[str] = []
    with listening(make_service(tmp_path / "served", store=server.store_url("refusing"))) as api:
        url = voila(tmp_path / "home", GRISTMILL_URL=api.url, GRISTMILL_TOKEN=badge("olga"))
        here = Visit(chromium, url)
        here.page.on("requestfailed", lambda request: tried.append(request.url))
        here.at("have").page.set_input_files(FILE, str(file))
        here.has("so the file goes through the hub")
        here.has("What do you want to know?")
        assert [url for url in tried if url.startswith(server.endpoint)]
        (entry,) = api.mill().datasets()
        assert api.mill().dataset(entry.id).sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
        assert here.said == []
        here.context.close()


@pytest.fixture(scope="module")
def bucket(s3_servers: Callable[[str], S3Server]) -> Iterator[S3Server]:
    with pytest.MonkeyPatch.context() as patched:
        use_credentials(patched)
        yield s3_servers("juicefs")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, bucket: S3Server) -> Iterator[Installation]:
    """An installation that was told of its store and of nothing else."""
    for needed in ("jupyterhub", "jupyterhub_traefik_proxy", "voila", "anywidget"):
        pytest.importorskip(needed)
    store = {"GRISTMILL_STORE": bucket.store_url("sending")}
    with installed(tmp_path_factory.mktemp("sending"), GRISTMILL_WIZARD="on", **store) as here:
        yield here


@pytest.fixture
def here(chromium: Any, hub: Installation) -> Iterator[Person]:
    hub.person("olga")
    one = Person(chromium, f"{hub.url}/services/wizard/")
    yield one.signs_in("olga")
    one.context.close()


def test_whoever_is_offline_in_mid_upload_is_told_and_it_goes_on_by_itself(here: Person, tmp_path: Path) -> None:
    file, parts, held = on_disk(tmp_path), [], []

    def first_only(route: Any) -> None:
        parts.append(route.request.url)
        if len(parts) == 1:
            route.continue_()
        else:
            held.append(route)

    here.page.route("**/sending/**", first_only)
    here.at("have").page.set_input_files(FILE, str(file))
    while not held:
        here.page.wait_for_timeout(100)
    here.context.set_offline(True)
    for route in held:
        route.abort("internetdisconnected")
    here.page.wait_for_function("() => /You are offline/.test(document.querySelector('.gm-send-line')?.textContent)")
    here.page.unroute("**/sending/**")
    here.context.set_offline(False)
    here.has("What do you want to know?")
    assert here.said == []


def test_files_go_straight_to_the_platforms_own_bucket(here: Person, bucket: S3Server) -> None:
    gone: list[str] = []
    here.page.on("requestfinished", lambda request: gone.append(f"{request.method} {request.url}"))
    here.at("have").chooses("rye.csv", a_file())
    here.has("What do you want to know?")
    assert len([one for one in gone if one.startswith(f"PUT {bucket.endpoint}/sending/")]) == 1
    assert here.said == []


def test_a_byte_that_changes_on_its_way_to_a_bucket_is_refused(here: Person) -> None:
    here.at("have").page.evaluate(
        """() => { XMLHttpRequest.prototype.send = new Proxy(XMLHttpRequest.prototype.send, {
            apply: (send, xhr, [body]) =>
                send.call(xhr, body instanceof Blob ? new Blob([body.slice(0, 40), "?", body.slice(41)]) : body),
        }) }"""
    )
    here.chooses("oats.csv", a_file())
    here.has("The file did not arrive as it was sent")
    assert here.said == []
