"""The hub as a whole: brought up, used by many, interrupted, and ended."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

import gristmill
from gristmill.errors import UsageError
from gristmill.records import RunStatus
from gristmill_hub.settings import HubSettings
from gristmill_hub.spawning import home_of
from services.apis import a_table
from services.installations import Browser, Installation, free_ports, installed
from services.waiting import until

PATIENCE = 200.0
UP = "import sys; from gristmill.app import main; sys.argv = ['gristmill', 'up']; sys.exit(main())"
WAITS = """
import signal, subprocess, sys
signal.signal(signal.SIGHUP, lambda *_: None)
subprocess.run([sys.executable, "-c", sys.argv[1]])
"""
END = 10  # seconds; five are promised, and a busy machine may take twice as long


# --- settings --------------------------------------------------------------------------------------------------------


def test_without_an_environment_the_hub_is_for_this_machine() -> None:
    settings = HubSettings.of({})
    assert settings.address == "http://127.0.0.1:8000/"
    assert settings.host == "127.0.0.1"
    assert settings.ports.all() == (8000, 8001, 8002, 8003, 8004)
    assert settings.login == "own"
    assert settings.idle == 3600


def test_the_environment_is_heard() -> None:
    settings = HubSettings.of(
        {
            "GRISTMILL_HOME": "/srv/mill", "GRISTMILL_PORT": "9000", "GRISTMILL_HOST": "0.0.0.0",
            "GRISTMILL_HUB": "https://mill.example.org", "GRISTMILL_IDLE": "0", "GRISTMILL_WIZARD": "off",
            "GRISTMILL_LOGIN": "https://login.example.org/?people=all",
        }
    )  # fmt: skip
    assert settings.address == "https://mill.example.org/"
    assert settings.folder == Path("/srv/mill/hub")
    assert (settings.host, settings.ports.wizard, settings.idle, settings.wizard) == ("0.0.0.0", 9004, 0, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GRISTMILL_PORT", "http"), ("GRISTMILL_PORT", "0"), ("GRISTMILL_PORT", "65533"), ("GRISTMILL_IDLE", "-1"),
        ("GRISTMILL_HUB", "mill.example.org"), ("GRISTMILL_HUB", "https://u:p@mill.example.org/"),
        ("GRISTMILL_HUB", "https://mill.example.org/sub"), ("GRISTMILL_WIZARD", "maybe"), ("GRISTMILL_LOGIN", "ldap"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_meant_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(UsageError) as refused:
        HubSettings.of({name: value})
    assert name in str(refused.value)
    assert value in str(refused.value)


@pytest.mark.parametrize("name", ["..", ".", "../../etc", ".ssh", "a/b", "ada@example.org", "ädä", "%2e%2e"])
def test_no_name_leads_out_of_the_folder_of_people(name: str, tmp_path: Path) -> None:
    home = home_of(tmp_path, name)
    assert home.parent == tmp_path
    assert home.resolve().parent == tmp_path.resolve()
    assert not home.name.startswith(".")


# --- up --------------------------------------------------------------------------------------------------------------


def test_everything_answers_and_secrets_are_for_their_owner_alone(installation: Installation) -> None:
    with installation.browser() as browser:
        assert browser.client.get("/services/gristmill/health").status_code == 200
        assert browser.client.get("/hub/health").status_code == 200
        assert browser.client.get("/services/gristmill/me").status_code == 401
    folder = installation.home / "hub"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("cookie_secret", "proxy.token", "gristmill.token", "wizard.token", "people.sqlite"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
    said = "\n".join((*installation.said, *(file.read_text("utf-8") for file in (folder / "logs").glob("*.log"))))
    for name in ("cookie_secret", "proxy.token", "gristmill.token", "wizard.token"):
        assert (folder / name).read_text().strip() not in said


def test_the_proxy_hands_on_what_the_api_is_asked_as_it_is(installation: Installation) -> None:
    installation.person("paula")
    with installation.browser() as browser:
        browser.sign_in("paula")
        asked = {"headers": browser.bearer("paula")}
        assert browser.client.post("/services/gristmill/projects", json={"name": "mill"}, **asked).status_code == 201
        found = browser.client.get("/services/gristmill/projects/paula%2Fmill", **asked)
        assert found.json()["name"] == "paula/mill"
        large = bytes(20_000_000)  # more than the largest part of an upload
        begun = browser.client.post(
            "/services/gristmill/uploads", json={"name": "x.csv", "size": len(large)}, **asked
        ).json()
        for part in begun["parts"]:
            start = (part["number"] - 1) * begun["part_size"]
            sent = browser.client.put(part["url"], content=large[start : start + begun["part_size"]])
            assert sent.status_code < 300, sent.text


def test_a_second_one_says_that_there_is_one(installation: Installation, tmp_path: Path) -> None:
    port = installation.url.rpartition(":")[2]
    for home, sentence in ((installation.home, "Gristmill is up already"), (tmp_path, f"Port {port} is taken.")):
        second = refused(home, port)
        assert second.returncode == 4
        assert sentence in second.stderr
        assert "Traceback" not in second.stderr
    assert httpx.get(f"{installation.url}/hub/health").status_code == 200


def refused(home: Path, port: str, **more: str) -> subprocess.CompletedProcess[str]:
    told = {"GRISTMILL_HOME": str(home), "GRISTMILL_PORT": port, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(
        [sys.executable, "-c", UP], env=os.environ | told | more, capture_output=True, text=True, timeout=60
    )


def test_errors_do_not_look_like_somebody_elses(installation: Installation) -> None:
    installation.person("olga")
    with installation.browser() as browser:
        browser.sign_in("olga")
        for path, status, words in (
            ("/hub/nowhere", 404, "There is nothing here"),
            ("/hub/people", 403, "those who administer"),
            ("/user/somebody/lab", 404, "There is nothing here"),
        ):
            shown = browser.client.get(path)
            assert (shown.status_code, words in shown.text) == (status, True), path
            assert 'class="brand"' in shown.text


# --- many ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_class_of_forty_signs_in_at_once(installation: Installation) -> None:
    class_ = [installation.person(f"pupil{number}") for number in range(40)]
    there = threading.Barrier(len(class_))
    landed: dict[str, Any] = {}

    def sign_in(name: str) -> None:
        with installation.browser() as browser:
            there.wait(PATIENCE)
            landed[name] = browser.sign_in(name).url.path, browser.who()

    threads = [threading.Thread(target=sign_in, args=(name,)) for name in class_]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert landed == {name: ("/hub/home", name) for name in class_}


@pytest.mark.slow
def test_whoever_signs_in_lands_at_the_wizard(tmp_path: Path) -> None:
    with installed(tmp_path / "home", GRISTMILL_WIZARD="on", GRISTMILL_WIZARD_POOL="1") as here:
        here.person("ada")
        with here.browser() as browser:
            landed = browser.sign_in("ada")
            assert (landed.url.path, landed.status_code) == ("/services/wizard/", 200)
            assert servers_of(here) == []
            assert browser.client.get("/").url.path == "/services/wizard/"
        with here.browser() as nobody:
            assert "<h1>Sign in</h1>" in nobody.client.get("/services/wizard/").text
        assert here.end() < END


# --- people's servers ------------------------------------------------------------------------------------------------


def spawned(browser: Browser, name: str) -> None:
    """Has a person's server started, and waits until it is there."""
    asked = browser.ask("POST", f"/users/{name}/server")
    assert asked.status_code in (201, 202), asked.text
    until(lambda: browser.ask("GET", f"/users/{name}").json()["servers"].get("", {}).get("ready"), "no server")


def servers_of(installation: Installation) -> list[psutil.Process]:
    found = []
    for each in psutil.Process(installation.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has just ended
            found += [each] if "jupyterhub.singleuser" in each.cmdline() else []
    return found


@pytest.mark.slow
def test_a_persons_server_is_theirs_and_knows_none_of_the_hubs_secrets(installation: Installation) -> None:
    installation.person("ada")
    installation.person("eve")
    with installation.browser() as browser, installation.browser() as stranger:
        browser.sign_in("ada")
        stranger.sign_in("eve")
        spawned(browser, "ada")
        lab = browser.client.get("/user/ada/lab")
        assert (lab.status_code, "JupyterLab" in lab.text) == (200, True)
        assert '"news": {"disabled": true}' in lab.text  # it fetches none, and asks nobody whether it may
        assert browser.client.get("/user/ada/gristmill/api/me").json()["name"] == "ada"
        assert stranger.client.get("/user/ada/lab").status_code in (403, 404)
        assert stranger.client.get("/user/ada/api/contents").status_code in (403, 404)

        [server] = servers_of(installation)
        environment = server.environ()
        home = installation.home / "people" / "ada"
        assert environment["HOME"] == str(home)
        assert server.cwd() == str(home)
        secrets = [(installation.home / "hub" / name).read_text().strip() for name in ("proxy.token", "wizard.token")]
        assert not any(secret in str(environment) for secret in secrets)
        assert not any(name.startswith(("AWS_", "OAUTH", "GRISTMILL_CATALOG")) for name in environment)
        assert browser.ask("DELETE", "/users/ada/server").status_code in (202, 204)
        until(lambda: not servers_of(installation), "the server has not ended")


# --- interruptions ---------------------------------------------------------------------------------------------------


def part(installation: Installation, words: str) -> psutil.Process:
    """The process of a part, by words of its command."""
    found = [
        each
        for each in psutil.Process(installation.process.pid).children()
        if each.status() != psutil.STATUS_ZOMBIE and words in " ".join(each.cmdline())
    ]
    assert len(found) == 1, words
    return found[0]


def interrupted(installation: Installation, words: str) -> None:
    """Kills a part, and waits until another has taken its place."""
    before = part(installation, words)
    before.kill()

    def there_again() -> bool:
        try:
            return part(installation, words).pid != before.pid and ready(installation)
        except (AssertionError, psutil.Error):
            return False

    until(there_again, words)


def ready(installation: Installation) -> bool:
    try:
        pages = [httpx.get(f"{installation.url}{page}") for page in ("/hub/health", "/services/gristmill/health")]
    except httpx.TransportError:
        return False
    return all(page.status_code == 200 for page in pages)


@pytest.mark.slow
def test_each_part_can_end_and_come_back_without_anybody_losing_anything(tmp_path: Path) -> None:
    with installed(tmp_path / "home") as here:
        here.person("ada")
        with here.browser() as browser:
            browser.sign_in("ada")
            bearer = browser.bearer("ada")
            spawned(browser, "ada")
            assert browser.client.get("/user/ada/lab").status_code == 200
            [server] = servers_of(here)
            for words in ("jupyterhub --config", "traefik", "gristmill.app inf", "--no-workers"):
                interrupted(here, words)
                assert browser.who() == "ada", words
                assert browser.client.get("/services/gristmill/me", headers=bearer).json()["name"] == "ada", words
                until(lambda: browser.client.get("/user/ada/api/status").status_code == 200, words)
            assert [each.pid for each in servers_of(here)] == [server.pid]
        assert here.end() < END
        assert here.process.returncode == 0
        assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE  # nobody may have reaped it yet


@pytest.mark.slow
@pytest.mark.engine
def test_a_run_goes_on_when_worker_api_and_hub_end_in_the_middle_of_it(tmp_path: Path) -> None:
    with installed(tmp_path / "home", GRISTMILL_LEASE="2", GRISTMILL_CPUS="1") as here:
        here.person("ada")
        with here.browser() as browser:
            browser.sign_in("ada")
            token = browser.bearer("ada")["Authorization"].removeprefix("token ")
        (tmp_path / "grain.csv").write_bytes(a_table(300))
        mill = gristmill.connect(f"{here.url}/services/gristmill", token)
        quick = {"hyperparameters": {"GBM": {}}, "portfolio": "", "folds": 0}
        run = mill.train(tmp_path / "grain.csv", target="ripe", budget=150, project="grain", settings=quick, wait=False)
        until(lambda: run.status is RunStatus.RUNNING, "nobody has claimed the run")
        for words in ("gristmill.app inf", "--no-workers", "jupyterhub --config"):
            part(here, words).kill()
        until(lambda: ready(here), "the parts have not come back")
        until(lambda: run.status.is_final, "the run has not ended")
        assert run.status is RunStatus.SUCCEEDED
        assert run.record.fence > 1  # it was claimed a second time


@pytest.mark.slow
def test_ctrl_c_while_it_starts_ends_it(tmp_path: Path) -> None:
    told = {"GRISTMILL_HOME": str(tmp_path), "GRISTMILL_PORT": str(free_ports(5))}
    told |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", UP], env=os.environ | told, stdout=subprocess.PIPE) as process:
        until((tmp_path / "hub" / "logs" / "hub.log").exists, "the hub's log")
        process.terminate()
        assert process.wait(20) == 0
    assert [each for each in psutil.process_iter() if str(tmp_path) in environ_of(each)] == []


@pytest.mark.slow
def test_a_terminal_that_is_gone_ends_it_though_nobody_says_so(tmp_path: Path) -> None:
    told = {"GRISTMILL_HOME": str(tmp_path), "GRISTMILL_PORT": str(free_ports(5)), "GRISTMILL_WIZARD": "off"}
    told |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    leader, terminal = pty.fork()
    if not leader:  # as make does
        os.execve(sys.executable, [sys.executable, "-c", WAITS, UP], os.environ | told)
    said = b""
    while b"Ctrl-C" not in said:
        said += os.read(terminal, 4096)
    os.close(terminal)
    try:
        until(lambda: os.waitpid(leader, os.WNOHANG)[0], "it goes on")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGTERM)
    assert [each for each in psutil.process_iter() if str(tmp_path) in environ_of(each)] == []


def environ_of(process: psutil.Process) -> str:
    try:
        return str(process.environ())
    except psutil.Error:
        return ""


@pytest.mark.slow
def test_a_server_that_nobody_uses_ends_and_one_that_computes_does_not(tmp_path: Path) -> None:
    with installed(tmp_path / "home", GRISTMILL_IDLE="3") as here, here.browser() as browser:
        here.person("idle")
        here.person("busy")
        browser.sign_in("idle")
        spawned(browser, "idle")
        with here.browser() as other:
            other.sign_in("busy")
            spawned(other, "busy")
            [busy] = [each for each in servers_of(here) if each.environ().get("JUPYTERHUB_USER") == "busy"]
            compute(other)
            until(lambda: [each.pid for each in servers_of(here)] == [busy.pid], "the idle one has not ended")
            until(lambda: busy.children(), "the kernel has ended")


def compute(browser: Browser) -> None:
    """Has a kernel of this person's compute for longer than the test lasts."""
    import json
    import uuid

    from tornado.httpclient import HTTPRequest
    from tornado.ioloop import IOLoop
    from tornado.websocket import websocket_connect

    browser.client.get("/user/busy/lab")
    token = browser.client.cookies.get("_xsrf", path="/user/busy/") or ""
    kernel = browser.client.post("/user/busy/api/kernels", json={}, headers={"X-XSRFToken": token}).json()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.client.cookies.jar)

    async def ask() -> None:
        url = str(browser.client.base_url).replace("http", "ws") + f"/user/busy/api/kernels/{kernel['id']}/channels"
        socket = await websocket_connect(HTTPRequest(url, headers={"Cookie": cookies}))
        header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": "s", "username": ""}
        header |= {"version": "5.3"}
        content = {"code": "import time\nwhile True: time.sleep(1)", "silent": False}
        body = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        await socket.write_message(json.dumps(body))
        while json.loads(await socket.read_message() or "{}").get("content", {}).get("execution_state") != "busy":
            pass
        socket.close()

    IOLoop().run_sync(ask)
