"""Datasets that stay right: edited versions, what people say of them, the schema that a project holds them to."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from gristmill import intake, records
from gristmill.errors import NotFound, UsageError
from gristmill.mill.data import Data
from gristmill.mill.parts import label
from gristmill.mill.trail import audited
from gristmill.records import (
    About,
    AboutChange,
    Dataset,
    DatasetEntry,
    DatasetNote,
    Edit,
    Membership,
    Schema,
    SchemaChange,
    replace,
)
from gristmill.stores import places

__all__ = ["Datasets"]

_MOST_NOTES = 500
_MOST_TAGS = 50
_LONGEST_TAG = 60
_LONGEST = 20_000  # letters of a description or a note


class Datasets(Data):
    """What can be asked about datasets once they are there."""

    @audited("dataset.revise")
    def revise(self, dataset_id: str, edits: Sequence[Edit]) -> Dataset:
        """An edited version of a dataset: the next version of its name, made of the same upload."""
        dataset = self._workable(dataset_id, Membership.EDITOR).dataset
        revision = intake.revision_of(dataset.profile, edits, dataset.revision)
        new_id, store = records.new_id("dataset"), self._shelf.of(dataset)
        with self._scratch() as scratch:
            intake.fetch(store, dataset, Path(scratch) / "data", apply=None)
            seen = self._parts.looking.revise(Path(scratch), revision)
            self._hold(dataset.project_id, seen.profile)
            store.put_file(places.sample(new_id), intake.sample_file(Path(scratch)))
            store.put_file(places.preview(new_id), intake.preview_file(Path(scratch)))
        return self._catalog.datasets.revise(
            replace(
                dataset,
                id=new_id,
                name=self._catalog.datasets.get(dataset.id).name,
                profile=seen.profile,
                proposal=seen.proposal,
                revision=seen.revision,
                edited_from=dataset.id,
                created_at=time.time(),
            )
        )

    def versions(self, dataset_id: str, limit: int = 1_000, before: str | None = None) -> Sequence[DatasetEntry]:
        """Versions of a dataset's name in its project, newest first; `before` is the last id on the page before."""
        dataset = self.dataset(dataset_id)
        return self._catalog.datasets.list((dataset.project_id,), before, limit, name=dataset.name)

    def about(self, dataset_id: str) -> About:
        """What people say about the datasets of a name: all versions share it."""
        dataset = self.dataset(dataset_id)
        return self._catalog.abouts.of(dataset.project_id, dataset.name)

    @audited("dataset.describe")
    def describe(self, dataset_id: str, change: AboutChange) -> About:
        """Say something else about the datasets of a name from now on; with another name, all versions get it."""
        dataset = self._gate.get(self._catalog.datasets, dataset_id, Membership.EDITOR)
        _check(change, dataset)

        def changed(about: About) -> About:
            now, columns = time.time(), about.columns | change.columns
            notes = about.notes
            if change.note:
                notes = (
                    *notes,
                    DatasetNote(version=dataset.version, who=self.who.name, created_at=now, text=change.note),
                )
            if len(notes) > _MOST_NOTES:
                raise UsageError(f"A dataset takes {_MOST_NOTES} notes.", cure="Write it into the description.")
            return replace(
                about,
                name=about.name if change.name is None else label(change.name, about.name),
                description=about.description if change.description is None else change.description,
                tags=about.tags if change.tags is None else tuple(dict.fromkeys(change.tags)),
                columns={name: said for name, said in columns.items() if said},
                notes=notes,
                updated_at=now,
                updated_by=self.who.name,
            )

        return self._catalog.abouts.change(dataset.project_id, dataset.name, changed)

    # --- schemas -----------------------------------------------------------------------------------------------------

    def schema(self, project: str) -> Schema:
        """What a project asks of the tables that are put into it; NotFound where it asks nothing."""
        found = self._catalog.schemas.of(self._gate.project(project).id)
        if found is None:
            raise NotFound(f"The project {project} has no schema.", cure="Every upload that is a table fits.")
        return found

    @audited("schema.fix")
    def fix_schema(self, project: str, change: SchemaChange) -> Schema:
        """Hold every later upload and batch of a project to these rules, or to those that one of its datasets fits."""
        owned = self._gate.project(project, Membership.OWNER)
        rules = change.rules
        if change.dataset_id is not None:
            if rules:
                raise UsageError("Give rules or a dataset to take them from.", cure="Change them once they are there.")
            rules = intake.rules_of(self.dataset(change.dataset_id).profile)
        return self._catalog.schemas.put(
            Schema(
                project_id=owned.id,
                rules=intake.check_rules(rules),
                others=change.others,
                updated_at=time.time(),
                updated_by=self.who.name,
            )
        )

    @audited("schema.drop")
    def drop_schema(self, project: str) -> None:
        """Let a project take whatever comes."""
        self._catalog.schemas.remove(self._gate.project(project, Membership.OWNER).id)


def _check(change: AboutChange, dataset: Dataset) -> None:
    names = {column.name for table in dataset.profile.tables for column in table.columns}
    for name in change.columns:
        if name not in names:
            known = ", ".join(sorted(names)[:30])
            raise UsageError(f"There is no column {name[:60]!r}.", cure=f"The columns are: {known}.", code="no-column")
    for text in (change.description or "", change.note, *change.columns.values()):
        if len(text) > _LONGEST:
            raise UsageError(f"A text of {len(text):,} letters is too long.", cure=f"Give at most {_LONGEST:,}.")
    for tag in change.tags or ():
        if not tag.strip() or len(tag) > _LONGEST_TAG or not tag.isprintable():
            raise UsageError(f"{tag[:60]!r} cannot be a tag.", cure=f"Give 1 to {_LONGEST_TAG} letters and signs.")
    if len(change.tags or ()) > _MOST_TAGS:
        raise UsageError(f"{len(change.tags or ())} tags are too many.", cure=f"Give at most {_MOST_TAGS}.")
