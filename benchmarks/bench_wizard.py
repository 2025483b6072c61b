"""The wizard in a real browser: from the click to a page that can be used, what it weighs, and what it holds.

    python benchmarks/bench_wizard.py [--visits 15] [--people 20] [--quick]

Everything is as `gristmill up` brings it up: hub, proxy, API and the wizard's service, all on this machine, as is the
browser, on the same cores. Everybody is signed in, and nobody has a server of their own.

    first       one person's first click: sign-in between hub and service, every file over the wire
    again       the same person, later: p50 and p95 of many clicks, and the bytes of one
    a class     many people, each with a browser of their own that has never been here, spread over a minute
    memory      PSS of a kernel, and by how much one more page has the whole service grow
    freed       from closing a page until its kernel is gone
    stock       stock Voila shows the same wizard in a fresh server of one's own: from the click, and its weight
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from visitors import Installation, Person, chromium, installation, pss, service

MARKS = {"again p50": 1.5, "class p95": 4.0, "page MB": 60.0, "second visit kB": 300.0, "freed": 60.0}

STOCK = """
import gristmill
from gristmill_widgets import build

build(gristmill.connect())
"""


def at(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


async def leave(page: Any) -> None:
    """As somebody does who goes elsewhere; a page that a program closes says nothing to anybody."""
    await page.goto("about:blank")
    await page.close()


async def one_person(here: Installation, browser: Any, visits: int) -> dict[str, float]:
    person = await Person.come(here, browser, "first")
    seconds, page = await person.click()
    await page.wait_for_timeout(500)
    first = await person.weight()
    told = [f"first   {seconds:.2f} s, {first:.0f} kB"]
    await leave(page)
    again: list[float] = []
    for _ in range(visits):
        await asyncio.sleep(2.0)  # a person, not a machine gun: the pool has been filled again
        seconds, page = await person.click()
        again.append(seconds)
        await page.wait_for_timeout(300)
        second = await person.weight()
        await leave(page)
    told.append(f"again   p50 {statistics.median(again):.2f} s, p95 {at(again, 0.95):.2f} s; {second:.0f} kB")
    print("\n".join(told), flush=True)
    await person.context.close()
    return {"again p50": statistics.median(again), "second visit kB": second, "first visit kB": first}


async def a_class(here: Installation, browser: Any, people: int, over: float) -> dict[str, float]:
    everybody = [await Person.come(here, browser, f"pupil-{number}") for number in range(people)]
    ready, own = service(here)
    idle = sum(map(pss, [*ready, *own]))

    async def comes(person: Person, after: float) -> tuple[float, Any]:
        await asyncio.sleep(after)
        return await person.click()

    came = await asyncio.gather(*(comes(each, n * over / people) for n, each in enumerate(everybody)))
    seconds = [each for each, _ in came]
    print(
        f"a class p50 {statistics.median(seconds):.2f} s, p95 {at(seconds, 0.95):.2f} s, longest {max(seconds):.2f} s"
    )
    await asyncio.sleep(5.0)
    now, own = service(here)
    each, held = statistics.mean(map(pss, now)), (sum(map(pss, [*now, *own])) - idle) / people
    print(f"memory  {each:.0f} MB a kernel, {held:.0f} MB more for each page; {len(ready)} stand ready")
    began = time.perf_counter()
    await asyncio.gather(*(page.goto("about:blank") for _, page in came))
    while len(service(here)[0]) > len(ready) + 1 and time.perf_counter() - began < 90:
        await asyncio.sleep(0.1)
    freed = time.perf_counter() - began
    print(f"freed   {freed:.1f} s for all {people}", flush=True)
    await asyncio.gather(*(person.context.close() for person in everybody))
    return {"class p95": at(seconds, 0.95), "page MB": held, "freed": freed}


async def stock(here: Installation, browser: Any) -> None:
    """A person's own server, started by the click, and Voila as it comes in it."""
    person = await Person.come(here, browser, "stock")
    files = here.home / "people" / "stock"
    files.mkdir(parents=True, exist_ok=True)
    cell = {"cell_type": "code", "execution_count": None, "id": "a", "metadata": {}, "outputs": [], "source": STOCK}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (files / "wizard.ipynb").write_text(json.dumps(notebook))
    path = "/hub/spawn/stock?next=%2Fuser%2Fstock%2Fvoila%2Frender%2Fwizard.ipynb"
    seconds, page = await person.click(path)
    await page.wait_for_timeout(1000)
    print(f"stock   {seconds:.2f} s, {await person.weight():.0f} kB", flush=True)
    again, page = await person.click("/user/stock/voila/render/wizard.ipynb")
    await page.wait_for_timeout(1000)
    print(f"        again, its server running: {again:.2f} s, {await person.weight():.0f} kB", flush=True)


async def measure(here: Installation, visits: int, people: int, over: float) -> dict[str, float]:
    async with chromium() as browser:
        found = await one_person(here, browser, visits)
        found |= await a_class(here, browser, people, over)
        try:
            await stock(here, browser)
        except Exception as error:  # the peer is no mark of ours
            print(f"stock   could not be measured: {str(error).splitlines()[0]}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=15)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--over", type=float, default=60.0, help="seconds within which the class comes")
    parser.add_argument("--quick", action="store_true", help="few of everything, to see that it works")
    asked = parser.parse_args()
    if asked.quick:
        asked.visits, asked.people, asked.over = 3, 4, 8.0
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder) / "home") as here:
        found = asyncio.run(measure(here, asked.visits, asked.people, asked.over))
    missed = [f"{name} {found[name]:.2f}, not below {mark:g}" for name, mark in MARKS.items() if found[name] >= mark]
    print("\n".join(missed))
    return bool(missed) and not asked.quick


if __name__ == "__main__":
    sys.exit(main())
