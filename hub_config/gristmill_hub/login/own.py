"""The login of our own: JupyterHub asks it who somebody is, and it asks `People`.

Hashing runs in two threads, so that a class that signs in at once takes turns and the hub goes on answering.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from jupyterhub.auth import Authenticator
from tornado import web
from traitlets import Unicode

from gristmill.errors import GristmillError, NotFound
from gristmill_hub.login.pages import handlers
from gristmill_hub.login.passwords import MOST
from gristmill_hub.login.people import People

__all__ = ["OwnLogin"]

Answer = TypeVar("Answer")

_THREADS = 2
_LOOK_AGAIN = 60  # seconds after which a signed-in person is looked up again: who was removed is out by then


class OwnLogin(Authenticator):  # type: ignore[misc]  # JupyterHub has no types
    """Names and passwords in a file of the hub's own; see people.py."""

    file = Unicode(help="Where people are kept").tag(config=True)
    any_allow_config = True  # who is in the file is allowed, and nobody else
    auth_refresh_age = _LOOK_AGAIN

    @cached_property
    def people(self) -> People:
        return People(Path(self.file))

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_THREADS, "passwords")

    async def apart(self, do: Callable[..., Answer], *given: Any, **named: Any) -> Answer:
        """Does what takes long, which is hashing; what only looks something up does not wait for it."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(do, *given, **named))

    async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, Any] | None:
        name, password = self.normalize_username(data.get("username", "").strip()), data.get("password", "")
        person = await self.known(handler, name, password)
        return None if person is None else {"name": name, "admin": person}

    async def known(self, handler: Any, name: str, password: str) -> bool | None:
        """Whether this is an administrator, if the password is theirs; 429 once it was tried too often."""
        address = handler.request.remote_ip
        self._must_not_be_locked(await asyncio.to_thread(self.people.attempt, name, address))
        person = await self.apart(self.people.knows, name, password[: MOST + 1])
        if person is not None:
            await asyncio.to_thread(self.people.succeeded, name, address)
            return person.admin
        self._must_not_be_locked(await asyncio.to_thread(self.people.locked, name, address))
        return None

    @staticmethod
    def _must_not_be_locked(seconds: float) -> None:
        if seconds:
            minutes = math.ceil(seconds / 60)
            wait = "a minute" if minutes == 1 else f"{minutes} minutes"
            refused: Any = web.HTTPError(429, f"That was tried too often. Try again in {wait}.")
            refused.headers = {"Retry-After": str(math.ceil(seconds))}
            raise refused

    async def refresh_user(self, user: Any, handler: Any = None) -> bool:
        del handler
        return await asyncio.to_thread(self.people.find, user.name) is not None

    def check_allowed(self, username: str, authentication: Any = None) -> bool:
        del authentication
        return self.people.find(username) is not None

    def delete_user(self, user: Any) -> None:
        super().delete_user(user)
        try:
            self.people.remove(user.name)
        except NotFound:
            pass  # somebody whom only the hub knew
        except GristmillError as error:
            raise web.HTTPError(error.http, str(error)) from None

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        del app
        return handlers()
