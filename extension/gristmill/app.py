"""Where the parts are put together: the embedded platform, its worker, and the command `gristmill`.

Settings come from the environment, each with a default that needs nothing but this machine:

    GRISTMILL_HOME      where state lives                   ~/.gristmill
    GRISTMILL_CATALOG   the catalog's URL                   sqlite:///HOME/catalog.db
    GRISTMILL_STORE     the store's URL                     file://HOME/store
    GRISTMILL_WEIGHTS   where pretrained weights are kept   HOME/weights
    GRISTMILL_MOST_GIGABYTES, GRISTMILL_MOST_ROWS, GRISTMILL_MOST_CLASSES, GRISTMILL_MOST_IMAGES (of a class)
                        the most that one dataset may have     see intake.Allowance
    GRISTMILL_LEASE     seconds until a silent worker's run may be taken over            15
    GRISTMILL_MEMORY    gigabytes that a notebook may use   80 % of what is free when it starts
    GRISTMILL_CPUS      cores that a notebook may use       all
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gristmill.errors import UsageError

if TYPE_CHECKING:
    from gristmill.dispatch import Dispatcher
    from gristmill.mill import Mill
    from gristmill.sandbox import Sandbox

__all__ = ["Settings", "embedded", "main", "work"]

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the environment says; see the top of this module."""

    home: Path
    catalog: str
    store: str
    weights: Path
    lease: float = 15.0
    memory: float | None = None  # GB
    cpus: int | None = None
    most: Mapping[str, float | None] = field(default_factory=dict)  # settings of intake.Allowance that are set

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
            most={
                "GRISTMILL_MOST_GIGABYTES": _number(environment, "GRISTMILL_MOST_GIGABYTES", float, 0.001),
                "GRISTMILL_MOST_ROWS": _number(environment, "GRISTMILL_MOST_ROWS", int, 20),
                "GRISTMILL_MOST_CLASSES": _number(environment, "GRISTMILL_MOST_CLASSES", int, 2),
                "GRISTMILL_MOST_IMAGES": _number(environment, "GRISTMILL_MOST_IMAGES", int, 10),
            },
        )


def home_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where this person's state lives."""
    return Path(environment.get("GRISTMILL_HOME") or "~/.gristmill").expanduser().absolute()


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


def embedded(settings: Settings, dispatcher: Dispatcher | None = None) -> Mill:
    """The platform in this process, with a worker process of its own when there is something to do."""
    from gristmill.catalog import Catalog
    from gristmill.dispatch.local import LocalDispatcher
    from gristmill.intake import Allowance
    from gristmill.mill import Mill, Parts
    from gristmill.stores import open_store

    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Mill(
        Parts(
            catalog=Catalog.open(settings.catalog),
            store=open_store(settings.store),
            dispatcher=dispatcher or LocalDispatcher(settings.home),
            sandbox=_sandbox(settings),
            home=settings.home,
            weights=settings.weights,
            allowance=Allowance.of(settings.most),
        )
    )


def work(settings: Settings, *, idle: float | None = None, sole: bool = False) -> None:
    """Be a worker until told to end, or until there has been nothing to do for `idle` seconds."""
    from gristmill.dispatch.local import sole_worker

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    if not sole:
        _serve(settings, idle, ended)
        return
    with sole_worker(settings.home) as is_ours:
        if is_ours:
            _serve(settings, idle, ended)


def _serve(settings: Settings, idle: float | None, ended: threading.Event) -> None:
    from gristmill.dispatch.local import calls

    sandbox, folder, called = _sandbox(settings), settings.home / "work", calls(settings.home)
    # Who ends when idle was started because a run is about to come: its sandbox loads while the worker itself does.
    warm = None if idle is None else sandbox.prepare_within(folder)

    from gristmill.catalog import Catalog
    from gristmill.reconciler import Reconciler
    from gristmill.stores import open_store
    from gristmill.worker import Worker
    from gristmill.worker.attempt import Tools

    tools = Tools(
        catalog=Catalog.open(settings.catalog),
        store=open_store(settings.store),
        sandbox=sandbox,
        folder=folder,
        lease_seconds=settings.lease,
    )
    Reconciler(tools).tidy_folders()
    Worker(tools, warm=warm).serve(ended.is_set, called=called, idle=idle)


def _sandbox(settings: Settings) -> Sandbox:
    from gristmill.sandbox.process import ProcessSandbox

    memory = None if settings.memory is None else int(settings.memory * 1e9)
    cache = settings.home / "cache"
    return ProcessSandbox(cache=cache, weights=settings.weights, cpus=settings.cpus, memory=memory)


def main() -> int:
    """The command `gristmill`; its exit code."""
    import click

    from gristmill import cli
    from gristmill.dispatch.local import LocalDispatcher

    home = home_folder()
    dispatcher = LocalDispatcher(home)

    @click.command()
    @click.option("--idle", type=float, metavar="SECONDS", help="End when there has been nothing to do for so long.")
    def worker(idle: float | None) -> None:
        """Carry out runs, one after the other, until told to end."""
        work(Settings.read(), idle=idle)

    return cli.run(
        lambda: embedded(Settings.read(), dispatcher), files=home / "files", hasten=dispatcher.hasten, more=[worker]
    )


if __name__ == "__main__":  # how LocalDispatcher starts a worker, without loading the command line
    work(Settings.read(), idle=float(sys.argv[1]), sole=True)
