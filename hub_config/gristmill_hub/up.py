"""`gristmill up`: all parts on this machine, until somebody ends it.

    proxy      what people reach comes through it
    hub        who people are, and their servers
    API        the platform, below /services/gristmill/
    wizard     below /services/wizard/
    worker     carries out runs

It says where to go once all of them answer. What they print is in HOME/hub/logs.
"""

from __future__ import annotations

import errno
import fcntl
import importlib.util
import os
import select
import signal
import socket
import sys
import sysconfig
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gristmill.errors import NotPossible
from gristmill_hub import login, services
from gristmill_hub.containers import end_containers, must_be_possible
from gristmill_hub.keeping import folder_of_ours
from gristmill_hub.parts import Part, Parts
from gristmill_hub.proxy import proxy_command
from gristmill_hub.settings import OWN, HubSettings

__all__ = ["up"]

_PATIENCE = 120.0  # seconds until all parts must answer
_LOOK_EVERY = 0.2


def up(settings: HubSettings, *, config: Path | None = None, tell: Callable[[str], object]) -> None:
    """Bring up all parts, and keep them up until this process is asked to end."""
    asked, left = threading.Event(), _terminal_left()
    before = {number: signal.signal(number, lambda *_: asked.set()) for number in _heard()}
    try:
        with _alone(settings):
            if settings.spawner == "docker":
                must_be_possible(settings)
            _must_be_free(settings)
            parts = Parts(_parts(settings, config or own_config()), tell)
            try:
                tell("Starting …")
                parts.start()
                if _wait(settings, parts, asked):
                    _welcome(settings, tell)
                while not asked.wait(_LOOK_EVERY) and not left():
                    parts.watch()
                tell("Ending …")
            finally:
                _end(settings, parts)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _heard() -> list[signal.Signals]:
    """What asks this process to end: Ctrl-C, a service manager, and a terminal that closes, unless under nohup."""
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    return [number for number in numbers if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]


def _terminal_left() -> Callable[[], bool]:
    """Tells whether the terminal that this was started at is gone. Nobody says so by a signal where the session's
    leader waits for this process, as make does under `ssh -t HOST make up`."""
    if signal.SIGHUP not in _heard() or not sys.stdin.isatty():
        return lambda: False
    terminal = select.poll()
    terminal.register(sys.stdin, 0)  # a hang-up is told of unasked
    return lambda: bool(terminal.poll(0))


def _end(settings: HubSettings, parts: Parts) -> None:
    """End the parts, and containers meanwhile, which are nobody's children."""
    containers = threading.Thread(target=end_containers, args=(settings,))
    if settings.spawner == "docker":
        containers.start()
    parts.end()
    if settings.spawner == "docker":
        containers.join()


def own_config() -> Path:
    """The jupyterhub_config.py that comes with Gristmill: in a checkout, or where a wheel lays it."""
    beside = Path(__file__).resolve().parent.parent / "jupyterhub_config.py"
    laid = Path(sysconfig.get_path("data")) / "share" / "gristmill" / "jupyterhub_config.py"
    return beside if beside.exists() else laid


@contextmanager
def _alone(settings: HubSettings) -> Iterator[None]:
    """Two hubs would quarrel over one home."""
    with (folder_of_ours(settings.folder) / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise NotPossible(
                f"Gristmill is up already, with its state in {settings.home}.",
                cure="Use that one, end it, or set GRISTMILL_HOME and GRISTMILL_PORT for another.",
            ) from None
        yield


def _must_be_free(settings: HubSettings) -> None:
    inside = {settings.ports.hub, settings.ports.api}
    for port in settings.ports.all():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what has just ended is free
            try:
                probe.bind((settings.inside if port in inside else "127.0.0.1", port))
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    raise NotPossible(
                        f"This machine has no address {settings.inside}.",
                        cause="Containers reach it at the address that it has on Docker's bridge.",
                        cure="Start Docker, or set GRISTMILL_INSIDE: ip address show docker0 tells it.",
                    ) from None
                raise NotPossible(
                    f"Port {port} is taken.",
                    cause="Another program listens there; it may be another Gristmill.",
                    cure=f"End it, or set GRISTMILL_PORT: that port and the four after it are used "
                    f"(now {settings.ports.public} to {settings.ports.wizard}).",
                ) from None


def _parts(settings: HubSettings, config: Path) -> list[Part]:
    ours = services.passed_on(os.environ) | {"GRISTMILL_HOME": str(settings.home)}
    hub = [sys.executable, "-m", "jupyterhub", "--config", str(config.absolute())]
    # One that stays, and has a sandbox loaded: `--idle` without end
    worker = [sys.executable, "-m", "gristmill.app", "inf"]
    named: list[tuple[str, list[str], dict[str, str]]] = [
        ("proxy", proxy_command(settings), ours),
        ("hub", hub, ours | services.for_the_hub(os.environ)),
        ("API", services.api_command(settings), services.environment_of(settings, "gristmill", settings.ports.api)),
    ]
    if can_train():
        named.append(("worker", worker, ours))
    if settings.wizard:
        told = services.environment_of(settings, "wizard", settings.ports.wizard)
        named.append(("wizard", services.wizard_command(), told))
    logs = settings.folder / "logs"
    return [Part(name, command, told, logs / f"{name.lower()}.log") for name, command, told in named]


def can_train() -> bool:
    """Whether this machine can carry out runs; others may, with a worker of their own."""
    return importlib.util.find_spec("autogluon") is not None


def _wait(settings: HubSettings, parts: Parts, asked: threading.Event) -> bool:
    """Until all parts answer; whether they do, or somebody has had enough."""
    near = f"http://127.0.0.1:{settings.ports.public}"
    pages = [f"{near}/hub/health", f"{near}/services/gristmill/health"]
    if settings.wizard:
        pages.append(f"{near}/services/wizard/")
    deadline = time.monotonic() + _PATIENCE
    while pages and not asked.is_set():
        pages = [page for page in pages if not _answers(page)]
        ended = parts.first_ended()
        if ended is not None:
            raise NotPossible(f"The {ended.name} does not start.", cause=ended.last_words(), cure=f"See {ended.log}.")
        if time.monotonic() > deadline:
            raise NotPossible(
                f"{pages[0]} does not answer.", cure=f"See what the parts say in {settings.folder / 'logs'}."
            )
        asked.wait(_LOOK_EVERY)
    return not pages


def _answers(page: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())
    try:
        with opener.open(page, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 400  # a redirect to the sign-in is an answer
    except OSError:
        return False


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *_: object) -> None:
        return None


def _welcome(settings: HubSettings, tell: Callable[[str], object]) -> None:
    tell(f"Gristmill is at {settings.address}")
    if settings.login == OWN:
        people = login.people_of(settings)
        secret = people.first()
        people.close()
        if secret is not None:
            tell(f"Begin here, as its first administrator: {login.invitation_link(settings.address, secret)}")
    if not can_train():
        tell("No runs are carried out here: for that, pip install 'gristmill[all-tasks]'")
    tell("Ctrl-C ends it. Runs that are under way go on at the next start.")
