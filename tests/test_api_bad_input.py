"""Whatever is sent, the API answers: no 500, no traceback, no hang, and the catalog can be read afterwards.

Every route is called by schemathesis with what fits its description and with what does not, on things that exist and on
things that do not. Bodies of any JSON whatever are sent to every route that takes one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gristmill.api.app import routed
from gristmill.api.openapi import document
from services.apis import Api, a_table, listening, make_service, send
from test_api_roles import World

SCHEMA = schemathesis.openapi.from_dict(json.loads(json.dumps(document(routed("")))))
FEW = settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
TAKING = sorted(
    (method.upper(), path)
    for path, operations in document(routed(""))["paths"].items()
    for method, operation in operations.items()
    if "requestBody" in operation
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
ODD_NAMES = (
    "../../etc/passwd", "..", ".", "", " ", "a/b.csv", "a\\b.csv", "a\x00b.csv", "a\r\nX-Evil: 1.csv", "x" * 300,
    "\u202egnp.csv", "CON\x1b[2J", "a\x7f",
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with listening(make_service(tmp_path_factory.mktemp("bad") / "home")) as api:
        yield World(api)


@pytest.fixture(scope="module")
def known(world: World) -> dict[str, str]:
    """Things that exist, by the name of the parameter that takes them."""
    return {
        "ref": world.project.id,
        "upload_id": world.upload(),
        "dataset_id": world.dataset(),
        "run_id": world.ended(),
        "model_id": world.model(),
        "invitation_id": world.invitation(),
        "kind": "person",
        "name": "guest",
        "source": "tabular",
    }


def fine(answer: Any) -> None:
    """An answer that a person could live with."""
    assert answer.status_code != 500, answer.text
    assert b"Traceback" not in answer.content
    if answer.status_code >= 400:
        told = answer.json()
        assert told["status"] == answer.status_code
        assert told["title"]


@pytest.mark.parametrize("exists", [True, False])
@SCHEMA.parametrize()
@FEW
def test_no_route_is_broken_by_what_is_asked(case: Any, world: World, known: dict[str, str], exists: bool) -> None:
    if exists:
        case.path_parameters = {name: known.get(name, value) for name, value in (case.path_parameters or {}).items()}
    if case.path.endswith("/events"):
        case.query = {**(case.query or {}), "wait": 0}  # nobody speaks: it would wait for nothing
    headers = {"Authorization": "Bearer root||admin"}
    fine(case.call(base_url=world.api.url, headers=headers, allow_redirects=False, timeout=20))


@pytest.mark.parametrize(("method", "path"), TAKING)
def test_no_body_breaks_a_route(world: World, known: dict[str, str], method: str, path: str) -> None:
    url = path.format_map(known)

    @FEW
    @given(body=JSON)
    def ask(body: Any) -> None:
        fine(client.request(method, url, json=body))

    with world.api.client("root", powers="admin") as client:
        ask()


@pytest.mark.parametrize(("method", "path"), TAKING)
def test_what_is_no_json_is_refused(world: World, known: dict[str, str], method: str, path: str) -> None:
    junk = (
        b"\xff\xfe",
        b"{",
        b'{"a":' * 5000,
        b'{"a": 1e999}',
        b'"\\ud800"',
        b"\x00",
        b"1",
    )
    with world.api.client("root", powers="admin") as client:
        for body in junk:
            answer = client.request(method, path.format_map(known), content=body)
            fine(answer)
            assert answer.status_code in (404, 409, 422), (body[:20], answer.text)


def test_odd_names_of_files_are_refused_or_harmless(world: World) -> None:
    with world.api.client("olga") as client:
        for name in ODD_NAMES:
            answer = client.post("/uploads", json={"name": name, "size": 1, "project": "mill"})
            fine(answer)
            assert answer.status_code == 422, name
        for name in (
            "Gemüse 日本.csv",
            "a b.csv",
            'qu"ote.csv',
            "semi;colon.csv",
            "%2e%2e%2f.csv",
            "-rf.csv",
            "=1+1.csv",
        ):
            upload = send(client, a_table(), name, project="mill")
            assert (upload["name"], upload["status"]) == (name, "received")


def test_numbers_out_of_range_are_refused(world: World) -> None:
    with world.api.client("olga", powers="use,train") as client:
        for size in (-1, 2**63, 2**200, 1.5, "1", None, True):
            answer = client.post("/uploads", json={"name": "a.csv", "size": size})
            assert answer.status_code == 422, (size, answer.text)
        dataset = world.dataset()
        for budget in (-1, 0, 1e300, "60", float(2**40)):
            answer = client.post("/runs", json={"dataset_id": dataset, "budget": budget})
            assert answer.status_code == 422, (budget, answer.text)
        for seed in (2**63, -(2**64), 1.5):
            answer = client.post("/runs", json={"dataset_id": dataset, "seed": seed})
            assert answer.status_code == 422, (seed, answer.text)
        settings_too_deep = {"dataset_id": dataset, "settings": json.loads("[" * 400 + "]" * 400)}
        assert client.post("/runs", json=settings_too_deep).status_code == 422


def test_a_body_without_end_is_cut_off(world: World) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield b" " * 65536

    with world.api.client("root", powers="admin") as client:
        try:
            answer = client.post("/projects", content=endless())
        except httpx.WriteError:
            return  # the connection was closed while we were still sending
        assert answer.status_code == 413


def test_headers_may_be_anything(world: World) -> None:
    with httpx.Client(base_url=world.api.url) as client:
        for value in (b"Bearer \xff", b"Bearer " + b"x" * 5000, b"Bearer", b"Bearer a b c", b"token \x01"):
            assert client.get("/runs", headers={b"Authorization": value}).status_code in (400, 401)
        for tag in ("*", '"', "W/", '"' * 3000, "x, y"):
            headers = {"If-None-Match": tag, "Authorization": "Bearer root||admin"}
            assert client.get("/me", headers=headers).status_code == 200


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Api]:
    with listening(make_service(tmp_path / "home")) as served:
        yield served


def test_a_name_from_a_file_never_becomes_a_header(small: Api) -> None:
    with small.client() as client:
        upload = send(client, a_table(), 'a";filename=evil.exe;x=".csv')
        dataset = client.post("/datasets", json={"upload_id": upload["id"]}).json()
        run = client.post("/runs", json={"dataset_id": dataset["id"], "name": "x\r\nSet-Cookie: a=b", "budget": 60})
        fine(run)
        assert run.status_code == 422
