"""Uploads over HTTP: in parts, resumed, verified, expired, swept; and links that are not what they were given for."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from gristmill.catalog import Catalog
from gristmill.looking import Apart
from gristmill.mill import uploads as module
from gristmill.reconciler import sweep_uploads
from gristmill.records import replace
from services.apis import Api, a_table, send

PATIENCE = 60.0


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> int:
    """Parts of a few bytes: the protocol is the same."""
    monkeypatch.setattr(module, "_PART", 1000)
    monkeypatch.setattr(module, "_MOST_PARTS", 1 << 20)
    return 1000


def begin(client: httpx.Client, data: bytes, **more: Any) -> dict[str, Any]:
    begun: dict[str, Any] = client.post("/uploads", json={"name": "a.csv", "size": len(data), **more}).json()
    return begun


def put(client: httpx.Client, part: dict[str, Any], begun: dict[str, Any], data: bytes) -> httpx.Response:
    start = (part["number"] - 1) * begun["part_size"]
    return httpx.put(client.base_url.join(part["url"]), content=data[start : start + part["size"]])


def complete(client: httpx.Client, begun: dict[str, Any], **body: Any) -> httpx.Response:
    return client.post(f"/uploads/{begun['upload']['id']}/complete", json=body)


def test_an_upload_is_gone_on_with_where_it_broke_off(api: Api, small_parts: int) -> None:
    data = os.urandom(4 * small_parts + 5)
    with api.client() as client:
        begun = begin(client, data, sha256=hashlib.sha256(data).hexdigest())
        assert [part["size"] for part in begun["parts"]] == [1000, 1000, 1000, 1000, 5]
        for number in (4, 1):
            assert put(client, begun["parts"][number], begun, data).status_code == 200
        early = complete(client, begun)
        assert (early.status_code, early.json()["code"]) == (409, "parts-missing")
        assert "3 are missing: 1, 3, 4" in early.json()["detail"]
        now = client.get(f"/uploads/{begun['upload']['id']}").json()
        assert [part["number"] for part in now["arrived"]] == [2, 5]
        assert [part["number"] for part in now["parts"]] == [1, 3, 4]
        for part in now["parts"]:
            put(client, part, now, data).raise_for_status()
        done = complete(client, begun).json()
        assert (done["status"], done["sha256"], done["token"]) == (
            "received", hashlib.sha256(data).hexdigest(), None,
        )  # fmt: skip
        assert complete(client, begun).json() == done  # asked again
        key = api.service.parts.catalog.uploads.get(done["id"]).key
        assert api.service.parts.store.read(key) == data


@pytest.mark.parametrize("when", ["said at first", "said at last"])
def test_what_is_not_what_was_sent_is_refused(api: Api, when: str) -> None:
    data, other = a_table(), hashlib.sha256(b"other").hexdigest()
    with api.client() as client:
        begun = begin(client, data, **({"sha256": other} if when == "said at first" else {}))
        put(client, begun["parts"][0], begun, data)
        refused = complete(client, begun, **({"sha256": other} if when == "said at last" else {}))
        assert (refused.status_code, refused.json()["code"]) == (422, "checksum-mismatch")
        now = client.get(f"/uploads/{begun['upload']['id']}").json()
        assert (now["upload"]["status"], now["upload"]["failure"]["code"]) == ("rejected", "checksum-mismatch")
        assert client.post("/datasets", json={"upload_id": begun["upload"]["id"]}).status_code == 409
    assert list(api.service.parts.store.list("uploads")) == []


@pytest.mark.parametrize("piece", [100_000, 8 << 20])
def test_a_sum_of_pieces_will_do(api: Api, piece: int) -> None:
    data = a_table(30_000)
    sums = [hashlib.sha256(data[at : at + piece]).digest() for at in range(0, len(data), piece)]
    told = f"{piece}:{hashlib.sha256(b''.join(sums)).hexdigest()}"
    with api.client() as client:
        for sent in (data, data[:-1] + b"!"):
            begun = begin(client, data)
            put(client, begun["parts"][0], begun, sent)
            assert complete(client, begun, sha256=told).json()["status"] == "received"
            made = client.post("/datasets", json={"upload_id": begun["upload"]["id"]})
            if sent == data:
                assert made.json()["sha256"] == hashlib.sha256(data).hexdigest()
            else:
                assert (made.status_code, made.json()["code"]) == (422, "checksum-mismatch")


@pytest.mark.parametrize("digest", ["", "ab", "z" * 64, "A" * 64, f"8:{'a' * 64}", f":{'a' * 64}"])
def test_what_is_no_digest_is_said_so_and_the_upload_goes_on(api: Api, digest: str) -> None:
    data = a_table()
    with api.client() as client:
        begun = begin(client, data)
        put(client, begun["parts"][0], begun, data)
        refused = complete(client, begun, sha256=digest)
        assert (refused.status_code, refused.json()["title"]) == (422, "This is no SHA-256.")
        assert complete(client, begun).json()["status"] == "received"


def test_a_part_takes_its_own_bytes_and_no_others(api: Api) -> None:
    data = a_table()
    with api.client() as client:
        begun = begin(client, data)
        (part,) = begun["parts"]
        url = client.base_url.join(part["url"])
        assert httpx.put(url, content=data + b"x").status_code == 413
        assert httpx.put(url, content=data[:-1]).status_code == 400
        assert httpx.get(url).status_code == 403
        assert httpx.put(url, content=data).status_code == 200
        assert complete(client, begun).json()["status"] == "received"
        assert httpx.put(url, content=data).status_code == 404  # replayed: the upload is over


def test_links_cannot_be_forged(api: Api) -> None:
    data = a_table()
    with api.client() as client, api.client("sam") as stranger:
        mine, theirs = begin(client, data), begin(stranger, data)
        url = urlsplit(mine["parts"][0]["url"])
        fields = dict(parse_qsl(url.query))
        forged = [
            url._replace(path=urlsplit(theirs["parts"][0]["url"]).path),  # the file of another project
            url._replace(path=url.path + "x"),
            url._replace(path=url.path.replace("/uploads/", "/uploads/%2e%2e/uploads/")),
            *(
                url._replace(query=urlencode(fields | {name: value}))
                for name, value in (("part", "2"), ("size", "9"), ("expires", "99999999999"), ("signature", "0" * 64))
            ),
            url._replace(query=urlencode({k: v for k, v in fields.items() if k != "signature"})),
            url._replace(query=url.query + "&filename=x"),
            url._replace(query=""),
        ]
        for link in forged:
            answer = httpx.put(client.base_url.join(link.geturl()), content=data)
            assert answer.status_code == 403, link
            assert "Traceback" not in answer.text
        assert stranger.get(f"/uploads/{mine['upload']['id']}").status_code == 404
        assert stranger.post(f"/uploads/{mine['upload']['id']}/complete", json={}).status_code == 404


def test_links_expire(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    data = a_table()
    with api.client() as client:
        begun = begin(client, data)
        store: Any = api.service.parts.store
        monkeypatch.setattr(store, "_clock", lambda: time.time() + 2 * 3600)
        late = put(client, begun["parts"][0], begun, data)
        assert (late.status_code, late.json()["what"]) == (403, "This link has expired.")
        fresh = client.get(f"/uploads/{begun['upload']['id']}").json()
        assert put(client, fresh["parts"][0], fresh, data).status_code == 200


def test_who_abandons_an_upload_leaves_nothing(api: Api) -> None:
    data = a_table()
    with api.client() as client:
        begun = begin(client, data)
        put(client, begun["parts"][0], begun, data)
        assert client.delete(f"/uploads/{begun['upload']['id']}").status_code == 204
        assert complete(client, begun).status_code == 409
        assert client.get(f"/uploads/{begun['upload']['id']}").json()["upload"]["status"] == "rejected"
    _nothing_left(api)


def test_uploads_that_nobody_completes_are_swept(api: Api) -> None:
    data, catalog = a_table(), api.service.parts.catalog
    with api.client() as client:
        begun, other = begin(client, data), begin(client, data)
        put(client, begun["parts"][0], begun, data)
        assert sweep_uploads(catalog, api.service.parts.shelf) == 0
        _age(catalog, begun["upload"]["id"])
        assert sweep_uploads(catalog, api.service.parts.shelf) == 1
        swept = client.get(f"/uploads/{begun['upload']['id']}").json()["upload"]
        assert (swept["status"], swept["failure"]["code"]) == ("rejected", "expired")
        client.delete(f"/uploads/{other['upload']['id']}")
    _nothing_left(api)


def _age(catalog: Catalog, upload_id: str) -> None:
    from sqlalchemy import update

    from gristmill.catalog import tables

    with catalog._database.writing() as connection:
        connection.execute(update(tables.uploads).where(tables.uploads.c.id == upload_id).values(expires_at=1.0))


def _nothing_left(api: Api) -> None:
    root = Path(str(api.service.parts.store.root))  # type: ignore[attr-defined]
    assert [path for path in (*root.glob("uploads/*"), *root.glob("incoming/*")) if path.exists()] == []
    assert list(api.service.parts.store.list("uploads")) == []


def test_an_upload_that_was_put_together_but_not_written_down_is_whole(api: Api) -> None:
    """The API was killed between the two: who completes it again finds it complete."""
    data = a_table()
    with api.client() as client:
        begun = begin(client, data)
        put(client, begun["parts"][0], begun, data)
        upload = api.service.parts.catalog.uploads.get(begun["upload"]["id"])
        assert upload.token is not None
        store = api.service.parts.store
        store.complete(upload.key, upload.token, store.parts(upload.key, upload.token))
        assert client.get(f"/uploads/{upload.id}").json()["parts"] == []
        assert complete(client, begun).json()["status"] == "received"


def test_rejected_data_is_told_with_its_code_and_the_upload_kept(api: Api) -> None:
    with api.client() as client:
        upload = send(client, b"\x00\x01\x02" * 100)
        refused = client.post("/datasets", json={"upload_id": upload["id"]})
        assert refused.status_code == 422
        assert refused.json()["type"] == "urn:gristmill:problem:data-rejected"
        assert client.get(f"/uploads/{upload['id']}").json()["upload"]["failure"]["code"] == refused.json()["code"]


def test_looking_that_takes_long_is_waited_for_by_asking_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from gristmill.api import jobs

    monkeypatch.setattr(jobs.Jobs.result, "__defaults__", (0.0,))
    with api.client() as client:
        upload = send(client, a_table())
        first = client.post("/datasets", json={"upload_id": upload["id"]})
        assert first.status_code == 202
        assert first.headers["Location"] == f"/uploads/{upload['id']}"
        deadline = time.monotonic() + PATIENCE
        while (now := client.get(first.headers["Location"]).json())["upload"]["status"] == "received":
            assert now["at_work"]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert now["upload"]["status"] == "accepted"
        assert client.get(f"/datasets/{now['dataset_id']}").json()["name"] == "grain"
        again = client.post("/datasets", json={"upload_id": upload["id"]})
        assert (again.status_code, again.json()["id"]) == (201, now["dataset_id"])


# --- a child that looks ----------------------------------------------------------------------------------------------


def test_a_child_finds_what_we_would_and_raises_what_we_would(api: Api) -> None:
    service = replace(api.service.parts, looking=Apart())
    from gristmill.errors import DataRejected
    from gristmill.mill import Mill

    mill, here = Mill(service), Mill(api.service.parts)
    with api.client("local") as client:
        good, bad = send(client, a_table())["id"], send(client, b"\x00\x01\x02" * 100)["id"]
    assert mill.check_upload(good) == here.check_upload(good)
    told = []
    for one in (mill, here):
        with pytest.raises(DataRejected) as refused:
            one.check_upload(bad)
        told.append(refused.value.failure)
    assert told[0] == told[1]


# --- the API as a process, killed ------------------------------------------------------------------------------------


@contextmanager
def process(home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", "import sys; from gristmill.app import main; sys.exit(main())"]
    started = subprocess.Popen([*command, "api", "--port", str(port)], env=os.environ | {"GRISTMILL_HOME": str(home)})
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/health")
                break
            except httpx.TransportError:
                assert started.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield started
    finally:
        started.kill()
        started.wait()


@pytest.mark.slow
def test_an_api_that_is_killed_in_an_upload_loses_nothing(home: Path, unused_port: int) -> None:
    data = a_table(5000)
    url = f"http://127.0.0.1:{unused_port}"
    with process(home, unused_port) as first:
        headers = {"Authorization": f"Bearer {(home / 'token').read_text()}"}
        with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE) as client:
            begun = begin(client, data)
            client.post("/uploads", json={"name": "b.csv", "size": 1}, headers={"Idempotency-Key": "k"})

            def cut() -> Iterator[bytes]:
                yield data[:100]
                first.send_signal(signal.SIGKILL)
                first.wait()
                yield data[100:]

            length = {"Content-Length": str(len(data))}
            with pytest.raises(httpx.TransportError):
                httpx.put(client.base_url.join(begun["parts"][0]["url"]), content=cut(), headers=length)
    with process(home, unused_port), httpx.Client(base_url=url, headers=headers, timeout=PATIENCE) as client:
        now = client.get(f"/uploads/{begun['upload']['id']}").json()
        assert (now["arrived"], len(now["parts"])) == ([], 1)
        put(client, now["parts"][0], now, data).raise_for_status()
        assert complete(client, begun).json()["sha256"] == hashlib.sha256(data).hexdigest()
        again = client.post("/uploads", json={"name": "b.csv", "size": 1}, headers={"Idempotency-Key": "k"})
        assert again.headers["Idempotency-Replayed"] == "true"
        assert client.post("/datasets", json={"upload_id": begun["upload"]["id"]}).status_code == 201


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
