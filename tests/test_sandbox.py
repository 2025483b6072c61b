"""A process sandbox with real kernels: how executions end, what they see, and that nothing of them is left."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import psutil
import pytest

from gristmill.sandbox import End, Ending, Execution
from gristmill.sandbox.process import ProcessSandbox, end
from services.waiting import until


@pytest.fixture
def sandbox(tmp_path: Path) -> ProcessSandbox:
    return ProcessSandbox(cache=tmp_path / "cache", cpus=1, memory=2 * 10**9)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "run"
    made.mkdir()
    return made


@pytest.fixture
def execute(sandbox: ProcessSandbox, folder: Path) -> Iterator[Callable[[str], Execution]]:
    """Start a notebook of one cell; ended with the test."""
    started = []

    def start(source: str) -> Execution:
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
        parameters = nbformat.v4.new_code_cell("who = 'nobody'", metadata={"tags": ["parameters"]})
        notebook.cells = [parameters, nbformat.v4.new_code_cell(source, metadata={"tags": ["phase:fit"]})]
        nbformat.write(notebook, folder / "notebook.ipynb")
        execution = sandbox.prepare(folder)
        started.append(execution)
        execution.start(folder / "notebook.ipynb", {"who": "the miller"})
        return execution

    yield start
    for execution in started:
        execution.kill()


def ending_of(execution: Execution) -> Ending:
    until(lambda: execution.poll() is not None)
    ending = execution.poll()
    assert ending is not None
    return ending


def living(folder: Path) -> list[int]:
    """Processes that were started in this sandbox and still run."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("GRISTMILL_SANDBOX") == str(folder):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def test_a_notebook_runs_with_its_parameters_and_is_saved_in_place(
    execute: Callable[[str], Execution], folder: Path
) -> None:
    execution = execute("print('ground by', who)")
    inode = (folder / "notebook.ipynb").stat().st_ino
    assert ending_of(execution) == Ending(kind=End.DONE)
    assert (folder / "notebook.ipynb").stat().st_ino != inode  # by renaming: a kill never finds half a notebook
    assert "ground by the miller" in (folder / "notebook.ipynb").read_text()
    assert "ground by the miller" in (folder / "log.txt").read_text()
    assert '"phase": "fit"' in (folder / "events.jsonl").read_text()
    assert living(folder) == []


def test_a_cell_that_raises_ends_the_run_with_its_error(execute: Callable[[str], Execution]) -> None:
    assert ending_of(execute("{}['grist']")) == Ending(kind=End.FAILED, error="KeyError", message="'grist'")


def test_a_kernel_that_is_killed_is_noticed(execute: Callable[[str], Execution], folder: Path) -> None:
    assert ending_of(execute("import os; os.kill(os.getpid(), 9)")).kind is End.DIED
    assert living(folder) == []


def test_kill_leaves_nothing_not_even_grandchildren(execute: Callable[[str], Execution], folder: Path) -> None:
    execution = execute(
        "import subprocess\nsubprocess.Popen(['sleep', '600'], start_new_session=True)\nopen('begun', 'w').close()\n"
        "import time; time.sleep(600)"
    )
    until((folder / "begun").exists)
    execution.kill()
    execution.kill()
    assert living(folder) == []
    assert execution.poll() is not None


def test_memory_counts_what_the_kernel_holds(execute: Callable[[str], Execution], folder: Path) -> None:
    execution = execute("block = bytes(b'x' * 400_000_000); open('begun', 'w').close(); import time; time.sleep(600)")
    until((folder / "begun").exists)
    assert execution.memory() > 400_000_000


def test_the_notebook_sees_none_of_the_platforms_environment(
    execute: Callable[[str], Execution], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "GRISTMILL_CATALOG", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.setenv(name, "a-secret-word")
    ending_of(execute("import os; print(sorted(os.environ)); assert 'a-secret-word' not in os.environ.values()"))
    log = (folder / "log.txt").read_text()
    assert "GRISTMILL_SANDBOX" in log
    assert "a-secret-word" not in log
    assert "GRISTMILL_CATALOG" not in log


def test_a_program_that_is_called_sees_as_little(
    sandbox: ProcessSandbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-word")
    done = sandbox.call([sys.executable, "-c", "import os; print(os.getcwd(), dict(os.environ))"], folder)
    assert done.returncode == 0
    assert str(folder) in done.stdout
    assert "a-secret-word" not in done.stdout


def test_what_outlives_its_worker_is_swept(sandbox: ProcessSandbox, folder: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys; subprocess.Popen(['sleep', '600'], start_new_session=True)"],
        env=os.environ | {"GRISTMILL_SANDBOX": str(folder)},
    )
    worker.wait()
    assert len(living(folder)) == 1
    assert sandbox.sweep(folder) == 1
    assert living(folder) == []
    assert sandbox.sweep(folder) == 0


def test_an_execution_ends_with_the_worker_that_started_it(folder: Path, tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from gristmill.sandbox.process import ProcessSandbox, end\n"
        "ProcessSandbox(cache=Path(sys.argv[2])).prepare(Path(sys.argv[1])); time.sleep(600)"
    )
    worker = subprocess.Popen([sys.executable, "-c", program, str(folder), str(tmp_path / "cache")])
    until(lambda: len(living(folder)) >= 2)  # the runner and its kernel
    worker.kill()
    worker.wait()
    until(lambda: living(folder) == [])


def test_a_zombie_counts_as_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    process = psutil.Process(child.pid)
    monkeypatch.setattr("gristmill.sandbox.process._PATIENCE", 1e9)
    ending = threading.Thread(target=end, args=([process],), daemon=True)
    ending.start()
    until(lambda: not ending.is_alive())
    assert process.status() == psutil.STATUS_ZOMBIE  # a container whose first process reaps nothing is like that
    child.wait()


def test_a_process_whose_parent_is_gone_already_ends_at_once() -> None:
    program = "import os; from gristmill.sandbox.kernel import end_with_parent; end_with_parent({}); print('lives')"
    for parent, said in (("os.getppid()", "lives\n"), ("1", "")):
        done = subprocess.run(
            [sys.executable, "-c", program.format(parent)], capture_output=True, text=True, check=False
        )
        assert done.stdout == said


def test_two_executions_in_one_folder_do_not_meet(
    sandbox: ProcessSandbox, execute: Callable[[str], Execution], folder: Path
) -> None:
    first = execute(
        "open('begun', 'w').close()\nimport time, pathlib\nwhile not pathlib.Path('go').exists(): time.sleep(0.1)"
    )
    until((folder / "begun").exists)
    second = sandbox.prepare(folder)
    try:
        until(lambda: len(list((folder / ".private").glob("*-1"))) == 2)  # both have their sockets
        (folder / "go").touch()
        assert ending_of(first) == Ending(kind=End.DONE)
        second.start(folder / "notebook.ipynb", {})
        assert ending_of(second) == Ending(kind=End.DONE)
    finally:
        second.kill()
