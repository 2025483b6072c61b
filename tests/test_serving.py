"""Models that are held open: real processes, and everything that can end them.

Models here are archives whose predict.py is a few lines, for what is tried is their process. AutoGluon's are asked in
test_questions.py.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from gristmill.errors import Conflict, DataRejected, GristmillError, NotPossible
from gristmill.records import Model, Stage
from gristmill.sandbox import Sandbox
from gristmill.sandbox.process import ProcessSandbox
from gristmill.serving import Answered, Question, Serving
from gristmill.serving.opened import Patience
from services.waiting import until

PATIENCE = 60.0
SCRIPT = """
import argparse, os, sys, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
held = []

def load():
    with (HERE.parent / "loads").open("a") as file:
        file.write("x")
    return "the model"

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--set", action="append", default=[])
    given = parser.parse_args()
    said = given.data.read_text() if given.data else "nothing"
    print("loaded", load())
    if said.startswith("run "):
        exec(said.removeprefix("run "), globals())
        said = globals().pop("found", "run")
    if said == "bad":
        print("line 1 is bad", file=sys.stderr)
        return 3
    print("No prediction: it is torn.", file=sys.stderr)
    given.output.write_text(f"{os.getpid()} {said} {given.set}")
    print(7)
    return 0
"""


def archive(script: str = SCRIPT) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr("predict.py", script)
    return packed.getvalue()


def a_model(name: str = "grain", **fields: Any) -> Model:
    known: dict[str, Any] = dict(
        id=f"model-{name}", project_id="p", run_id="run-1", name=name, version=1, task="tabular-regression", target="y",
        metric="r2", score=0.5, stage=Stage.CANDIDATE, key="k", size=1, sha256="", schema={}, metrics={}, lineage={},
        created_at=0.0,
    )  # fmt: skip
    return Model(**known | fields)


class Host:
    """A host that serves models, and what it is asked."""

    def __init__(self, folder: Path, **bounds: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.sandbox: Sandbox = ProcessSandbox(cache=folder / "cache", cpus=1)
        self.serving = Serving(self.sandbox, folder / "serving", **{"memory": 10**9} | bounds)
        self.metered: list[float] = []

    def asks(self, said: str | None, model: Model | None = None, who: str = "olga", script: str = SCRIPT) -> Answered:
        data = None
        if said is not None:
            data = self.folder / f"{threading.get_ident()}.csv"
            data.write_text(said)
        fetch: Callable[[Path], object] = lambda to: to.write_bytes(archive(script))  # noqa: E731
        return self.serving.ask(model or a_model(), fetch, Question(data=data), who, self.metered.append)

    def pid(self, model: Model | None = None) -> int:
        """The process that answers for a model."""
        return int(self.asks("who", model).content.split()[0])

    def processes(self) -> list[int]:
        found = []
        for process in psutil.process_iter():
            try:
                if str(self.folder) in process.environ().get("GRISTMILL_SANDBOX", ""):
                    found.append(process.pid)
            except psutil.Error:
                continue
        return found


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path / "host")
    yield made
    made.serving.close()
    assert made.processes() == []


@pytest.fixture
def bounded(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Hosts with bounds of a test's own."""
    made: list[Host] = []

    def make(**bounds: Any) -> Host:
        made.append(Host(tmp_path / f"host{len(made)}", **bounds))
        return made[-1]

    yield make
    for host in made:
        host.serving.close()
        assert host.processes() == []


def lives(pid: int) -> bool:
    try:
        process = psutil.Process(pid)  # one is only gone with the last of its threads
        return bool(process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except psutil.NoSuchProcess:
        return False


def aside(ask: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Something asked by another thread, and what came of it."""
    came: list[object] = []

    def asked() -> None:
        try:
            came.append(ask())
        except GristmillError as error:
            came.append(error)

    thread = threading.Thread(target=asked)
    thread.start()
    return thread, came


# --- answers ---------------------------------------------------------------------------------------------------------


def test_one_process_answers_one_question_after_the_other_and_loads_once(host: Host) -> None:
    first, second = host.asks("a"), host.asks("b")
    assert first.content.split()[1:] == [b"a", b"[]"]
    assert first.content.split()[0] == second.content.split()[0]
    assert (first.name, first.count, first.told) == ("answers.csv", 7, ("No prediction: it is torn.",))
    [loads] = host.folder.glob("serving/*/*/loads")
    assert loads.read_text() == "x"
    assert len(host.metered) == 2
    assert not list(host.folder.glob("serving/*/*/question-*"))  # of what was asked nothing stays


def test_one_that_was_woken_answers_without_being_opened_again(host: Host) -> None:
    fetched: list[Path] = []

    def fetch(to: Path) -> None:
        fetched.append(to)
        to.write_bytes(archive())

    host.serving.wake(a_model(), fetch, "olga", host.metered.append)
    [awake] = host.processes()
    host.serving.wake(a_model(), fetch, "olga", host.metered.append)
    assert host.pid() == awake
    assert len(fetched) == 1
    assert len(host.metered) == 3


def test_a_refusal_is_a_sentence_and_the_process_stays(host: Host) -> None:
    pid = host.pid()
    with pytest.raises(DataRejected, match="line 1 is bad"):
        host.asks("bad")
    with pytest.raises(NotPossible) as raised:
        host.asks("run raise KeyError('rye')")
    assert raised.value.failure.cause == "'rye'"
    assert host.pid() == pid


def test_what_is_printed_is_no_answer(host: Host) -> None:
    assert host.asks("run os.write(1, b'{}\\n'); sys.__stdout__.write('{}\\n')").count == 7
    assert host.asks(None).content.split()[1] == b"nothing"


def test_the_process_sees_none_of_the_platforms_environment(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "GRISTMILL_CATALOG", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.setenv(name, "a-secret-word")
    found = host.asks("run found = repr((sorted(os.environ), 'a-secret-word' in os.environ.values(), os.getcwd()))")
    assert b"GRISTMILL_SANDBOX" in found.content
    assert b"GRISTMILL_CATALOG" not in found.content
    assert b", False, " in found.content
    assert f"{host.folder}/serving/".encode() in found.content


def test_an_answer_that_is_a_link_to_another_file_is_refused(host: Host, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the platform's own")
    script = SCRIPT.replace("given.output.write_text(", f"given.output.symlink_to({str(tmp_path / 'secret')!r}); str(")
    with pytest.raises(NotPossible, match="did not answer"):
        host.asks("a", script=script)


# --- ends ------------------------------------------------------------------------------------------------------------


def test_a_process_that_is_killed_in_mid_question_is_told_of_and_replaced(host: Host) -> None:
    pid = host.pid()
    thread, came = aside(lambda: host.asks("run (HERE / 'begun').touch(); time.sleep(600)"))
    until(lambda: list(host.folder.glob("serving/*/*/model/begun")))
    os.kill(pid, signal.SIGKILL)
    thread.join(PATIENCE)
    [error] = came
    assert isinstance(error, NotPossible)
    assert str(error).startswith("The model grain did not answer. Its process ended.")
    assert host.pid() != pid


def test_a_process_that_was_killed_while_nobody_asked_is_replaced_unseen(host: Host) -> None:
    pid = host.pid()
    os.kill(pid, signal.SIGKILL)
    until(lambda: not lives(pid))
    assert host.pid() != pid


def test_a_model_that_hangs_is_ended_with_all_that_it_started(bounded: Callable[..., Host]) -> None:
    host = bounded(patience=Patience(answering=2.0))
    host.pid()
    with pytest.raises(NotPossible, match="did not answer within 2 seconds"):
        host.asks("run import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True); time.sleep(600)")
    assert host.processes() == []
    assert host.metered[-1] >= 2.0  # it was at it all the same
    assert host.pid()


def test_a_model_that_cannot_be_opened_says_why(bounded: Callable[..., Host]) -> None:
    host = bounded(patience=Patience(opening=2.0))
    with pytest.raises(NotPossible) as raised:
        host.asks("a", script="raise RuntimeError('no such weights')")
    assert (raised.value.failure.what, raised.value.failure.cause) == (
        "The model grain did not open.",
        "no such weights",
    )
    with pytest.raises(NotPossible, match="did not open within 2 seconds"):
        host.asks("a", script="import time; time.sleep(600)")
    with pytest.raises(NotPossible, match="did not open"):
        host.asks("a", script="import os; os.write(3, b'babble\\n'); os._exit(1)")
    assert host.processes() == []
    assert not list(host.folder.glob("serving/*/*/"))


def test_one_that_nobody_asks_ends(bounded: Callable[..., Host]) -> None:
    host = bounded(idle=0.5)
    pid = host.pid()
    until(lambda: not lives(pid))
    until(lambda: not list(host.folder.glob("serving/*/*/")))
    assert host.pid() != pid


def test_it_ends_with_whoever_holds_it_and_what_is_left_is_swept(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from test_serving import Host\n"
        "host = Host(Path(sys.argv[1])); print(host.pid(), flush=True); time.sleep(600)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", program, str(tmp_path / "host")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as holder:
        assert holder.stdout is not None
        pid = int(holder.stdout.readline())
        holder.kill()
    until(lambda: not lives(pid))
    [left] = (tmp_path / "host" / "serving").glob("*/")
    heir = Host(tmp_path / "host")
    heir.pid()
    assert not left.exists()
    another = Host(tmp_path / "host")
    another.pid()
    assert len(heir.processes()) == 2  # the other one's is not swept
    heir.serving.close()
    another.serving.close()


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_the_one_that_was_asked_longest_ago_makes_room(bounded: Callable[..., Host]) -> None:
    host = bounded(most=2)
    rye, oat, wheat = (a_model(name) for name in ("rye", "oat", "wheat"))
    pids = {name: host.pid(model) for name, model in (("rye", rye), ("oat", oat))}
    host.pid(rye)
    host.pid(wheat)
    assert not lives(pids["oat"])
    assert host.pid(rye) == pids["rye"]
    assert len(host.processes()) == 2


def test_memory_is_bounded_over_all_of_them(bounded: Callable[..., Host]) -> None:
    host = bounded(memory=150_000_000)
    rye, oat = a_model("rye"), a_model("oat")
    grow = "run held.append(bytes(b'x' * {}))"
    rye_pid = host.pid(rye)
    host.asks(grow.format(80_000_000), rye)
    host.asks(grow.format(80_000_000), oat)
    until(lambda: not lives(rye_pid))
    with pytest.raises(NotPossible) as raised:
        host.asks(grow.format(160_000_000) + "; time.sleep(600)", oat)
    assert "GB of memory; all models that are held open may use 0.1 GB" in raised.value.failure.cause
    with pytest.raises(NotPossible) as raised:
        host.asks(grow.format(2_000_000_000), oat)
    assert raised.value.failure.cause == "It needs more memory than a model that is held open may use."


def test_nobody_keeps_all_places_and_all_wait_for_their_turn(bounded: Callable[..., Host]) -> None:
    host = bounded(most=1, patience=Patience(answering=30.0))
    host.pid()
    wait = "run (HERE / 'begun').touch()\nwhile not (HERE / 'go').exists(): time.sleep(0.02)"
    first, came = aside(lambda: host.asks(wait))
    until(lambda: list(host.folder.glob("serving/*/*/model/begun")))
    second, came_too = aside(lambda: host.asks("a"))
    until(lambda: host.serving._asking["olga"] == 2)
    with pytest.raises(Conflict, match="asking 2 questions already"):
        host.asks("b")
    other, came_last = aside(lambda: host.asks("c", a_model("oat"), "emil"))
    [model] = host.folder.glob("serving/*/*/model")
    (model / "go").touch()
    for thread in (first, second, other):
        thread.join(PATIENCE)
    answers = [one.content.split()[1] for one in (*came_too, *came_last) if isinstance(one, Answered)]
    assert answers == [b"a", b"c"]
    assert isinstance(came[0], Answered)


def test_who_waits_too_long_is_told(bounded: Callable[..., Host]) -> None:
    host = bounded(most=1, patience=Patience(answering=1.0))
    host.pid()
    host.serving._patience = Patience(answering=PATIENCE)
    wait = "run (HERE / 'begun').touch()\nwhile not (HERE / 'go').exists(): time.sleep(0.02)"
    first, _ = aside(lambda: host.asks(wait))
    until(lambda: list(host.folder.glob("serving/*/*/model/begun")))
    host.serving._patience = Patience(answering=0.2)
    with pytest.raises(Conflict, match="is answering others"):
        host.asks("b", who="emil")
    with pytest.raises(Conflict, match="All models that may be held open here are answering"):
        host.asks("b", a_model("oat"), who="emil")
    [model] = host.folder.glob("serving/*/*/model")
    (model / "go").touch()
    first.join(PATIENCE)
