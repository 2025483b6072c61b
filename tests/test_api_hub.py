"""Who is asking on a JupyterHub: a real one with its proxy, and one that is staged to be slow, wrong or away."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


# --- browsers --------------------------------------------------------------------------------------------------------

SHOWN = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}


@contextmanager
def browser(hub: Hub) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=hub.url, headers=SHOWN, timeout=60, follow_redirects=True) as opened:
        yield opened


def signed_in(hub: Hub, opened: httpx.Client, name: str, path: str) -> httpx.Response:
    """The page, once the person has filled in the hub's form that it led to."""
    form = opened.get(f"{hub.service}{path}")
    assert (form.url.path, form.status_code) == ("/hub/login", 200)
    (xsrf,) = set(re.findall(r'name="_xsrf" value="([^"]+)"', form.text))
    return opened.post(str(form.url), data={"username": name, "password": "any", "_xsrf": html.unescape(xsrf)})


def cookie(opened: httpx.Client, name: str = "gristmill-session") -> Any:
    return next((one for one in opened.cookies.jar if one.name == name), None)


@pytest.mark.slow
def test_a_browser_is_signed_in_by_the_hub_and_lands_where_it_was_going(hub: Hub) -> None:
    hub.person("bea")
    with browser(hub) as opened:
        page = signed_in(hub, opened, "bea", "/projects?limit=7&name=a%2Fb")
        assert (page.status_code, page.url.path, page.url.query) == (
            200, "/services/gristmill/projects", b"limit=7&name=a%2Fb",
        )  # fmt: skip
        assert page.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        kept = cookie(opened)
        assert (kept.path, kept.has_nonstandard_attr("HttpOnly"), kept.get_nonstandard_attr("SameSite")) == (
            "/services/gristmill", True, "lax",
        )  # fmt: skip
        assert opened.get(f"{hub.service}/me").json()["name"] == "bea"
        assert opened.get(f"{hub.service}/runs/run-0000000000000000/report?inline=").status_code == 404
        assert opened.get(f"{hub.service}/admin/deeds").status_code == 403
        with client(hub, kept.value) as forged:  # it is no token
            assert forged.get("/me").status_code == 401


@pytest.mark.slow
def test_a_cookie_looks_and_does_nothing(hub: Hub) -> None:
    hub.person("cleo")
    with browser(hub) as opened:
        assert signed_in(hub, opened, "cleo", "/me").json()["name"] == "cleo"
        for method in ("POST", "PUT", "DELETE"):
            refused = opened.request(method, f"{hub.service}/projects", json={"name": "forged"})
            assert refused.status_code in (401, 405), method
        behind = ({"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, {"Sec-Fetch-Dest": "iframe"},
                  {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"})  # fmt: skip
        for headers in behind:
            assert opened.get(f"{hub.service}/me", headers=headers).status_code == 401
        assert opened.get(f"{hub.service}/projects").json()["items"] == []


@pytest.mark.slow
def test_who_signs_out_is_out(hub: Hub) -> None:
    hub.person("dora")
    with browser(hub) as opened:
        signed_in(hub, opened, "dora", "/me")
        number = cookie(opened).value
        out = opened.get(f"{hub.service}/logout", follow_redirects=False)
        assert (out.status_code, out.headers["Location"]) == (302, "/hub/home")
        assert cookie(opened) is None
        again = {"Cookie": f"gristmill-session={number}"}
        with httpx.Client(headers=SHOWN | again) as thief:
            sent_on = thief.get(f"{hub.service}/me")
            assert (sent_on.status_code, "/hub/api/oauth2/authorize" in sent_on.headers["Location"]) == (302, True)


@pytest.mark.slow
def test_nobody_is_signed_in_by_a_link_of_somebody_elses(hub: Hub) -> None:
    hub.person("eve")
    with browser(hub) as mallory, browser(hub) as victim:
        signed_in(hub, mallory, "eve", "/me")
        mallory.cookies.delete("gristmill-session")
        begun = mallory.get(f"{hub.service}/me", follow_redirects=False)
        back = mallory.get(f"{hub.url}{begun.headers['Location']}", follow_redirects=False)
        link = httpx.URL(hub.url).join(back.headers["Location"])  # which she keeps, and gives to somebody
        assert link.path == "/services/gristmill/oauth_callback"
        for query in ("", "?code=x", "?state=x.y&code=z", "?error=access_denied"):
            assert victim.get(f"{hub.service}/oauth_callback{query}").status_code == 403
        refused = victim.get(link)
        assert (refused.status_code, refused.json()["code"]) == (403, "not-signed-in")
        assert cookie(victim) is None


@pytest.mark.slow
def test_programs_are_told_in_a_problem_and_pages_for_all_are_for_all(hub: Hub) -> None:
    plain = httpx.get(f"{hub.service}/me")
    assert (plain.status_code, plain.headers["Content-Type"]) == (401, "application/problem+json")
    with browser(hub) as opened:
        assert opened.get(f"{hub.service}/health").status_code == 200
        assert opened.get(f"{hub.service}/nowhere").status_code == 404
