"""People's servers as processes of this machine, all as the user that runs the hub.

That is for people who trust one another: whoever runs code in a server of theirs can read what that user can read.
Where they do not, each needs a container: see docs/hub.md.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyterhub.spawner import LocalProcessSpawner
from traitlets import Unicode

from gristmill_hub.keeping import folder_of_ours
from gristmill_hub.spawning import home_of

__all__ = ["Processes"]


class Processes(LocalProcessSpawner):  # type: ignore[misc]  # JupyterHub has no types
    """A person's server is a process whose home is people/NAME."""

    people = Unicode(help="Where people's files lie").tag(config=True)
    logs = Unicode(help="Where their servers log").tag(config=True)
    began = 0.0  # when the process began: a number that another process has by now is not taken for it

    @property
    def home(self) -> Path:
        return home_of(Path(self.people), self.user.name)

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        """In the person's home; nobody becomes another user."""
        del name
        home = self.home
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        return lambda: os.chdir(home)

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        home = self.home
        own = {"USER": self.user.name, "HOME": str(home), "SHELL": "/bin/bash"}
        return env | own

    async def start(self) -> Any:
        log = Path(self.logs) / f"{self.home.name}.log"
        folder_of_ours(log.parent)
        with log.open("wb") as output:
            self.popen_kwargs = {"stdout": output, "stderr": output, "stdin": subprocess.DEVNULL}
            where = await super().start()
        self.began = _began(self.pid)
        return where

    def get_state(self) -> dict[str, Any]:
        state: dict[str, Any] = super().get_state()
        return state | {"began": self.began}

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.began = state.get("began", 0.0)
        if self.pid and _began(self.pid) != self.began:
            self.pid: int = 0


def _began(pid: int) -> float:
    import psutil

    with contextlib.suppress(psutil.Error):
        return float(psutil.Process(pid).create_time())
    return 0.0
