"""Who is asking on a JupyterHub: a real one with its proxy, and one that is staged to be slow, wrong or away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gristmill.api.hub import HubIdentity
from gristmill.errors import HubAway, NotAllowed, NotSignedIn
from gristmill.records import Power, Who
from services.jupyterhubs import Hub


class StagedHub(httpx.AsyncBaseTransport):
    """Answers /hub/api/user as a test says, and counts."""

    def __init__(self) -> None:
        self.status, self.asked = 200, 0
        self.told: Any = {
            "kind": "user", "name": "olga", "groups": ["bakers"],
            "scopes": ["read:self", "custom:gristmill:train", "custom:other:admin"],
        }  # fmt: skip

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        await asyncio.sleep(0.01)
        assert str(request.url) == "http://hub/hub/api/user"
        if self.status == 0:
            raise httpx.ConnectError("refused")
        if request.headers["Authorization"] != "token good":
            return httpx.Response(403, json={"message": "no"})
        return httpx.Response(self.status, json=self.told)


class Clock:
    """Stands still until it is moved."""

    time = 1000.0

    def __call__(self) -> float:
        return self.time


def staged() -> tuple[HubIdentity, StagedHub, Clock]:
    hub, clock = StagedHub(), Clock()
    return HubIdentity("http://hub/hub/api/", transport=hub, clock=clock), hub, clock


def whose(identity: HubIdentity, token: str = "good") -> Who:
    return asyncio.run(identity.of_token(token))


def test_scopes_are_powers_and_groups_are_teams() -> None:
    identity, hub, _ = staged()
    assert whose(identity) == Who(name="olga", teams=("bakers",), powers=frozenset({Power.USE, Power.TRAIN}))
    for scopes, powers in (
        ([], set()),
        (["admin:users", "custom:gristmill:"], set()),
        (["custom:gristmill:use"], {Power.USE}),
        (["custom:gristmill:admin!user=olga"], set()),  # narrowed to something: not the whole power
        (["custom:gristmill:admin"], {Power.USE, Power.ADMIN}),
    ):
        identity, hub, _ = staged()
        hub.told["scopes"] = scopes
        assert whose(identity).powers == powers


def test_a_service_is_nobodys_namesake_and_nobody_is_the_machine() -> None:
    identity, hub, _ = staged()
    hub.told |= {"kind": "service", "name": "nightly"}
    assert whose(identity).name == "service:nightly"
    identity, hub, _ = staged()
    hub.told["name"] = "local"
    with pytest.raises(NotAllowed):
        whose(identity)


def test_what_a_hub_said_is_believed_for_a_minute() -> None:
    identity, hub, clock = staged()
    assert [whose(identity).name for _ in range(5)] == ["olga"] * 5
    assert hub.asked == 1
    hub.status = 0
    clock.time += 59
    assert whose(identity).name == "olga"
    clock.time += 2
    with pytest.raises(HubAway, match="cannot be asked"):
        whose(identity)
    hub.status = 200
    assert whose(identity).name == "olga"  # work resumes by itself


def test_a_wrong_token_does_not_burden_the_hub() -> None:
    identity, hub, clock = staged()
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            whose(identity, "bad")
    assert hub.asked == 1
    clock.time += 11
    with pytest.raises(NotSignedIn):
        whose(identity, "bad")
    assert hub.asked == 2


def test_many_who_come_with_one_token_ask_once() -> None:
    identity, hub, _ = staged()

    async def many() -> list[Who]:
        return await asyncio.gather(*(identity.of_token("good") for _ in range(50)))

    assert {who.name for who in asyncio.run(many())} == {"olga"}
    assert hub.asked == 1


@pytest.mark.parametrize("told", [None, [], {}, {"name": None}, {"name": ""}, "html"])
def test_a_hub_that_talks_nonsense_is_as_good_as_away(told: object) -> None:
    identity, hub, _ = staged()
    hub.told = told
    with pytest.raises(HubAway):
        whose(identity)


def test_scopes_that_are_none_are_no_powers() -> None:
    for scopes in (7, "custom:gristmill:admin", [7, None], {"custom:gristmill:admin": 1}):
        identity, hub, _ = staged()
        hub.told["scopes"] = scopes
        assert whose(identity).powers == frozenset()


def test_a_hub_that_fails_is_waited_for() -> None:
    identity, hub, _ = staged()
    for hub.status in (500, 502, 429):
        with pytest.raises(HubAway):
            whose(identity)
    hub.status = 200
    assert whose(identity).name == "olga"


# --- a real one ------------------------------------------------------------------------------------------------------


def client(hub: Hub, token: str) -> httpx.Client:
    return httpx.Client(base_url=hub.service, headers={"Authorization": f"token {token}"}, timeout=60)


def status(asked: Callable[[], httpx.Response]) -> int:
    return asked().status_code


@pytest.mark.slow
def test_people_of_a_hub_work_together(hub: Hub) -> None:
    olga, tina, root = hub.person("olga"), hub.person("tina", "bakers"), hub.person("root")
    with client(hub, olga) as owner, client(hub, tina) as member, client(hub, root) as chief:
        me = owner.get("/me").json()
        assert (me["name"], set(me["powers"]), me["teams"]) == ("olga", {"use", "train"}, [])
        assert member.get("/me").json()["teams"] == ["bakers"]
        assert "admin" in chief.get("/me").json()["powers"]
        project = owner.post("/projects", json={"name": "bread"}).json()
        ref = f"/projects/{project['id']}"
        assert member.get(ref).status_code == 404
        owner.put(f"{ref}/members/team/bakers", json={"membership": "viewer"}).raise_for_status()
        assert member.get(ref).json() == project
        assert member.put(f"{ref}/members/person/tina", json={"membership": "owner"}).status_code == 403
        assert owner.get("/admin/deeds").status_code == 403
        deeds = chief.get("/admin/deeds", params={"action": "member.put"}).json()["items"]
        assert {deed["who"] for deed in deeds} == {"olga", "tina"}


@pytest.mark.slow
def test_a_token_counts_for_no_more_than_its_scopes(hub: Hub) -> None:
    hub.person("nora")
    narrow = hub.token("nora", "access:services!service=gristmill")
    useful = hub.token("nora", "access:services!service=gristmill", "custom:gristmill:use")
    with client(hub, narrow) as one, client(hub, useful) as other, client(hub, "guessed") as stranger:
        assert one.get("/runs").status_code == 403
        assert other.get("/runs").status_code == 200
        refused = other.post("/recipes/trial", json={"source": "tabular"})
        assert refused.json()["detail"] == "It takes the power to train.", refused.text
        assert stranger.get("/runs").status_code == 401


@pytest.mark.slow
def test_a_file_goes_up_through_the_hubs_proxy(hub: Hub) -> None:
    from services.apis import a_table

    with client(hub, hub.person("ursula")) as person:
        begun = person.post("/uploads", json={"name": "grain.csv", "size": len(a_table())}).json()
        (part,) = begun["parts"]
        assert part["url"].startswith("/services/gristmill/store/")
        httpx.put(httpx.URL(hub.url).join(part["url"]), content=a_table()).raise_for_status()
        done = person.post(f"/uploads/{begun['upload']['id']}/complete", json={})
        assert done.json()["status"] == "received"
        (found,) = person.get("/projects", params={"name": "ursula/default"}).json()["items"]
        assert found["owner"] == "ursula"
