"""Where a visitor's page may send files: what stores say, whom the API tells it, and what the service believes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gristmill.records import Membership, OwnStore, Project, new_id
from gristmill.stores import open_store
from gristmill.stores.registry import open_with
from services.apis import Api, badge
from services.troubles import StagedHub

AWS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "of-nobody"}
AZURE = {"azure_storage_key": "a2V5"}


# --- a store of each kind --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "credentials", "origin"),
    [
        ("s3://mill?region=eu-central-1", AWS, "https://mill.s3.eu-central-1.amazonaws.com"),
        ("s3://mill/below?region=us-east-1", AWS, "https://mill.s3.amazonaws.com"),
        ("s3://mill.two?region=eu-central-1", AWS, "https://s3.eu-central-1.amazonaws.com"),
        ("s3://mill?endpoint=http://Minio.lab:9000/", AWS, "http://minio.lab:9000"),
        ("az://grain/below?account=mill", AZURE, "https://mill.blob.core.windows.net"),
        ("az://grain?account=mill&endpoint=http://127.0.0.1:10000/mill", AZURE, "http://127.0.0.1:10000"),
    ],
)
def test_a_store_with_credentials_says_where_browsers_send_to(
    url: str, credentials: dict[str, str], origin: str
) -> None:
    assert open_with(url, credentials).origin == origin


def test_a_store_of_the_platforms_says_so_too(tmp_path: Path) -> None:
    assert open_store("gs://mill").origin == "https://storage.googleapis.com"
    assert open_store("gs://mill?endpoint=http://127.0.0.1:4443").origin == "http://127.0.0.1:4443"
    assert open_store(tmp_path.as_uri()).origin is None
    assert open_store(f"{tmp_path.as_uri()}?door=https://hub.example/store").origin == "https://hub.example"


# --- whom the API tells ----------------------------------------------------------------------------------------------


def a_project(api: Api, url: str, credentials: dict[str, str]) -> Project:
    """A project with a store of its own, which nobody has tried."""
    project = api.mill().make_project(new_id("p"))
    store = OwnStore(
        id=new_id("store"), created_at=1.0, project_id=project.id, url=url, who="olga", updated_at=1.0, credentials=""
    )
    api.service.parts.catalog.stores.put(store, credentials)
    return project


def told(api: Api, name: str, powers: str = "use") -> list[str]:
    with api.client(name, powers=powers) as client:
        answer = client.get("/uploads/origins")
    assert "AKIA" not in answer.text
    found: list[str] = answer.json()["origins"]
    return found


def test_who_may_put_into_a_project_is_told_where_its_store_is_and_nobody_else(api: Api) -> None:
    bucket, account = "https://mill.s3.eu-central-1.amazonaws.com", "https://mill.blob.core.windows.net"
    first = a_project(api, "s3://mill?region=eu-central-1", AWS)
    a_project(api, "az://grain?account=mill", AZURE)
    a_project(api, "az://chaff?account=mill", AZURE)  # at the same address
    api.mill().share(first.id, "emil", Membership.EDITOR)
    api.mill().share(first.id, "vera", Membership.VIEWER)
    assert sorted(told(api, "olga")) == sorted([bucket, account])
    assert told(api, "emil") == [bucket]
    assert told(api, "vera") == told(api, "sten") == []
    assert sorted(told(api, "anna", "admin")) == sorted([bucket, account])

    api.mill().drop_store(first.id)
    assert told(api, "emil") == []


def test_a_store_that_cannot_be_opened_hides_no_other(api: Api) -> None:
    a_project(api, "az://grain?account=mill", AZURE)
    a_project(api, "s3://mill?region=eu-central-1", {"aws_access_key_id": "half"})
    assert told(api, "olga") == ["https://mill.blob.core.windows.net"]


# --- what the page's service believes --------------------------------------------------------------------------------


def test_only_origins_get_into_a_pages_policy(staged_hub: StagedHub) -> None:
    from gristmill_widgets.service.origins import origins_of

    honest = "https://mill.s3.eu-central-1.amazonaws.com"
    hostile = ["https://x.example; script-src *", "*", "https://x.example/path", "javascript:alert(1)"]
    staged_hub.will(200, {"origins": [honest, *hostile]})
    staged_hub.will(200, {"origins": [honest, 7]})
    staged_hub.will(200, {"origins": None})
    staged_hub.will(200, ["origins"])
    staged_hub.will(200, b"<html>")
    staged_hub.will(302, b"", Location=staged_hub.url)
    staged_hub.will(401, b"")
    asked = [asyncio.run(origins_of(staged_hub.url, "a-token")) for _ in range(7)]
    assert asked == [(honest,), *[()] * 6]
    assert {path for _, path, _ in staged_hub.asked} == {"/uploads/origins"}
    assert {headers["Authorization"] for _, _, headers in staged_hub.asked} == {"Bearer a-token"}


def test_a_page_opens_without_them_where_nobody_answers() -> None:
    from gristmill_widgets.service.origins import origins_of

    assert asyncio.run(origins_of("http://127.0.0.1:9/", badge("olga"))) == ()
