"""A real JupyterHub with its real proxy, and people who can be made and asked for tokens.

=======  ================================================================================================
fixture  gives
=======  ================================================================================================
hub      a JupyterHub that runs, with the service `gristmill` behind its proxy; skips where it is missing
=======  ================================================================================================
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services._processes import free_ports, start, stop, wait

PATIENCE = 90.0
ADMIN = "the token of a service that may do everything on this hub"

CONFIG = """
c = get_config()  # noqa
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_port = {hub}
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.ConfigurableHTTPProxy.command = ["{proxy_command}"]
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.JupyterHub.authenticator_class = "jupyterhub.auth.DummyAuthenticator"
c.Authenticator.allow_all = True
c.JupyterHub.custom_scopes = {{
    f"custom:gristmill:{{power}}": {{"description": f"Gristmill: {{power}}"}}
    for power in ("use", "train", "deploy", "admin")
}}
c.JupyterHub.services = [
    {{"name": "tests", "api_token": "{admin}"}},
    {{
        "name": "gristmill",
        "url": "http://127.0.0.1:{api}",
        "command": ["{python}", "-c", "import sys; from gristmill.app import main; sys.exit(main())",
                    "api", "--port", "{api}", "--prefix", "/services/gristmill"],
        "oauth_no_confirm": True,
        "oauth_client_allowed_scopes": ["custom:gristmill:use", "custom:gristmill:train", "custom:gristmill:admin"],
        "environment": {{"GRISTMILL_HOME": "{folder}/home", "PYTHONPATH": "{path}"}},
    }},
]
c.JupyterHub.load_roles = [
    {{"name": "tests", "services": ["tests"], "scopes": ["admin:users", "admin:groups", "tokens", "groups",
      "custom:gristmill:use", "custom:gristmill:train", "custom:gristmill:deploy", "custom:gristmill:admin"]}},
    {{"name": "user", "scopes": ["self", "access:services!service=gristmill",
      "custom:gristmill:use", "custom:gristmill:train"]}},
    {{"name": "chief", "users": ["root"], "scopes": ["custom:gristmill:admin", "custom:gristmill:deploy"]}},
]
"""


@dataclass
class Hub:
    """A JupyterHub at `url`; the API stands below `service`."""

    url: str

    @property
    def service(self) -> str:
        return f"{self.url}/services/gristmill"

    def ask(self, method: str, path: str, body: object = None) -> object:
        import httpx

        headers = {"Authorization": f"token {ADMIN.replace(' ', '-')}"}
        answer = httpx.request(method, f"{self.url}/hub/api{path}", json=body, headers=headers, timeout=PATIENCE)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def person(self, name: str, *groups: str) -> str:
        """Makes a user, in these groups; a token of theirs."""
        if name != "root":  # whom the configuration has made
            self.ask("POST", f"/users/{name}")
        for group in groups:
            self.ask("POST", f"/groups/{group}")
            self.ask("POST", f"/groups/{group}/users", {"users": [name]})
        return self.token(name)

    def whose(self, token: str) -> str:
        """Who the hub says has this token."""
        import httpx

        answer = httpx.get(f"{self.url}/hub/api/user", headers={"Authorization": f"token {token}"}, timeout=PATIENCE)
        return str(answer.raise_for_status().json()["name"])

    def token(self, name: str, *scopes: str) -> str:
        body = {"scopes": list(scopes)} if scopes else {}
        made = self.ask("POST", f"/users/{name}/tokens", body)
        assert isinstance(made, dict)
        return str(made["token"])


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    proxy = Path(sys.executable).parent / "configurable-http-proxy"
    if importlib.util.find_spec("jupyterhub") is None or not proxy.exists():
        pytest.skip("jupyterhub and configurable-http-proxy are not installed")
    folder = tmp_path_factory.mktemp("hub")
    ports = dict(zip(("public", "hub", "proxy", "api"), free_ports(4), strict=True))
    names = {
        "folder": folder, "proxy_command": proxy, "python": sys.executable, "admin": ADMIN.replace(" ", "-"),
        "path": os.pathsep.join(path for path in sys.path if path),
    }  # fmt: skip
    config = folder / "jupyterhub_config.py"
    config.write_text(CONFIG.format_map(ports | names))
    process = start([sys.executable, "-m", "jupyterhub", "--config", str(config)], folder)
    try:
        found = Hub(f"http://127.0.0.1:{ports['public']}")
        for endpoint in (f"{found.url}/hub/api/", f"{found.service}/health"):
            wait("jupyterhub", endpoint, process, well=True, seconds=PATIENCE)
        yield found
    finally:
        stop(process)
