"""Who is asking, on a JupyterHub: whoever the hub says that a token belongs to.

    scope of the token              power
    custom:gristmill:use            look, upload, predict
    custom:gristmill:train          have runs executed (and use)
    custom:gristmill:deploy         put models into production (and use)
    custom:gristmill:admin          everything, in every project

A hub's groups are teams. What the hub has said is believed for a minute at most, so a token that is revoked, or a scope
that is taken away, counts no longer than that; and a hub that is away is not missed in the meantime. Many requests that
come with one token at once ask the hub once.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gristmill.api.identity import Identity
from gristmill.errors import GristmillError, HubAway, NotAllowed, NotSignedIn
from gristmill.records import LOCAL, Power, Who

if TYPE_CHECKING:
    import httpx

__all__ = ["SCOPE", "HubIdentity"]

SCOPE = "custom:gristmill:"
_BELIEVED = 60.0  # seconds
_REFUSED = 10.0  # seconds that a wrong token is known to be wrong: who guesses does not burden the hub
_MOST = 10_000  # tokens that are remembered
_PATIENCE = 5.0


class HubIdentity(Identity):
    """Asks the hub whose API is at `url`, and remembers."""

    def __init__(
        self,
        url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url, self._clock = url.rstrip("/"), clock
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._known: OrderedDict[str, tuple[float, Who | GristmillError]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Who]] = {}

    async def of_token(self, token: str) -> Who:
        digest = hashlib.sha256(token.encode()).hexdigest()
        until, known = self._known.get(digest, (0.0, None))
        if known is None or until < self._clock():
            known = await self._fresh(digest, token)
        if isinstance(known, GristmillError):
            raise known
        return known

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def _fresh(self, digest: str, token: str) -> Who | GristmillError:
        task = self._asking.get(digest)
        if task is None:
            task = self._asking[digest] = asyncio.create_task(self._ask(token))
            task.add_done_callback(lambda _: self._asking.pop(digest, None))
        try:
            found: Who | GristmillError = await asyncio.shield(task)  # one who hangs up does not end it for the others
        except (NotSignedIn, NotAllowed) as refused:
            found = refused
        self._known[digest] = self._clock() + (_BELIEVED if isinstance(found, Who) else _REFUSED), found
        self._known.move_to_end(digest)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return found

    async def _ask(self, token: str) -> Who:
        import httpx  # takes a good part of a start

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=_PATIENCE, transport=self._transport, trust_env=False)
        try:
            answer = await self._client.get(f"{self._url}/user", headers={"Authorization": f"token {token}"})
            if answer.status_code in (401, 403, 404):
                raise NotSignedIn("This token is not valid here.", cure="Make one on the hub's page Token.")
            answer.raise_for_status()
            return _who(answer.json())
        except (httpx.HTTPError, ValueError) as error:
            raise HubAway(
                "JupyterHub cannot be asked who you are.",
                cause=f"{type(error).__name__}.",
                cure="Try again in a moment; if it lasts, tell whoever runs this hub.",
            ) from error


def _who(told: Any) -> Who:
    if not isinstance(told, dict) or not isinstance(told.get("name"), str) or not told["name"]:
        raise ValueError("it says no name")
    name, kind = told["name"], told.get("kind", "user")
    if kind != "user":
        name = f"{kind}:{name}"  # a service is nobody's namesake
    if name == LOCAL.name:
        raise NotAllowed(f"Nobody can be called {name} on a hub.", cause="That is what one's own machine is called.")
    return Who(name=name, teams=tuple(_words(told.get("groups"))), powers=_powers(_words(told.get("scopes"))))


def _words(told: Any) -> list[str]:
    return [word for word in told if isinstance(word, str)] if isinstance(told, list) else []


def _powers(scopes: Sequence[str]) -> frozenset[Power]:
    named = {scope.removeprefix(SCOPE) for scope in scopes if scope.startswith(SCOPE)}
    powers = {power for power in Power if power.value in named}
    return frozenset(powers | {Power.USE}) if powers else frozenset()
