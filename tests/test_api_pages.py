"""Every list that can grow comes in pages, and a client follows them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gristmill.api.app import routed
from gristmill.api.openapi import routes_of
from gristmill.client.connecting import Address
from gristmill.client.hub import Hub, calling
from gristmill.records import Limits, Membership, SavedRecipe, Subject
from services.apis import Api, badge

MANY = 5
OF_THEIR_OWN = {"/runs/{run_id}/events": {"after", "wait"}, "/admin/settings": set[str]()}


def recipes(api: Api, project_id: str) -> None:
    for number in range(MANY):
        recipe = SavedRecipe(
            id=f"recipe-{number}", project_id=project_id, name="flour", version=0, task="tabular-regression",
            public=False, key=f"recipes/{number}.ipynb", sha256="ab", created_at=float(number),
        )  # fmt: skip
        api.service.parts.catalog.recipes.add(recipe)


def members(api: Api, project_id: str) -> None:
    for number in range(50 + MANY):  # more than a page has unless somebody says how many
        api.mill().share(project_id, f"mühle {number}", Membership.VIEWER)


def invitations(api: Api, project_id: str) -> None:
    for _ in range(MANY):
        api.mill().invite(project_id, Membership.VIEWER)


def webhooks(api: Api, project_id: str) -> None:
    for number in range(MANY):
        api.mill().add_webhook(f"http://127.0.0.1:9/{number}", project=project_id)


def limits(api: Api, _: str) -> None:
    api.service.parts.catalog.fair_use.limits.put(Limits(kind=Subject.EVERYBODY, queued_runs=9))
    for kind in (Subject.PERSON, Subject.TEAM):
        for name in ("ada", "bob"):
            api.service.parts.catalog.fair_use.limits.put(Limits(kind=kind, name=name, queued_runs=9))


def workers(api: Api, _: str) -> None:
    for number in range(MANY):
        api.service.parts.catalog.seeing.beat(f"worker {number}")


def weights(api: Api, _: str) -> None:
    del api  # a list of them comes with the platform


LISTS: dict[str, tuple[Callable[[Api, str], None], str, Callable[[Hub, str], Any]]] = {
    "members": (members, "/projects/{id}/members", lambda hub, id: hub.members(id)),
    "invitations": (invitations, "/projects/{id}/invitations", lambda hub, id: hub.invitations(id)),
    "recipes": (recipes, "/recipes?project={id}", lambda hub, id: hub.recipes(id)),
    "webhooks": (webhooks, "/me/webhooks?project={id}", lambda hub, id: hub.webhooks(id)),
    "limits": (limits, "/admin/limits", lambda hub, _: hub.limits()),
    "workers": (workers, "/admin/workers", lambda hub, _: hub.workers()),
    "weights": (weights, "/weights", lambda hub, _: hub.weights()),
}


def asked(client: httpx.Client, path: str, **query: Any) -> httpx.Response:
    url = httpx.URL(path)
    return client.get(url.copy_merge_params({name: value for name, value in query.items() if value is not None}))


@pytest.mark.parametrize("name", LISTS)
def test_pages_of_a_list_meet_and_a_client_follows_them(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    fill, path, listed = LISTS[name]
    project_id = api.mill().make_project("mill").id
    fill(api, project_id)
    monkeypatch.setattr(calling, "MOST", 2)
    powers = "use,train,admin"
    with api.client(powers=powers) as client, Hub(Address.of(api.url, badge("olga", powers=powers)), tmp_path) as hub:
        path = path.format(id=project_id)
        whole = asked(client, path, limit=200).json()
        assert len(whole["items"]) >= MANY
        assert whole["next"] is None
        seen: list[Any] = []
        cursor: str | None = None
        while cursor is not None or not seen:
            page = asked(client, path, limit=2, cursor=cursor).json()
            assert 0 < len(page["items"]) <= 2
            seen += page["items"]
            cursor = page["next"]
        assert seen == whole["items"]
        assert len(listed(hub, project_id)) == len(seen)
        assert asked(client, path, cursor="gone").status_code == 404
        assert asked(client, path, limit=0).status_code == 422


def test_no_list_is_without_pages() -> None:
    found = {}
    for route in routes_of(routed("")):
        if route.endpoint.gristmill.many:  # type: ignore[attr-defined]
            found[route.path] = {one.name for one in route.dependant.query_params}
    assert {path: names for path, names in found.items() if not {"limit", "cursor"} <= names} == OF_THEIR_OWN
