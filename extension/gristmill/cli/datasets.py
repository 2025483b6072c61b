"""Commands that keep data right: dataset list, show, edit, versions; schema show, set, drop."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from gristmill import records
from gristmill.cli import words
from gristmill.cli.findings import show_columns
from gristmill.cli.session import Session, json_option, pass_session
from gristmill.errors import UsageError
from gristmill.records import About, AboutChange, ColumnKind, DatasetEntry, Edit, EditKind, Schema, SchemaChange

__all__ = ["dataset", "schema"]

Pairs = tuple[tuple[str, str], ...]


class _Pair(click.ParamType[tuple[str, str]]):
    """NAME=VALUE; the name may hold an equals sign if it is written twice."""

    name = "name=value"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):  # click converts a default once more
            name, said = value
            return name, said
        name, sign, said = str(value).replace("==", "\0").partition("=")
        if not sign or not name:
            self.fail(f"{value!r} is not NAME=VALUE.", param, ctx)
        return name.replace("\0", "="), said.replace("\0", "=")


_PAIR = _Pair()


@click.group(short_help="Look at datasets, and edit them: list, show, edit, versions.")
def dataset() -> None:
    """Look at datasets, say what they are, and make edited versions of them. What was uploaded always stays."""


@dataset.command("list", short_help="List datasets.")
@click.option("--project", help="Only those of this project.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@json_option("datasets")
@pass_session
def list_datasets(session: Session, project: str | None, limit: int) -> None:
    """List datasets, newest first. In a pipe: id, name, version, file, size, separated by tabs."""
    _list(session, session.client.datasets(project, limit))


@dataset.command(short_help="List the versions of a dataset.")
@click.argument("dataset_id", metavar="DATASET")
@json_option("datasets")
@pass_session
def versions(session: Session, dataset_id: str) -> None:
    """List every version of DATASET's name, newest first, as `list` does."""
    _list(session, session.client.versions(dataset_id))


@dataset.command(short_help="Show what is in a dataset, and what people say about it.")
@click.argument("dataset_id", metavar="DATASET")
@json_option("dataset", "about")
@pass_session
def show(session: Session, dataset_id: str) -> None:
    """Show DATASET: its columns, its description, tags and notes, and what it was edited by."""
    found, about = session.client.dataset(dataset_id), session.client.about(dataset_id)
    show_columns(session, f"{found.name} {found.version}", found.profile, found.proposal)
    for number, step in enumerate(found.revision.edits if found.revision else (), start=1):
        session.say(_line("edit", str(number), _told(step)))
    _show_about(session, about)
    session.fill(dataset=found, about=about)
    session.finish()


@dataset.command(short_help="Make an edited version of a dataset, or say what it is.")
@click.argument("dataset_id", metavar="DATASET")
@click.option("--drop", multiple=True, metavar="COLUMN", help="Leave a column out.")
@click.option("--kind", "kinds", type=_PAIR, multiple=True, metavar="COLUMN=KIND", help="Read a column as that kind.")
@click.option("--keep", multiple=True, metavar="CONDITION", help="Keep only the rows that fit.")
@click.option("--rename", "renames", type=_PAIR, multiple=True, metavar="OLD=NEW", help="Call a column otherwise.")
@click.option("--name", help="Call the dataset otherwise, in all its versions.")
@click.option("--description", help="What it is.")
@click.option("--tag", "tags", multiple=True, help="A word to find it by; those that are given take the place of all.")
@click.option("--column", "columns", type=_PAIR, multiple=True, metavar="COLUMN=TEXT", help="What a column means.")
@click.option("--note", default="", help="Something to remember about this version.")
@json_option("dataset", "about")
@pass_session
def edit(
    session: Session, /, dataset_id: str, drop: Sequence[str], kinds: Pairs, keep: Sequence[str], renames: Pairs,
    **said: Any,
) -> None:  # fmt: skip
    """Make an edited version of DATASET, or say what it is.

    Kinds are set first, then rows chosen, then columns renamed, then dropped: all under the names that they have now.
    Dates may name how they are written: --kind "day=date %d.%m.%Y"

    \b
        gristmill dataset edit dataset-… --kind code=category --keep 'age >= 18 and town != "New York"'
        gristmill dataset edit dataset-… --description "Sold houses, 2024" --column "area=In square metres"
    """
    edits = _edits(drop, kinds, keep, renames)
    change = _change(**said)
    if not edits and change is None:
        raise UsageError("There is nothing to edit.", cure="See: gristmill dataset edit --help")
    if edits:
        made = session.client.revise(dataset_id, edits)
        rows, columns = made.profile.rows, len(made.profile.main.columns)
        session.say(_line(made.id, made.name, str(made.version), f"{rows:,} rows", f"{columns:,} columns"))
        for notice in made.profile.notices:
            session.say(_line(notice.severity, notice.code, notice.message))
        session.fill(dataset=made)
        dataset_id = made.id
    if change is not None:
        about = session.client.describe(dataset_id, change)
        _show_about(session, about)
        session.fill(about=about)
    session.finish()


def _edits(drop: Sequence[str], kinds: Pairs, keep: Sequence[str], renames: Pairs) -> list[Edit]:
    steps = [_of_kind(column, said) for column, said in kinds]
    steps += [Edit(act=EditKind.KEEP, where=where) for where in keep]
    called = dict(renames)
    steps += [Edit(act=EditKind.RENAME, columns=(column,), to=to) for column, to in renames]
    if drop:
        steps.append(Edit(act=EditKind.DROP, columns=tuple(called.get(column, column) for column in drop)))
    return steps


def _of_kind(column: str, said: str) -> Edit:
    kind, _, written = said.partition(" ")
    if kind not in set(ColumnKind):
        raise UsageError(f"{kind!r} is no kind of column.", cure=f"Choose one of: {', '.join(ColumnKind)}.")
    return Edit(act=EditKind.KIND, columns=(column,), kind=ColumnKind(kind), format=written.strip())


def _change(
    *, name: str | None, description: str | None, tags: tuple[str, ...], columns: Pairs, note: str
) -> AboutChange | None:
    change = AboutChange(name=name, description=description, tags=tags or None, columns=dict(columns), note=note)
    return None if change == AboutChange() else change


def _told(step: Edit) -> str:
    """A step in words."""
    named = ", ".join(step.columns)
    told = {
        EditKind.DROP: f"drop {named}",
        EditKind.RENAME: f"rename {named} to {step.to}",
        EditKind.KIND: f"read {named} as {step.kind} {step.format}".rstrip(),
        EditKind.KEEP: f"keep {step.where}",
    }
    return told[step.act]


def _list(session: Session, found: Sequence[DatasetEntry]) -> None:
    for entry in found:
        made = "edited" if entry.edited_from else "uploaded"
        session.say(_line(entry.id, entry.name, str(entry.version), entry.filename, words.size(entry.size), made))
    if session.is_rich and not found:
        session.say("There is none yet. Make one: gristmill train DATA")
    session.fill(datasets=found)
    session.finish()


def _show_about(session: Session, about: About) -> None:
    if about.description:
        session.say(_line("description", about.description))
    if about.tags:
        session.say(_line("tags", *about.tags))
    for column, meaning in about.columns.items():
        session.say(_line("meaning", column, meaning))
    for note in about.notes:
        session.say(_line("note", str(note.version), note.who, words.when(note.created_at), note.text))


def _line(*parts: str) -> str:
    return "\t".join(words.plain(part).replace("\t", " ").replace("\n", " ") for part in parts)


# --- schemas ---------------------------------------------------------------------------------------------------------


@click.group(short_help="Hold a project's data to a schema: show, set, drop.")
def schema() -> None:
    """Hold every later upload and batch of a project to a schema: columns, kinds, gaps, ranges, allowed values."""


@schema.command("show", short_help="Show a project's schema.")
@click.argument("project")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there, to be edited.")
@json_option("schema")
@pass_session
def show_schema(session: Session, project: str, output: Path | None) -> None:
    """Show the schema of PROJECT. In a pipe: column, kind, what is asked of it, separated by tabs."""
    found = session.client.schema(project)
    if output is not None:
        rules = {"others": found.others, "rules": records.to_plain(found.rules)}
        output.write_text(json.dumps(rules, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _show(session, found)


@schema.command("set", short_help="Give a project a schema.")
@click.argument("project")
@click.argument("source")
@click.option("--only", is_flag=True, help="Take no columns but these.")
@json_option("schema")
@pass_session
def set_schema(session: Session, project: str, source: str, *, only: bool) -> None:
    """Hold PROJECT to SOURCE: the id of a dataset that fits, or a file that `schema show -o` wrote and you edited."""
    if source.startswith("dataset-") and not Path(source).exists():
        change = SchemaChange(dataset_id=source, others=not only)
    else:
        change = _read(Path(source))
        change = records.replace(change, others=change.others and not only)
    _show(session, session.client.fix_schema(project, change))


@schema.command("drop", short_help="Let a project take whatever comes.")
@click.argument("project")
@pass_session
def drop_schema(session: Session, project: str) -> None:
    """Take the schema of PROJECT away."""
    session.client.drop_schema(project)
    session.say(f"{words.plain(project)} has no schema any more.")


def _read(path: Path) -> SchemaChange:
    try:
        return records.decode(path.read_bytes(), SchemaChange)
    except OSError:
        raise UsageError(f"There is no file {path}.", cure="Give a dataset's id, or a file.") from None
    except ValueError as error:
        raise UsageError(
            f"{path} is no schema.", cause=f"{error}.", cure="See what one looks like: gristmill schema show -o FILE"
        ) from None


def _show(session: Session, found: Schema) -> None:
    for rule in found.rules:
        asked = ["required" if rule.required else "optional", "" if rule.gaps else "no gaps"]
        asked += [f">= {rule.minimum}" if rule.minimum is not None else ""]
        asked += [f"<= {rule.maximum}" if rule.maximum is not None else ""]
        asked += [f"one of {', '.join(rule.allowed)}" if rule.allowed else ""]
        session.say(_line(rule.column, rule.kind or "any", "; ".join(filter(None, asked))))
    if not found.others:
        session.say(_line("no other columns"))
    session.fill(schema=found)
    session.finish()
