"""People's servers as containers, one each: they share neither files nor processes with one another, nor with the hub.

Containers reach the hub and the API at the address that this machine has on Docker's bridge (`GRISTMILL_INSIDE`),
where both listen then; browsers reach containers through the proxy alone. A person's files lie in a volume of theirs.
Containers outlive a hub that is started anew; `gristmill up` ends those that it finds by their label.
"""

from __future__ import annotations

import contextlib
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gristmill.errors import NotPossible
from gristmill_hub.settings import HubSettings

__all__ = ["configure_containers", "end_containers", "mark", "must_be_possible"]

_LABEL = "gristmill.hub"
_HOME = "/home/mill"
_PROCESSES = 1024  # in one container
_GRACE = 2  # seconds that a container has to end in


def must_be_possible(settings: HubSettings) -> None:
    """Said when the hub starts, not to the first who wants a server."""
    import docker
    from docker.errors import DockerException, ImageNotFound

    try:
        with contextlib.closing(docker.from_env()) as client:
            client.images.get(settings.image)
    except ImageNotFound:
        raise NotPossible(
            f"Docker has no image {settings.image}, which GRISTMILL_SPAWNER=docker needs.",
            cure="Pull it, or make it: docker build -f images/notebook-cpu/Dockerfile -t gristmill-notebook-cpu .",
        ) from None
    except DockerException as error:
        raise NotPossible(
            "Docker does not answer, and GRISTMILL_SPAWNER=docker needs it.",
            cause=str(error),
            cure="Start it, or name it in DOCKER_HOST.",
        ) from None


def configure_containers(c: Any, settings: HubSettings) -> None:
    """Tells the hub to start each server in a container of `settings.image`."""
    c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
    spawner = c.DockerSpawner
    spawner.image = settings.image
    spawner.cmd = ["jupyterhub-singleuser"]
    spawner.name_template = f"gristmill-{mark(settings)}-{{username}}"
    spawner.volumes = {f"gristmill-{mark(settings)}-{{username}}": _HOME}
    spawner.notebook_dir = _HOME
    spawner.remove = True
    spawner.host_ip = "127.0.0.1"  # only the proxy reaches them
    spawner.environment = {
        "GRISTMILL_URL": f"http://{settings.inside}:{settings.ports.api}/services/gristmill",
        "GRISTMILL_TOKEN": _token_of,
    }
    spawner.extra_create_kwargs = {"labels": {_LABEL: mark(settings)}}
    spawner.extra_host_config = {
        "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"], "pids_limit": _PROCESSES, "init": True,
    }  # fmt: skip


def end_containers(settings: HubSettings) -> None:
    """Ends the servers of this hub; their files stay."""
    import docker
    from docker.errors import DockerException

    with contextlib.suppress(DockerException):  # where Docker is away, so are they
        containers = docker.from_env().containers.list(filters={"label": f"{_LABEL}={mark(settings)}"})
        if containers:
            with ThreadPoolExecutor(len(containers)) as threads:
                list(threads.map(_end, containers))


def _end(container: Any) -> None:
    from docker.errors import DockerException

    with contextlib.suppress(DockerException):
        container.stop(timeout=_GRACE)
        container.remove(force=True)


def _token_of(spawner: Any) -> str:
    """The same token that the server has for the hub: what it may do, roles.py says."""
    return str(spawner.api_token)


def mark(settings: HubSettings) -> str:
    """Tells this hub's containers from those of another on the same machine."""
    return hashlib.sha256(str(settings.home).encode()).hexdigest()[:8]
