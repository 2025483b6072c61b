"""The wizard in a page of stock Voila.

=======  =====================================================================================================
fixture  gives
=======  =====================================================================================================
voila    a function: Voila that shows the wizard for a GRISTMILL_HOME and what else the environment is to hold
=======  =====================================================================================================
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services._processes import stop

PATIENCE = 120.0

NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code", "execution_count": None, "id": "wizard", "metadata": {}, "outputs": [],
            "source": "import gristmill\nfrom gristmill_widgets import build\n\nbuild(gristmill.connect())",
        }
    ],
    "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}  # fmt: skip


@pytest.fixture
def voila(tmp_path: Path) -> Iterator[Callable[..., str]]:
    if importlib.util.find_spec("voila") is None or importlib.util.find_spec("anywidget") is None:
        pytest.skip("voila and anywidget are not installed")
    begun: list[subprocess.Popen[bytes]] = []

    def show(home: Path, **environment: str) -> str:
        folder = tmp_path / f"voila-{len(begun)}"
        folder.mkdir()
        (folder / "wizard.ipynb").write_text(json.dumps(NOTEBOOK))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        paths = os.pathsep.join(path for path in sys.path if path)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "voila", "wizard.ipynb", "--no-browser", "--port", str(port),
                 "--Voila.ip=127.0.0.1"],
                cwd=folder, stdout=log, stderr=log, start_new_session=True,
                env={name: value for name, value in os.environ.items() if not name.startswith("GRISTMILL_")}
                | {"GRISTMILL_HOME": str(home), "PYTHONPATH": paths, "JUPYTER_CONFIG_DIR": str(folder)} | environment,
            )  # fmt: skip
        begun.append(process)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), 1):
                    return f"http://127.0.0.1:{port}/"
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise TimeoutError((folder / "log").read_text()[-2000:]) from None
                time.sleep(0.1)

    yield show
    for process in begun:
        stop(process)
