"""Fixtures that all tests share.

=============  =========================================================================================
fixture        gives
=============  =========================================================================================
home           an empty GRISTMILL_HOME of the test's own; no other GRISTMILL_ setting is in force
=============  =========================================================================================

services/ starts real servers: each file there opens with the index of its own fixtures. One process runs slow tests
last, so that a fault shows early; of several, each takes the longest file that is left, so that all end together.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait for each other leave busy cores to others

SLOW = 50  # times as long as another, roughly

SERVICES = Path(__file__).parent / "services"

pytest_plugins = [f"services.{file.stem}" for file in sorted(SERVICES.glob("[a-z]*.py"))]


settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")  # how long an example takes says how busy the machine is


def pytest_configure() -> None:
    """Whoever starts the tests in the background has them ignore Ctrl-C, and so would every program that they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=is_slow)
    if hasattr(config, "workerinput"):  # one of several processes, with --no-loadscope-reorder
        lasts: Counter[Path] = Counter()
        for item in items:
            lasts[item.path] += SLOW if is_slow(item) else 1
        items.sort(key=lambda item: -lasts[item.path])


def is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


@pytest.hookimpl(wrapper=True, tryfirst=True)  # a test's own time begins when it has its seat
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Of several processes, no more train at once than there are cores, or budgets end before there is a model."""
    if hasattr(item.config, "workerinput") and item.get_closest_marker("engine"):
        common = Path(item.config._tmp_path_factory.getbasetemp()).parent  # type: ignore[attr-defined]
        with seat(common):
            return (yield)
    return (yield)


@contextmanager
def seat(folder: Path) -> Iterator[None]:
    """One of as many seats as there are cores, for which processes that share the folder wait."""
    with ExitStack() as stack:
        files = [stack.enter_context((folder / f"seat-{number}").open("w")) for number in range(os.cpu_count() or 1)]
        while not any(map(taken, files)):
            time.sleep(0.1)
        yield


def taken(file: IO[str]) -> bool:
    """Whether that seat was free, and now is ours until the file is closed."""
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty GRISTMILL_HOME of the test's own; no other GRISTMILL_ setting is in force."""
    for name in [name for name in os.environ if name.startswith("GRISTMILL_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("GRISTMILL_HOME", str(folder))
    return folder
