"""People in front of an installation, each with a browser of their own, and what its processes hold meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / name) for name in ("tests", "extension", "widgets", "hub_config")]

from services.installations import PASSWORD, Installation, installed  # noqa: E402

__all__ = ["Installation", "Person", "chromium", "installation", "pss", "service"]

CHROMIUM = "/usr/bin/chromium"
USABLE = ".gm-main h1"  # the wizard's own first words, which come from its kernel
PATIENCE = 120_000.0  # milliseconds


@contextmanager
def installation(home: Path, **settings: str) -> Iterator[Installation]:
    """All that `gristmill up` brings up, with the wizard."""
    with installed(home, GRISTMILL_WIZARD="on", **settings) as here:
        yield here


@asynccontextmanager
async def chromium() -> AsyncIterator[Any]:
    """A browser in which people come."""
    from playwright.async_api import async_playwright

    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        await browser.close()


class Person:
    """Somebody who is signed in, with a browser of their own."""

    def __init__(self, here: Installation, context: Any, name: str) -> None:
        self.here, self.context, self.name = here, context, name
        self.asked: list[Any] = []

    @classmethod
    async def come(cls, here: Installation, browser: Any, name: str) -> Person:
        here.person(name)
        context = await browser.new_context()
        context.set_default_timeout(PATIENCE)
        with here.browser() as signing_in:
            signing_in.sign_in(name, PASSWORD)
            jar = signing_in.client.cookies.jar
            kept = [{"name": each.name, "value": each.value, "domain": "127.0.0.1", "path": each.path} for each in jar]
        await context.add_cookies(kept)
        return cls(here, context, name)

    async def click(self, path: str = "/services/wizard/", usable: str = USABLE) -> tuple[float, Any]:
        """The seconds until the page can be used, and the page."""
        page = await self.context.new_page()
        self.asked = []
        page.on("requestfinished", lambda request: self.asked.append(request))
        began = time.perf_counter()
        await page.goto(self.here.url + path, wait_until="commit")
        await page.wait_for_selector(usable)
        return time.perf_counter() - began, page

    def bearer(self) -> dict[str, str]:
        """A token of theirs, as a header."""
        with self.here.browser() as signing_in:
            signing_in.sign_in(self.name, PASSWORD)
            return signing_in.bearer(self.name)

    async def weight(self) -> float:
        """Kilobytes over the wire of the last click."""
        sizes = [await request.sizes() for request in self.asked]
        return sum(max(each["responseBodySize"], 0) + each["responseHeadersSize"] for each in sizes) / 1000


def service(here: Installation) -> tuple[list[int], list[int]]:
    """Processes of this installation's kernels, and those of the service: its own, and the original of its kernels."""
    below = [(each, _what(each)) for each in psutil.Process(here.process.pid).children(recursive=True)]
    copies = {each.pid: parent for each, (words, parent) in below if "gristmill_widgets.service.copies" in words}
    kernels = [pid for pid, parent in copies.items() if parent in copies]
    rest = [each.pid for each, (words, _) in below if "gristmill_widgets.service" in words]
    return kernels, [*rest, *(copies.keys() - set(kernels))]


def _what(process: psutil.Process) -> tuple[list[str], int]:
    """The command line of a process and its parent; nothing of one that has ended since it was listed."""
    try:
        return process.cmdline(), process.ppid()
    except psutil.NoSuchProcess:  # a ZombieProcess is one, too
        return [], 0


def pss(pid: int) -> float:
    """Megabytes that a process holds, with what it shares divided among those who share it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        lines = []
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
