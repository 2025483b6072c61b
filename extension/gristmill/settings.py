"""What the environment says, each with a default that needs nothing but this machine:

GRISTMILL_HOME      where state lives                   ~/.gristmill
GRISTMILL_CATALOG   the catalog's URL                   sqlite:///HOME/catalog.db
GRISTMILL_STORE     the store's URL                     file://HOME/store
GRISTMILL_WEIGHTS   where pretrained weights are kept   HOME/weights
GRISTMILL_MOST_GIGABYTES, GRISTMILL_MOST_ROWS, GRISTMILL_MOST_CLASSES, GRISTMILL_MOST_IMAGES (of a class)
                    the most that one dataset may have     see intake.Allowance
GRISTMILL_LEASE     seconds until a silent worker's run may be taken over            15
GRISTMILL_MEMORY    gigabytes that a notebook may use   80 % of what is free when it starts
GRISTMILL_CPUS      cores that a notebook may use       all
GRISTMILL_WARM      how many models are held open at once for whoever asks them      3; 0 for none
GRISTMILL_WARM_MEMORY   gigabytes that all of them may use   half of what a notebook may
GRISTMILL_WARM_IDLE seconds until one that nobody asks is closed                     300
GRISTMILL_KEYS      what seals secrets in the catalog    the file HOME/keys; see sealing.py
GRISTMILL_ENDPOINTS servers at which owners may have a store for their project, beside the clouds' own   none
GRISTMILL_PRICE     what an hour of this host costs     nothing; see fair_use/pricing.py
GRISTMILL_LOG       how workers and the API log: text or json         text
GRISTMILL_MAIL      who carries mail: smtp://, smtps:// or ses://, see notify/mail.py   nobody: the bell alone
GRISTMILL_WEBHOOKS  how far webhooks reach              public on a hub, else loopback; see notify/guard.py
GRISTMILL_PUBLIC    the address at which people reach the API, for links in mail        none: no links
JUPYTERHUB_API_URL  the hub that says who people are    none: one token, GRISTMILL_HOME/token
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from gristmill.errors import UsageError
from gristmill.records import Setting

__all__ = ["Settings", "home_folder"]

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The same as values."""

    home: Path
    catalog: str
    store: str
    weights: Path
    lease: float = 15.0
    memory: float | None = None  # GB
    cpus: int | None = None
    warm: int = 3
    warm_memory: float | None = None  # GB
    warm_idle: float = 300.0
    price: str = ""
    log: str = "text"
    mail: str = ""
    webhooks: str = ""
    public: str = ""
    keys: str = field(default="", repr=False)
    endpoints: tuple[str, ...] = ()  # HOST:PORT
    hub: str | None = None  # none inside somebody's own server on a hub: what is started there is theirs alone
    most: Mapping[str, float | None] = field(default_factory=dict)  # settings of intake.Allowance that are set
    given: frozenset[str] = frozenset()  # names of what the environment says

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        home = home_folder(environment)
        return cls(
            home=home,
            catalog=environment.get("GRISTMILL_CATALOG") or f"sqlite:///{home / 'catalog.db'}",
            store=environment.get("GRISTMILL_STORE") or (home / "store").as_uri(),
            weights=Path(environment.get("GRISTMILL_WEIGHTS") or home / "weights").expanduser().absolute(),
            lease=_number(environment, "GRISTMILL_LEASE", float, 1.0) or 15.0,
            memory=_number(environment, "GRISTMILL_MEMORY", float, 0.5),
            cpus=_number(environment, "GRISTMILL_CPUS", int, 1),
            warm=3 if (warm := _number(environment, "GRISTMILL_WARM", int, 0)) is None else warm,
            warm_memory=_number(environment, "GRISTMILL_WARM_MEMORY", float, 0.5),
            warm_idle=_number(environment, "GRISTMILL_WARM_IDLE", float, 1.0) or 300.0,
            price=environment.get("GRISTMILL_PRICE", ""),
            log=environment.get("GRISTMILL_LOG") or "text",
            mail=environment.get("GRISTMILL_MAIL", ""),
            webhooks=environment.get("GRISTMILL_WEBHOOKS", ""),
            public=environment.get("GRISTMILL_PUBLIC", ""),
            keys=environment.get("GRISTMILL_KEYS", ""),
            endpoints=tuple(re.findall(r"[^\s,]+", environment.get("GRISTMILL_ENDPOINTS", "").lower())),
            hub=_hub(environment),
            most={
                "GRISTMILL_MOST_GIGABYTES": _number(environment, "GRISTMILL_MOST_GIGABYTES", float, 0.001),
                "GRISTMILL_MOST_ROWS": _number(environment, "GRISTMILL_MOST_ROWS", int, 20),
                "GRISTMILL_MOST_CLASSES": _number(environment, "GRISTMILL_MOST_CLASSES", int, 2),
                "GRISTMILL_MOST_IMAGES": _number(environment, "GRISTMILL_MOST_IMAGES", int, 10),
            },
            given=frozenset(name for name, value in environment.items() if value),
        )

    def told(self) -> tuple[Setting, ...]:
        """What whoever administers the platform may see of it: all but secrets."""
        values = {
            "GRISTMILL_HOME": self.home,
            "GRISTMILL_CATALOG": _without_secrets(self.catalog),
            "GRISTMILL_STORE": _without_secrets(self.store),
            "GRISTMILL_WEIGHTS": self.weights,
            **self.most,
            "GRISTMILL_LEASE": self.lease,
            "GRISTMILL_MEMORY": self.memory,
            "GRISTMILL_CPUS": self.cpus,
            "GRISTMILL_WARM": self.warm,
            "GRISTMILL_WARM_MEMORY": self.warm_memory,
            "GRISTMILL_WARM_IDLE": self.warm_idle,
            "GRISTMILL_KEYS": None,
            "GRISTMILL_ENDPOINTS": ", ".join(self.endpoints),
            "GRISTMILL_PRICE": self.price,
            "GRISTMILL_LOG": self.log,
            "GRISTMILL_MAIL": _without_secrets(self.mail),
            "GRISTMILL_WEBHOOKS": self.webhooks,
            "GRISTMILL_PUBLIC": self.public,
            "JUPYTERHUB_API_URL": self.hub,
        }
        return tuple(
            Setting(name=name, value=_written(value), is_given=name in self.given) for name, value in values.items()
        )


def home_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where this person's state lives."""
    return Path(environment.get("GRISTMILL_HOME") or "~/.gristmill").expanduser().absolute()


def _without_secrets(url: str) -> str:
    """An address without what stands before its host or after its path: names, passwords, keys."""
    return re.sub(r"://.*@", "://", re.split("[?#]", url)[0])


def _written(value: object) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _hub(environment: Mapping[str, str]) -> str | None:
    """The API of the hub whose service this is. Somebody's own server on a hub knows it, too, and is none."""
    if environment.get("JUPYTERHUB_USER") and not environment.get("JUPYTERHUB_SERVICE_NAME"):
        return None
    return environment.get("JUPYTERHUB_API_URL") or None


def _number(environment: Mapping[str, str], name: str, kind: Callable[[str], Number], least: Number) -> Number | None:
    text = environment.get(name)
    if not text:
        return None
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not value >= least:
        raise UsageError(f"{name} is {text!r}.", cure=f"Give a number of at least {least}, or leave it out.")
    return value
