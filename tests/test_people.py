"""Who may see and do what: the gate, memberships, links, and the trail that everybody leaves. On both databases."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from gristmill.catalog import Catalog
from gristmill.errors import Conflict, GristmillError, NotAllowed, NotFound, UsageError
from gristmill.mill import Mill, Parts
from gristmill.notify import Teller, Ways
from gristmill.records import LOCAL, MemberKind, Membership, Power, Run, Who
from gristmill.sandbox.process import ProcessSandbox
from gristmill.stores.local import LocalStore
from services.catalogs import a_dataset, run_on
from services.mills import Notepad

OWNER, EDITOR, VIEWER = Membership
ORDINARY = frozenset({Power.USE, Power.TRAIN})


@pytest.fixture
def mill(catalog: Catalog, tmp_path: Path) -> Mill:
    store, sandbox = LocalStore(tmp_path / "store"), ProcessSandbox(cache=tmp_path / "cache")
    parts = Parts(catalog=catalog, store=store, dispatcher=Notepad(), sandbox=sandbox, home=tmp_path)
    return Mill(parts, Who(name="olga", powers=ORDINARY))


@pytest.fixture
def run(mill: Mill, catalog: Catalog) -> Run:
    """A run in olga's project `mill`."""
    project = mill.make_project("mill")
    return catalog.runs.add(run_on(a_dataset(catalog, project_id=project.id)))


def person(mill: Mill, name: str, *teams: str) -> Mill:
    return mill.on_behalf(Who(name=name, teams=teams, powers=ORDINARY))


def test_a_stranger_cannot_tell_what_is_there(mill: Mill, run: Run) -> None:
    stranger = person(mill, "sam")
    for asked in (stranger.run, stranger.events, stranger.cancel, stranger.dataset):
        told = []
        for id in (run.id if asked != stranger.dataset else run.dataset_id, "run-0000000000000000"):
            with pytest.raises(NotFound) as refused:
                asked(id)
            told.append(str(refused.value).replace(id, "it"))
        assert told[0] == told[1]
    assert stranger.runs() == stranger.datasets() == stranger.projects() == ()
    with pytest.raises(NotFound):
        stranger.runs(project=run.project_id)
    with pytest.raises(NotFound):
        stranger.project("olga/mill")


def test_who_is_made_a_member_is_told_by_whom(mill: Mill, run: Run, catalog: Catalog) -> None:
    for name in ("olga", "vera", "emil"):  # each has asked for something as one of the team
        person(mill, name, "millers").open_upload("grain.csv", 1)
    mill.share(run.project_id, "sam", Membership.VIEWER)
    mill.share(run.project_id, "millers", Membership.EDITOR, MemberKind.TEAM)
    mill.share(run.project_id, "olga", Membership.OWNER)
    Teller(catalog, Ways()).tell()
    told = {name: [news.title for news in catalog.news.list(name)] for name in ("sam", "vera", "emil", "olga")}
    once = ["olga shared olga/mill with you"]
    assert told == {"sam": once, "vera": once, "emil": once, "olga": []}


def test_a_viewer_sees_and_an_editor_changes(mill: Mill, run: Run) -> None:
    mill.share("mill", "vera", VIEWER)
    mill.share("mill", "emil", EDITOR)
    viewer, editor = person(mill, "vera"), person(mill, "emil")
    assert viewer.run(run.id).id == editor.run(run.id).id == viewer.runs("olga/mill")[0].id == viewer.runs()[0].id
    with pytest.raises(NotAllowed, match="It takes an editor of the project; vera is a viewer"):
        viewer.cancel(run.id)
    with pytest.raises(NotAllowed):
        editor.share("olga/mill", "sam", VIEWER)
    assert editor.cancel(run.id).status == "cancelled"


def test_a_team_is_a_member_for_all_who_are_in_it(mill: Mill, run: Run) -> None:
    mill.share("mill", "bakers", VIEWER, MemberKind.TEAM)
    assert person(mill, "tina", "bakers").run(run.id).id == run.id
    with pytest.raises(NotFound):
        person(mill, "bakers").run(run.id)  # a person of that name is not the team
    mill.share("mill", "tina", EDITOR)
    assert person(mill, "tina", "bakers").cancel(run.id)  # the higher of the two counts


def test_each_has_a_default_project_of_their_own(mill: Mill) -> None:
    ids = {mill.make_project("same").id, person(mill, "sam").make_project("same").id}
    assert len(ids) == 2
    assert [project.name for project in person(mill, "sam").projects()] == ["sam/same"]
    with pytest.raises(Conflict):
        mill.make_project("same")
    for name in ("", " ", "a/b", "x" * 101, "line\nbreak", "project-1"):
        with pytest.raises(UsageError):
            mill.make_project(name)


def test_a_project_keeps_an_owner(mill: Mill, run: Run) -> None:
    with pytest.raises(Conflict, match="without an owner"):
        mill.unshare("mill", "olga")
    with pytest.raises(Conflict):
        mill.share("mill", "olga", VIEWER)
    mill.share("mill", "sam", OWNER)
    mill.unshare("mill", "olga")
    with pytest.raises(NotFound):
        mill.run(run.id)
    assert person(mill, "sam").run(run.id)


def test_who_is_a_member_may_leave_but_not_throw_others_out(mill: Mill, run: Run) -> None:
    mill.share("mill", "vera", VIEWER)
    viewer = person(mill, "vera")
    with pytest.raises(NotAllowed):
        viewer.unshare("olga/mill", "olga")
    viewer.unshare("olga/mill", "vera")
    with pytest.raises(NotFound):
        viewer.run(run.id)


def test_a_link_makes_members_until_it_expires_or_is_withdrawn(mill: Mill, run: Run, catalog: Catalog) -> None:
    invitation, token = mill.invite("mill", EDITOR)
    assert token not in str(invitation)
    friend = person(mill, "finn")
    assert friend.accept(token).id == run.project_id
    assert friend.cancel(run.id)
    mill.withdraw(invitation.id)
    with pytest.raises(NotFound):
        person(mill, "late").accept(token)
    old, token = mill.invite("mill", VIEWER)
    catalog.invitations.withdraw(old.id)
    catalog.invitations.add(replace(old, expires_at=time.time() - 1))
    with pytest.raises(NotFound, match="expired"):
        person(mill, "late").accept(token)
    with pytest.raises(UsageError):
        mill.invite("mill", OWNER)


def test_a_link_never_lowers_anybody(mill: Mill) -> None:
    mill.make_project("mill")
    _, token = mill.invite("mill", VIEWER)
    mill.accept(token)
    mill.share("mill", "sam", VIEWER)


def test_an_admin_is_an_owner_everywhere_and_nobody_else_reads_the_trail(mill: Mill, run: Run) -> None:
    admin = mill.on_behalf(LOCAL)
    assert admin.cancel(run.id)
    assert admin.share(run.project_id, "sam", VIEWER)
    with pytest.raises(NotAllowed, match="power to admin"):
        mill.deeds()


def test_who_may_not_train_may_not(mill: Mill, run: Run) -> None:
    looker = mill.on_behalf(Who(name="olga", powers=frozenset({Power.USE})))
    with pytest.raises(NotAllowed, match="custom:gristmill:train"):
        looker.resume(run.id, 60)
    assert looker.run(run.id)


@pytest.mark.parametrize(
    ("does", "action", "outcome"),
    [
        (lambda mill, run: mill.cancel(run.id), "run.cancel", "done"),
        (lambda mill, run: mill.resume(run.id, 60), "run.resume", "conflict"),
        (lambda mill, run: mill.fetch(run.id, "model", Path("x")), "run.fetch", "not-found"),
        (lambda mill, run: person(mill, "sam").cancel(run.id), "run.cancel", "not-found"),
    ],
)
def test_all_that_is_done_or_tried_is_written_down(
    mill: Mill, run: Run, does: Callable[[Mill, Run], object], action: str, outcome: str
) -> None:
    with suppress(GristmillError):
        does(mill, run)
    (deed,) = mill.on_behalf(LOCAL).deeds(action=action)
    assert (deed.thing, deed.outcome) == (run.id, outcome)
    assert deed.who == ("sam" if outcome == "not-found" and action == "run.cancel" else "olga")
