"""A class that signs in at the same instant: how long each of them waits, and whether anybody is turned away.

    python benchmarks/bench_login.py [--people 40] [--storms 5]

Everything is as `gristmill up` brings it up, on this machine, as are the browsers, which here are without scripts: each
opens the form, waits for all the others, sends name and password, and follows to where it leads.

    home        until the hub's own page has come: a hash of scrypt each, on purpose 0.2 s of a core
    wizard      until the wizard's page has come, with a kernel of its own behind it
    stock       JupyterHub as it comes, whose DummyAuthenticator looks at no password, until its home has come
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / name) for name in ("tests", "extension", "widgets", "hub_config")]

from services.installations import PASSWORD, Browser, Installation, free_ports, installed  # noqa: E402

PATIENCE = 180.0
STOCK = """
c = get_config()  # noqa
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {port} + 1
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.ConfigurableHTTPProxy.command = ["{command}"]
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.redirect_to_server = False
"""


def storm(url: str, people: Sequence[str], leads_to: str) -> list[float]:
    """The seconds that each has waited; RuntimeError with the first answer that was another."""
    waited: list[float] = []
    wrong: list[str] = []
    together = threading.Barrier(len(people))

    def sign_in(name: str, browser: Browser) -> None:
        try:
            form = browser.client.get("/hub/login")
            token = form.text.partition('name="_xsrf" value="')[2].partition('"')[0]
            sent = {"username": name, "password": PASSWORD, "_xsrf": token}
            together.wait(PATIENCE)
            began = time.perf_counter()
            answer = browser.client.post("/hub/login", params={"next": leads_to}, data=sent)
        except (httpx.TransportError, threading.BrokenBarrierError) as error:
            wrong.append(f"{name}: {error!r}")
            return
        waited.append(time.perf_counter() - began)
        if (answer.status_code, answer.url.path) != (200, leads_to):
            wrong.append(f"{name}: {answer.status_code} at {answer.url}")

    with ExitStack() as stack:
        browsers = [stack.enter_context(somebody(url)) for _ in people]
        threads = [threading.Thread(target=sign_in, args=both) for both in zip(people, browsers, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if wrong:
        raise RuntimeError(f"{len(wrong)} of {len(people)} did not get in; the first: {wrong[0]}")
    return waited


@contextmanager
def somebody(url: str) -> Iterator[Browser]:
    limits, headers = httpx.Timeout(PATIENCE), {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(
        base_url=url, timeout=limits, headers=headers, follow_redirects=True, trust_env=False, verify=False
    ) as client:
        yield Browser(client)


@contextmanager
def stock(folder: Path) -> Iterator[str]:
    port = free_ports(3)
    command = Path(sys.executable).parent / "configurable-http-proxy"
    (folder / "config.py").write_text(STOCK.format(port=port, proxy=port + 2, command=command))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", "config.py"], cwd=folder, stdout=log, stderr=log,
            env={name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")},
        )  # fmt: skip
        try:
            until_it_answers(f"http://127.0.0.1:{port}/hub/login", process, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def until_it_answers(page: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if httpx.get(page).status_code == 200:
                return
        except httpx.TransportError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(log.read_text()[-2000:])
        time.sleep(0.2)


def told(what: str, waited: Sequence[float]) -> None:
    ordered = sorted(waited)
    late = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    print(f"{what:8}p50 {statistics.median(ordered):.2f} s, p95 {late:.2f} s, longest {ordered[-1]:.2f} s", flush=True)


def ours(here: Installation, count: int, storms: int) -> None:
    people = [here.person(f"pupil{number}") for number in range(count)]
    told("home", [each for _ in range(storms) for each in storm(here.url, people, "/hub/home")])
    told("wizard", storm(here.url, people, "/services/wizard/"))


def theirs(url: str, count: int, storms: int) -> None:
    people = [f"pupil{number}" for number in range(count)]
    told("stock", [each for _ in range(storms) for each in storm(url, people, "/hub/home")])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--storms", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            with installed(Path(folder) / "home", GRISTMILL_WIZARD="on") as here:
                ours(here, asked.people, asked.storms)
        except RuntimeError as error:
            print(error)
            return 1
        try:
            with stock(Path(folder)) as url:
                theirs(url, asked.people, asked.storms)
        except RuntimeError as error:
            print(f"stock   {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
