"""Where people's servers run, and what each is told: JupyterLab with Gristmill's extension, as the person themselves.

A server gets its person's token and nothing else of the hub's: its environment is made of a few named variables. Its
files lie in a folder of its own. It ends itself when nobody has used it for a while: it alone knows whether one of its
notebooks is computing, and never ends while one is. Runs are carried out elsewhere, by workers.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gristmill_hub import roles
from gristmill_hub.containers import configure_containers
from gristmill_hub.settings import HubSettings

__all__ = ["configure_spawning"]

_AT_ONCE = 4  # servers that may be starting; twenty that started at once on two cores were all too late
_PATIENCE = 120  # seconds that a start may take
_LOOK_EVERY = 60  # seconds between two looks for idle kernels


def configure_spawning(c: Any, settings: HubSettings) -> None:
    """Tells the hub how to start servers."""
    c.JupyterHub.concurrent_spawn_limit = _AT_ONCE
    c.JupyterHub.cleanup_servers = False  # servers outlive a hub that is started anew; `gristmill up` ends them
    c.Spawner.start_timeout = c.Spawner.http_timeout = _PATIENCE
    c.Spawner.default_url = "/lab"
    c.Spawner.args = server_options(settings.idle)
    c.Spawner.server_token_scopes = list(roles.SERVER)
    _KINDS[settings.spawner](c, settings)


def server_options(idle: int) -> list[str]:
    """The options of each server: our extension, no news from elsewhere that nobody here asked for, when it ends."""
    options = ["--ServerApp.jpserver_extensions={'gristmill.app': True, 'jupyterlab': True}"]
    options += ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    if idle:
        options += [
            f"--ServerApp.shutdown_no_activity_timeout={idle}",
            f"--MappingKernelManager.cull_idle_timeout={idle}",
            f"--MappingKernelManager.cull_interval={min(_LOOK_EVERY, idle)}",
            "--MappingKernelManager.cull_connected=True",
            f"--TerminalManager.cull_inactive_timeout={idle}",
        ]
    return options


def home_of(people: Path, name: str) -> Path:
    """Where somebody's files lie. Others may say who people are, so no name is trusted as a path."""
    safe = quote(name, safe="@+-_.")
    return people / (f"%2E{safe[1:]}" if safe.startswith(".") else safe)


def _processes(c: Any, settings: HubSettings) -> None:
    c.JupyterHub.spawner_class = "gristmill_hub.processes.Processes"
    c.Processes.people = str(settings.home / "people")
    c.Processes.logs = str(settings.folder / "logs" / "people")
    c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
    if os.geteuid() == 0:
        c.Spawner.args = [*server_options(settings.idle), "--allow-root"]  # as the hub, so do its servers
    c.Spawner.env_keep = ["PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"]


_KINDS = {"processes": _processes, "docker": configure_containers}
