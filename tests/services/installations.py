"""A whole installation as `gristmill up` brings it up, and people who sign in as a browser does.

============  =========================================================================================
fixture       gives
============  =========================================================================================
installation  all parts but the wizard, on ports of their own; skips where the hub is not installed
============  =========================================================================================
"""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # this file is loaded for every test, also for those that need no hub
    import httpx

PATIENCE = 120.0
PASSWORD = "mill stones turn slowly"


@dataclass
class Installation:
    """What `gristmill up` has brought up at `url`, with its state in `home`."""

    url: str
    home: Path
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    @property
    def first_link(self) -> str:
        """The link that makes the first administrator."""
        return re.findall(r"http\S+token=\S+", "\n".join(self.said))[-1]

    def log(self, part: str) -> str:
        return (self.home / "hub" / "logs" / f"{part}.log").read_text("utf-8")

    @contextmanager
    def browser(self, **more: Any) -> Iterator[Browser]:
        import httpx

        with httpx.Client(
            base_url=self.url, timeout=PATIENCE, follow_redirects=True, trust_env=False, **more
        ) as client:
            yield Browser(client)

    def people(self) -> Any:
        from gristmill_hub.login.people import People

        return People(self.home / "hub" / "people.sqlite")

    def person(self, name: str, *, admin: bool = False) -> str:
        """Somebody who can sign in, made past the pages; their name."""
        people = self.people()
        if people.find(name) is None:
            people.accept(people.invite(by="tests", name=name, admin=admin), name, PASSWORD)
        people.close()
        return name

    def end(self) -> float:
        """Ctrl-C; the seconds until all has ended."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)
        return time.monotonic() - began


@dataclass
class Browser:
    """What somebody's browser does with the hub's forms."""

    client: httpx.Client

    def form(self, path: str, fields: dict[str, str], *, page: str | None = None) -> httpx.Response:
        """Fills in the form on a page, and sends it."""
        shown = self.client.get(page or path)
        token = re.search(r'name="_xsrf" value="([^"]+)"', shown.text)
        assert token is not None, f"{shown.status_code} at {shown.url}"
        return self.client.post(path, data=fields | {"_xsrf": token[1]})

    def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        return self.form("/hub/login", {"username": name, "password": password})

    def who(self) -> str | None:
        """Who is signed in, as the hub sees it."""
        home = self.client.get("/hub/home", follow_redirects=False)
        found = re.search(r'class="who" title="([^"]+)"', home.text)
        return found[1] if home.status_code == 200 and found else None

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The hub's API, as its pages ask it."""
        token = re.search(r'data-xsrf="([^"]+)"', self.client.get("/hub/home").text)
        assert token is not None
        return self.client.request(method, f"/hub/api{path}", headers={"X-XSRFToken": token[1]}, **more)

    def bearer(self, name: str) -> dict[str, str]:
        """A token of whoever is signed in, as a header."""
        return {"Authorization": f"token {self.ask('POST', f'/users/{name}/tokens', json={}).json()['token']}"}


@contextmanager
def installed(home: Path, port: int | None = None, **environment: str) -> Iterator[Installation]:
    """`gristmill up` until the context ends; without the wizard, unless `GRISTMILL_WIZARD` is on."""
    port = port or free_ports(5)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GRISTMILL_", "JUPYTER"))}
    told = {"GRISTMILL_HOME": str(home), "GRISTMILL_PORT": str(port), "PYTHONPATH": _path(), "GRISTMILL_WIZARD": "off"}
    process = subprocess.Popen(
        [sys.executable, "-c", _UP], env=kept | told | environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    here = Installation(f"http://127.0.0.1:{port}", home, process)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            here.said.append(line.rstrip())
            if line.startswith("Ctrl-C"):
                break
        else:
            raise RuntimeError("\n".join(here.said))
        yield here
    finally:
        if process.poll() is None:
            here.end()
        process.stdout.close()


_UP = "import sys; from gristmill.app import main; sys.argv = ['gristmill', 'up']; sys.exit(main())"


def _path() -> str:
    return os.pathsep.join(path for path in sys.path if path)


def free_ports(count: int) -> int:
    """The first of so many free ports in a row."""
    for first in range(20_000 + os.getpid() % 9_000, 32_000, count):
        with _all_free(first, count) as free:
            if free:
                return first
    raise RuntimeError("there are no free ports")


@contextmanager
def _all_free(first: int, count: int) -> Iterator[bool]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for offset, probe in enumerate(probes):
            probe.bind(("127.0.0.1", first + offset))
        yield True
    except OSError:
        yield False
    finally:
        for probe in probes:
            probe.close()


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    needed = ("jupyterhub", "jupyterhub_traefik_proxy", "jupyterlab")
    if any(importlib.util.find_spec(name) is None for name in needed):
        pytest.skip("the hub is not installed")
    with installed(tmp_path_factory.mktemp("installation")) as here:
        yield here
