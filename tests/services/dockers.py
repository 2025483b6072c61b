"""A real Docker daemon that has the image of people's servers, made as images/notebook-cpu says.

=======  ==================================================================================================
fixture  gives
=======  ==================================================================================================
docker   docker's client: of the daemon that answers already, else of one that is started for the tests. Where the
         image is not, it is made on a base of Debian's own packages; skips, saying why, where that cannot be
=======  ==================================================================================================

A daemon of the tests' own needs Debian's docker.io, the base needs debootstrap, and both need root. The base is made
once, and kept beside the Python that tests (`make clean` removes it); nothing else is left behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

__all__ = ["IMAGE"]

IMAGE = "gristmill-notebook-cpu"
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
TRIES = 3  # dockerd gives its containerd fifteen seconds, which busy cores may not have for it

_BASE = "gristmill-tests-base"
_KEPT = Path(sys.prefix) / "debian-base.tar"
_DEBIAN = "bookworm"  # the oldest whose Python will do
_PACKAGES = "python3,python3-pip,ca-certificates"
_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
# How this machine reaches Debian's packages and Python's, if it has ways of its own
_WAYS = (
    _CERTIFICATES,
    "etc/pip.conf",
    "etc/resolv.conf",
    *(f"etc/apt/{name}" for name in ("apt.conf.d", "auth.conf.d")),
)


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if importlib.util.find_spec("docker") is None:
        pytest.skip("docker's library is not installed")
    from docker import DockerClient

    with contextlib.ExitStack() as stack:
        if not _answers_already():
            _must_be_possible()
            stack.enter_context(_alone())
            address = stack.enter_context(_daemon())
            stack.enter_context(pytest.MonkeyPatch.context()).setenv("DOCKER_HOST", address)
        client = stack.enter_context(contextlib.closing(DockerClient.from_env(timeout=600)))
        if not client.images.list(IMAGE):
            stack.callback(_remove, client)
            _make_image(client, tmp_path_factory.mktemp("base"))
        yield client


def _answers_already() -> bool:
    from docker import DockerClient
    from docker.errors import DockerException

    with contextlib.suppress(DockerException), contextlib.closing(DockerClient.from_env(timeout=20)) as client:
        return bool(client.ping())
    return False


def _must_be_possible() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("no Docker answers here, and only root can start one")
    if shutil.which("dockerd") is None:
        pytest.skip("no Docker answers here, and there is none to start: scripts/test-needs installs it")


@contextmanager
def _alone() -> Iterator[None]:
    """Two daemons on one machine share a bridge, and would give the same addresses to different containers."""
    with (Path(tempfile.gettempdir()) / "gristmill-tests-dockerd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _daemon() -> Iterator[str]:
    """A daemon whose whole state is in a folder of its own; its address."""
    folder = Path(tempfile.mkdtemp(prefix="dockerd-", dir="/tmp"))  # a socket's path must be short
    (folder / "daemon.json").write_text("{}")
    command = [
        "dockerd", "--config-file", folder / "daemon.json", "--data-root", folder / "data", "--exec-root",
        folder / "exec", "--pidfile", folder / "pid", "--storage-driver", "overlay2", "--oom-score-adjust", "0",
        "--host", f"unix://{folder}/socket",
    ]  # fmt: skip
    process = None
    try:
        for _ in range(TRIES):
            with (folder / "log").open("ab") as log:
                process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
            if _answers(process, f"unix://{folder}/socket"):
                break
            _end(process)
        else:
            pytest.skip(f"dockerd does not start here: {(folder / 'log').read_text().splitlines()[-1]}")
        yield f"unix://{folder}/socket"
    finally:
        if process is not None:
            _end(process)
        for line in Path("/proc/self/mounts").read_text().splitlines():  # it leaves one behind, of its network
            if line.split()[1].startswith(f"{folder}/"):
                subprocess.run(["umount", line.split()[1]], check=True)
        shutil.rmtree(folder)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()  # it ends its containers, and lets go of their files
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    process.kill()
    process.wait()


def _answers(process: subprocess.Popen[bytes], address: str) -> bool:
    from docker import DockerClient
    from docker.errors import DockerException

    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(DockerException), contextlib.closing(DockerClient(address, timeout=20)) as client:
            return bool(client.ping())
        time.sleep(0.2)
    return False


def _make_image(client: Any, folder: Path) -> None:
    """As images/notebook-cpu/Dockerfile says, without AutoGluon: notebooks can be read there, and sent back."""
    if not _KEPT.exists():
        _make_base(folder)
    certificates = f"ENV SSL_CERT_FILE=/{_CERTIFICATES}"  # uv looks nowhere else
    client.api.import_image(src=str(_KEPT), repository=_BASE, changes=[certificates])
    client.images.build(
        path=str(ROOT), dockerfile="images/notebook-cpu/Dockerfile", tag=IMAGE, network_mode="host", rm=True,
        buildargs={"BASE": _BASE, "EXTRAS": "jupyter,notebook"},
    )  # fmt: skip


def _remove(client: Any) -> None:
    """What was made, from a Docker that may be somebody's."""
    from docker.errors import ImageNotFound

    for image in (IMAGE, _BASE):
        with contextlib.suppress(ImageNotFound):
            client.images.remove(image)


def _make_base(folder: Path) -> None:
    """A small Debian with Python, which gets at packages as this machine does."""
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        pytest.skip(f"Docker has no {IMAGE} (docs/hub.md says how to make it), and root's debootstrap is not here")
    system = folder / "system"
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _DEBIAN, system], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"debootstrap does not work here: {made.stdout[-300:]}")
    for way in _WAYS:
        ours, theirs = Path("/", way), system / way
        if ours.is_dir():
            shutil.copytree(ours, theirs, dirs_exist_ok=True)
        elif ours.exists():
            theirs.unlink(missing_ok=True)
            shutil.copyfile(ours, theirs)
    partial = _KEPT.with_suffix(".partial")
    subprocess.run(["tar", "-C", system, "-cf", partial, "."], check=True)
    partial.rename(_KEPT)
    shutil.rmtree(system)
