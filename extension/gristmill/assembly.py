"""Where the parts are put together: the embedded platform, the one that a service serves, and a hub in its place.

Settings come from the environment: see `settings`. Where a hub is to answer instead, GRISTMILL_URL and GRISTMILL_TOKEN
say so; see client/connecting.py.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill.errors import UsageError
from gristmill.settings import Settings, home_folder

if TYPE_CHECKING:
    from gristmill.api import Service
    from gristmill.catalog import Catalog
    from gristmill.client import Client
    from gristmill.client.connecting import Address
    from gristmill.client.connection import Connection
    from gristmill.client.hub import Asker
    from gristmill.dispatch import Dispatcher
    from gristmill.looking import Looking
    from gristmill.mill import Mill, Parts
    from gristmill.notify import Ways
    from gristmill.records import Model
    from gristmill.sandbox import Sandbox
    from gristmill.serving import Serving

__all__ = ["asker", "connect", "embedded", "opened_catalog", "reach", "sandbox_of", "service", "ways"]


def opened_catalog(settings: Settings) -> Catalog:
    """The catalog, with the keys to what is sealed in it."""
    from gristmill.catalog import Catalog
    from gristmill.sealing import Keyring

    return Catalog.open(settings.catalog, keyring=Keyring(settings.home / "keys", settings.keys))


def embedded(settings: Settings, dispatcher: Dispatcher | None = None) -> Mill:
    """The platform in this process, with a worker process of its own when there is something to do."""
    from gristmill.dispatch.local import LocalDispatcher
    from gristmill.looking import Here
    from gristmill.mill import Mill

    return Mill(_parts(settings, dispatcher or LocalDispatcher(settings.home), Here()))


def _parts(settings: Settings, dispatcher: Dispatcher, looking: Looking, secret: bytes | None = None) -> Parts:
    from gristmill.fair_use import price_of
    from gristmill.intake import Allowance
    from gristmill.mill import Parts
    from gristmill.stores import open_store

    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    sandbox = sandbox_of(settings)
    return Parts(
        catalog=opened_catalog(settings),
        store=open_store(settings.store, secret=secret),
        secret=secret,
        dispatcher=dispatcher,
        sandbox=sandbox,
        serving=_serving(settings, sandbox),
        home=settings.home,
        looking=looking,
        weights=settings.weights,
        allowance=Allowance.of(settings.most),
        price=price_of(settings.price),
        ways=ways(settings),
        endpoints=settings.endpoints,
        settings=settings.told(),
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
        return model_archive.ask(model, folder, data, to, settings, sandbox_of(Settings.read()).call, told)

    return ask


def service(settings: Settings, *, prefix: str = "", token: str | None = None, with_workers: bool = True) -> Service:
    """What the API serves: the same parts as an embedded platform, but data is looked at by children.

    Without a hub, `token` lets in; it is the one in the file `token` of GRISTMILL_HOME where none is given.
    """
    from gristmill.api import Service
    from gristmill.api.browsing import SignIn
    from gristmill.api.identity import Identity, LocalToken
    from gristmill.dispatch.base import Present
    from gristmill.dispatch.local import LocalDispatcher
    from gristmill.looking import Apart
    from gristmill.mill import Mill
    from gristmill.sealing import kept_secret

    secret = kept_secret(settings.home / "secret").encode()
    dispatcher = LocalDispatcher(settings.home) if with_workers else Present()
    parts = _parts(settings, dispatcher, Apart(), secret)
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


def sandbox_of(settings: Settings) -> Sandbox:
    """Where notebooks execute."""
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
