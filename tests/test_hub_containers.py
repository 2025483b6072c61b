"""People's servers as containers, on a real Docker, of the image that images/notebook-cpu makes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from traitlets.config import Config

from gristmill_hub import HubSettings, configure, containers
from services.installations import Installation, free_ports, installed
from services.waiting import until
from test_hub import END, refused, spawned

KEY = "the key of the operator's cloud"
WHO = "import gristmill; print(gristmill.connect().me().name)"


@pytest.fixture(scope="module")
def contained(docker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A hub whose servers are containers."""
    told = {name: os.environ[name] for name in ("DOCKER_HOST",) if name in os.environ}
    home = tmp_path_factory.mktemp("contained")
    with installed(
        home, GRISTMILL_SPAWNER="docker", GRISTMILL_INSIDE=on_bridge(docker), AWS_SECRET_ACCESS_KEY=KEY, **told
    ) as here:
        yield here
    for volume in docker.volumes.list():
        if volume.name.startswith(f"gristmill-{mark(home)}-"):
            volume.remove()


def on_bridge(docker: Any) -> str:
    """This machine's address on Docker's bridge; Docker names it only from its second start on (moby#26799)."""
    bridge = docker.networks.get("bridge").attrs["Options"]["com.docker.network.bridge.name"]
    (address,) = (one.address for one in psutil.net_if_addrs()[bridge] if one.family is socket.AF_INET)
    return str(address)


@pytest.mark.slow
@pytest.mark.usefixtures("docker")
@pytest.mark.timeout(1200)  # the first time, an image is made
def test_without_its_image_the_start_says_so(tmp_path: Path) -> None:
    told = {"GRISTMILL_SPAWNER": "docker", "GRISTMILL_IMAGE": "gristmill-nowhere"}
    missing = refused(tmp_path, str(free_ports(5)), **told)
    assert missing.returncode == 4
    assert "Docker has no image gristmill-nowhere" in missing.stderr


def containers_of(docker: Any, here: Installation) -> list[Any]:
    name = f"gristmill-{mark(here.home)}"
    return [each for each in docker.containers.list() if each.name.startswith(name)]


def secrets_of(here: Installation) -> list[str]:
    """What the hub keeps to itself, and the key that only workers and the API get."""
    names = ("proxy.token", "wizard.token", "gristmill.token", "cookie_secret")
    return [KEY, *((here.home / "hub" / name).read_text().strip() for name in names)]


def mark(home: Path) -> str:
    return containers.mark(HubSettings.of({"GRISTMILL_HOME": str(home)}))


@pytest.mark.slow
@pytest.mark.timeout(1200)  # the first time, an image is made
def test_a_persons_server_is_a_container_that_reaches_the_platform_and_nobody_elses_files(
    contained: Installation, docker: Any
) -> None:
    contained.person("ada")
    contained.person("eve")
    with contained.browser() as browser, contained.browser() as other:
        browser.sign_in("ada")
        other.sign_in("eve")
        spawned(browser, "ada")
        spawned(other, "eve")
        assert "JupyterLab" in browser.client.get("/user/ada/lab").text
        assert browser.client.get("/user/ada/gristmill/api/me").json()["name"] == "ada"
        assert other.client.get("/user/ada/lab").status_code in (403, 404)

        ours, theirs = sorted(containers_of(docker, contained), key=lambda each: str(each.name))
        assert ours.exec_run("whoami").output == b"mill\n"
        assert ours.exec_run(["python3", "-c", WHO]).output == b"ada\n"  # as a notebook there asks
        assert ours.exec_run("touch /home/mill/mine").exit_code == 0
        assert theirs.exec_run("ls /home/mill/mine").exit_code != 0
        held = ours.attrs["HostConfig"]
        assert (held["CapDrop"], held["SecurityOpt"], held["PidsLimit"]) == (["ALL"], ["no-new-privileges"], 1024)
        assert [each["Destination"] for each in ours.attrs["Mounts"]] == ["/home/mill"]
        within = str(ours.attrs) + ours.exec_run(["sh", "-c", "cat /proc/[0-9]*/environ"]).output.decode()
        assert "GRISTMILL_TOKEN=" in within
        assert not any(secret in within for secret in secrets_of(contained))

        assert browser.ask("DELETE", "/users/ada/server").status_code in (202, 204)
        until(lambda: len(containers_of(docker, contained)) == 1, "the container has not ended")
        spawned(browser, "ada")
        [ours] = [each for each in containers_of(docker, contained) if each.name.endswith("ada")]
        assert ours.exec_run("ls /home/mill/mine").exit_code == 0  # files stay
    assert contained.end() < END
    assert containers_of(docker, contained) == []


def test_without_docker_the_start_says_so(tmp_path: Path) -> None:
    away = refused(tmp_path, str(free_ports(5)), GRISTMILL_SPAWNER="docker", DOCKER_HOST=f"unix://{tmp_path}/nobody")
    assert away.returncode == 4
    assert "Docker does not answer" in away.stderr
    assert "Traceback" not in away.stderr


def test_parts_listen_where_containers_reach_them_and_nowhere_else(tmp_path: Path) -> None:
    told = {"GRISTMILL_HOME": str(tmp_path), "GRISTMILL_SPAWNER": "docker", "GRISTMILL_INSIDE": "10.1.2.3"}
    c = Config()
    configure(c, told)
    assert c.JupyterHub.hub_bind_url == "http://10.1.2.3:8002"
    assert c.JupyterHub.bind_url == "http://127.0.0.1:8000/"
    assert c.DockerSpawner.environment["GRISTMILL_URL"] == "http://10.1.2.3:8003/services/gristmill"
    assert c.JupyterHub.services[0]["url"] == "http://10.1.2.3:8003"


def test_two_hubs_on_one_machine_do_not_end_each_others_containers(tmp_path: Path) -> None:
    assert mark(tmp_path / "one") != mark(tmp_path / "two")
