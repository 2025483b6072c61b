"""The wizard as a service of a real JupyterHub, stock Voila behind the same hub, and people who visit them.

=======  ================================================================================================
fixture  gives
=======  ================================================================================================
wizard   a JupyterHub that runs, with the services `gristmill`, `wizard` (ours) and `stock` (Voila's own
         handlers behind the hub's identity), and people who can sign in to it; skips where it is missing
=======  ================================================================================================
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from services._processes import free_ports, stop
from services.jupyterhubs import ADMIN, CONFIG, PATIENCE, Hub

if TYPE_CHECKING:
    import httpx
    from websockets.sync.client import ClientConnection

PAGES = Path(__file__).parent / "pages"

MORE = """
granted = ["access:services!service=gristmill", "access:services!service=wizard", "access:services!service=stock",
           "custom:gristmill:use", "custom:gristmill:train", "read:users:name!user", "read:users:groups!user"]
environment = {{"PYTHONPATH": "{path}", "GRISTMILL_URL": "http://127.0.0.1:{public}/services/gristmill",
               "A_SECRET_OF_THE_SERVICE": "never for kernels",
               "STOCK_ENVIRONMENT": "{folder}/stock-environment.json", **{environment!r}}}
c.JupyterHub.services += [
    {{"name": name, "url": f"http://127.0.0.1:{{port}}", "command": ["{python}", *command], "environment": environment,
     "oauth_no_confirm": True, "oauth_client_allowed_scopes": granted}}
    for name, port, command in [("wizard", {wizard}, {wizard_command!r}), ("stock", {stock}, {stock_command!r})]
    if command
]
c.JupyterHub.load_roles[1]["scopes"] += granted[1:3]
# JupyterHub's proxy in Python tells a page nothing of a socket that was closed, and unpacks what was compressed
c.JupyterHub.proxy_class = "traefik_file"
c.TraefikFileProviderProxy.static_config_file = "{folder}/traefik.toml"
c.TraefikFileProviderProxy.dynamic_config_file = "{folder}/routes.toml"
c.TraefikFileProviderProxy.traefik_api_url = "http://127.0.0.1:{proxy}"
c.TraefikFileProviderProxy.traefik_api_password = "{admin}"
"""


@dataclass
class Wizard:
    """A hub with the wizard at `url`; what hub and services print goes to `log`."""

    hub: Hub
    folder: Path
    opened: list[Page] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.hub.url}/services/wizard/"

    @property
    def stock(self) -> str:
        return f"{self.hub.url}/services/stock/"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def forget(self, visitor: Visitor) -> None:
        """Close every page of somebody's, also those that were not opened by `open`."""
        for kernel in re.findall(r"Using pre-heated kernel: (\S+) for greeting", self.log):
            visitor.close(Page(visitor, self.url, f'<script id="jupyter-config-data" type="application/json">'
                                                  f'{{"kernelId": "{kernel}"}}</script>'))  # fmt: skip

    def visitor(self, name: str) -> Visitor:
        """Somebody who has signed in to the hub with a browser's manners."""
        import httpx

        client = httpx.Client(
            follow_redirects=True, timeout=PATIENCE, headers={"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}
        )
        form = client.get(f"{self.hub.url}/hub/login").text
        xsrf = re.search(r'name="_xsrf" value="([^"]*)"', form)
        assert xsrf is not None
        sent = {"username": name, "password": "any", "_xsrf": xsrf[1]}
        client.post(f"{self.hub.url}/hub/login?next=%2Fhub%2Fhome", data=sent)
        return Visitor(self, client, name)


@dataclass
class Visitor:
    """A browser's cookies and manners, without its scripts."""

    wizard: Wizard
    client: httpx.Client
    name: str

    def open(self, url: str | None = None) -> Page:
        """A page of their own; fails if there is none."""
        answer = self.client.get(url or self.wizard.url)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:300]}"
        page = Page(self, (url or self.wizard.url).partition("?")[0], answer.text)
        self.wizard.opened.append(page)
        return page

    def ask(self, method: str, url: str, **more: Any) -> httpx.Response:
        """What a script of one's own page would get."""
        headers = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "X-XSRFToken": self.xsrf(url)}
        return self.client.request(method, url, headers=headers, **more)

    def close(self, page: Page) -> httpx.Response:
        """What a browser sends that leaves a page."""
        headers = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "same-origin"}
        return self.client.post(page.shutdown, data={"_xsrf": self.xsrf(page.url)}, headers=headers)

    def socket(self, page: Page, protocol: str = "") -> ClientConnection:
        """A websocket to the kernel of a page, with this visitor's cookies."""
        return open_socket(page, self.cookies(page.url), protocol=protocol)

    def cookies(self, url: str) -> str:
        """What a browser sends along to this address."""
        return str(self.client.build_request("GET", url).headers.get("cookie", ""))

    def xsrf(self, url: str) -> str:
        """The cookie that a script of the page at `url` would read."""
        path = urlsplit(url).path
        found = [each for each in self.client.cookies.jar if each.name == "_xsrf" and path.startswith(each.path)]
        return str(max(found, key=lambda each: len(each.path)).value) if found else ""


@dataclass
class Page:
    """A page, as it was sent."""

    visitor: Visitor
    url: str
    text: str

    @property
    def config(self) -> dict[str, object]:
        found = re.search(r'<script id="jupyter-config-data" type="application/json">(.*?)</script>', self.text, re.S)
        assert found is not None
        config: dict[str, object] = json.loads(found[1])
        return config

    @property
    def kernel(self) -> str:
        return str(self.config["kernelId"])

    @property
    def rest(self) -> str:
        return f"{self.url}api/kernels/{self.kernel}"

    @property
    def shutdown(self) -> str:
        return f"{self.url}voila/api/shutdown/{self.kernel}"

    def close(self) -> httpx.Response:
        """Leave the page."""
        return self.visitor.close(self)


def open_socket(page: Page, cookie: str, url: str = "", *, origin: str = "", protocol: str = "") -> ClientConnection:
    """An open websocket; raises websockets' InvalidStatus where the service refuses."""
    from websockets.sync.client import connect

    url = url or f"{page.rest}/channels?session_id=test"
    headers = {"Cookie": cookie, "Sec-Fetch-Mode": "websocket"}
    own: Any = origin or page.visitor.wizard.hub.url
    spoken: Any = [protocol] if protocol else None
    url = url.replace("http://", "ws://", 1)
    return connect(url, additional_headers=headers, origin=own, subprotocols=spoken, open_timeout=PATIENCE)


def process_of(kernel: str) -> int | None:
    """The process of a kernel: ours live in folders of their own, stock Voila's name their file."""
    for place in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if f"/{kernel}" in str(place.readlink()):
                return int(place.parent.name)
    found = subprocess.run(["pgrep", "-f", f"kernel-{kernel}.json"], capture_output=True, text=True).stdout.split()
    return int(found[0]) if found else None


@contextmanager
def running(folder: Path, environment: dict[str, str] | None = None, *, stock: bool = True) -> Iterator[Wizard]:
    """A hub with the wizard, which has these settings."""
    proxy = Path(sys.executable).parent / "configurable-http-proxy"
    ports = dict(zip(("public", "hub", "proxy", "api", "wizard", "stock"), free_ports(6), strict=True))
    names = {
        "folder": folder, "proxy_command": proxy, "python": sys.executable, "admin": ADMIN.replace(" ", "-"),
        "path": os.pathsep.join(path for path in sys.path if path), "environment": environment or {},
        "wizard_command": [str(PAGES / "our_service.py")],
        "stock_command": [str(PAGES / "stock_voila.py")] if stock else [],
    }  # fmt: skip
    config = folder / "jupyterhub_config.py"
    config.write_text((CONFIG + MORE).format_map(ports | names))
    with (folder / "log").open("wb") as log:
        programs = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", str(config)], cwd=folder, stdout=log, stderr=log,
            env=os.environ | programs, start_new_session=True,
        )  # fmt: skip
        wizard = Wizard(Hub(f"http://127.0.0.1:{ports['public']}"), folder)
        try:
            _wait(wizard, process)
            yield wizard
        finally:
            stop(process)


def _wait(wizard: Wizard, process: subprocess.Popen[bytes]) -> None:
    import httpx

    waited = [f"{wizard.hub.url}/hub/api/", f"{wizard.hub.service}/health", f"{wizard.url}health"]
    deadline = time.monotonic() + PATIENCE
    while waited:
        try:
            if httpx.get(waited[0]).status_code == 200:
                waited.pop(0)
                continue
        except httpx.TransportError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise TimeoutError(f"{waited[0]} did not answer:\n{wizard.log[-3000:]}")
        time.sleep(0.2)


@pytest.fixture(scope="session")
def wizard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wizard]:
    for needed in ("jupyterhub", "jupyterhub_traefik_proxy", "voila", "ipywidgets"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    few = {"GRISTMILL_WIZARD_SEATS": "4", "GRISTMILL_WIZARD_SEATS_EACH": "2", "GRISTMILL_WIZARD_POOL": "2"}
    with running(tmp_path_factory.mktemp("wizard"), few) as found:
        yield found
