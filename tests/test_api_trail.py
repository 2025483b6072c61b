"""What holds for all routes of a kind: each change and each download is written down, each list has an end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.apis import listening, make_service
from test_api_roles import CALLS, ROUTES, World

# These only look, or say that one has looked.
LOOKS = {
    "POST /datasets/{dataset_id}/proposal",
    "POST /weights/check",
    "POST /me/notices/read",
}
CHANGES = [route for route in ROUTES if not route.startswith("GET ") and route not in LOOKS]
DOWNLOADS = [route for route, spec in ROUTES.items() if 307 in spec.also or route.endswith("/folder")]
# Few by their nature, or (events, invitations, recipes) cut off by the Mill: they come whole.
WHOLE = {
    "GET /projects/{ref}/members",
    "GET /projects/{ref}/invitations",
    "GET /runs/{run_id}/events",
    "GET /recipes",
    "GET /weights",
    "GET /me/webhooks",
    "GET /admin/limits",
    "GET /admin/workers",
    "GET /admin/settings",
}
LISTS = [route for route, spec in ROUTES.items() if spec.many and route not in WHOLE]
MOST = 200


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with listening(make_service(tmp_path_factory.mktemp("trail") / "home")) as api:
        yield World(api)


@pytest.mark.parametrize("route", dict.fromkeys((*CHANGES, *DOWNLOADS)))
def test_each_change_and_each_download_is_written_down(world: World, route: str) -> None:
    path, body = CALLS[route](world)
    name, powers = ("root", "admin") if ROUTES[route].who == "admin" else ("olga", "use,train,deploy")
    before = {deed.id for deed in world.parts.catalog.deeds.list(limit=1000)}
    with world.api.client(name, powers=powers) as client:
        answer = client.request(route.split(" ")[0], path, json=body)
    assert answer.status_code < 500
    new = [deed for deed in world.parts.catalog.deeds.list(limit=1000) if deed.id not in before]
    assert [(deed.who, deed.address) for deed in new] == [(name, "127.0.0.1")], answer.text[:200]
    assert (new[0].outcome == "done") is (answer.status_code < 400)


@pytest.mark.parametrize("route", LISTS)
def test_each_list_has_an_end(world: World, route: str) -> None:
    path, _ = CALLS[route](world)
    joined = "&" if "?" in path else "?"
    with world.api.client("root", powers="admin") as client:
        told = client.get(path).raise_for_status().json()
        assert len(told["items"]) <= MOST
        for limit in (0, MOST + 1):
            assert client.get(f"{path}{joined}limit={limit}").status_code == 422
