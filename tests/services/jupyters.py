"""Jupyter servers as processes of their own, with the extension in them.

`jupyter_server(folder, **environment)` starts one whose files lie in folder/files; its state is the test's own.
With `lab`, it is JupyterLab's, with what scripts/labextension has built in it.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # this file is loaded for every test, also for those that need no server
    import httpx

LABEXTENSION = Path(__file__).resolve().parents[2] / "extension" / "labextension" / "built"
PATIENCE = 60.0
BASE = "/user/ada/"


@dataclass
class Jupyter:
    """A Jupyter server that listens at `url`."""

    url: str
    token: str
    files: Path
    process: subprocess.Popen[bytes]
    log: Path

    def client(self, **more: Any) -> httpx.Client:
        """Somebody with the server's token."""
        import httpx

        headers = {"Authorization": f"token {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE, **more)

    @contextmanager
    def page(self) -> Iterator[httpx.Client]:
        """A browser's connection: signed in by its cookies, and without any header of its own."""
        import httpx

        with httpx.Client(base_url=self.url, timeout=PATIENCE) as client:
            client.get("login")  # the page sets the cookie `_xsrf`
            client.get("login", params={"token": self.token})
            yield client


@contextmanager
def jupyter_server(folder: Path, *, lab: bool = False, **environment: str) -> Iterator[Jupyter]:
    """A server that runs until the context ends."""
    import httpx

    files = folder / "files"
    files.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GRISTMILL_", "JUPYTER"))}
    own = {f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    token = secrets.token_hex(8)
    application = "jupyterlab" if lab else "jupyter_server"
    if lab:  # found here before any that is installed
        shown = folder / "shown" / "labextensions"
        shown.mkdir(parents=True)
        (shown / "gristmill").symlink_to(LABEXTENSION)
        own["JUPYTER_PATH"] = str(shown.parent)
    log = folder / "jupyter.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", application, "--no-browser", f"--port={port}", "--port-retries=0"),
                *(f"--ServerApp.base_url={BASE}", f"--ServerApp.root_dir={files}", "--allow-root"),
                f"--IdentityProvider.token={token}",
                "--ServerApp.jpserver_extensions={'gristmill.app': True, 'jupyter_server_terminals': False}",
            ],
            env=kept | own | {"GRISTMILL_HOME": str(folder / "home"), "PYTHONWARNINGS": "default"} | environment,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder,
        )  # fmt: skip
    jupyter = Jupyter(f"http://127.0.0.1:{port}{BASE}", token, files, process, log)
    deadline = time.monotonic() + PATIENCE
    try:
        while True:
            try:
                httpx.get(f"{jupyter.url}api").raise_for_status()
                break
            except httpx.HTTPError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise TimeoutError(log.read_text("utf-8")) from None
                time.sleep(0.05)
        yield jupyter
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:  # a kernel that a reload found half connected is waited for without end
            process.kill()
            process.wait()
