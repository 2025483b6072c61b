"""Where the parts are put together: the embedded platform, its worker, and the command `gristmill`.

Settings come from the environment: see `settings`. Where a hub is to answer instead, GRISTMILL_URL and GRISTMILL_TOKEN
say so; see client/connecting.py.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from gristmill.errors import NotPossible, UsageError
from gristmill.settings import Settings, home_folder

if TYPE_CHECKING:
    import click

    from gristmill.api import Service
    from gristmill.catalog import Catalog
    from gristmill.client import Client
    from gristmill.client.connecting import Address
    from gristmill.client.connection import Connection
    from gristmill.client.hub import Asker
    from gristmill.dispatch import Dispatcher
    from gristmill.doctor import Installation
    from gristmill.mill import Mill
    from gristmill.mill.ticking import Ticking
    from gristmill.notify import Ways
    from gristmill.records import Model
    from gristmill.rounds import Round
    from gristmill.sandbox import Sandbox
    from gristmill.serving import Serving
    from gristmill.worker.attempt import Tools

__all__ = ["Settings", "attend", "command", "connect", "embedded", "main", "serve", "service", "ways", "work"]

_TICK_EVERY = 5.0  # seconds
_GARBAGE = 100_000  # things made before Python looks for garbage; at its own 700, a sixth of a start went into that

_TELL_EVERY, _BEAT_EVERY = 5.0, 10.0  # seconds


def opened_catalog(settings: Settings) -> Catalog:
    """The catalog, with the keys to what is sealed in it."""
    from gristmill.catalog import Catalog
    from gristmill.sealing import Keyring

    return Catalog.open(settings.catalog, keyring=Keyring(settings.home / "keys", settings.keys))


def embedded(settings: Settings, dispatcher: Dispatcher | None = None) -> Mill:
    """The platform in this process, with a worker process of its own when there is something to do."""
    from gristmill.dispatch.local import LocalDispatcher
    from gristmill.fair_use import price_of
    from gristmill.intake import Allowance
    from gristmill.mill import Mill, Parts
    from gristmill.stores import open_store

    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    sandbox = _sandbox(settings)
    return Mill(
        Parts(
            catalog=opened_catalog(settings),
            store=open_store(settings.store),
            dispatcher=dispatcher or LocalDispatcher(settings.home),
            sandbox=sandbox,
            serving=_serving(settings, sandbox),
            home=settings.home,
            weights=settings.weights,
            allowance=Allowance.of(settings.most),
            price=price_of(settings.price),
            ways=ways(settings),
            endpoints=settings.endpoints,
            settings=settings.told(),
        )
    )


def connect(url: str | None = None, token: str | None = None) -> Connection:
    """The platform for a notebook: the hub at `url`, else the one that this person means, else the embedded one."""
    from gristmill.client import connecting
    from gristmill.client.connection import Connection

    home = home_folder()
    environment = os.environ | {"GRISTMILL_URL": url, "GRISTMILL_TOKEN": token or ""} if url else os.environ
    address = connecting.find(home, environment)
    return Connection(reach(address), files=home / "files")


def reach(address: Address | None, dispatcher: Dispatcher | None = None) -> Client:
    """The hub at that address, or the embedded platform."""
    if address is None:
        return embedded(Settings.read(), dispatcher)
    from gristmill.client.hub import Hub

    home = home_folder()
    with suppress(OSError):  # whoever comes to write there says what is wrong
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Hub(address, home, asker())


def asker() -> Asker | None:
    """What asks a hub's models on this machine; None where it lacks AutoGluon."""
    if importlib.util.find_spec("autogluon") is None:
        return None

    def ask(
        model: Model,
        folder: Path,
        data: Path | None,
        to: Path,
        settings: Mapping[str, Any],
        told: Callable[[str], object] | None,
    ) -> int:
        from gristmill import model_archive
        from gristmill.mill.parts import existing

        if data is not None:
            existing(data, or_folder=model_archive.takes_folders(model))
        return model_archive.ask(model, folder, data, to, settings, _sandbox(Settings.read()).call, told)

    return ask


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
    sandbox, folder, called = _sandbox(settings), settings.home / "work", calls(settings.home)
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


def service(settings: Settings, *, prefix: str = "", token: str | None = None, with_workers: bool = True) -> Service:
    """What the API serves: the same parts as an embedded platform, but data is looked at by children.

    Without a hub, `token` lets in; it is the one in the file `token` of GRISTMILL_HOME where none is given.
    """
    from gristmill.api import Service
    from gristmill.api.browsing import SignIn
    from gristmill.api.identity import Identity, LocalToken
    from gristmill.dispatch.base import Present
    from gristmill.dispatch.local import LocalDispatcher
    from gristmill.fair_use import price_of
    from gristmill.intake import Allowance
    from gristmill.looking import Apart
    from gristmill.mill import Mill, Parts
    from gristmill.sealing import kept_secret
    from gristmill.stores import open_store

    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret = kept_secret(settings.home / "secret").encode()
    sandbox = _sandbox(settings)
    parts = Parts(
        catalog=opened_catalog(settings),
        store=open_store(settings.store, secret=secret),
        secret=secret,
        dispatcher=LocalDispatcher(settings.home) if with_workers else Present(),
        sandbox=sandbox,
        serving=_serving(settings, sandbox),
        home=settings.home,
        looking=Apart(),
        weights=settings.weights,
        allowance=Allowance.of(settings.most),
        price=price_of(settings.price),
        ways=ways(settings),
        endpoints=settings.endpoints,
        settings=settings.told(),
    )
    identity: Identity
    if settings.hub:
        from gristmill.api.hub import HubIdentity

        identity = HubIdentity(settings.hub)
    else:
        identity = LocalToken(token or kept_secret(settings.home / "token"))
    sign_in = SignIn.read(os.environ, prefix) if settings.hub else None
    return Service(parts=parts, mill=Mill(parts), identity=identity, prefix=prefix, sign_in=sign_in)


def ways(settings: Settings) -> Ways:
    """What this installation has to reach people with."""
    from gristmill.fair_use import price_of
    from gristmill.notify import Mailing, Reach, Ways

    try:
        reach = Reach(settings.webhooks or ("public" if settings.hub else "loopback"))
    except ValueError:
        raise UsageError(
            f"GRISTMILL_WEBHOOKS is {settings.webhooks!r}.", cure=f"Give one of {', '.join(Reach)}, or leave it out."
        ) from None
    mail = Mailing.read(settings.mail) if settings.mail else None
    return Ways(mail=mail, webhooks=reach, public=settings.public, currency=price_of(settings.price).currency)


def _sandbox(settings: Settings) -> Sandbox:
    from gristmill.sandbox.process import ProcessSandbox

    memory = None if settings.memory is None else int(settings.memory * 1e9)
    cache = settings.home / "cache"
    return ProcessSandbox(cache=cache, weights=settings.weights, cpus=settings.cpus, memory=memory)


def _serving(settings: Settings, sandbox: Sandbox) -> Serving | None:
    from gristmill.serving import Serving

    if settings.warm == 0:
        return None
    memory = None if settings.warm_memory is None else int(settings.warm_memory * 1e9)
    return Serving(sandbox, settings.home / "serving", most=settings.warm, memory=memory, idle=settings.warm_idle)


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
        home=settings.home, catalog=settings.catalog, store=settings.store, sandbox=_sandbox(settings),
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
