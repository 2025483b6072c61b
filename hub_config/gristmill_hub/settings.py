"""What the environment says of the hub, each with a default that needs nothing but this machine.

    GRISTMILL_HOME       where state lives; the hub's own lies in HOME/hub, people's files in HOME/people   ~/.gristmill
    GRISTMILL_PORT       where people reach it; the four ports after it are used on this machine alone      8000
    GRISTMILL_HOST       the address to listen at                                                           127.0.0.1
    GRISTMILL_HUB        the address at which people reach it                                 http://HOST:PORT/
    GRISTMILL_SPAWNER    what people's servers are: processes, or docker for a container each                processes
    GRISTMILL_IMAGE      the image of containers                                              gristmill-notebook-cpu
    GRISTMILL_INSIDE     the address at which containers reach this machine                               172.17.0.1
    GRISTMILL_IDLE       seconds until a server that nobody uses is ended; 0 for never                      3600
    GRISTMILL_WIZARD     on, or off: then people land at their notebooks             on, where it is installed
    GRISTMILL_LOGIN      who says who people are: own, or an OpenID provider's address (see login/openid.py)    own

Parts are told of the rest of the environment what services.py names.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gristmill.errors import UsageError

__all__ = ["OWN", "HubSettings", "Ports"]

OWN = "own"  # login
_SPAWNERS = ("processes", "docker")
_HIGHEST = 65_535


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each part listens. All but `public` are for this machine alone, and stay the same from start to start:
    people's servers that outlive a hub find the next one at the same place."""

    public: int

    @property
    def proxy(self) -> int:
        """The proxy's own API."""
        return self.public + 1

    @property
    def hub(self) -> int:
        return self.public + 2

    @property
    def api(self) -> int:
        return self.public + 3

    @property
    def wizard(self) -> int:
        return self.public + 4

    def all(self) -> tuple[int, ...]:
        return self.public, self.proxy, self.hub, self.api, self.wizard


@dataclass(frozen=True, kw_only=True, slots=True)
class HubSettings:
    """What the environment says; see the top of this module."""

    home: Path
    ports: Ports
    host: str
    address: str  # ends in a slash
    spawner: str
    image: str
    inside: str  # where the hub and the API listen
    idle: int  # seconds; 0 for never
    wizard: bool
    login: str  # OWN, or the address of an OpenID provider

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> HubSettings:
        host = environment.get("GRISTMILL_HOST") or "127.0.0.1"
        port = _whole(environment, "GRISTMILL_PORT", 8000, least=1, most=_HIGHEST - 4)
        near = "127.0.0.1" if host in ("0.0.0.0", "::", "*") else host
        spawner = environment.get("GRISTMILL_SPAWNER") or _SPAWNERS[0]
        if spawner not in _SPAWNERS:
            raise UsageError(
                f"GRISTMILL_SPAWNER is {spawner!r}.", cure=f"Give {' or '.join(_SPAWNERS)}, or leave it out."
            )
        bridge = environment.get("GRISTMILL_INSIDE") or "172.17.0.1"
        return cls(
            spawner=spawner,
            image=environment.get("GRISTMILL_IMAGE") or "gristmill-notebook-cpu",
            inside=bridge if spawner == "docker" else "127.0.0.1",
            home=Path(environment.get("GRISTMILL_HOME") or "~/.gristmill").expanduser().absolute(),
            ports=Ports(port),
            host=host,
            address=_address(environment.get("GRISTMILL_HUB") or f"http://{near}:{port}/"),
            idle=_whole(environment, "GRISTMILL_IDLE", 3600, least=0),
            wizard=_is_on(environment.get("GRISTMILL_WIZARD") or "on") and _wizard_is_here(),
            login=_login(environment.get("GRISTMILL_LOGIN") or OWN),
        )

    @property
    def is_fronted(self) -> bool:
        """Whether another server on this machine stands before ours, and speaks TLS for it."""
        return self.address.startswith("https:")

    @property
    def folder(self) -> Path:
        """Where the hub's own state lies."""
        return self.home / "hub"

    @property
    def hub_api(self) -> str:
        """The hub's API, as parts on this machine ask it."""
        return f"http://{self.inside}:{self.ports.hub}/hub/api"


def _whole(environment: Mapping[str, str], name: str, default: int, *, least: int, most: int | None = None) -> int:
    text = environment.get(name) or str(default)
    value = int(text) if text.isascii() and text.isdigit() else -1
    if value < least or (most is not None and value > most):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise UsageError(f"{name} is {text!r}.", cure=f"Give a whole number {bounds}, or leave it out.")
    return value


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or "@" in parts.netloc or parts.path not in ("", "/"):
        raise UsageError(f"GRISTMILL_HUB is {text!r}.", cure="Give an address such as https://mill.example.org/")
    return f"{parts.scheme}://{parts.netloc}/"


def _login(text: str) -> str:
    if text != OWN and not text.startswith(("https://", "http://")):
        raise UsageError(
            f"GRISTMILL_LOGIN is {text!r}.", cure="Give the address of an OpenID provider, own, or leave it out."
        )
    return text


def _is_on(text: str) -> bool:
    if text not in ("on", "off"):
        raise UsageError(f"GRISTMILL_WIZARD is {text!r}.", cure="Give on or off, or leave it out.")
    return text == "on"


def _wizard_is_here() -> bool:
    return all(importlib.util.find_spec(name) for name in ("gristmill_widgets", "voila", "ipywidgets"))
