"""Datasets that stay right: edited versions, what people say of them, the schema that a project holds them to."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace as with_
from pathlib import Path
from typing import Any

import pytest

from gristmill import intake
from gristmill.catalog import Catalog, Outcome
from gristmill.errors import Conflict, DataRejected, NotAllowed, NotFound, NotPossible, UsageError
from gristmill.looking import Apart
from gristmill.mill import Mill, Parts
from gristmill.records import (
    AboutChange,
    ColumnKind,
    Dataset,
    Edit,
    EditKind,
    Membership,
    Power,
    Role,
    Rule,
    RunStatus,
    SchemaChange,
    UploadStatus,
    Who,
    to_plain,
)
from gristmill.sandbox.process import ProcessSandbox
from gristmill.stores import open_store
from gristmill.tables import read
from gristmill.worker import Worker
from gristmill.worker.attempt import Tools
from services.catalogs import lay_catalog, model_of, run_on
from services.mills import Notepad

TOWNS = ("Rome", "New York", "Oslo")
KEEP = Edit(act=EditKind.KEEP, where='weight > 30 and town != "New York"')
AS_CODES = Edit(act=EditKind.KIND, columns=("release",), kind=ColumnKind.CATEGORY)


def grain(path: Path, rows: int = 60, **columns: Any) -> Path:
    """A file of rows; each column is a function of the row's number, and None leaves it out."""
    made = {
        "release": lambda at: f"1.{at % 10}0",
        "weight": lambda at: "" if at == 7 else f"{20 + at}.5",
        "harvested": lambda at: f"{at % 28 + 1:02d}.03.2024",
        "town": lambda at: TOWNS[at % 3],
        "flour": lambda at: ("yes", "no")[at % 2],
    } | columns
    made = {name: value for name, value in made.items() if value is not None}
    lines = [";".join(made), *(";".join(value(at) for value in made.values()) for at in range(rows))]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def mill(tmp_path: Path) -> Iterator[Mill]:
    home = tmp_path / "home"
    home.mkdir()
    with Catalog.open(lay_catalog(home)) as catalog:
        store, sandbox = open_store((home / "store").as_uri()), ProcessSandbox(cache=home / "cache")
        yield Mill(Parts(catalog=catalog, store=store, dispatcher=Notepad(), sandbox=sandbox, home=home))


def admitted(mill: Mill, path: Path, **more: Any) -> Dataset:
    return mill.admit(mill.upload(path, **more).id, name="grain")


def rows_of(mill: Mill, dataset: Dataset, folder: Path, role: Role = Role.TRAIN) -> Any:
    """The rows that a run would see."""
    intake.fetch(mill._parts.store, dataset, folder)
    table = next(table for table in dataset.profile.tables if table.role is role)
    return read(folder / table.path, table.form)


# --- edited versions -------------------------------------------------------------------------------------------------


def test_an_edited_version_is_the_next_and_is_made_of_the_same_upload(mill: Mill, tmp_path: Path) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    steps = [KEEP, AS_CODES, Edit(act=EditKind.RENAME, columns=("town",), to="place")]
    second = mill.revise(first.id, [*steps, Edit(act=EditKind.DROP, columns=("harvested",))])
    assert (second.version, second.upload_id, second.edited_from) == (2, first.upload_id, first.id)
    assert mill.dataset(first.id) == first
    assert [column.name for column in second.profile.main.columns] == ["release", "weight", "place", "flour"]
    assert second.profile.column("release").kind is ColumnKind.CATEGORY
    rows = rows_of(mill, second, tmp_path / "data")
    assert len(rows) == second.profile.rows == sum(at >= 10 and at % 3 != 1 for at in range(60))
    assert (rows["release"][0], rows["weight"][0], rows["place"][0]) == ("1.10", 31.5, "Oslo")
    assert not (tmp_path / "data" / "grain.csv").exists()
    assert [entry.version for entry in mill.versions(first.id)] == [2, 1]


def test_an_edited_version_is_edited_further(mill: Mill, tmp_path: Path) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    second = mill.revise(first.id, [Edit(act=EditKind.RENAME, columns=("weight",), to="kilos")])
    third = mill.revise(second.id, [Edit(act=EditKind.KEEP, where="kilos is not missing and harvested <= 2024-03-20")])
    assert third.revision is not None
    assert [step.act for step in third.revision.edits] == [EditKind.RENAME, EditKind.KEEP]
    rows = rows_of(mill, third, tmp_path / "data")
    assert rows["kilos"].notna().all()
    assert rows["harvested"].max().day == 20
    assert (third.version, third.edited_from) == (3, second.id)


def test_a_proposal_is_for_the_edited_rows(mill: Mill, tmp_path: Path) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    assert first.proposal is not None
    second = mill.revise(first.id, [Edit(act=EditKind.DROP, columns=(first.proposal.target,))])
    assert second.proposal is not None
    assert second.proposal.target != first.proposal.target
    assert mill.propose(second.id, target="town").target == "town"
    with pytest.raises(DataRejected, match="has no column"):
        mill.propose(second.id, target=first.proposal.target)


def test_words_become_numbers_and_dates_and_what_is_neither_is_counted(mill: Mill, tmp_path: Path) -> None:
    path = grain(tmp_path / "grain.csv", weight=lambda at: "heavy" if at in (3, 4) else f"{at}", harvested=lambda at: (
        f"{at % 28 + 1:02d}.03.2024" if at != 59 else "soon"))  # fmt: skip
    first = admitted(mill, path)
    assert first.profile.column("weight").dtype == "object"
    as_number = Edit(act=EditKind.KIND, columns=("weight",), kind=ColumnKind.INTEGER)
    as_date = Edit(act=EditKind.KIND, columns=("harvested",), kind=ColumnKind.DATE, format="%d.%m.%Y")
    second = mill.revise(first.id, [as_number, as_date])
    weight, harvested = second.profile.column("weight"), second.profile.column("harvested")
    assert (weight.kind, weight.missing, weight.maximum) == (ColumnKind.INTEGER, 2, 59.0)
    assert (harvested.kind, harvested.missing) == (ColumnKind.DATE, 1)
    strays = {notice.column for notice in second.profile.notices if notice.code == "stray-values"}
    assert strays == {"weight", "harvested"}


def test_how_dates_are_written_is_found_out_and_kept(mill: Mill, tmp_path: Path) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    words = mill.revise(first.id, [Edit(act=EditKind.KIND, columns=("harvested",), kind=ColumnKind.TEXT)])
    dates = mill.revise(words.id, [Edit(act=EditKind.KIND, columns=("harvested",), kind=ColumnKind.DATE)])
    assert dates.revision is not None
    assert dates.revision.edits[-1].format == "%d.%m.%Y"
    assert dates.profile.column("harvested") == first.profile.column("harvested")
    with pytest.raises(DataRejected, match="cannot be read as dates"):
        mill.revise(first.id, [Edit(act=EditKind.KIND, columns=("town",), kind=ColumnKind.DATE)])


def test_test_rows_are_edited_too(mill: Mill, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "grain.zip", "w") as packed:
        packed.write(grain(tmp_path / "train.csv"), "train.csv")
        packed.write(grain(tmp_path / "test.csv", rows=30), "test.csv")
    first = admitted(mill, tmp_path / "grain.zip")
    second = mill.revise(first.id, [KEEP, AS_CODES])
    assert [(table.role, table.rows) for table in second.profile.tables] == [(Role.TRAIN, 33), (Role.TEST, 13)]
    assert set(rows_of(mill, second, tmp_path / "data", Role.TEST)["town"]) == {"Rome", "Oslo"}


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (Edit(act=EditKind.DROP, columns=("rye",)), "There is no column 'rye'"),
        (Edit(act=EditKind.DROP), "Which columns"),
        (Edit(act=EditKind.RENAME, columns=("town",), to="flour"), "There is a column 'flour' already"),
        (Edit(act=EditKind.RENAME, columns=("town",), to=" "), "cannot be a column's name"),
        (Edit(act=EditKind.RENAME, columns=("town", "flour"), to="x"), "takes one column"),
        (Edit(act=EditKind.KIND, columns=("town",), kind=ColumnKind.PICTURE), "cannot be made picture"),
        (Edit(act=EditKind.KIND, columns=("town",)), "cannot be made nothing"),
        (Edit(act=EditKind.KEEP, where="__import__('os')"), "cannot be read"),
        (Edit(act=EditKind.KEEP, where="rye = 1"), "a column that is not there"),
        (Edit(act=EditKind.KEEP, where="town > Oslo"), "have no order"),
    ],
)
def test_a_step_that_cannot_be_done_is_refused_in_a_sentence(mill: Mill, tmp_path: Path, edit: Edit, said: str) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    with pytest.raises(UsageError, match=said):
        mill.revise(first.id, [edit])
    with pytest.raises(UsageError, match="nothing to edit"):
        mill.revise(first.id, [])
    assert len(mill.versions(first.id)) == 1


def test_too_few_rows_or_columns_are_no_version(mill: Mill, tmp_path: Path) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    with pytest.raises(DataRejected, match="too few"):
        mill.revise(first.id, [Edit(act=EditKind.KEEP, where="weight > 75")])
    with pytest.raises(DataRejected, match="is no yes or no"):
        mill.revise(first.id, [Edit(act=EditKind.KIND, columns=("town",), kind=ColumnKind.YES_NO)])
    assert len(mill.versions(first.id)) == 1


def test_what_is_no_table_is_not_edited(mill: Mill, tmp_path: Path) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    with pytest.raises(NotPossible, match="cannot be edited"):
        intake.revision_of(with_(first.profile, arranged="image-classification"), [KEEP])


def test_a_child_edits_as_well(mill: Mill, tmp_path: Path) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    apart = Mill(with_(mill._parts, looking=Apart()))
    there, here = apart.revise(first.id, [KEEP]), mill.revise(first.id, [KEEP])
    assert (there.profile, there.revision) == (here.profile, here.revision)
    with pytest.raises(DataRejected, match="too few"):
        apart.revise(first.id, [Edit(act=EditKind.KEEP, where="weight > 75")])
    folder = tmp_path / "data"
    intake.fetch(mill._parts.store, there, folder, apart._parts.looking.edit)
    assert [file.name for file in folder.iterdir()] == ["edited.train.parquet"]


# --- what people say -------------------------------------------------------------------------------------------------


def test_all_versions_share_what_is_said(mill: Mill, tmp_path: Path) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    second = mill.revise(first.id, [KEEP])
    mill.describe(first.id, AboutChange(description="Grain.", tags=("2024", "rye"), columns={"town": "Where."}))
    about = mill.describe(second.id, AboutChange(note="Without New York.", columns={"weight": "In kg.", "town": ""}))
    assert about == mill.about(first.id)
    assert (about.description, about.tags, about.columns) == ("Grain.", ("2024", "rye"), {"weight": "In kg."})
    (note,) = about.notes
    assert (note.version, note.who, note.text, about.updated_by) == (2, "local", "Without New York.", "local")
    assert mill.dataset(second.id) == second


def test_a_new_name_is_every_version_s(mill: Mill, tmp_path: Path) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    mill.revise(first.id, [KEEP])
    other = mill.admit(mill.upload(tmp_path / "grain.csv").id, name="other")
    mill.describe(first.id, AboutChange(description="Grain."))
    mill.describe(first.id, AboutChange(name="corn"))
    assert [(entry.name, entry.version) for entry in mill.versions(first.id)] == [("corn", 2), ("corn", 1)]
    assert mill.about(first.id).description == "Grain."
    with pytest.raises(Conflict, match="already"):
        mill.describe(other.id, AboutChange(name="corn"))
    assert mill.revise(first.id, [KEEP]).name == "corn"


@pytest.mark.parametrize(
    "change",
    [
        AboutChange(columns={"rye": "?"}),
        AboutChange(tags=("a\nb",)),
        AboutChange(tags=("",)),
        AboutChange(description="x" * 30_000),
        AboutChange(name="a\nb"),
    ],
)
def test_what_cannot_be_said_is_refused(mill: Mill, tmp_path: Path, change: AboutChange) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    with pytest.raises(UsageError):
        mill.describe(first.id, change)
    assert mill.about(first.id).updated_at is None


# --- schemas ---------------------------------------------------------------------------------------------------------


def test_every_mismatch_is_named_in_one_answer(mill: Mill, tmp_path: Path) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv", weight=lambda at: f"{20 + at}.5"))
    made = mill.fix_schema("default", SchemaChange(dataset_id=first.id, others=False))
    rules = {rule.column: rule for rule in made.rules}
    assert (rules["town"].allowed, rules["weight"].gaps) == (tuple(sorted(TOWNS)), False)
    rules["weight"] = with_(rules["weight"], minimum=0, maximum=100)
    rules["harvested"] = with_(rules["harvested"], minimum="2024-03-05")
    mill.fix_schema("default", SchemaChange(rules=tuple(rules.values()), others=False))
    bad = grain(
        tmp_path / "bad.csv", release=None, weight=lambda at: "" if at < 2 else f"{at * 3}.5",
        town=lambda at: "Paris" if at == 5 else "Rome", rye=lambda at: f"{at}", flour=lambda at: f"0{at}",
    )  # fmt: skip
    upload = mill.upload(bad)
    with pytest.raises(DataRejected, match="does not fit the schema of the project default: 7 things") as caught:
        mill.admit(upload.id)
    faults = caught.value.failure.faults
    assert [(fault.column, fault.code) for fault in faults] == [
        ("release", "missing-column"), ("weight", "gaps"), ("weight", "range"), ("harvested", "range"),
        ("town", "value"), ("flour", "kind"), ("rye", "unknown-column"),
    ]  # fmt: skip
    assert all(fault.message in caught.value.failure.cause for fault in faults)
    kept = mill._catalog.uploads.get(upload.id)
    assert (kept.status, kept.failure) == (UploadStatus.REJECTED, caught.value.failure)
    with pytest.raises(DataRejected, match="7 things"):
        mill.check(bad, project="default")
    assert mill.check(bad)[0].rows == 60
    mill.drop_schema("default")
    assert admitted(mill, bad).version == 2


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (Rule(column="weight", kind=ColumnKind.NUMBER, minimum=20, maximum=80), None),
        (Rule(column="weight", kind=ColumnKind.INTEGER), "kind"),
        (Rule(column="weight", gaps=False), "gaps"),
        (Rule(column="weight", kind=ColumnKind.NUMBER, minimum=20.6), "range"),
        (Rule(column="weight", kind=ColumnKind.NUMBER, maximum=79.4), "range"),
        (Rule(column="town", kind=ColumnKind.NUMBER), "kind"),
        (Rule(column="town", allowed=("Rome", "Oslo")), "value"),
        (Rule(column="town", allowed=(*TOWNS, "Paris")), None),
        (Rule(column="town", kind=ColumnKind.CATEGORY), None),
        (Rule(column="release", kind=ColumnKind.TEXT), "kind"),
        (Rule(column="harvested", kind=ColumnKind.DATE, minimum="2024-03-01", maximum="2024-03-28"), None),
        (Rule(column="harvested", kind=ColumnKind.DATE, maximum="2024-03-27"), "range"),
        (Rule(column="harvested", kind=ColumnKind.CATEGORY), "kind"),
        (Rule(column="flour", kind=ColumnKind.YES_NO), None),
        (Rule(column="town", kind=ColumnKind.YES_NO), "kind"),
        (Rule(column="rye"), "missing-column"),
        (Rule(column="rye", required=False), None),
    ],
)
def test_each_rule_is_judged(tmp_path: Path, rule: Rule, fault: str | None) -> None:
    from gristmill.records import Schema

    profile = intake.inspect(grain(tmp_path / "grain.csv"), tmp_path)
    found = intake.misfits(Schema(project_id="p", rules=(rule,)), profile.main.columns, "grain.csv")
    assert [one.code for one in found] == ([] if fault is None else [fault])


def test_a_schema_made_from_a_dataset_fits_it(mill: Mill, tmp_path: Path) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    mill.fix_schema("default", SchemaChange(dataset_id=first.id, others=False))
    assert admitted(mill, tmp_path / "grain.csv").version == 2
    with pytest.raises(DataRejected, match="has no column 'town'"):
        mill.revise(first.id, [Edit(act=EditKind.DROP, columns=("town",))])


@pytest.mark.parametrize(
    "rules",
    [
        (),
        (Rule(column="a"), Rule(column="a")),
        (Rule(column=" "),),
        (Rule(column="a", kind=ColumnKind.EMPTY),),
        (Rule(column="a", minimum=1),),
        (Rule(column="a", kind=ColumnKind.NUMBER, minimum="1"),),
        (Rule(column="a", kind=ColumnKind.DATE, minimum=1),),
        (Rule(column="a", kind=ColumnKind.DATE, minimum="soon"),),
        (Rule(column="a", kind=ColumnKind.NUMBER, minimum=2, maximum=1),),
        (Rule(column="a", allowed=tuple(map(str, range(101)))),),
    ],
)
def test_a_schema_that_cannot_be_held_to_is_refused(mill: Mill, rules: tuple[Rule, ...]) -> None:
    mill.make_project("mine")
    with pytest.raises(UsageError):
        mill.fix_schema("mine", SchemaChange(rules=rules))
    with pytest.raises(NotFound, match="no schema"):
        mill.schema("mine")


def test_who_may_do_what(mill: Mill, tmp_path: Path) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    powers = frozenset({Power.USE, Power.TRAIN})
    viewer, editor, stranger = (mill.on_behalf(Who(name=name, powers=powers)) for name in ("vera", "emil", "sam"))
    mill.share("default", "vera", Membership.VIEWER)
    mill.share("default", "emil", Membership.EDITOR)
    rules, change = SchemaChange(rules=(Rule(column="town"),)), AboutChange(description="?")
    for who, refused in ((viewer, NotAllowed), (stranger, NotFound)):
        with pytest.raises(refused):
            who.revise(first.id, [KEEP])
        with pytest.raises(refused):
            who.describe(first.id, change)
        with pytest.raises(refused):
            who.fix_schema(first.project_id, rules)
    with pytest.raises(NotAllowed):
        editor.fix_schema(first.project_id, rules)
    with pytest.raises(NotAllowed):
        editor.drop_schema(first.project_id)
    mill.fix_schema("default", rules)
    assert viewer.schema(first.project_id).rules[0].column == "town"
    assert editor.describe(first.id, change).updated_by == "emil"
    assert viewer.about(first.id).description == "?"
    assert len(viewer.versions(first.id)) == 1
    for asked in (lambda: stranger.versions(first.id), lambda: stranger.about(first.id)):
        with pytest.raises(NotFound):
            asked()


def test_a_batch_is_held_to_the_schema(mill: Mill, tmp_path: Path) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    run = mill._catalog.runs.add(run_on(first))
    held = mill._catalog.runs.claim("test", 60, only=run.id)
    assert held is not None
    schema = {"form": to_plain(first.profile.main.form)}
    mill._parts.store.put_bytes("models/flour.zip", b"never opened")
    model = model_of(run, id="model-1", schema=schema, target="flour")
    mill._catalog.runs.finish(run.id, held.fence, Outcome(status=RunStatus.SUCCEEDED), model)
    rules = (
        Rule(column="weight", kind=ColumnKind.NUMBER, minimum=0),
        Rule(column="town", allowed=TOWNS),
        Rule(column="age", kind=ColumnKind.INTEGER),
        *(Rule(column=name) for name in ("flour", "rye")),
    )
    mill.fix_schema("default", SchemaChange(rules=rules))
    bad = grain(
        tmp_path / "bad.csv", rows=5, flour=None, weight=lambda at: "heavy" if at == 3 else f"{at - 1}.5",
        town=lambda at: "Paris" if at == 1 else "Rome", age=str,
    )  # fmt: skip
    tools = Tools(catalog=mill._catalog, store=mill._parts.store, sandbox=mill._parts.sandbox, folder=tmp_path / "work")
    asked = mill.batch("model-1", mill.upload(bad).id)
    assert Worker(tools, name="test").work_once()
    failure = mill.run(asked.id).failure
    assert failure is not None
    assert failure.code == "schema"
    assert [(fault.column, fault.code) for fault in failure.faults] == [
        ("weight", "range"), ("town", "value"), ("rye", "missing-column"), ("weight", "kind"),
    ]  # fmt: skip


@pytest.mark.parametrize("packed", ["a table with pictures", "pictures alone", "texts alone"])
def test_a_batch_in_a_zip_is_held_to_the_schema(mill: Mill, tmp_path: Path, packed: str) -> None:
    first = admitted(mill, grain(tmp_path / "grain.csv"))
    alone = packed != "a table with pictures"
    columns = [{"name": "picture", "kind": "picture"}] + ([] if alone else [{"name": "weight", "kind": "number"}])
    form = to_plain(first.profile.main.form)
    model = model_of(run_on(first), target="flour", schema={"form": form, "columns": columns})
    file = tmp_path / "new.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/1.txt" if packed == "texts alone" else "a/1.png", b"never opened")
        if not alone:
            archive.writestr("a/new.csv", "picture;weight\n1.png;-3.5\n1.png;2.5\n")
    rules = (Rule(column="weight", kind=ColumnKind.NUMBER, minimum=0), Rule(column="flour"), Rule(column="picture"))
    schema = mill.fix_schema("default", SchemaChange(rules=rules))
    with pytest.raises(DataRejected) as raised:
        intake.held_to_as_batch(schema, file, model, "mill")
    faults = [(fault.column, fault.code) for fault in raised.value.failure.faults]
    assert faults == [("weight", "missing-column" if alone else "range")]
    assert "new.zip" in str(raised.value)
    assert ("Schemas hold tables" in str(raised.value)) == alone
    fitting = mill.fix_schema("default", SchemaChange(rules=(Rule(column="picture"), Rule(column="flour"))))
    intake.held_to_as_batch(fitting, file, model, "mill")
