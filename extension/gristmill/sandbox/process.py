"""A sandbox made of processes: one that keeps the notebook (the runner), and the notebook's kernel.

It takes the platform's environment away, bounds memory, and ends with its worker; it does not hide the machine's files
from the notebook, which runs as the same user. Where users do not trust one another, a container does.

The runner and its kernel are found by environment variables that name their folder and their execution, because the
kernel lives in a session of its own, where no process group reaches it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from gristmill import records
from gristmill.records import Resources
from gristmill.sandbox.base import End, Ending, Execution, Gone, Sandbox, Silent, Talk

__all__ = ["ProcessSandbox", "ProcessTalk", "end"]

_FOLDER = "GRISTMILL_SANDBOX"
_EXECUTION = "GRISTMILL_EXECUTION"
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")
_PATIENCE = 10.0  # seconds that a killed process may take to go
_LONGEST_LINE = 4 << 20  # bytes
_MEMORY_SHARE = 0.8  # of what the machine has free: the rest is for the platform, and for pages that are merely cached


class ProcessSandbox(Sandbox):
    """Notebooks as processes of this machine.

    `cache` is a folder where all of them may keep fonts and byte code, `weights` one that they read pretrained weights
    from; beside the cache where nothing is said.
    """

    def __init__(
        self, *, cache: Path, weights: Path | None = None, cpus: int | None = None, memory: int | None = None
    ) -> None:
        self._cache = cache
        self._weights = weights or cache.parent / "weights"
        self._cpus = cpus
        self._memory = memory

    def resources(self) -> Resources:
        cpus = self._cpus or len(os.sched_getaffinity(0))
        return Resources(cpus=cpus, memory=self._memory or int(_MEMORY_SHARE * _free_memory()), gpus=self.gpus())

    def gpus(self) -> int:
        return _gpus()

    def prepare(self, folder: Path) -> Execution:
        return _ProcessExecution(folder, self._environment(folder))

    def call(self, command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
        environment = self._environment(folder)
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    def talk(self, command: Sequence[str], folder: Path) -> Talk:
        return ProcessTalk(command, folder, self._environment(folder))

    def sweep(self, folder: Path) -> int:
        return end(list(_marked(_FOLDER, str(folder))))

    def _environment(self, folder: Path) -> dict[str, str]:
        private = folder / ".private"
        private.mkdir(parents=True, exist_ok=True)
        cpus = str(self.resources().cpus)
        return {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {
            _FOLDER: str(folder),
            "HOME": str(private),
            "TMPDIR": str(private),
            "IPYTHONDIR": str(private / "ipython"),
            "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
            "XDG_CACHE_HOME": str(self._cache),
            "GRISTMILL_WEIGHTS": str(self._weights),
            "MPLCONFIGDIR": str(self._cache / "matplotlib"),
            "OMP_NUM_THREADS": cpus,
            "PYTHONUNBUFFERED": "1",
        }


class _ProcessExecution(Execution):
    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._name = secrets.token_hex(8)
        self._ending = folder / f"ending-{self._name}.json"
        with (folder / "runner.log").open("ab") as log:
            self._runner = subprocess.Popen(
                [sys.executable, "-m", "gristmill.sandbox.runner", str(folder), self._ending.name, str(os.getpid())],
                stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment | {_EXECUTION: self._name}, cwd=folder,
                start_new_session=True,
            )  # fmt: skip

    def start(self, notebook: Path, parameters: Mapping[str, Any]) -> None:
        job = {"notebook": str(notebook), "parameters": dict(parameters)}
        if (pipe := self._runner.stdin) is not None:
            with contextlib.suppress(BrokenPipeError):  # it died while warming up: poll will tell
                pipe.write(json.dumps(job).encode() + b"\n")
                pipe.close()

    def poll(self) -> Ending | None:
        if self._runner.poll() is None and not self._ending.exists():
            return None
        self.kill()  # what has said its ending has nothing more to do: the kernel's own way out takes longer
        try:
            return records.decode(self._ending.read_bytes(), Ending)
        except FileNotFoundError:
            return Ending(kind=End.DIED, message="The process that kept the notebook ended without a word.")

    def memory(self) -> int:
        return sum(_proportional_memory(process) for process in _tree(self._runner.pid))

    def kill(self) -> None:
        end([*_tree(self._runner.pid), *_marked(_EXECUTION, self._name)])
        self._runner.wait()
        if self._runner.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._runner.stdin.close()


class ProcessTalk(Talk):
    """A program that is talked to through pipes that nobody else has.

    It is not told to end with the thread that has started it, as a runner is: that thread is one of a server's many,
    and goes when there is little to do. The pipe's end tells it instead.
    """

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._name = secrets.token_hex(8)
        self._read = bytearray()
        with (folder / "talk.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, bufsize=0,
                env={**environment, _EXECUTION: self._name}, start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """The program's own process."""
        return self._process.pid

    def ask(self, line: bytes, seconds: float) -> bytes:
        deadline = time.monotonic() + seconds
        told, heard = self._process.stdin, self._process.stdout
        if told is None or heard is None:
            raise Gone
        try:
            told.write(line + b"\n")
            ready = select.poll()  # not select.select: a server has more connections than that can tell apart
            ready.register(heard, select.POLLIN)
            while (end := self._read.find(b"\n")) < 0:
                left = deadline - time.monotonic()
                if left <= 0 or not ready.poll(1000 * left):
                    raise Silent
                piece = os.read(heard.fileno(), 1 << 16)
                self._read += piece
                if not piece or len(self._read) > _LONGEST_LINE:
                    raise Gone
        except (OSError, ValueError):  # a pipe that is broken, or closed by who has killed it
            raise Gone from None
        answer, self._read = bytes(self._read[:end]), self._read[end + 1 :]
        return answer

    def lives(self) -> bool:
        return self._process.poll() is None

    def memory(self) -> int:
        return sum(_proportional_memory(process) for process in _tree(self._process.pid))

    def kill(self) -> None:
        end([*_tree(self._process.pid), *_marked(_EXECUTION, self._name)])
        self._process.wait()

    def close(self) -> None:
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _tree(pid: int) -> list[psutil.Process]:
    """A process and all that descend from it; empty when it is gone."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _marked(mark: str, value: str) -> Iterator[psutil.Process]:
    """This user's processes in whose environment `mark` is `value`."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(mark) == value:
                yield process


def end(processes: list[psutil.Process]) -> int:
    """Kill processes and wait until they are gone; how many there were."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    deadline = time.monotonic() + _PATIENCE
    while any(map(_lives, processes)) and time.monotonic() < deadline:
        time.sleep(0.005)
    return len(processes)


def _lives(process: psutil.Process) -> bool:
    """Whether it still holds anything: a zombie does not, and whoever inherits an orphan may be slow to reap it."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _proportional_memory(process: psutil.Process) -> int:
    """Memory with shared pages counted once over all who share them; Linux tells, elsewhere resident size must do."""
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    except psutil.Error:
        return 0


def _free_memory() -> int:
    """Bytes that a new process can have: what the machine has free, or less where a control group says so."""
    free: int = psutil.virtual_memory().available
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        with contextlib.suppress(OSError, ValueError):
            free = min(free, int(Path(limit).read_text()) - int(Path(used).read_text()))
    return max(free, 0)


@cache
def _present_gpus() -> int:
    """GPUs of this machine: each run is priced by them, and they do not come and go."""
    listed = list(Path("/proc/driver/nvidia/gpus").glob("*"))  # hidden in some containers, which have the devices
    return len(listed or list(Path("/dev").glob("nvidia[0-9]*")))


def _gpus() -> int:
    """GPUs that a kernel here could use, without loading torch to ask."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    present = _present_gpus()
    return present if visible is None else min(present, len([name for name in visible.split(",") if name.strip()]))
