"""What is started: the command `gristmill`, a worker, the API, the extension of a Jupyter server."""

from __future__ import annotations

import gc
import os
import re
import signal
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from gristmill.assembly import connect, embedded, opened_catalog, reach, sandbox_of, service, ways
from gristmill.errors import NotPossible, UsageError
from gristmill.settings import Settings, home_folder

if TYPE_CHECKING:
    import click

    from gristmill.doctor import Installation
    from gristmill.mill.ticking import Ticking
    from gristmill.rounds import Round
    from gristmill.worker.attempt import Tools

__all__ = ["Settings", "attend", "command", "connect", "embedded", "main", "serve", "service", "ways", "work"]

_TICK_EVERY = 5.0  # seconds
_GARBAGE = 100_000  # things made before Python looks for garbage; at its own 700, a sixth of a start went into that

_TELL_EVERY, _BEAT_EVERY = 5.0, 10.0  # seconds


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
    from gristmill.logs import write_logs

    write_logs(settings.log)
    sandbox, folder, called = sandbox_of(settings), settings.home / "work", calls(settings.home)
    # Who ends when idle was started because a run is about to come: its sandbox loads while the worker itself does.
    warm = None if idle is None else sandbox.prepare_within(folder)

    from gristmill.notify import Teller
    from gristmill.reconciler import Reconciler
    from gristmill.rounds import Round
    from gristmill.stores import open_store
    from gristmill.worker import Worker
    from gristmill.worker.attempt import Tools

    tools = Tools(
        catalog=opened_catalog(settings),
        store=open_store(settings.store),
        sandbox=sandbox,
        folder=folder,
        lease_seconds=settings.lease,
        patient=True,
    )
    tools.catalog.reseal()
    Reconciler(tools).tidy_folders()
    worker = Worker(tools, warm=warm)
    teller = Teller(tools.catalog, ways(settings))
    with (
        _keeping_time(settings, tools),
        Round("telling", teller.tell, seconds=_TELL_EVERY),
        Round("heartbeat", lambda: tools.catalog.seeing.beat(worker.name), seconds=_BEAT_EVERY),
    ):
        worker.serve(ended.is_set, called=called, idle=idle)
    tools.catalog.seeing.gone(worker.name)


def _keeping_time(settings: Settings, tools: Tools) -> Round:
    """Keeps the schedules' time while the worker works: whoever is there does, and the catalog lets one have a tick."""
    from gristmill.rounds import Round

    ticking = cache(lambda: _ticking(settings, tools))
    # not at once: what it loads would keep a first run waiting
    return Round("schedules", lambda: ticking().round(), seconds=_TICK_EVERY, prompt=False)


def _ticking(settings: Settings, tools: Tools) -> Ticking:
    from gristmill.dispatch.base import Present
    from gristmill.fair_use import price_of
    from gristmill.intake import Allowance
    from gristmill.mill import Parts
    from gristmill.mill.ticking import Ticking

    return Ticking(
        Parts(
            catalog=tools.catalog, store=tools.store, dispatcher=Present(), sandbox=tools.sandbox, home=settings.home,
            price=price_of(settings.price), weights=settings.weights, allowance=Allowance.of(settings.most),
        )
    )  # fmt: skip


def serve(
    settings: Settings, *, host: str = "127.0.0.1", port: int, prefix: str = "", with_workers: bool = True
) -> None:
    """Be the API until told to end; `with_workers`, it has one started when there is something to do."""
    try:
        _load_fastapi()
        from gristmill.api import create_app
        from gristmill.api.serving import listen
        from gristmill.logs import write_logs
    except ModuleNotFoundError as error:
        raise NotPossible(
            f"The API needs {error.name}, which is not installed here.", cure="pip install 'gristmill[serve]'"
        ) from None
    write_logs(settings.log)
    served = service(settings, prefix=prefix, with_workers=with_workers)
    listen(create_app(served), host=host, port=port, prefix=prefix)


def _load_fastapi() -> None:
    """Import FastAPI without a fifth of what that takes: plugins of pydantic's, and all that describes an API."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looks through all that is installed
    from pydantic import BaseModel

    BaseModel.model_config["defer_build"] = True  # FastAPI's own models are made when openapi.json is asked for
    try:
        import fastapi  # noqa: F401
    finally:
        del BaseModel.model_config["defer_build"]


def attend(settings: Settings, descriptor: int) -> None:
    """Be the API of the process that has started this one, on a socket of its, for as long as it lives.

    It tells the token that lets in by a pipe, this process's standard input, and holds that open until it ends.
    """
    import uvicorn

    _load_fastapi()
    from gristmill.api import create_app

    token = sys.stdin.readline().strip()
    if not token:
        return  # whoever started it is gone already
    config = uvicorn.Config(
        create_app(service(replace(settings, hub=None), token=token)), access_log=False, log_level="warning",
        server_header=False, timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = uvicorn.Server(config)

    def end_with_the_pipe() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=end_with_the_pipe, daemon=True).start()
    server.run([socket.socket(fileno=descriptor)])


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Where Jupyter Server finds the extension."""
    from gristmill.jupyter import Embedded, Extension, Platform

    home = home_folder()

    class Gristmill(Extension):
        platform = Platform(home, Embedded(home, [sys.executable, "-m", "gristmill.app", "api"]))

    return [{"module": __name__, "app": Gristmill}]


def command() -> NoReturn:
    """`gristmill` as it is installed: whoever waits for its end does not wait until everything is taken apart."""
    code = main()
    with suppress(OSError):  # who read it has gone, and the exit code says so
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def main() -> int:
    """The command `gristmill`; its exit code."""
    import click

    gc.set_threshold(_GARBAGE)
    from gristmill import cli
    from gristmill.client import connecting
    from gristmill.dispatch.local import LocalDispatcher

    home = home_folder()
    dispatcher = LocalDispatcher(home)

    def hasten() -> None:
        if connecting.find(home) is None:
            dispatcher.hasten()

    @click.command()
    @click.option("--idle", type=float, metavar="SECONDS", help="End when there has been nothing to do for so long.")
    def worker(idle: float | None) -> None:
        """Carry out runs, one after the other, until told to end."""
        work(Settings.read(), idle=idle)

    @click.command()
    @click.option("--port", type=click.IntRange(0, 65535), required=True, help="Where to listen; 0 for any.")
    @click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
    @click.option(
        "--prefix", default="", help="The path below which everything is served, such as /services/gristmill."
    )
    @click.option("--no-workers", is_flag=True, help="Start no workers: some are kept elsewhere.")
    def api(port: int, host: str, prefix: str, no_workers: bool) -> None:
        """Serve the platform to many over HTTP, until told to end."""
        serve(Settings.read(), host=host, port=port, prefix=_path(prefix), with_workers=not no_workers)

    return cli.run(
        lambda: reach(connecting.find(home), dispatcher),
        files=home / "files",
        hasten=hasten,
        more=cli.signing_in(home) | {"worker": lambda: worker, "api": lambda: api, "doctor": _doctor},
        elsewhere=_commands_elsewhere,
    )


def _doctor() -> click.Command:
    from gristmill import doctor

    return doctor.command(_installation)


def _commands_elsewhere() -> list[click.Command]:
    """What other packages add to the command line: the entry points `gristmill.commands`."""
    from importlib.metadata import entry_points

    return [point.load() for point in sorted(entry_points(group="gristmill.commands"), key=lambda point: point.name)]


def _installation(port: int | None) -> Installation:
    """What `gristmill doctor` looks at."""
    from gristmill.client import connecting
    from gristmill.doctor import Installation

    settings = Settings.read()
    address = connecting.find(settings.home)
    return Installation(
        home=settings.home, catalog=settings.catalog, store=settings.store, sandbox=sandbox_of(settings),
        mail=settings.mail, keys=settings.keys, hub=settings.hub, hub_token=os.environ.get("JUPYTERHUB_API_TOKEN", ""),
        ask=None if address is None else lambda: reach(address).me().name, port=port, lease=settings.lease,
    )  # fmt: skip


def _path(prefix: str) -> str:
    trimmed = prefix.strip("/")
    if not re.fullmatch(r"[\w.~@-]*(/[\w.~@-]+)*", trimmed):
        raise UsageError(f"{prefix!r} is no path.", cure="Give something like /services/gristmill.")
    return f"/{trimmed}" if trimmed else ""


if __name__ == "__main__":  # how our own processes are started, without loading the command line
    gc.set_threshold(_GARBAGE)
    if sys.argv[1] == "api":  # by jupyter/embedded.py
        attend(Settings.read(), int(sys.argv[2]))
    else:  # by LocalDispatcher
        work(Settings.read(), idle=float(sys.argv[1]), sole=True)
