"""Fixtures that all tests share.

=============  =========================================================================================
fixture        gives
=============  =========================================================================================
home           an empty GRISTMILL_HOME of the test's own; no other GRISTMILL_ setting is in force
=============  =========================================================================================

services/ starts real servers: each file there opens with the index of its own fixtures. Slow tests run last, so that
a fault shows early.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait for each other leave busy cores to others

SERVICES = Path(__file__).parent / "services"

pytest_plugins = [f"services.{file.stem}" for file in sorted(SERVICES.glob("[a-z]*.py"))]


settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")  # how long an example takes says how busy the machine is


def pytest_configure() -> None:
    """Whoever starts the tests in the background has them ignore Ctrl-C, and so would every program that they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty GRISTMILL_HOME of the test's own; no other GRISTMILL_ setting is in force."""
    for name in [name for name in os.environ if name.startswith("GRISTMILL_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("GRISTMILL_HOME", str(folder))
    return folder
