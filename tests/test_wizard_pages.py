"""The wizard's pages, driven as a browser drives them, against a real embedded platform. Nothing is trained here."""

from __future__ import annotations

import csv
import hashlib
import io
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("anywidget")

from gristmill.app import Settings, embedded
from gristmill.errors import GristmillError, HubAway, NotConfirmed, NotSignedIn
from gristmill.mill import Mill
from gristmill.records import (
    Channel,
    Effect,
    Event,
    EventKind,
    LeaderboardRow,
    Membership,
    Model,
    NewsKind,
    Notice,
    Power,
    Reply,
    Run,
    RunRequest,
    RunStatus,
    Severity,
    Stage,
    Upload,
    Who,
    replace,
)
from gristmill_widgets import build
from gristmill_widgets.following import Story
from gristmill_widgets.steps.asking import Answer, ask, row_file
from gristmill_widgets.steps.time import choices
from gristmill_widgets.steps.trying import Trying
from gristmill_widgets.strings import English
from gristmill_widgets.wizard import PAGES, App
from services.catalogs import lay_catalog
from services.mills import Notepad
from test_wizard_html import HOSTILE, Seen


@pytest.fixture
def mill(home: Path) -> Mill:
    lay_catalog(home)
    return embedded(Settings.read(), Notepad())


class Visitor:
    """Somebody in front of the wizard: what they do, and what they see."""

    def __init__(self, client: Any, language: str = "en") -> None:
        self.app = App(client, PAGES)
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self.app.screen.send = lambda told, buffers=(): self.sent.append((told, [bytes(one) for one in buffers]))
        self.language = language

    def does(self, act: str, value: Any = "", *, settle: bool = True, **fields: Any) -> Visitor:
        said = {"act": act, "value": value, "fields": fields, "language": self.language, "turn": 1}
        self.app.screen._handle_custom_msg(said, [])
        if settle:
            self.app.work.settle()
        return self

    def comes(self, fragment: str = "") -> Visitor:
        return self.does("begin", fragment)

    def uploads(self, buffers: list[bytes] | None = None, **said: Any) -> Visitor:
        self.app.screen._handle_custom_msg({**said, "turn": 1}, [memoryview(one) for one in buffers or []])
        self.app.work.settle()
        return self

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [told for told, _ in self.sent if told.get("upload") == kind]

    @property
    def sees(self) -> str:
        return Seen(self.app.screen.main).text

    @property
    def elements(self) -> list[tuple[str, dict[str, str | None]]]:
        return Seen(self.app.screen.main).elements

    @property
    def at(self) -> str:
        return str(self.app.screen.fragment)


def a_file(rows: int = 60, name: str = "yield", words: tuple[str, ...] = ("low", "high")) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["field", "rain", name])
    for row in range(rows):
        writer.writerow([f"f{row % 5}", round(row * 1.7 % 23, 2), words[row % len(words)]])
    return text.getvalue().encode()


def dataset_of(mill: Mill, folder: Path, data: bytes | None = None, name: str = "grain.csv") -> str:
    file = folder / name
    file.write_bytes(data or a_file())
    return mill.admit(mill.upload(file).id).id


def a_run(mill: Mill, dataset_id: str, **changed: Any) -> Run:
    return mill.train(RunRequest(dataset_id=dataset_id, budget=60.0, **changed))


# --- the way through -------------------------------------------------------------------------------------------------


def test_build_takes_a_connection_or_a_client(mill: Mill) -> None:
    import gristmill

    assert build(mill).page == build(gristmill.connect()).page == ""


def test_who_comes_first_is_taught_what_to_do(mill: Mill) -> None:
    visitor = Visitor(mill).comes()
    assert "From a file to a model" in visitor.sees
    assert visitor.at == "home"


def test_a_german_is_spoken_to_in_german(mill: Mill) -> None:
    visitor = Visitor(mill, "de-DE").comes("have")
    assert "Was haben Sie?" in visitor.sees
    visitor.does("speak", "en")
    assert "What do you have?" in visitor.sees
    assert visitor.app.screen.language == "en"


def test_a_sample_leads_to_a_question_and_on_to_a_run(mill: Mill) -> None:
    visitor = Visitor(mill).comes("have").does("sample", "penguins")
    assert visitor.at.startswith("want/dataset-")
    assert "What do you want to know?" in visitor.sees
    assert "species" in visitor.sees
    assert "to be predicted" in visitor.sees

    visitor.does("target", "body_mass_g")
    assert "How much?" in visitor.sees  # the kind of answer was proposed anew, with the target
    assert visitor.at.endswith("?target=body_mass_g")

    visitor.does("go", visitor.at.replace("want/", "time/"))
    assert "How long may it take?" in visitor.sees
    visitor.does("how", "quick").does("train", name="heavy penguins")
    [run] = mill.runs()
    assert visitor.at == f"run/{run.id}"
    assert (run.name, run.target, run.budget) == ("heavy penguins", "body_mass_g", choices(120.0)["quick"])
    assert "Waiting for a free worker" in visitor.sees
    visitor.app.page.leave()


def test_a_second_click_on_train_trains_nothing_twice(mill: Mill, tmp_path: Path) -> None:
    visitor = Visitor(mill).comes(f"time/{dataset_of(mill, tmp_path)}")
    visitor.does("train", settle=False).does("train", settle=False).does("train")
    assert len(mill.runs()) == 1
    visitor.app.page.leave()


def test_a_length_of_ones_own(mill: Mill, tmp_path: Path) -> None:
    visitor = Visitor(mill).comes(f"time/{dataset_of(mill, tmp_path)}").does("how", "own")
    visitor.does("train", own="soon")
    assert "is no length of time" in visitor.sees
    assert "Try again" not in visitor.sees
    assert mill.runs() == ()
    visitor.does("train", own="20")  # minutes, if nothing else is said
    assert mill.runs()[0].budget == 1200.0
    visitor.app.page.leave()


def test_what_wants_a_yes_gets_one_before_anything_is_trained(mill: Mill, tmp_path: Path) -> None:
    dataset_id = dataset_of(mill, tmp_path)

    class Asks(type(mill)):  # type: ignore[misc]
        """A platform that wants a yes."""

        def propose(self, *args: Any, **named: Any) -> Any:
            notice = Notice(code="few-rows", message="There are few rows.", severity=Severity.CONFIRM)
            return replace(super().propose(*args, **named), notices=(notice,))

        def train(self, request: RunRequest) -> Run:
            if "few-rows" not in request.accepted:
                raise NotConfirmed("There are few rows.")
            return super().train(replace(request, accepted=()))

    mill.__class__ = Asks
    visitor = Visitor(mill).comes(f"time/{dataset_id}?target=rain")
    assert "There are few rows." in visitor.sees
    assert ("button", "") in [(tag, at.get("disabled", "-") or "") for tag, at in visitor.elements]
    visitor.does("train")
    assert "There are few rows." in visitor.sees
    assert mill.runs() == ()
    visitor.does("accept_few_rows", value=True).does("train")
    assert len(mill.runs()) == 1
    visitor.app.page.leave()


def test_the_address_leads_to_each_page(mill: Mill, tmp_path: Path) -> None:
    dataset_id = dataset_of(mill, tmp_path)
    run = a_run(mill, dataset_id)
    for fragment in ("home", "have", f"want/{dataset_id}?target=rain", f"time/{dataset_id}", f"run/{run.id}"):
        visitor = Visitor(mill).comes(fragment)
        assert visitor.at == fragment
        assert visitor.app.page.why is None
        visitor.app.page.leave()
    assert Visitor(mill).comes("nowhere/at?all=1").at == "home"


@pytest.mark.parametrize("fragment", ["want/dataset-nobodys", "time/dataset-nobodys", "run/run-nobodys"])
def test_what_is_not_there_says_so(mill: Mill, fragment: str) -> None:
    visitor = Visitor(mill).comes(fragment)
    assert "There is no" in visitor.sees
    assert ("go", "home") in [(at.get("data-act"), at.get("data-value")) for _, at in visitor.elements]


def test_back_and_forth(mill: Mill, tmp_path: Path) -> None:
    dataset_id = dataset_of(mill, tmp_path)
    visitor = Visitor(mill).comes("have").does("go", f"want/{dataset_id}").does("moved", "have")
    assert visitor.at == "have"
    visitor.does("moved", f"want/{dataset_id}")
    assert visitor.at == f"want/{dataset_id}"


# --- files on their way ----------------------------------------------------------------------------------------------


def sent_by_hand(visitor: Visitor, name: str, data: bytes, *, piece: int = 400) -> Visitor:
    """A file, as upload.js sends it where nobody serves the store."""
    visitor.uploads(upload="open", name=name, size=len(data), purpose="data", resume="")
    for link in visitor.told("links")[-1:]:
        assert [part["url"] for part in link["parts"]] == [""]
        for offset in range(0, len(data), piece):
            last = offset + piece >= len(data)
            visitor.uploads(
                [data[offset : offset + piece]], upload="piece", id=link["id"], number=1, offset=offset, last=last
            )
        visitor.uploads(upload="done", id=link["id"])
    return visitor


def test_a_file_in_pieces_becomes_a_dataset(mill: Mill) -> None:
    visitor = sent_by_hand(Visitor(mill).comes("have"), "grain.csv", a_file())
    assert [told["fine"] for told in visitor.told("took")] == [True] * len(visitor.told("took"))
    assert visitor.at.startswith("want/dataset-")
    [dataset] = mill.datasets()
    assert (dataset.name, dataset.size) == ("grain", len(a_file()))


def test_the_last_word_may_come_twice(mill: Mill) -> None:
    visitor = sent_by_hand(Visitor(mill).comes("have"), "grain.csv", a_file())
    upload_id = visitor.told("links")[0]["id"]
    visitor.does("go", "have")
    visitor.uploads(upload="done", id=upload_id, sha256="").uploads(upload="links", id=upload_id)
    assert (visitor.at, visitor.told("failed"), len(mill.datasets())) == ("have", [], 1)


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_does_not_arrive_as_it_was_sent_is_refused_in_a_sentence(mill: Mill, language: str) -> None:
    visitor = Visitor(mill, language).comes("have")
    visitor.uploads(upload="open", name="grain.csv", size=8, purpose="data", resume="")
    upload_id = visitor.told("links")[0]["id"]
    visitor.uploads([b"12345678"], upload="piece", id=upload_id, number=1, offset=0, last=True)
    visitor.uploads(upload="done", id=upload_id, sha256=hashlib.sha256(b"12345670").hexdigest())
    [refused] = visitor.told("failed")
    assert refused["why"] == visitor.app.strings.up_altered
    assert not mill.datasets()


def test_a_piece_out_of_turn_is_refused_and_the_part_begins_anew(mill: Mill) -> None:
    visitor = Visitor(mill).comes("have")
    visitor.uploads(upload="open", name="grain.csv", size=8, purpose="data", resume="")
    upload_id = visitor.told("links")[0]["id"]
    visitor.uploads([b"1234"], upload="piece", id=upload_id, number=1, offset=4, last=True)
    assert visitor.told("took")[-1]["fine"] is False
    visitor.uploads([b"12345678"], upload="piece", id=upload_id, number=1, offset=0, last=True)
    assert visitor.told("took")[-1]["fine"] is True


def test_an_upload_goes_on_where_it_was_for_the_same_file_only(mill: Mill) -> None:
    first = Visitor(mill).comes("have")
    first.uploads(upload="open", name="grain.csv", size=8, purpose="data", resume="")
    upload_id = first.told("links")[0]["id"]
    first.uploads([b"12345678"], upload="piece", id=upload_id, number=1, offset=0, last=True)

    again = Visitor(mill).comes("have")
    again.uploads(upload="open", name="grain.csv", size=8, purpose="data", resume=upload_id)
    [link] = again.told("links")
    assert (link["id"], len(link["parts"]), len(link["arrived"])) == (upload_id, 0, 1)
    again.uploads(upload="open", name="grain.csv", size=9, purpose="data", resume=upload_id)
    assert again.told("links")[-1]["id"] != upload_id
    again.uploads(upload="open", name="grain.csv", size=9, purpose="data", resume="upload-that-has-gone")
    assert len(again.told("links")) == 3


def test_what_is_no_data_is_refused_in_a_sentence_and_the_zone_takes_another(mill: Mill) -> None:
    visitor = sent_by_hand(Visitor(mill).comes("have"), "notes.zip", b"PK, but no archive")
    [refused] = visitor.told("failed")
    assert "holds no table" in refused["why"]
    assert "Traceback" not in refused["why"]
    assert "data-upload" in visitor.app.screen.main
    sent_by_hand(visitor, "grain.csv", a_file())
    assert visitor.at.startswith("want/")


@pytest.mark.parametrize("name", [*HOSTILE, "../../etc/passwd.csv", "a" * 400 + ".csv", "😀" * 100 + ".csv", " "])
def test_a_hostile_files_name_is_a_name(mill: Mill, name: str) -> None:
    visitor = Visitor(mill).comes("have")
    visitor.uploads(upload="open", name=name, size=8, purpose="data", resume="")
    assert visitor.told("failed") == []
    assert len(visitor.told("links")) == 1


# --- hostile data ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [one for one in HOSTILE if "\x00" not in one])
def test_hostile_columns_and_values_change_nothing_but_themselves(mill: Mill, tmp_path: Path, name: str) -> None:
    plain = Visitor(mill).comes(f"want/{dataset_of(mill, tmp_path)}")
    kinds = {tag for tag, _ in plain.elements}
    data = a_file(name=name, words=(name[:2000], "low"))
    hostile = Visitor(mill).comes(f"want/{dataset_of(mill, tmp_path, data, 'hostile.csv')}")
    assert {tag for tag, _ in hostile.elements} - kinds <= {"details", "summary", "optgroup"}
    assert not [at for _, at in hostile.elements if any(key.startswith("on") for key in at)]
    assert max(len(word) for word in hostile.sees.split()) < 500


# --- a run as it goes on ---------------------------------------------------------------------------------------------


def heard(run: Run, seq: int, kind: EventKind, at: float = 0.0, **body: Any) -> Event:
    return Event(run_id=run.id, seq=seq, at=at, kind=kind, body=body)


def test_a_story_is_told_once_and_in_order(mill: Mill, tmp_path: Path) -> None:
    run = a_run(mill, dataset_of(mill, tmp_path))
    story = Story()
    rows = [{"model": "LightGBM", "score": 0.5}, {"model": "CatBoost", "score": 0.4}]
    events = [
        heard(run, 1, EventKind.PHASE, 1.0, phase="fetch"),
        heard(run, 2, EventKind.PHASE, 2.0, phase="fit", model="LightGBM"),
        heard(run, 3, EventKind.LEADERBOARD, 3.0, rows=rows),
        heard(run, 4, EventKind.LEADERBOARD, 4.0, rows=[{"model": "CatBoost", "score": 0.7}, *rows]),
        heard(run, 5, EventKind.LEADERBOARD, 5.0, rows="anything", more=[None]),
        heard(run, 6, EventKind.LOG, 6.0, text="said"),
    ]
    story.take(events[:4])
    story.take(events)
    assert [(one.what, one.about) for one in story.said] == [
        ("phase", "fetch"), ("try", "LightGBM"), ("lead", "LightGBM"), ("lead", "CatBoost"),
    ]  # fmt: skip
    assert story.curve == [(3.0, 0.5), (4.0, 0.7)]
    assert (story.log, story.seen, story.trying) == ("said", 6, "LightGBM")


class Playing:
    """A client on top of a real one that plays how a run goes on, a step each time it is asked."""

    def __init__(self, mill: Mill, *steps: Callable[[Run], Run]) -> None:
        self._mill, self._steps, self._at = mill, steps, 0
        self.asked = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mill, name)

    def run(self, run_id: str) -> Run:
        run = self._mill.run(run_id)
        for step in self._steps[: self._at + 1]:
            run = step(run)
        return run

    def events(self, run_id: str, after: int = 0, wait: float = 0.0) -> list[Event]:
        del wait
        run = self.run(run_id)
        self._at = min(self._at + 1, len(self._steps) - 1)
        if after or self.run(run_id).status.is_final:
            return []
        rows = [{"model": "LightGBM", "score": 0.71}]
        return [
            heard(run, 1, EventKind.PHASE, 1.0, phase="fit", model="LightGBM"),
            heard(run, 2, EventKind.LEADERBOARD, 2.0, rows=rows),
        ]


def running(run: Run) -> Run:
    return replace(run, status=RunStatus.RUNNING, claimed_at=run.created_at)


def test_a_run_is_watched_and_can_be_stopped(mill: Mill, tmp_path: Path) -> None:
    run = a_run(mill, dataset_of(mill, tmp_path))
    visitor = Visitor(Playing(mill, running)).comes(f"run/{run.id}")
    while "LightGBM" not in visitor.sees:
        visitor.app.work.settle()
    assert "Trying: Boosted trees, fast" in visitor.sees
    assert "Who leads" in visitor.sees
    assert {"keep", "cancel"} <= {at.get("data-act") for _, at in visitor.elements}
    visitor.does("cancel")
    assert mill.run(run.id).status is RunStatus.CANCELLED
    visitor.app.page.leave()


def test_a_run_that_failed_says_why_and_how_to_go_on(mill: Mill, tmp_path: Path) -> None:
    run = a_run(mill, dataset_of(mill, tmp_path))
    mill.cancel(run.id)
    visitor = Visitor(mill).comes(f"run/{run.id}")
    assert "This run was cancelled" in visitor.sees
    assert "longer" in {at.get("data-act") for _, at in visitor.elements}
    visitor.app.page.leave()


def test_home_shows_and_finds_what_there_is(mill: Mill, tmp_path: Path) -> None:
    dataset_id = dataset_of(mill, tmp_path)
    for name in ("wheat", "<b>rye</b>"):
        mill.cancel(a_run(mill, dataset_id, name=name).id)
    visitor = Visitor(mill).comes("home")
    assert "of wheat" in visitor.sees
    assert "of <b>rye</b>" in visitor.sees
    visitor.does("sought", "RYE")
    assert "wheat" not in visitor.sees
    visitor.does("sought", "oats")
    assert "Nothing fits" in visitor.sees


def test_home_sees_how_runs_stand_and_a_ping_changes_nothing(mill: Mill, tmp_path: Path) -> None:
    run = a_run(mill, dataset_of(mill, tmp_path))
    visitor = Visitor(mill).comes("home")
    assert "Running now" in visitor.sees
    mill.cancel(run.id)
    before = visitor.app.screen.main
    visitor.does("ping")
    assert visitor.app.screen.main == before
    assert visitor.sent[-1][0] == {"ack": 1}
    visitor.does("refresh")
    assert "Running now" not in visitor.sees


# --- a platform that is away -----------------------------------------------------------------------------------------


class Away:
    """Nobody answers, or nobody knows who asks."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def raises(*_: Any, **__: Any) -> Any:
            raise self._error

        return raises


@pytest.mark.parametrize("fragment", ["home", "files", "have", "want/dataset-1", "time/dataset-1", "run/run-1"])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (HubAway("https://hub.example cannot be reached."), "cannot be reached"),
        (NotSignedIn("Nobody knows you."), "Your session has ended"),
        (ZeroDivisionError("a secret"), "Something went wrong inside Gristmill"),
    ],
)
def test_a_platform_that_is_away_is_a_sentence(fragment: str, error: Exception, said: str) -> None:
    visitor = Visitor(Away(error)).comes(fragment)
    assert said in visitor.sees or fragment == "have"  # which can be read without anybody
    assert "secret" not in visitor.sees
    assert "Traceback" not in visitor.sees


def test_rows_of_a_board_are_shown_as_a_person_calls_them(mill: Mill, tmp_path: Path) -> None:
    run = a_run(mill, dataset_of(mill, tmp_path))
    board = (LeaderboardRow(model="WeightedEnsemble_L2", score=0.8, test_score=0.79),)

    def failed(run: Run) -> Run:
        return replace(run, status=RunStatus.FAILED, leaderboard=board, metric="accuracy")

    visitor = Visitor(Playing(mill, failed)).comes(f"run/{run.id}")
    assert "The best ones together" in visitor.sees
    assert "79.0%" in visitor.sees
    visitor.app.page.leave()


def test_an_upload_that_was_whole_already_is_taken(mill: Mill, tmp_path: Path) -> None:
    file = tmp_path / "grain.csv"
    file.write_bytes(a_file())
    upload: Upload = mill.upload(file)
    visitor = Visitor(mill).comes("have").uploads(upload="links", id=upload.id)
    assert visitor.at.startswith("want/")


def test_a_visitor_chooses_how_they_are_told(mill: Mill) -> None:
    visitor = Visitor(mill).comes("home").does("open", "settings")
    assert "by mail" in Seen(visitor.app.screen.dialog).text
    visitor.does("tell_mail", value=False)
    assert [str(channel) for channel in mill.choices().by(NewsKind.RUN_FINISHED)] == ["bell"]
    visitor.does("tell_mail", value=True)
    assert set(mill.choices().by(NewsKind.RUN_FINISHED)) == {Channel.BELL, Channel.MAIL}


def test_a_link_makes_a_stranger_a_member(mill: Mill) -> None:
    olga, ben = (mill.on_behalf(Who(name=name, powers=frozenset({Power.USE}))) for name in ("olga", "ben"))
    olga.make_project("mill")
    _, token = olga.invite("mill", Membership.VIEWER)
    visitor = Visitor(ben).comes(f"join/{token}")
    assert [project.name for project in ben.projects()] == []
    visitor.does("join")
    assert visitor.at.startswith("home?project=")
    assert [project.name for project in ben.projects()] == ["olga/mill"]
    assert "not valid" in Visitor(ben).comes("join/guessed").does("join").sees


def test_an_owner_says_who_is_a_member_and_a_viewer_only_sees(mill: Mill) -> None:
    olga, ben = (mill.on_behalf(Who(name=name, powers=frozenset({Power.USE}))) for name in ("olga", "ben"))
    olga.make_project("mill")
    owner = Visitor(olga).comes("project/olga%2Fmill").does("add", who="ben")
    assert "ben" in owner.sees
    owner.does("become", "editor person/ben")
    assert {one.name: one.membership for one in olga.members("olga/mill")}["ben"] is Membership.EDITOR

    viewer = Visitor(ben).comes("project/olga%2Fmill")
    assert "may do everything" in viewer.sees
    assert {"add", "become", "remove", "invite"}.isdisjoint({at.get("data-act") for _, at in viewer.elements})
    viewer.does("remove", "person/olga")
    assert len(olga.members("olga/mill")) == 2

    owner.does("invite", "viewer").does("withdraw", olga.invitations("olga/mill")[0].id)
    assert olga.invitations("olga/mill") == ()
    owner.does("remove", "person/ben")
    assert [one.name for one in olga.members("olga/mill")] == ["olga"]


def test_an_admin_sets_limits_and_nobody_else_sees_them(mill: Mill) -> None:
    root = mill.on_behalf(Who(name="root", powers=frozenset(Power)))
    visitor = Visitor(root).comes("admin").does("limit", runs_at_once="2", storage="1.5", largest_budget="4")
    [limits] = root.limits()
    assert (limits.runs_at_once, limits.storage, limits.largest_budget, limits.money) == (
        2,
        1_500_000_000,
        14400.0,
        None,
    )
    assert "2" in [at.get("value") for _, at in visitor.elements]
    visitor.does("limit", runs_at_once="many")
    assert "wants a number" in visitor.sees
    assert list(root.limits()) == [limits]
    assert "limits.set" in visitor.does("seek", who="root").sees

    stranger = Visitor(mill.on_behalf(Who(name="ben", powers=frozenset({Power.USE})))).comes("admin")
    assert "limits" not in stranger.sees
    assert stranger.app.page.why is not None


# --- one thing is asked ----------------------------------------------------------------------------------------------


class Answering:
    """A client that answers with what a model's script would write, and keeps what it was given."""

    def __init__(self, written: bytes, name: str = "answers.csv") -> None:
        self.written, self.name = written, name
        self.given: tuple[str, bytes] | None = None

    def ask(self, model_id: str, data: Path | None = None) -> Reply:
        self.given = None if data is None else (data.name, data.read_bytes())
        return Reply(model_id=model_id, name=self.name, content=self.written, count=1, warm=True)


def a_model(task: str = "tabular-regression", **schema: Any) -> Model:
    return Model(
        id="model-1", project_id="p", run_id="run-1", name="grain", version=1, task=task, target="yield", metric="r2",
        score=0.5, stage=Stage.CANDIDATE, key="k", size=1, sha256="", schema=schema, metrics={}, lineage={},
        created_at=0.0,
    )  # fmt: skip


def test_a_row_goes_and_comes_in_the_form_of_the_training_file() -> None:
    model = a_model(form={"format": "csv", "delimiter": ";", "decimal": ",", "encoding": "latin-1"})
    row = row_file(model, {"Ort": "Köln", "Regen": "1.5"}, frozenset({"Regen"}))
    assert row.decode("latin-1").split() == ["Ort;Regen", "Köln;1,5"]
    client: Any = Answering("Ort;prediction;probability.ja\nKöln;2,5;0,75\n".encode("latin-1"))
    answer = ask(client, model, row, "row.csv")
    assert client.given == ("row.csv", row)
    assert answer.rows == ({"Ort": "Köln", "prediction": "2.5", "probability.ja": "0.75"},)


def test_a_row_for_a_file_without_a_header_has_all_places() -> None:
    model = a_model(form={"format": "csv", "header": False, "names": ["a", "y", "b"]})
    assert row_file(model, {"a": "1", "b": "2"}, frozenset()).decode().splitlines() == ["1,,2"]


def test_boxes_and_masks_are_read_and_what_is_neither_is_refused() -> None:
    boxes: Any = Answering(
        b'[{"file_name": "a.png", "category": "cat", "bbox": [1, 2, 3, 4], "score": 0.9}]', "answers.json"
    )
    [thing] = ask(boxes, a_model("object-detection"), b"", "a.png").things or ()
    assert (thing.name, thing.box) == ("cat", (1.0, 2.0, 3.0, 4.0))

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.png", b"png")
    masks: Any = Answering(packed.getvalue(), "answers.zip")
    assert ask(masks, a_model("image-segmentation"), b"", "a.png").mask == "data:image/png;base64,cG5n"

    for task, name in (("object-detection", "answers.json"), ("image-segmentation", "answers.zip")):
        broken: Any = Answering(b"neither", name)
        with pytest.raises(GristmillError, match="cannot be read"):
            ask(broken, a_model(task), b"", "a.png")


def test_what_moved_an_answer_is_said_in_words() -> None:
    columns = [{"name": "flipper", "kind": "number"}, {"name": "sex", "kind": "category", "values": ["f", "m"]}]
    model = a_model("tabular-classification", item="row", columns=columns)
    data: Any = SimpleNamespace(profile=SimpleNamespace(main=SimpleNamespace(columns=())))
    page: Any = SimpleNamespace(s=English())
    trying = Trying(page, model, data)
    row = {"prediction": "Gentoo", "probability.Gentoo": "0.7"}
    flipper = Effect(column="flipper", value="212", usual="197", by=0.36)
    sex = Effect(column="sex", value="", usual="m", by=-0.02)
    trying._answer = Answer(rows=(row,), effects=(flipper, sex, replace(sex, column="year", by=0.0)))
    said = trying.content()
    for words in ("flipper: 212 (usual: 197)", "+36 points", "sex: (unknown) (usual: m)", "\N{MINUS SIGN}2 points"):
        assert words in said
    assert "“Gentoo” would be less likely" in said
    assert "year" not in said
    assert "started anew" not in said
    assert 'data-share="0.700"' in said
    trying._answer = Answer(rows=(row,))
    assert "Change a value" in trying.content()
    trying._answer = Answer(rows=(row,), warm=False)
    assert "started anew" in trying.content()
    trying._answer = Answer(rows=({"prediction": "4.5"},), effects=(replace(flipper, by=-1234.5),))
    assert "\N{MINUS SIGN}1,23" in trying.content()
