"""Kernels as copies of one process that has imported everything: they start in a blink, and share what they hold.

The original is started once, in a clean environment. It imports all that a page needs, opens nothing, starts no thread,
and then forks whenever it is asked to, over a socket that it was born with. Each copy takes on its own environment and
folder before it becomes a kernel. A kernel that has to import everything itself takes a second of a core and 50 MB;
a copy takes a fraction of both.

Where the system cannot do that, kernels start as everywhere.

The original ends when its socket does, and every copy when the original does (ipykernel looks after its parent).
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

__all__ = ["Copied", "Copy", "Original", "copies_can_be_made"]

_LONGEST = 1 << 20  # bytes of a request: an environment, and little else


@cache
def copies_can_be_made() -> bool:
    """Whether this system lets a process watch over one that is not its child: Linux does, since 5.3."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


class Copy:
    """A kernel's process, as jupyter_client expects one: it is not our child, but its end can be seen."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        try:
            self._end: int | None = os.pidfd_open(pid)  # becomes readable when the process ends
        except ProcessLookupError:
            self._end, self.returncode = None, 1

    def poll(self) -> int | None:
        """None while it runs."""
        return self.wait(0)

    def wait(self, timeout: float | None = None) -> int | None:
        """None if it still runs after so many seconds."""
        if self._end is not None:
            waiting = select.poll()  # select() knows no numbers beyond 1023
            waiting.register(self._end, select.POLLIN)
            if waiting.poll(None if timeout is None else 1000 * timeout):
                os.close(self._end)
                self._end, self.returncode = None, 1  # how it ended is known to its parent alone
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self._end is not None and self.poll() is None:
            signal.pidfd_send_signal(self._end, signal.Signals(number))

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Original:
    """The process of which kernels are copies, as the service sees it; started when the first one is asked for."""

    def __init__(self, environment: Mapping[str, str], folder: str) -> None:
        self._environment, self._folder = dict(environment), folder
        self._process: subprocess.Popen[bytes] | None = None
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()

    async def copy(self, arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> Copy:
        """A new kernel with these arguments; ConnectionError if there is no way to have one."""
        asked = {"arguments": list(arguments), "environment": dict(environment), "folder": folder}
        async with self._turn:
            for _ in range(2):  # the original may have ended since it was last asked: then there is another
                reader, writer = await self._reached()
                writer.write(json.dumps(asked).encode() + b"\n")
                answer = await reader.readline()
                if answer:
                    return Copy(int(answer))
                self.end()
        raise ConnectionError("the process that kernels are copied from ends as soon as it is asked")

    def end(self) -> None:
        """End it, and every copy."""
        if self._line is not None:
            self._line[1].close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._line = self._process = None

    async def _reached(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._line is None or self._process is None or self._process.poll() is not None:
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "gristmill_widgets.service.copies", str(theirs.fileno())],
                    env=self._environment, cwd=self._folder, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )  # fmt: skip
            self._line = await asyncio.open_unix_connection(sock=ours, limit=_LONGEST)
        return self._line


class Copied(LocalProvisioner):
    """Has jupyter_client's kernels be copies; what they listen to is made as for any other."""

    async def launch_kernel(self, cmd: list[str], **asked: Any) -> Any:
        manager: Any = self.parent
        original: Original = manager.parent.original
        copy: Any = await original.copy(cmd[cmd.index("-f") :], asked["env"], asked["cwd"])
        self.process, self.pid, self.pgid = copy, copy.pid, None
        return self.connection_info


def _become_a_kernel(arguments: list[str], environment: dict[str, str], folder: str) -> None:
    """In the copy: all that was the original's alone is left behind."""
    import random

    from ipykernel.kernelapp import IPKernelApp

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    random.seed()
    sys.argv = ["ipykernel_launcher", *arguments]
    IPKernelApp.launch_instance([*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])


def main(descriptor: int) -> None:
    """The original: import, then fork whenever a line comes."""
    import ipykernel.ipkernel
    import ipykernel.kernelapp  # noqa: F401

    from gristmill_widgets.pages.door import warm

    warm()
    gc.collect()
    gc.freeze()  # or the first collection in a copy would write to, and so copy, all that is shared
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for copies
    with socket.socket(fileno=descriptor) as line, line.makefile("rb") as lines:
        for asked in lines:
            told = json.loads(asked)
            pid = os.fork()
            if pid:
                line.sendall(b"%d\n" % pid)
                continue
            code = 1
            try:
                os.close(descriptor)
                _become_a_kernel(told["arguments"], told["environment"], told["folder"])
                code = 0
            finally:
                os._exit(code)


if __name__ == "__main__":
    main(int(sys.argv[1]))
