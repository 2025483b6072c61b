"""The wizard's page for admins, and its ways to delete, driven as a browser drives them against a real platform."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("anywidget")

from gristmill.catalog import Outcome
from gristmill.mill import Mill
from gristmill.records import (
    Artifact,
    Limits,
    Power,
    Run,
    RunStatus,
    Stage,
    Subject,
    Who,
)
from services.catalogs import model_of
from test_wizard_pages import Visitor, a_run, dataset_of, mill

__all__ = ["mill"]

ROOT = Who(name="root", powers=frozenset(Power))


@pytest.fixture
def olga(mill: Mill) -> Mill:
    return mill.on_behalf(
        Who(name="olga", teams=("millers",), powers=frozenset({Power.USE, Power.TRAIN, Power.DEPLOY}))
    )


def finished(mill: Mill, run: Run) -> Run:
    """The run as it ends with a model, with what its worker leaves in the store."""
    parts = mill._parts
    held = parts.catalog.runs.claim("mill:7", 60, only=run.id)
    assert held is not None
    key = f"runs/{run.id}/1/model.zip"
    parts.store.put_bytes(key, b"12345")
    left = (Artifact(name="model", key=key, size=5, sha256="ab"),)
    return parts.catalog.runs.finish(
        run.id, 1, Outcome(status=RunStatus.SUCCEEDED, artifacts=left), model_of(run, key=key)
    )


def acts(visitor: Visitor) -> set[Any]:
    return {(at.get("data-act"), at.get("data-value")) for _, at in visitor.elements}


# --- admins ----------------------------------------------------------------------------------------------------------


def test_an_admin_sees_what_runs_whose_it_is_and_ends_it(mill: Mill, olga: Mill, tmp_path: Path) -> None:
    visitor = Visitor(mill.on_behalf(ROOT)).comes("admin")
    assert "Nothing runs, and nothing waits." in visitor.sees
    assert "No worker is there" in visitor.sees
    dataset = dataset_of(olga, tmp_path)
    goes, waits = a_run(olga, dataset, name="grain"), a_run(olga, dataset, name="flour")
    mill._parts.catalog.seeing.beat("mill.example.org:7")
    mill._parts.catalog.seeing.beat("idle:8")
    mill._parts.catalog.runs.claim("mill.example.org:7", 60, only=goes.id)
    visitor.does("refresh")
    for said in ("grain", "flour", "olga", "mill.example.org", "alive", "waits for work"):
        assert said in visitor.sees
    assert "No worker is there" not in visitor.sees
    visitor.does("cancel", waits.id)  # nobody was asked
    assert olga.run(waits.id).status is RunStatus.QUEUED
    visitor.does("doubt", waits.id)
    assert "Cancel “flour” of olga?" in visitor.sees
    visitor.does("cancel", waits.id)
    assert olga.run(waits.id).status is RunStatus.CANCELLED
    assert "flour" not in visitor.sees


def test_an_admin_sees_who_is_there_and_what_they_used(mill: Mill, olga: Mill, tmp_path: Path) -> None:
    finished(olga, a_run(olga, dataset_of(olga, tmp_path)))
    visitor = Visitor(mill.on_behalf(ROOT)).comes("admin")
    for said in ("olga", "millers", "owns 1", "just now", "5 B"):
        assert said in visitor.sees
    assert ("whom", "person olga") in acts(visitor)
    assert not [at for _, at in visitor.elements if str(at.get("href", "")).endswith("/hub/people")]


def test_on_a_hub_people_are_let_in_by_the_hub(mill: Mill) -> None:
    class OnHub:
        """The platform, as a hub serves it."""

        url = "https://hub.example.org/lab/services/gristmill/"

        def __getattr__(self, name: str) -> Any:
            return getattr(mill.on_behalf(ROOT), name)

    visitor = Visitor(OnHub()).comes("admin")
    assert "/lab/hub/people" in [at.get("href") for _, at in visitor.elements]


def test_quotas_are_everybodys_a_persons_or_a_teams(mill: Mill) -> None:
    root = mill.on_behalf(ROOT)
    visitor = Visitor(root).comes("admin").does("limit", runs_at_once="2", largest_budget="4")
    visitor.does("own", kind="person", name=" ada ")
    assert "What ada may use" in visitor.sees
    begun = {at.get("name"): at.get("value") for name, at in visitor.elements if name == "input"}
    assert (begun["runs_at_once"], begun["largest_budget"]) == ("2", "4")  # they begin as everybody's
    visitor.does("limit", runs_at_once="8", storage="1.5")
    visitor.does("own", kind="team", name="millers").does("limit", money="100")
    assert list(root.limits()) == [
        Limits(kind=Subject.EVERYBODY, runs_at_once=2, largest_budget=14400.0),
        Limits(kind=Subject.PERSON, name="ada", runs_at_once=8, storage=1_500_000_000),
        Limits(kind=Subject.TEAM, name="millers", money=100.0),
    ]
    visitor.does("whom", "team millers")
    assert "What the team millers may use together" in visitor.sees
    visitor.does("limit", money="much")
    assert "wants a number" in visitor.sees
    visitor.does("whom", "nobody at all").does("unlimit", "person ada")
    assert [one.kind for one in root.limits()] == [Subject.EVERYBODY, Subject.TEAM]


def test_nobody_else_sees_any_of_it(olga: Mill) -> None:
    visitor = Visitor(olga).comes("admin")
    assert visitor.app.page.why is not None
    assert "Workers" not in visitor.sees
    visitor.does("whom", "person root").does("limit", runs_at_once="9")
    assert "custom:gristmill:admin" in visitor.sees or "may not" in visitor.sees


# --- deleting --------------------------------------------------------------------------------------------------------


def test_a_run_is_deleted_where_the_work_is_listed(olga: Mill, tmp_path: Path) -> None:
    dataset = dataset_of(olga, tmp_path)
    run, goes = finished(olga, a_run(olga, dataset, name="grain")), a_run(olga, dataset, name="flour")
    visitor = Visitor(olga).comes("home")
    assert ("doubt", run.id) in acts(visitor)
    assert ("doubt", goes.id) not in acts(visitor)  # it is not over
    visitor.does("delete", run.id)
    assert olga.run(run.id) == run  # nobody was asked
    visitor.does("doubt", run.id)
    assert "Delete the run “grain” for good, with its model" in visitor.sees
    visitor.does("spare")
    assert "for good" not in visitor.sees
    visitor.does("doubt", run.id).does("delete", run.id)
    assert [one.id for one in olga.runs()] == [goes.id]
    assert olga.models() == ()
    assert visitor.app.screen.said == "Deleted."


def test_a_model_is_deleted_on_its_page_and_its_run_stays(olga: Mill, tmp_path: Path) -> None:
    run = finished(olga, a_run(olga, dataset_of(olga, tmp_path), name="grain"))
    visitor = Visitor(olga).comes(f"run/{run.id}?show=about")
    assert "Delete the model only" in visitor.sees
    visitor.does("doubt", "model")
    assert "Its run stays" in visitor.sees
    olga.stage(str(run.model_id), Stage.PRODUCTION)
    visitor.does("delete", "model")
    assert "is in production. Put another version into production" in visitor.sees
    assert olga.models() != ()
    visitor.does("stage", "retired")
    assert olga.model(run.id).stage is Stage.RETIRED
    visitor.does("doubt", "model").does("delete", "model")
    assert olga.models() == ()
    assert "The model of this run was deleted." in visitor.sees
    visitor.does("doubt", "run").does("delete", "run")
    assert visitor.at == "home"
    assert olga.runs() == ()


def test_a_model_is_deleted_among_the_files(olga: Mill, tmp_path: Path) -> None:
    run = finished(olga, a_run(olga, dataset_of(olga, tmp_path)))
    visitor = Visitor(olga).comes("files").does("doubt", run.model_id)
    assert "Delete the model “flour”, version 1, for good?" in visitor.sees
    visitor.does("delete", run.model_id)
    assert olga.models() == ()
    assert [one.id for one in olga.runs()] == [run.id]


@pytest.mark.parametrize("ends", [lambda mill, run: mill.cancel(run.id)])
def test_what_left_no_model_is_deleted_on_its_page(
    olga: Mill, tmp_path: Path, ends: Callable[[Mill, Run], object]
) -> None:
    run = a_run(olga, dataset_of(olga, tmp_path))
    visitor = Visitor(olga).comes(f"run/{run.id}")
    assert "Delete the run" not in visitor.sees
    ends(olga, run)
    visitor.comes(f"run/{run.id}")
    visitor = Visitor(olga).comes(f"run/{run.id}").does("doubt", "run")
    assert "with all that it has left" in visitor.sees
    visitor.does("delete", "run")
    assert (visitor.at, olga.runs()) == ("home", ())
