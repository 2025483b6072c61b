"""The wizard's service while the hub is away, and after it was killed itself."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gristmill_widgets.service.settings import kernel_environment
from services._processes import free_port, start, stop, wait
from services.waiting import until
from services.wizards import PAGES

PATIENCE = 60.0


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    below = [int(child) for child in found]
    return below + [each for child in below for each in children_of(child)]


def is_there(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The service's address and its process; there is no hub where it is told that one is."""
    for needed in ("jupyterhub", "voila", "ipywidgets"):
        pytest.importorskip(needed)
    port, nobody = free_port(), free_port()
    told = {
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}", "JUPYTERHUB_SERVICE_PREFIX": "/services/wizard/",
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{nobody}/hub/api", "JUPYTERHUB_API_TOKEN": "its own",
        "JUPYTERHUB_CLIENT_ID": "service-wizard", "GRISTMILL_URL": f"http://127.0.0.1:{nobody}/",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps(["access:services"]), "GRISTMILL_WIZARD_POOL": "2",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "TMPDIR": "/tmp",
    }  # fmt: skip
    process = start([sys.executable, str(PAGES / "our_service.py")], tmp_path, told)
    url = f"http://127.0.0.1:{port}/services/wizard/"
    wait("the wizard's service", f"{url}health", process)
    yield url, process
    stop(process)


@pytest.mark.slow
def test_while_the_hub_is_away_the_page_says_so_and_tries_again(alone: tuple[str, subprocess.Popen[bytes]]) -> None:
    import httpx

    url, _ = alone
    for language, words in (("en", "The hub does not answer"), ("de-DE,de;q=0.9", "Der Hub antwortet nicht")):
        headers = {"Authorization": "token somebody's", "Accept-Language": language}
        answer = httpx.get(url, headers=headers)
        assert answer.status_code == 503
        assert words in answer.text
        assert '<meta http-equiv="refresh"' in answer.text
        assert answer.headers["retry-after"]
        assert "somebody" not in answer.text


@pytest.mark.slow
def test_a_service_that_is_killed_leaves_no_kernel(alone: tuple[str, subprocess.Popen[bytes]]) -> None:
    _, process = alone
    below = until(
        lambda: len(found := children_of(process.pid)) >= 3 and found
    )  # the original, and two that stand ready
    process.kill()
    until(lambda: not any(is_there(pid) for pid in below))


@pytest.mark.slow
def test_a_copy_has_its_own_environment_folder_and_chance_and_ends_with_its_original(tmp_path: Path) -> None:
    pytest.importorskip("ipykernel")
    from gristmill_widgets.service.copies import Original

    async def copies() -> None:
        original = Original(kernel_environment(os.environ, str(tmp_path)), str(tmp_path))
        made = []
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            environment = kernel_environment(os.environ, str(folder))
            told = folder / "kernel.json"
            ports = {f"{kind}_port": 1 for kind in ("shell", "iopub", "stdin", "control", "hb")}
            told.write_text(
                json.dumps(
                    {**ports, "transport": "ipc", "ip": f"{folder}/s", "key": "", "signature_scheme": "hmac-sha256"}
                )
            )
            made.append(await original.copy(["-f", str(told)], environment, str(folder)))
        assert all(copy.poll() is None for copy in made)
        for copy, name in zip(made, ("one", "two"), strict=True):
            until(lambda pid=copy.pid, name=name: Path(f"/proc/{pid}/cwd").readlink() == tmp_path / name)
        made[0].kill()
        assert made[0].wait(PATIENCE) is not None
        assert made[1].poll() is None
        original.end()
        assert made[1].wait(PATIENCE) is not None

    asyncio.run(copies())
