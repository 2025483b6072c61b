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

import os
import signal
from collections import Counter
from pathlib import Path

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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty GRISTMILL_HOME of the test's own; no other GRISTMILL_ setting is in force."""
    for name in [name for name in os.environ if name.startswith("GRISTMILL_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("GRISTMILL_HOME", str(folder))
    return folder
