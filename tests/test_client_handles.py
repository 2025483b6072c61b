"""What a notebook gets, against staged clients: what is asked for, shown, and handed back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gristmill.client.connection import Connection
from gristmill.client.durations import seconds
from gristmill.client.protocol import Progress
from gristmill.client.showing import Report
from gristmill.client.watching import Lines, Widget, fitting_view
from gristmill.errors import GristmillError, NotConfirmed, NotFound, RunCancelled, RunFailed, UsageError
from gristmill.records import Event, EventKind, LeaderboardRow, Run, RunKind, RunRequest, RunStatus, Upload
from staged_client import AsksFirst, RunFails, StagedClient


class Recording(StagedClient):
    """Keeps what it is sent, and predicts the number of each row."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, pd.DataFrame]] = []
        self.asked: list[Mapping[str, Any] | None] = []
        self.batches: list[tuple[str, str | None, Mapping[str, Any] | None]] = []

    def upload(
        self, path: Path, *, project: str = "default", name: str | None = None, progress: Progress | None = None
    ) -> Upload:
        if path.suffix == ".parquet":
            self.sent.append((path.name, pd.read_parquet(path)))
        if progress:
            progress(1, 2)
        return super().upload(path, project=project, name=name)

    def batch(self, model_id: str, upload_id: str | None = None, settings: Mapping[str, Any] | None = None) -> Run:
        self.batches.append((model_id, upload_id, settings))
        return self.train(RunRequest(dataset_id="dataset-1"))

    def fetch(self, run_id: str, artifact: str, to: Path) -> Path:
        if artifact != "predictions":
            return super().fetch(run_id, artifact, to)
        pd.DataFrame({"prediction": [1, 2]}).to_parquet(to)
        return to

    def predict(self, model_id: str, data: Path | None, to: Path, settings: Mapping[str, Any] | None = None) -> int:
        del model_id
        self.asked.append(settings)
        rows = pd.DataFrame({"late": [1, 2, 3]}) if data is None else pd.read_parquet(data)
        rows.assign(prediction=range(len(rows))).to_parquet(to)
        return len(rows)


@pytest.fixture
def client() -> Recording:
    return Recording()


@pytest.fixture
def mill(client: Recording, tmp_path: Path) -> Connection:
    return Connection(client, tmp_path / "files")


# --- training --------------------------------------------------------------------------------------------------------


def test_a_run_is_shown_until_it_has_ended(mill: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    run = mill.train("flights.zip", target="late", budget="1h30m")
    lines = re.sub(r"(?m)^\d:\d\d ", "0:00 ", capsys.readouterr().out).splitlines()
    assert lines[0] == "late: tabular classification, by roc_auc, within 1:30:00"
    assert lines[1] == "distance has only 5 distinct values: a number, or a class?"
    assert [line for line in lines if line.startswith("0:00")][:4] == [
        "0:00 fetch",
        "0:00 load",
        "0:00 look",
        "0:00 fit",
    ]
    assert "0:00 Memory is tight: bagging is left out." in lines
    assert "     CatBoost: 0.839 roc_auc" in lines
    assert lines[-1] == "     succeeded, 0.8745 roc_auc"
    assert (run.status, run.score) == ("succeeded", 0.8745)
    assert repr(run) == "<run-0000000000000001: late of flights, succeeded, 0.8745 roc_auc>"


def test_what_is_asked_for_is_what_is_trained(mill: Connection, client: Recording, tmp_path: Path) -> None:
    notebook = tmp_path / "mine.ipynb"
    notebook.write_text("{}")
    mill.train("dataset-1", task="t", metric="m", name="n", recipe=notebook, settings={"folds": 3}, seed=7, wait=False)
    mill.train(mill.dataset("dataset-1"), recipe="kept@2", budget=90, wait=False)
    first, second = client.requests
    assert first == RunRequest(
        dataset_id="dataset-1",
        task="t",
        metric="m",
        name="n",
        recipe="mine",
        notebook="{}",
        settings={"folds": 3},
        seed=7,
    )
    assert (second.recipe, second.notebook, second.budget) == ("kept@2", "", 90)
    with pytest.raises(NotFound, match=r"none\.ipynb cannot be read"):
        mill.train("dataset-1", recipe="none.ipynb")


@pytest.mark.parametrize("wrong", [{"budget": "1s"}, {"budget": 31 * 86400}, {"recipe": "none.ipynb"}])
def test_what_no_run_can_be_asked_for_is_refused_before_data_is_sent(
    mill: Connection, client: Recording, wrong: Mapping[str, Any]
) -> None:
    with pytest.raises(GristmillError, match=r"at least 30 seconds|at most 30 days|cannot be read"):
        mill.train(pd.DataFrame({"late": [1, 2]}), name="flights", **wrong)
    assert client.sent == []


def test_a_frame_is_data(mill: Connection, client: Recording) -> None:
    frame = pd.DataFrame({"late": [1, 2], 7: ["a", None]}, index=[5, 9])
    mill.train(frame, name="flights", wait=False)
    ((name, sent),) = client.sent
    assert (name, list(sent.columns), list(sent.index)) == ("flights.parquet", ["late", "7"], [0, 1])
    with pytest.raises(UsageError, match="The DataFrame cannot be sent"):
        mill.upload(pd.DataFrame({"mixed": [1, "a", {"b": 2}]}))


@pytest.mark.parametrize(("accept", "code"), [(["rare-classes"], "rare-classes"), ("rare-classes", "rare-classes")])
def test_a_notice_wants_a_yes(tmp_path: Path, accept: Sequence[str] | bool, code: str) -> None:
    client = AsksFirst()
    mill = Connection(client, tmp_path)
    with pytest.raises(NotConfirmed, match=r"To go on all the same: accept=\['rare-classes'\]"):
        mill.train("flights.zip", accept=["another"])
    assert client.requests == []
    mill.train("flights.zip", accept=accept, wait=False)
    mill.train("flights.zip", accept=True, wait=False)
    assert [request.accepted for request in client.requests] == [(code,), (code,)]


def test_a_run_that_failed_says_where_to_look(tmp_path: Path) -> None:
    mill = Connection(RunFails(), tmp_path)
    with pytest.raises(RunFailed, match=r"stopped with an error. .*mill.run\('run-0000000000000001'\).logs\(\)"):
        mill.train("flights.zip")
    assert mill.run("run-0000000000000001").status is RunStatus.FAILED


def test_a_run_is_cancelled_and_gone_on_with(mill: Connection, client: Recording) -> None:
    run = mill.train("flights.zip", wait=False)
    with pytest.raises(RunCancelled, match="resume"):
        run.cancel().wait()
    assert client.cancelled == [(run.id, False)]
    second = run.resume("2m", settings={"folds": 5})
    assert (second.status, second.record.budget, second.record.resumed_from) == ("succeeded", 120.0, run.id)


def test_waiting_may_have_an_end(mill: Connection, client: Recording) -> None:
    client.pace = 0.02
    run = mill.train("flights.zip", wait=False).wait(0.05)
    assert run.record.status is RunStatus.RUNNING


def test_an_interrupt_leaves_the_run_alone(
    mill: Connection, client: Recording, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> Sequence[Event]:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "events", interrupted)
    with pytest.raises(KeyboardInterrupt):
        mill.train("flights.zip")
    assert "mill.run('run-0000000000000001').wait()" in capsys.readouterr().out
    assert client.cancelled == []


# --- looking ---------------------------------------------------------------------------------------------------------


def test_tables_are_frames(mill: Connection) -> None:
    run = mill.train("flights.zip")
    board = run.leaderboard()
    assert list(board.columns[:3]) == ["model", "score", "test_score"]
    assert board.model[0] == "WeightedEnsemble_L2"
    assert board.score.is_monotonic_decreasing
    assert list(mill.runs().id) == [run.id]
    assert str(mill.runs().created_at.dtype) == "datetime64[ns, UTC]"
    assert "id" in mill.runs(status="failed").columns  # a table without rows is a table
    assert list(mill.models().score) == [0.8745]
    assert list(mill.dataset("dataset-1").columns().name)[:2] == ["late", "departure"]
    assert list(mill.dataset("dataset-1").notices().code) == ["duplicates"]
    assert run.logs().count("log of step") == 3


def test_a_report_is_shown_in_a_frame_of_its_own(mill: Connection, tmp_path: Path) -> None:
    run = mill.train("flights.zip")
    report = run.report()
    assert (report.path, repr(report)) == (mill.files / run.id / "report.html", f"<report: {report.path}>")
    assert run.report(tmp_path / "r.html").path.read_text() == "report"
    report.path.write_text("""<p title="x">it's</p></iframe><script>parent.alert(1)</script>""")
    shown = Report(report.path)._repr_html_()
    assert shown.count("<") == 2  # the frame's own two tags: what it holds is all quoted
    assert "allow-same-origin" not in shown
    assert "allow-scripts" in shown


def test_a_frame_in_is_a_frame_out(mill: Connection, client: Recording, tmp_path: Path) -> None:
    model = mill.train("flights.zip").model
    frame = pd.DataFrame({"distance": [10.5, 20.0]}, index=["a", "b"])
    answers = model.predict(frame)
    assert list(answers.index) == ["a", "b"]
    assert list(answers.prediction) == [0, 1]
    assert "prediction" not in frame.columns
    assert len(model.predict(horizon=3)) == 3
    assert client.asked == [{}, {"horizon": 3}]
    assert model.download(tmp_path / "model.zip").read_bytes() == b"PK"


@pytest.mark.parametrize(
    ("text", "length"), [("90s", 90), ("10m", 600), ("1h30m", 5400), ("7d", 604800), ("1.5h", 5400)]
)
def test_lengths_are_read(text: str, length: float) -> None:
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["", "ten", "10", "-5m", "0s", "5m3"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="90s, 10m or 1h30m"):
        seconds(text)


# --- progress --------------------------------------------------------------------------------------------------------


def test_outside_a_notebook_progress_is_lines() -> None:
    assert isinstance(fitting_view(), Lines)


def test_a_widget_shows_no_strangers_markup(mill: Connection) -> None:
    run = mill.train("flights.zip", wait=False).wait().record
    row = LeaderboardRow(model="<img src=x onerror=alert(1)>", score=0.5)
    hostile = replace(run, target="<b>x</b>", metric="<i>", leaderboard=(row,))
    said = [
        Event(run_id=run.id, seq=1, at=0.0, kind=EventKind.PHASE, body={"phase": "<script>"}),
        Event(run_id=run.id, seq=2, at=0.0, kind=EventKind.NOTICE, body={"message": "<script>"}),
    ]
    widget = Widget()
    widget.sending(1_000_000, 4_000_000)
    head, bar, body = widget.box.children
    assert (head.value, bar.value) == ("Storing the file: 1 of 4 MB", 0.25)
    widget.show(hostile, said)
    assert (bar.value, bar.bar_style) == (1.0, "success")
    assert "&lt;script&gt;" in body.value
    for stranger in ("<img", "<script", "<b>x", "<i>"):
        assert stranger not in head.value + body.value


def test_words_that_there_are_none_of_are_refused_with_those_that_there_are(mill: Connection) -> None:
    model = mill.train("flights.zip").model
    with pytest.raises(UsageError, match=r"'prod' is none of: candidate, production, retired\."):
        model.stage("prod")
    with pytest.raises(UsageError, match=r"'done' is none of: queued, running,"):
        mill.runs(status="done")


def test_a_dataset_is_explored_by_a_run(mill: Connection, client: Recording) -> None:
    run = mill.upload(pd.DataFrame({"late": ["yes"]}), name="flights").explore(target="late")
    assert (run.record.kind, run.status, client.requests[-1].target) == (RunKind.EXPLORE, RunStatus.SUCCEEDED, "late")
    assert run.report().path.read_text() == "report"


def test_a_batch_is_a_run_with_predictions(mill: Connection, client: Recording, tmp_path: Path) -> None:
    model = mill.train("flights.zip").model
    run = mill.batch(model, pd.DataFrame({"distance": [1, 2]}), output="parquet", wait=False)
    assert client.batches == [(model.id, "upload-1", {"output": "parquet"})]
    assert [name for name, _ in client.sent] == ["rows.parquet"]
    assert list(run.wait().predictions().prediction) == [1, 2]
    to = run.predictions(tmp_path / "out.parquet")
    assert (to, list(pd.read_parquet(to).prediction)) == (tmp_path / "out.parquet", [1, 2])
    assert mill.batch(model.id, wait=False).id != run.id
    assert client.batches[1] == (model.id, None, {})


def test_handles_have_cards_that_names_cannot_break_out_of() -> None:
    from gristmill.client.cards import dataset_card, model_card, run_card

    connection = Connection(StagedClient(), Path())
    attack = "</td><script>alert(1)</script>" + "x" * 10_000
    run = connection.train("dataset-1")
    dataset, model = connection.dataset("dataset-1"), run.model
    column = replace(dataset.record.profile.main.columns[0], name=attack, top=((attack, 3),))
    main = replace(dataset.record.profile.main, columns=(column,))
    hostile = replace(dataset.record, name=attack, profile=replace(dataset.record.profile, tables=(main,)))
    cards = [
        run._repr_html_(),
        dataset._repr_html_(),
        model._repr_html_(),
        run_card(
            replace(run.record, name=attack, target=attack, leaderboard=(LeaderboardRow(model=attack, score=1.0),))
        ),
        dataset_card(hostile),
        model_card(replace(model.record, name=attack, metrics={"verdict": attack})),
    ]
    for card in cards:
        assert "<script" not in card
        assert len(card) < 20_000
    assert "late" in cards[0]
    assert "flights" in cards[1]
