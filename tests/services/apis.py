"""APIs over HTTP, with everybody let in under the name that stands in their token.

=======  ================================================================================================
fixture  gives
=======  ================================================================================================
api      an API that listens, on a catalog and a store of the test's own; nobody works on its runs
=======  ================================================================================================
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # this file is loaded for every test, also for those that need no API
    import httpx

    from gristmill.api import Service
    from gristmill.mill import Mill

PATIENCE = 30.0
SECRET = b"thirty-two bytes, for tests only"


@dataclass
class Api:
    """An API that listens at `url`."""

    url: str
    service: Service

    def client(self, name: str = "olga", *teams: str, powers: str = "use,train", **more: Any) -> httpx.Client:
        """Somebody's connection."""
        import httpx

        headers = {"Authorization": f"Bearer {badge(name, *teams, powers=powers)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE, **more)

    def mill(self, name: str = "olga", *teams: str) -> Mill:
        """The same platform without HTTP between."""
        from gristmill.records import Power, Who

        who = Who(name=name, teams=teams, powers=frozenset({Power.USE, Power.TRAIN}))
        return self.service.mill.on_behalf(who)


def badge(name: str, *teams: str, powers: str = "use,train") -> str:
    """A token that says who somebody is."""
    return f"{name}|{','.join(teams)}|{powers}"


def make_service(
    home: Path,
    *,
    prefix: str = "",
    catalog: str = "",
    store: str = "",
    endpoints: tuple[str, ...] = (),
    price: float = 0.0,
    warm: bool = False,
    gigabytes: float = 100.0,
) -> Service:
    """The parts of an API in a folder; `warm`, it holds models open that are asked."""
    from gristmill.api import Service
    from gristmill.api.identity import Identity
    from gristmill.catalog import Catalog
    from gristmill.errors import NotSignedIn
    from gristmill.intake import Allowance
    from gristmill.mill import Mill, Parts
    from gristmill.records import Power, Price, Who
    from gristmill.sandbox.process import ProcessSandbox
    from gristmill.serving import Serving
    from gristmill.stores import open_store
    from services.catalogs import keyring, lay_catalog
    from services.mills import Notepad

    class Badges(Identity):
        """Believes what a token says."""

        async def of_token(self, token: str) -> Who:
            try:
                name, teams, powers = token.rsplit("|", 2)
            except ValueError:
                raise NotSignedIn("This token is not valid here.") from None
            found = frozenset(Power(power) for power in powers.split(",") if power)
            return Who(name=name, teams=tuple(filter(None, teams.split(","))), powers=found)

    home.mkdir(parents=True, exist_ok=True)
    if not catalog:
        lay_catalog(home)
    sandbox = ProcessSandbox(cache=home / "cache")
    parts = Parts(
        catalog=Catalog.open(catalog or f"sqlite:///{home}/catalog.db", keyring=keyring()),
        store=open_store(store or (home / "store").as_uri(), secret=SECRET),
        secret=SECRET,
        endpoints=endpoints,
        dispatcher=Notepad(),
        sandbox=sandbox,
        serving=Serving(sandbox, home / "serving") if warm else None,
        price=Price(hourly=price, currency="EUR"),
        home=home,
        allowance=Allowance(gigabytes=gigabytes),
    )
    return Service(parts=parts, mill=Mill(parts), identity=Badges(), prefix=prefix)


@contextmanager
def listening(service: Service, **settings: Any) -> Iterator[Api]:
    """The API as a server in a thread."""
    import uvicorn

    from gristmill.api import create_app

    config = uvicorn.Config(
        create_app(service, rounds=False), host="127.0.0.1", port=0, log_level="error", access_log=False,
        timeout_graceful_shutdown=1, **settings,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise TimeoutError("the API did not start")
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Api(f"http://127.0.0.1:{port}{service.prefix}", service)
    finally:
        server.should_exit = True
        thread.join()
        service.parts.catalog.close()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with listening(make_service(tmp_path / "home")) as served:
        yield served


def send(client: httpx.Client, data: bytes, name: str = "grain.csv", **more: Any) -> dict[str, Any]:
    """An upload, sent and complete; what completing it answered."""
    import httpx

    begun = client.post("/uploads", json={"name": name, "size": len(data), **more}).raise_for_status().json()
    for part in begun["parts"]:
        start = (part["number"] - 1) * begun["part_size"]
        url, piece = client.base_url.join(part["url"]), data[start : start + part["size"]]
        httpx.put(url, content=piece, headers=part["headers"]).raise_for_status()
    done: dict[str, Any] = client.post(f"/uploads/{begun['upload']['id']}/complete", json={}).raise_for_status().json()
    return done


def a_table(rows: int = 60) -> bytes:
    """A small CSV with something to learn from it."""
    lines = [f"{number % 7},{number * 3 % 11},{'yes' if number % 3 else 'no'}" for number in range(rows)]
    return ("\n".join(["weight,length,ripe", *lines]) + "\n").encode()
