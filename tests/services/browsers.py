"""A real browser to look at pages with.

========  ==========================================================================
fixture   gives
========  ==========================================================================
chromium  Debian's Chromium, driven by Playwright; skips where either is missing
========  ==========================================================================

It ends with each file of tests: as long as it is there, Playwright has an event loop running in the tests' thread, and
tests that need one of their own, or none, do not get it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("install Debian's chromium to look at pages")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield started
        started.close()
