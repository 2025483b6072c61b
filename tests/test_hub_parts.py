"""Parts of an installation as processes: they come back, and nothing outlives the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from gristmill_hub.keeping import kept
from gristmill_hub.parts import Part
from services.waiting import until

PATIENCE = 60.0

# What ends all of its descendants must not be this process, which has others' servers among them
BEFORE = """
import os, signal, sys, time
from pathlib import Path
from gristmill_hub.parts import Part, Parts

def part(code):
    return Part("part", [sys.executable, "-u", "-c", code], dict(os.environ), Path(sys.argv[1]) / "part.log")
"""
COMES_BACK = """
parts = Parts([one := part("print('here')")], print)
parts.start()
while one.last_words().count("here") < 3:
    parts.watch()
    time.sleep(0.02)
parts.end()
"""
STUBBORN = """
code = '''
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(left.pid, flush=True)
time.sleep(600)
'''
parts = Parts([one := part(code)], print)
parts.start()
while not one.last_words().strip().isdigit():
    time.sleep(0.02)
print(one.process.pid, one.last_words())
parts.end()
parts.end()  # twice is no harm
"""
KILLED = """
one = part("import time; time.sleep(600)")
one.start()
print(one.process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def apart(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs code in a process of its own."""
    told = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", BEFORE + code, str(folder)]
    return subprocess.run(command, env=os.environ | told, capture_output=True, text=True, timeout=PATIENCE)


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_ends_comes_back_and_is_told_of_once(tmp_path: Path) -> None:
    done = apart(COMES_BACK, tmp_path)
    log = tmp_path / "part.log"
    assert done.stdout == f"The part has ended and is started again. What it said: {log}\n", done.stderr


def test_nothing_outlives_the_end_neither_the_stubborn_nor_what_they_left_behind(tmp_path: Path) -> None:
    done = apart(STUBBORN, tmp_path)
    assert done.returncode == 0, done.stderr
    ours, left = map(int, done.stdout.split())
    assert (lives(ours), lives(left)) == (False, False)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has gone")
def test_a_part_ends_when_whoever_started_it_was_killed(tmp_path: Path) -> None:
    done = apart(KILLED, tmp_path)
    assert done.returncode == -signal.SIGKILL
    until(lambda: not lives(int(done.stdout)))


def test_a_large_log_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gristmill_hub.parts._LARGE", 3)
    log = tmp_path / "part.log"
    log.write_text("first")
    one = Part("part", [sys.executable, "-c", "print('second')"], dict(os.environ), log)
    one.start()
    assert one.process is not None
    one.process.wait(PATIENCE)
    assert log.read_text() == "second\n"
    assert log.with_suffix(".log.1").read_text() == "first"


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "hub" / "token"
    secret = kept(file)
    assert len(secret) == 64
    assert kept(file) == secret
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [each.name for each in file.parent.iterdir()] == ["token"]
