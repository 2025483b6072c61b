"""Nobody gets at anybody else's page: each protection of the wizard's service, attacked.

Each attack is made on stock Voila, too, which stands behind the same hub and the same identity: there it works. A test
whose attack fails on both would prove nothing.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gristmill_widgets.service.messages import NEWER, UNSOUND
from services.waiting import until
from services.wizards import Page, Visitor, Wizard, open_socket, process_of

pytestmark = pytest.mark.slow

PATIENCE = 30.0


@pytest.fixture(autouse=True)
def _tidy(wizard: Wizard) -> Iterator[None]:
    """Whatever a test has opened is closed after it: seats are few."""
    yield
    for page in wizard.opened:
        page.close()
    wizard.opened.clear()


@pytest.fixture(scope="module")
def olga(wizard: Wizard) -> Visitor:
    return wizard.visitor("olga")


@pytest.fixture(scope="module")
def ivan(wizard: Wizard) -> Visitor:
    return wizard.visitor("ivan")


def refused(open_it: Callable[[], Any]) -> int:
    """The status with which a websocket is refused."""
    from websockets.exceptions import InvalidStatus

    with pytest.raises(InvalidStatus) as refusal:
        open_it()
    return refusal.value.response.status_code


def token_of(visitor: Visitor) -> str:
    """The token in the cookie of the wizard's service, which only a browser and the service have."""
    [cookie] = [cookie for cookie in visitor.client.cookies.jar if cookie.name == "service-wizard"]
    return base64.b64decode((cookie.value or "").strip('"').split("|")[4].partition(":")[2]).decode()


def folder_of(kernel: str) -> Path:
    [folder] = Path(tempfile.gettempdir()).glob(f"voila_*/{kernel}")
    return folder


def greeted(page: Page) -> bool:
    return (folder_of(page.kernel) / "greeted").exists()


# --- another's kernel ------------------------------------------------------------------------------------------------


def test_another_visitor_cannot_see_a_kernel(wizard: Wizard, olga: Visitor, ivan: Visitor) -> None:
    page, stock = olga.open(), olga.open(wizard.stock)
    assert olga.ask("GET", page.rest).json()["id"] == page.kernel
    assert ivan.ask("GET", page.rest).status_code == 403
    ivan.open(wizard.stock)
    assert ivan.ask("GET", stock.rest).status_code == 200


def test_another_visitor_cannot_open_a_socket(wizard: Wizard, olga: Visitor, ivan: Visitor) -> None:
    page, stock = olga.open(), olga.open(wizard.stock)
    ivan.open()
    ivan.open(wizard.stock)
    with olga.socket(page) as own, ivan.socket(stock) as foreign:
        assert own.protocol is not None
        assert foreign.protocol is not None
    assert refused(lambda: ivan.socket(page)) == 403


def test_another_visitor_cannot_shut_a_page_down(wizard: Wizard, olga: Visitor, ivan: Visitor) -> None:
    page, stock = olga.open(), olga.open(wizard.stock)
    ivan.open()
    ivan.open(wizard.stock)
    assert ivan.close(page).status_code == 403
    assert process_of(page.kernel) is not None
    assert ivan.close(stock).status_code == 204
    assert until(lambda: process_of(stock.kernel) is None)


def test_nobody_gets_a_socket_without_being_signed_in(wizard: Wizard, olga: Visitor) -> None:
    page, stock = olga.open(), olga.open(f"{wizard.stock}?told=in-confidence")
    assert refused(lambda: open_socket(page, "")) == 403
    assert refused(lambda: open_socket(page, "", f"{wizard.url}voila/query/{page.kernel}")) == 404
    with open_socket(stock, "", f"{wizard.stock}voila/query/{stock.kernel}") as query:
        assert "in-confidence" in query.recv(timeout=PATIENCE)


def test_a_socket_from_another_site_is_refused(olga: Visitor) -> None:
    page = olga.open()
    assert refused(lambda: open_socket(page, olga.cookies(page.url), origin="https://elsewhere.example")) == 403


def test_a_page_sends_no_code_to_its_kernel(olga: Visitor) -> None:
    page = olga.open()
    target = folder_of(page.kernel) / "executed"
    with olga.socket(page) as socket:
        code = f"open({str(target)!r}, 'w').close()"
        socket.send(message("execute_request", {"code": code, "silent": True}))
        socket.send(message("comm_info_request", {}))
        until(lambda: json.loads(socket.recv(timeout=PATIENCE))["msg_type"] == "comm_info_reply")
    assert not target.exists()


@pytest.mark.parametrize(
    ("protocol", "counted"),
    [
        pytest.param(NEWER, b"\xff" * 7 + b"\0", id="newer"),
        pytest.param("", b"\x7f\xff\xff\xff", id="older"),
    ],
)
def test_no_message_keeps_the_service_counting(olga: Visitor, protocol: str, counted: bytes) -> None:
    from websockets.exceptions import ConnectionClosed

    page = olga.open()
    with olga.socket(page, protocol) as socket:
        socket.send(counted)
        with pytest.raises(ConnectionClosed) as closed:
            until(lambda: socket.recv(timeout=PATIENCE) is None)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == UNSOUND
    assert olga.ask("GET", page.rest).status_code == 200


def test_a_page_that_speaks_the_older_protocol_gets_its_pictures(olga: Visitor) -> None:
    """As browsers do after a first try that has failed. Voila's own handler would read them as of the newer one."""
    page = olga.open()
    until(lambda: greeted(page))
    with olga.socket(page) as socket:
        socket.send(message("comm_open", {"comm_id": "c", "target_name": "jupyter.widget.control", "data": {}}))
        socket.send(message("comm_msg", {"comm_id": "c", "data": {"method": "request_states"}}))
        picture = until(lambda: isinstance(got := socket.recv(timeout=PATIENCE), bytes) and got)
    assert bytes(99) in picture
    assert olga.ask("GET", page.rest).status_code == 200


def message(kind: str, content: dict[str, Any]) -> str:
    header = {"msg_id": kind, "msg_type": kind, "session": "test", "username": "", "version": "5.3", "date": ""}
    known = {"version": "1.0.0"}  # of what widgets call their control protocol
    told = {"header": header, "parent_header": {}, "metadata": known, "content": content, "channel": "shell"}
    return json.dumps(told)


# --- what is not there -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        *("api/kernels", "api/sessions", "api/contents", "api/contents/greeting.ipynb", "api/terminals", "api/status"),
        *(
            "voila/files/one.svg",
            "voila/tree",
            "voila/render/greeting.ipynb",
            "voila/api/contents",
            "voila/execution/x",
        ),
        *("files/one.svg", "greeting.ipynb", "api", "login", "metrics", "voila/static/voila.js", "static/x"),
        *("assets/0/page.js", "../hub/../wizard/x"),
    ],
)
def test_there_is_nothing_but_the_page(olga: Visitor, wizard: Wizard, path: str) -> None:
    for method in ("GET", "POST"):
        assert olga.ask(method, wizard.url + path).status_code == 404, method


def test_files_beside_the_notebook_are_stock_voilas_to_give(olga: Visitor, wizard: Wizard) -> None:
    olga.open(wizard.stock)
    assert olga.ask("GET", f"{wizard.stock}voila/files/one.svg").status_code == 200
    assert olga.ask("GET", f"{wizard.url}voila/files/one.svg").status_code == 404


def test_a_kernel_is_neither_started_restarted_nor_interrupted_by_hand(olga: Visitor) -> None:
    page = olga.open()
    assert olga.ask("POST", f"{page.url}api/kernels", json={"name": "python3"}).status_code == 404
    for verb in ("restart", "interrupt"):
        assert olga.ask("POST", f"{page.rest}/{verb}").status_code == 404
    assert olga.ask("DELETE", page.rest).status_code == 405


# --- what a kernel learns --------------------------------------------------------------------------------------------


def test_a_kernel_learns_neither_the_services_secrets_nor_anothers_address(wizard: Wizard, olga: Visitor) -> None:
    stolen = wizard.folder / "stock-environment.json"
    olga.open(f"{wizard.url}?told=in-confidence").close()
    olga.open(f"{wizard.stock}?told=in-confidence")
    until(lambda: "in-confidence" in stolen.read_text())
    inherited = json.loads(stolen.read_text())
    assert "in-confidence" in inherited["VOILA_REQUEST_URL"]
    assert inherited["JUPYTERHUB_API_TOKEN"]
    assert inherited["A_SECRET_OF_THE_SERVICE"]

    for page in (olga.open(), olga.open()):
        environment = json.loads((folder_of(page.kernel) / "environment.json").read_text())
        seen = {name for name in environment if name.startswith(("JUPYTERHUB", "VOILA", "A_SECRET", "GRISTMILL"))}
        assert seen == {"GRISTMILL_HOME", "VOILA_KERNEL_ID"}
        assert environment["VOILA_KERNEL_ID"] == page.kernel, "its own, which Voila tells it"
        assert "in-confidence" not in json.dumps(environment)
        assert environment["HOME"] == environment["GRISTMILL_HOME"] == str(folder_of(page.kernel))
        page.close()


def test_a_kernel_listens_to_nobody_else(olga: Visitor, wizard: Wizard) -> None:
    page, stock = olga.open(), olga.open(wizard.stock)
    for kernel, transport in ((page.kernel, "ipc"), (stock.kernel, "tcp")):
        [told] = Path(tempfile.gettempdir()).glob(f"voila_*/kernel-{kernel}.json")
        assert json.loads(told.read_text())["transport"] == transport
        assert told.parent.stat().st_mode & 0o77 == 0


def test_a_visitors_token_reaches_their_kernel_and_nothing_else(wizard: Wizard, olga: Visitor) -> None:
    page = olga.open()
    token = token_of(olga)
    assert wizard.hub.whose(token) == "olga"
    until(lambda: greeted(page))
    assert (folder_of(page.kernel) / "greeted").read_text() == "olga"

    with olga.socket(page) as socket:
        socket.send(message("comm_info_request", {}))
        heard = [json.loads(socket.recv(timeout=PATIENCE)) for _ in range(2)]
    process = Path(f"/proc/{process_of(page.kernel)}")
    written = "".join(path.read_text(errors="replace") for path in folder_of(page.kernel).rglob("*") if path.is_file())
    for place in (
        page.text, page.url, wizard.log, json.dumps(heard), written, (process / "environ").read_text(),
        (process / "cmdline").read_text(),
    ):  # fmt: skip
        assert token not in place
    assert not re.search(r"/services/wizard/oauth_callback\S*code=(?!\[secret\])", wizard.log)


def test_a_token_in_an_address_lets_nobody_in(wizard: Wizard, olga: Visitor) -> None:
    import httpx

    olga.open()
    answer = httpx.get(f"{wizard.url}?token={token_of(olga)}", follow_redirects=False)
    assert answer.status_code == 302
    assert "/hub/api/oauth2/authorize" in answer.headers["location"]


# --- how many --------------------------------------------------------------------------------------------------------


def test_one_person_has_so_many_pages_and_the_next_opens_by_itself(wizard: Wizard, olga: Visitor) -> None:
    first, _ = olga.open(), olga.open()
    waiting = olga.client.get(wizard.url)
    assert waiting.status_code == 503
    assert "open elsewhere" in waiting.text
    assert '<meta http-equiv="refresh"' in waiting.text
    assert waiting.headers["retry-after"]
    first.close()
    assert olga.client.get(wizard.url).status_code == 200
    wizard.forget(olga)


def test_all_people_together_have_so_many_pages(wizard: Wizard, olga: Visitor, ivan: Visitor) -> None:
    anna = wizard.visitor("anna")
    pages = [visitor.open() for visitor in (olga, olga, ivan, ivan)]
    waiting = anna.client.get(wizard.url)
    assert waiting.status_code == 503
    assert "All places are taken" in waiting.text
    pages[0].close()
    anna.open()


def test_a_browser_that_guesses_takes_no_place(olga: Visitor) -> None:
    for _ in range(3):
        assert olga.client.get(olga.wizard.url, headers={"Sec-Purpose": "prefetch;prerender"}).status_code == 503
    olga.open()
    olga.open()


# --- the end ---------------------------------------------------------------------------------------------------------


def test_signing_out_closes_what_is_open(wizard: Wizard) -> None:
    from websockets.exceptions import ConnectionClosed

    anna = wizard.visitor("anna")
    page, stock = anna.open(), anna.open(wizard.stock)
    with anna.socket(page) as ours, anna.socket(stock) as theirs:
        anna.client.get(f"{wizard.hub.url}/hub/logout")
        with pytest.raises(ConnectionClosed) as closed:
            until(lambda: ours.recv(timeout=PATIENCE) is None)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
        theirs.send(message("comm_info_request", {}))
        assert theirs.recv(timeout=PATIENCE)
    assert until(lambda: process_of(page.kernel) is None)
    answer = anna.client.get(wizard.url, follow_redirects=False)
    assert answer.status_code == 302


def test_a_token_that_is_taken_back_closes_what_is_open(wizard: Wizard) -> None:
    import httpx
    from websockets.exceptions import ConnectionClosed

    anna = wizard.visitor("anna")
    page = anna.open()
    with anna.socket(page) as socket:
        told = wizard.hub.ask("GET", "/users/anna/tokens")
        assert isinstance(told, dict)
        for token in told["api_tokens"]:
            with contextlib.suppress(httpx.HTTPStatusError):  # the hub takes back together what was given together
                wizard.hub.ask("DELETE", f"/users/anna/tokens/{token['id']}")
        with pytest.raises(ConnectionClosed) as closed:
            until(lambda: socket.recv(timeout=PATIENCE) is None)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


def test_a_closed_page_is_freed_at_once_but_not_by_another_site(olga: Visitor) -> None:
    page = olga.open()
    folder = folder_of(page.kernel)
    assert olga.client.post(page.shutdown, data={"_xsrf": ""}).status_code == 403
    assert process_of(page.kernel) is not None
    assert page.close().status_code == 204
    assert until(lambda: process_of(page.kernel) is None)
    assert not folder.exists()
    assert olga.ask("GET", page.rest).status_code == 404


def test_a_page_whose_kernel_dies_is_over(olga: Visitor) -> None:
    from websockets.exceptions import ConnectionClosed

    page = olga.open()
    with olga.socket(page) as socket:
        pid = process_of(page.kernel)
        assert pid is not None
        os.kill(pid, 9)
        with pytest.raises(ConnectionClosed) as closed:
            until(lambda: socket.recv(timeout=PATIENCE) is None)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4410
    assert olga.ask("GET", page.rest).status_code == 404


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_pages_are_framed_by_nobody_and_load_from_nowhere_else(wizard: Wizard, olga: Visitor) -> None:
    import httpx

    for answer in (olga.client.get(wizard.url), olga.client.get(f"{wizard.url}nothing"), httpx.get(f"{wizard.url}x")):
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert not re.search(r"unsafe-eval|script-src[^;]*unsafe-inline|https?:|\*", policy)
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", answer.text)
    wizard.forget(olga)


def test_files_are_sent_small_and_once(olga: Visitor) -> None:
    page = olga.open()
    names = re.findall(r'(?:src|href)="(/services/wizard/assets/[^"]+)"', page.text)
    assert len(names) >= 4
    for name in names:
        answer = olga.client.get(page.visitor.wizard.hub.url + name)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers.get("content-encoding") == "gzip"
        assert answer.headers["x-content-type-options"] == "nosniff"
