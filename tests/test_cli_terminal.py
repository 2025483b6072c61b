"""The command line before a person: what a terminal shows, what is asked, and what Ctrl-C does there and in a pipe."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from gristmill.cli import words
from staged_client import environment

FIRST = "run-0000000000000001"


class Terminal:
    """A staged command line in a terminal of its own."""

    def __init__(self, *args: str, columns: int = 80) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(self._master, (40, columns))
        command = [sys.executable, "-m", "staged_client", *args]
        self.process = subprocess.Popen(
            command, env=environment(), start_new_session=True, stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)
        self.seen = ""

    def until(self, text: str, seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            if not self._read(deadline - time.monotonic()):
                pytest.fail(f"{text!r} did not come; there was: {self.seen}")

    def interrupt(self) -> None:
        """Ctrl-C, once it waits for something: a signal between a question and its wait is heard after the answer."""
        asleep = 0
        while asleep < 3:
            asleep = asleep + 1 if psutil.Process(self.process.pid).status() == psutil.STATUS_SLEEPING else 0
            time.sleep(0.02)
        self.process.send_signal(signal.SIGINT)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self) -> int:
        deadline = time.monotonic() + 20
        while self._read(deadline - time.monotonic()):
            pass
        os.close(self._master)
        code: int = self.process.wait(20)
        return code

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, seconds))
        try:
            data = os.read(self._master, 65536) if ready else b""
        except OSError:  # the other side is closed
            return False
        self.seen += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(*args: str, columns: int = 80) -> Terminal:
        opened.append(Terminal(*args, columns=columns))
        return opened[-1]

    yield start
    for one in opened:
        one.process.kill()
        one.process.wait()


def test_a_person_sees_the_run_go_on(terminal: Callable[..., Terminal]) -> None:
    shown = terminal("StagedClient@0.1", "train", "x")
    for text in (
        "Looking at x",
        "It is the only yes/no column",
        "of 5:00",
        "CatBoost",
        "87 of 100 pairs",
        "gristmill predict",
    ):
        shown.until(text)
    assert shown.end() == 0


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_pages_fit_their_terminal(terminal: Callable[..., Terminal], columns: int) -> None:
    shown = terminal("StagedClient", "check", "x", columns=columns)
    assert shown.end() == 0
    lines = [words.plain(line) for line in shown.seen.splitlines()]
    assert max(map(len, lines)) <= columns
    assert any("distance [mi]" in line for line in lines)


def test_ctrl_c_asks_whether_to_keep_the_best_model(terminal: Callable[..., Terminal]) -> None:
    shown = terminal("StagedClient@0.1", "train", "x")
    shown.until("RandomForest")
    shown.interrupt()
    shown.until("Stop this run?")
    shown.type("k\n")
    assert shown.end() == 0
    assert "(salvaged)" in shown.seen


def test_ctrl_c_asks_whether_to_cancel(terminal: Callable[..., Terminal]) -> None:
    shown = terminal("StagedClient@0.1", "train", "x")
    shown.until("RandomForest")
    shown.interrupt()
    shown.until("Stop this run?")
    shown.type("c\n")
    assert shown.end() == 5
    assert "The run was cancelled." in shown.seen


@pytest.mark.parametrize("answer", ["\n", "l\n", None])
def test_ctrl_c_asks_whether_to_leave_it(terminal: Callable[..., Terminal], answer: str | None) -> None:
    shown = terminal("StagedClient@0.1", "train", "x")
    shown.until("RandomForest")
    shown.interrupt()
    shown.until("[l]:")
    if answer is None:
        shown.interrupt()
    else:
        shown.type(answer)
    assert shown.end() == 0
    assert f"The run goes on. Come back to it: gristmill show {FIRST}" in shown.seen


def test_a_person_is_asked_for_a_yes(terminal: Callable[..., Terminal]) -> None:
    for answer, code in (("y\n", 0), ("n\n", 3)):
        shown = terminal("AsksFirst", "train", "x")
        shown.until("Go on all the same?")
        assert "[bold]never[/bold], n/a." in shown.seen  # a class's name is no markup
        shown.type(answer)
        assert shown.end() == code


def test_ctrl_c_before_there_is_a_run_starts_nothing(terminal: Callable[..., Terminal]) -> None:
    shown = terminal("StagedClient@30", "train", "x")
    shown.until("Storing x")
    shown.interrupt()
    assert shown.end() == 130
    assert "Interrupted." in shown.seen


def test_ctrl_c_in_a_pipe_cancels_the_run() -> None:
    command = [sys.executable, "-m", "staged_client", "StagedClient@0.2", "train", "x"]
    process = subprocess.Popen(
        command, env=environment() | {"PYTHONUNBUFFERED": "1"}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert any("fetch" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 5
    assert "status\tcancelled" in out
    assert "The run was cancelled." in err


def test_a_reader_that_goes_away_is_no_fault() -> None:
    command = f"{sys.executable} -m staged_client StagedClient check x | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=environment(), capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == ""
