"""Whatever goes into the catalog comes out as it was, on both databases; and what could not, is refused."""

from __future__ import annotations

import dataclasses
import types
import typing
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gristmill.catalog import Catalog, Outcome
from gristmill.errors import UsageError
from gristmill.records import (
    Dataset,
    EventKind,
    Model,
    Run,
    RunStatus,
    Upload,
    UploadStatus,
    new_id,
    replace,
)
from services.catalogs import a_dataset, add_runs, an_upload, model_of, run_on

WHOLE = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: WHOLE,
    float: FLOATS,
    bool: st.booleans(),
    type(None): st.none(),
    Any: JSON,
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of that type, as records annotate it."""
    if kind in PLAIN:
        return PLAIN[kind]
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([values(part) for part in inner])
    if origin is dict:
        return st.dictionaries(values(inner[0]), values(inner[1]), max_size=2)
    if origin is tuple and inner[-1] is Ellipsis:
        return st.lists(values(inner[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, inner))
    if issubclass(kind, StrEnum):
        return st.sampled_from(list(kind))
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{field.name: values(hints[field.name]) for field in dataclasses.fields(kind)})


# The fixture's catalog is used by all examples; each brings ids of its own.
many = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(upload=values(Upload))
def test_uploads(catalog: Catalog, upload: Upload) -> None:
    upload = replace(upload, id=new_id("upload"), project_id=catalog.projects.ensure("mill").id)
    assert catalog.uploads.add(upload) == upload == catalog.uploads.get(upload.id)


@many
@given(dataset=values(Dataset))
def test_datasets(catalog: Catalog, dataset: Dataset) -> None:
    upload = an_upload(catalog)
    catalog.uploads.settle(upload.id, UploadStatus.RECEIVED)
    dataset = replace(dataset, id=new_id("dataset"), project_id=upload.project_id, upload_id=upload.id)
    added = catalog.datasets.add(dataset)
    assert added == replace(dataset, version=added.version) == catalog.datasets.get(dataset.id)


@many
@given(run=values(Run))
def test_runs(catalog: Catalog, run: Run) -> None:
    known = run_on(a_dataset(catalog))
    new = replace(
        run,
        id=known.id,
        project_id=known.project_id,
        dataset_id=known.dataset_id,
        upload_id=None,
        status=RunStatus.QUEUED,
        fence=0,
        resumed_from=None,
    )
    assert catalog.runs.add(new) == new == catalog.runs.get(new.id)
    assert new in catalog.runs.list(limit=1000)


@many
@given(outcome=values(Outcome), model=values(Model), body=values(dict[str, Any]), kind=values(EventKind))
def test_what_a_run_leaves(
    catalog: Catalog, outcome: Outcome, model: Model, body: dict[str, Any], kind: EventKind
) -> None:
    (run,) = add_runs(catalog, 1)
    claimed = catalog.runs.claim("worker", 60, only=run.id)
    assert claimed is not None
    (event,) = catalog.events.add(run.id, 1, [(kind, body)])
    assert (event.kind, event.body) == (kind, body)
    assert catalog.events.after(run.id) == (event,)
    model = replace(model, id=new_id("model"), run_id=run.id, project_id=run.project_id)
    done = catalog.runs.finish(run.id, 1, replace(outcome, status=RunStatus.SUCCEEDED), model)
    assert done == catalog.runs.get(run.id)
    for name in ("salvaged", "score", "leaderboard", "seconds", "artifacts", "failure"):
        assert getattr(done, name) == getattr(outcome, name)
    kept = catalog.models.get(model.id)
    assert kept == replace(model, version=kept.version)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a\udcff"},  # a file name that is not UTF-8, as Python reads it
        {"seed": 2**63},
        {"seconds": {"fit": float("nan")}},
        {"settings": {"when": {1, 2}, "what": object()}},
    ],
    ids=["surrogate", "long", "nan", "object"],
)
def test_what_would_not_come_back_is_refused(catalog: Catalog, wrong: dict[str, Any]) -> None:
    run = run_on(a_dataset(catalog), **wrong)
    with pytest.raises(UsageError, match="cannot keep"):
        catalog.runs.add(run)
    assert catalog.runs.list() == ()


def test_a_nul_is_kept_or_refused_never_cut(catalog: Catalog) -> None:
    run = run_on(a_dataset(catalog), name="a\0b", settings={"text": "c\0d"})
    try:
        catalog.runs.add(run)
    except UsageError:
        kept = catalog.runs.add(replace(run, name="ab"))
        assert kept.settings == run.settings
    else:
        assert catalog.runs.get(run.id) == run


def test_a_score_that_is_no_number_is_none(catalog: Catalog) -> None:
    (run,) = add_runs(catalog, 1)
    catalog.runs.claim("worker", 60)
    outcome = Outcome(status=RunStatus.SUCCEEDED, score=float("nan"))
    assert catalog.runs.finish(run.id, 1, outcome, model_of(run)).score is None


def test_the_dataset_of_a_list_is_the_dataset(catalog: Catalog) -> None:
    dataset = a_dataset(catalog)
    (entry,) = catalog.datasets.list()
    assert all(getattr(entry, field.name) == getattr(dataset, field.name) for field in dataclasses.fields(entry))
