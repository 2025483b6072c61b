"""The extension as Jupyter Server knows it, and what it serves.

=======================  ==============================================================
below the base URL       does
=======================  ==============================================================
gristmill/api/…          the API, as the current user (`proxy.py`)
gristmill/offer          POST: a file of the person's becomes a dataset
gristmill/open           POST: a notebook and its data into the person's files
gristmill/send           POST: an edited notebook back, as a run or as a recipe
=======================  ==============================================================
"""

from __future__ import annotations

import asyncio
from functools import cached_property
from pathlib import Path

import httpx
from jupyter_server.extension.application import ExtensionApp

from gristmill.client import connecting
from gristmill.client.connecting import Address
from gristmill.client.hub import Hub
from gristmill.client.wire import away, hush
from gristmill.errors import GristmillError
from gristmill.jupyter.embedded import Embedded
from gristmill.jupyter.opening import Offer, Open, Send
from gristmill.jupyter.proxy import Proxy

__all__ = ["Extension", "Platform"]


class Platform:
    """Who answers this person: the hub that they mean, else the embedded platform."""

    def __init__(self, home: Path, embedded: Embedded) -> None:
        self._home, self._embedded = home, embedded

    def address(self) -> Address:
        """Looked up each time: somebody may sign in to a hub while the server runs."""
        return connecting.find(self._home) or self._embedded.address()

    def client(self) -> Hub:
        """The use cases; close it after use."""
        return Hub(self.address(), self._home)

    @property
    def lent(self) -> Path:
        """Where the data of opened notebooks lies."""
        return self._home / "files" / "data"

    @cached_property
    def carrier(self) -> httpx.AsyncClient:
        """What carries requests; it is made in the event loop that uses it."""
        hush()
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        return httpx.AsyncClient(timeout=httpx.Timeout(None, connect=10.0), limits=limits, follow_redirects=False)

    def away(self, address: Address, error: httpx.TransportError) -> GristmillError:
        """Why nothing was answered."""
        return self._embedded.why_away() if self._embedded.is_at(address) else away(address.url, error)

    async def close(self) -> None:
        """Let go of everybody who still listens, and end the embedded platform."""
        if "carrier" in self.__dict__:
            await self.carrier.aclose()
        await asyncio.to_thread(self._embedded.end)


class Extension(ExtensionApp):
    """Loaded by Jupyter Server. Subclasses say what `platform` is."""

    name = "gristmill"
    platform: Platform

    def initialize_handlers(self) -> None:
        given = {"platform": self.platform}
        self.handlers += [
            (r"/gristmill/api/(.*)", Proxy, given),
            (r"/gristmill/offer", Offer, given),
            (r"/gristmill/open", Open, given),
            (r"/gristmill/send", Send, given),
        ]

    async def stop_extension(self) -> None:
        """Nothing is left behind when the server ends."""
        await self.platform.close()
