"""The command line against staged clients: what it prints, asks, and ends with, for people, pipes and machines."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from gristmill import cli
from gristmill.cli.results import RUN_KEYS
from staged_client import AsksFirst, DataIsRejected, IsBroken, RunFails, StagedClient, StoreIsAway, environment

FIRST = "run-0000000000000001"


@dataclass
class Shell:
    """Carries out command lines in a folder of the test's own, as in a pipe."""

    client: StagedClient
    capture: pytest.CaptureFixture[str]
    folder: Path
    out: str = ""
    err: str = ""

    def __call__(self, *args: str, more: Mapping[str, Callable[[], click.Command]] | None = None) -> int:
        code = cli.run(lambda: self.client, files=self.folder / "files", args=args, more=more)
        self.out, self.err = self.capture.readouterr()
        return code

    def answer(self) -> dict[str, object]:
        """The object that --json printed, alone on stdout."""
        found: dict[str, object] = json.loads(self.out)
        return found


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRISTMILL_DEBUG", raising=False)
    return Shell(StagedClient(), capsys, tmp_path)


# --- train -----------------------------------------------------------------------------------------------------------


def test_a_pipe_reads_plain_lines(shell: Shell) -> None:
    assert shell("train", "flights.zip", "--budget", "1h30m") == 0
    files = shell.folder / "files" / FIRST
    assert re.sub(r"(?m)^\d+:\d\d ", "0:00 ", shell.out).splitlines() == [
        "data flights.zip: 5,000 rows, 6 columns",
        "warning: 12 rows repeat an earlier row.",
        "doubt: distance has only 5 distinct values: a number, or a class?",
        "plan tabular classification of late, by roc_auc, within 1 h 30 min",
        f"queued {FIRST}",
        *(f"0:00 {phase}" for phase in ("fetch", "load", "look", "fit")),
        "notice: Memory is tight: bagging is left out.",
        *(f"0:00 {phase}" for phase in ("compare", "save", "explain", "report", "store")),
        f"run\t{FIRST}",
        "status\tsucceeded",
        "target\tlate",
        "task\ttabular-classification",
        "score\t0.8745 roc_auc",
        "took\t58 s of 1 h 30 min",
        "model\tmodel-0000000000000001",
        f"report\t{files}/report.html",
        f"notebook\t{files}/notebook.ipynb",
    ]
    assert shell.err == ""
    assert (files / "report.html").read_text() == "report"


def test_a_machine_reads_one_object(shell: Shell) -> None:
    assert shell("train", "flights.zip", "--json") == 0
    answer = shell.answer()
    assert list(answer) == list(RUN_KEYS)
    assert answer["status"] == "succeeded"
    assert answer["model"] == "model-0000000000000001"
    assert answer["score"] == 0.8745
    assert answer["seconds"] == {"fetch": 0.4, "fit": 40.0, "total": 57.9}
    assert answer["failure"] is None
    assert isinstance(answer["leaderboard"], list)
    assert answer["leaderboard"][0]["model"] == "WeightedEnsemble_L2"
    assert Path(str(answer["report"])).read_text() == "report"
    assert Path(str(answer["notebook"])).name == "notebook.ipynb"
    assert shell.err == ""


def test_what_is_asked_for_is_what_is_trained(shell: Shell) -> None:
    options = [
        "--task",
        "tabular-regression",
        "--target",
        "air_time",
        "--metric",
        "rmse",
        "--budget",
        "10m",
        "--seed",
        "7",
    ]
    options += [
        "--name",
        "Flüge",
        "--recipe",
        "mine",
        "--set",
        "folds=5",
        "--set",
        "portfolio=",
        "--set",
        'x={"a": [1]}',
    ]
    assert shell("train", "flights.zip", *options, "--accept", "a", "--accept", "b", "--no-wait") == 0
    request = shell.client.requests[0]
    assert (request.task, request.target, request.metric) == ("tabular-regression", "air_time", "rmse")
    assert (request.budget, request.seed, request.name, request.recipe) == (600.0, 7, "Flüge", "mine")
    assert request.settings == {"folds": 5, "portfolio": "", "x": {"a": [1]}}
    assert request.accepted == ("a", "b")
    assert request.dataset_id == "dataset-1"


def test_what_is_left_open_is_left_to_the_proposal(shell: Shell) -> None:
    shell("train", "dataset-7", "--no-wait")
    request = shell.client.requests[0]
    assert (request.task, request.target, request.metric, request.budget) == (None, None, None, None)
    assert request.dataset_id == "dataset-7"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--budget", "1s"), "at least 30 seconds"),
        (("--budget", "31d"), "at most 30 days"),
        (("--recipe", "none.ipynb"), "none.ipynb cannot be read"),
    ],
)
def test_what_no_run_can_be_asked_for_is_refused_before_a_file_is_sent(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, args: tuple[str, str], says: str
) -> None:
    sent: list[Path] = []
    monkeypatch.setattr(shell.client, "upload", lambda path, **_: sent.append(path))
    assert shell("train", "flights.zip", *args) == 2
    assert says in shell.err
    assert sent == []


def test_nobody_has_to_wait(shell: Shell) -> None:
    assert shell("train", "flights.zip", "--no-wait", "--json") == 0
    assert shell.answer()["status"] == "queued"
    assert shell.client.nudges == 1


def test_a_notice_that_needs_a_yes_stops_until_it_has_one(shell: Shell) -> None:
    shell.client = AsksFirst()
    assert shell("train", "flights.zip") == 3
    assert "--accept rare-classes, or --yes" in shell.err
    assert shell.client.requests == []
    for said in (["--accept", "rare-classes"], ["--yes"]):
        assert shell("train", "flights.zip", "--no-wait", *said) == 0
        assert shell.client.requests[-1].accepted == ("rare-classes",)


@pytest.mark.parametrize(
    ("kind", "args", "code", "says"),
    [
        (StagedClient, ["train", "x", "--json"], 0, None),
        (DataIsRejected, ["train", "x", "--json"], 3, "no rows below its header, line 1"),
        (DataIsRejected, ["check", "x", "--json"], 3, "no rows below its header, line 1"),
        (RunFails, ["train", "x", "--json"], 4, "KeyError: 'late'"),
        (IsBroken, ["check", "x", "--json"], 1, "GRISTMILL_DEBUG=1"),
        (StagedClient, ["show", "run-none", "--json"], 2, "There is no run run-none"),
        (StagedClient, ["show", "--json"], 2, "There is no run yet"),
    ],
)
def test_every_end_has_its_code_and_its_sentence(
    shell: Shell, kind: Callable[[], StagedClient], args: list[str], code: int, says: str | None
) -> None:
    shell.client = kind()
    assert shell(*args) == code
    answer = shell.answer()
    assert says is None or says in shell.err
    assert "Traceback" not in shell.err
    if code:
        assert isinstance(answer["failure"], dict)
        assert answer["failure"]["what"] in shell.err
        assert answer["status"] == {1: "error", 2: "error", 3: "rejected", 4: "failed"}[code]
    if args[0] != "check":
        assert set(RUN_KEYS) <= set(answer)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["train"], "Missing argument 'DATA'"),
        (["train", "x", "--budget", "10"], "90s, 10m or 1h30m"),
        (["train", "x", "--budget", "soon"], "no length of time"),
        (["train", "x", "--budget", "0s"], "no length of time"),
        (["train", "x", "--set", "folds"], "name=value"),
        (["train", "x", "--seed", "x"], "not a valid integer"),
        (["polish"], "No such command 'polish'"),
        (["runs", "--status", "fine"], "queued"),
        (["predict", "m", "x"], "Missing option '-o'"),
        (["notebook", "-o", "a", "--folder", "b"], "Choose --output or --folder"),
    ],
)
def test_a_wrong_command_is_explained(shell: Shell, args: list[str], says: str) -> None:
    shell("train", "x", "--no-wait")
    assert shell(*args) == 2
    assert says in shell.err
    assert shell.out == ""


def test_a_fault_of_our_own_shows_where_when_asked_to(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.client = IsBroken()
    monkeypatch.setenv("GRISTMILL_DEBUG", "1")
    assert shell("check", "x") == 1
    assert "Traceback" in shell.err


def test_a_run_whose_files_cannot_be_had_has_succeeded_all_the_same(shell: Shell) -> None:
    shell.client = StoreIsAway()
    assert shell("train", "x", "--json") == 0
    answer = shell.answer()
    assert (answer["status"], answer["report"], answer["notebook"]) == ("succeeded", None, None)
    assert "The store is away. Try again." in shell.err


# --- the other commands ----------------------------------------------------------------------------------------------


def test_check_says_what_is_there_and_keeps_nothing(shell: Shell) -> None:
    assert shell("check", "flights.zip") == 0
    lines = [line.split("\t") for line in shell.out.splitlines()]
    assert ["column", "air_time", "number", "140", "441"] in lines
    assert ["target", "late", "It is the only yes/no column, and its name sounds like a question."] in lines
    assert shell("check", "flights.zip", "--json") == 0
    assert set(shell.answer()) == {"profile", "proposal"}
    assert shell.client.now == {}


def test_runs_are_listed_newest_first(shell: Shell) -> None:
    shell("train", "x", "--no-wait")
    shell("train", "x", "--name", "second\tone")
    assert shell("runs") == 0
    assert shell.out.splitlines() == [
        "run-0000000000000002\tsucceeded\t0.8745\troc_auc\tlate\tsecond one",
        f"{FIRST}\tqueued\t\troc_auc\tlate\tflights",
    ]
    assert shell("runs", "--status", "succeeded", "--limit", "1", "--json") == 0
    found = shell.answer()["runs"]
    assert isinstance(found, list)
    assert [run["id"] for run in found] == ["run-0000000000000002"]


@pytest.mark.parametrize("which", [[], [FIRST], ["model-0000000000000001"]])
def test_show_finds_a_run_by_its_id_or_its_model_s_or_as_the_latest(shell: Shell, which: list[str]) -> None:
    shell("train", "x")
    assert shell("show", *which, "--json") == 0
    assert shell.answer()["run"] == FIRST


def test_show_says_why_a_run_failed_and_is_not_itself_a_failure(shell: Shell) -> None:
    shell.client = RunFails()
    shell("train", "x")
    assert shell("show") == 0
    assert "status\tfailed" in shell.out
    assert "KeyError: 'late'" in shell.err


def test_logs_are_printed_without_what_would_steer_a_terminal(shell: Shell) -> None:
    shell("train", "x", "--no-wait")
    assert shell("logs", "-f") == 0
    assert "log of step 2\nlog of step 3\n" in re.sub(r"-- .*\n", "", shell.out)
    assert "fit CatBoost" in shell.out
    assert "\x1b" not in shell.out
    followed = shell.out
    assert shell("logs", FIRST) == 0
    assert shell.out == followed


def test_cancel_and_keep(shell: Shell) -> None:
    shell("train", "x", "--no-wait")
    assert shell("cancel", FIRST) == 0
    assert shell("cancel", FIRST, "--keep") == 0
    assert shell.client.cancelled == [(FIRST, False), (FIRST, True)]
    assert "asked to finish" in shell.out


def test_resume_goes_on_with_the_same_budget_or_another(shell: Shell) -> None:
    shell("train", "x", "--budget", "2m")
    assert shell("resume", FIRST, "--json") == 0
    assert shell.answer()["run"] == "run-0000000000000002"
    assert shell.client.run("run-0000000000000002").budget == 120
    assert shell("resume", FIRST, "--budget", "1h", "--set", "folds=3", "--no-wait") == 0
    resumed = shell.client.run("run-0000000000000003")
    assert (resumed.budget, resumed.settings, resumed.resumed_from) == (3600, {"folds": 3}, FIRST)


def test_report_and_notebook_are_fetched(shell: Shell) -> None:
    shell("train", "x", "--no-wait")
    assert shell("report") == 2
    assert "has no report" in shell.err
    shell("logs", "-f")
    assert shell("report", FIRST) == 0
    assert Path(shell.out.strip()).read_text() == "report"
    assert shell("notebook", "-o", "here.ipynb") == 0
    assert shell.out == "here.ipynb\n"
    assert Path("here.ipynb").read_text() == "notebook"
    assert shell("notebook", FIRST, "--folder", "by-hand") == 0
    assert Path("by-hand").is_dir()


def test_a_model_is_downloaded_and_asked(shell: Shell) -> None:
    shell("train", "x")
    assert shell("download", "model-0000000000000001") == 0
    assert shell.out == "Flüge-Januar-v3.zip\n"
    assert shell("download", FIRST) == 2
    assert "is there already" in shell.err
    assert shell("download", FIRST, "-o", "Flüge-Januar-v3.zip") == 0
    Path("next.csv").touch()
    assert shell("predict", FIRST, "next.csv", "-o", "out.csv") == 0
    assert shell.out == "out.csv: 1,234 rows\n"
    Path("torn.png").touch()
    assert shell("predict", FIRST, "torn.png", "-o", "out.csv") == 0
    assert shell.err == "No prediction: torn.png is cut off or broken.\n"
    assert shell("predict", "model-none", "next.csv", "-o", "out.csv") == 2
    assert shell("predict", FIRST, "none.csv", "-o", "out.csv") == 3


def test_commands_can_be_added(shell: Shell) -> None:
    @click.command()
    def worker() -> None:
        """Work."""
        click.echo("at work")

    assert shell("worker", more={"worker": lambda: worker}) == 0
    assert shell.out == "at work\n"
    assert shell("--help", more={"worker": lambda: worker}) == 0
    listed = re.findall(r"(?m)^  (\w+)  ", shell.out)
    assert (listed[0], listed[-2:]) == ("train", ["admin", "worker"])
    assert shell("worker") == 2
    assert shell("--version") == 0


def test_help_brings_in_nothing_slow() -> None:
    script = """
import sys
from pathlib import Path
from gristmill import cli
cli.run(lambda: None, files=Path(), args=["--help"])
slow = {"rich", "pandas", "numpy", "sqlalchemy", "pyarrow", "boto3", "asyncio"} & set(sys.modules)
assert not slow, slow
"""
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL, env=environment())
