"""The door to a store in a folder: HTTP as browsers and their uploads speak it."""

from __future__ import annotations

import hashlib
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from gristmill.stores.local import LocalStore
from services.folder import SECRET, left_over


def test_the_door_answers_head(local_store: LocalStore) -> None:
    local_store.put_bytes("a", b"0123456789")
    answer = httpx.head(local_store.sign_get("a", seconds=60))
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "10")
    assert answer.headers["ETag"] == f'"{hashlib.sha256(b"0123456789").hexdigest()}"'
    assert httpx.head(local_store.sign_get("none", seconds=60)).status_code == 404
    assert httpx.head(local_store.sign_put("a", seconds=60)).status_code == 403


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
     ("bytes=2-4", 206, b"234"), ("bytes=7-", 206, b"789"), ("bytes=-3", 206, b"789"),
     ("bytes=-30", 206, b"0123456789"),
     ("bytes=5-99", 206, b"56789"), ("bytes=0-0", 206, b"0"), ("bytes=4-2", 200, b"0123456789"),
     ("bytes=0-1,4-5", 200, b"0123456789"), ("lines=1-2", 200, b"0123456789"), ("bytes=-", 200, b"0123456789"),
     ("bytes=10-", 416, None), ("bytes=-0", 416, None), ("bytes=99-100", 416, None),
    ],
)  # fmt: skip
def test_the_door_answers_ranges(local_store: LocalStore, asked: str, status: int, body: bytes | None) -> None:
    local_store.put_bytes("a", b"0123456789")
    answer = httpx.get(local_store.sign_get("a", seconds=60), headers={"Range": asked})
    assert answer.status_code == status
    if body is None:
        assert answer.headers["Content-Range"] == "bytes */10"
        assert answer.json()["what"] == "The object has 10 bytes."
    else:
        assert answer.content == body


def test_the_door_wants_a_length_and_holds_to_it(local_store: LocalStore) -> None:
    sized, free = local_store.sign_put("a", seconds=60, size=4), local_store.sign_put("a", seconds=60)
    assert httpx.put(free, content=iter([b"chunk", b"ed"])).status_code == 411
    assert httpx.put(sized, content=b"long" * 100_000).status_code == 413
    assert httpx.put(sized, content=b"abc").status_code == 400
    assert httpx.post(free, content=b"abcd").status_code == 405
    assert local_store.stat("a") is None
    assert httpx.put(sized, content=b"abcd").status_code == 200
    assert local_store.read("a") == b"abcd"


def test_an_upload_that_breaks_off_leaves_nothing(local_store: LocalStore) -> None:
    token = local_store.begin("a")
    part = local_store.put_part("a", token, 1, b"arrived before")
    for url in (local_store.sign_put("a", seconds=60), local_store.sign_part("a", token, 1, seconds=60)):
        split = urlsplit(url)
        with socket.create_connection((str(split.hostname), split.port or 0)) as connection:
            head = f"PUT {split.path}?{split.query} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
            connection.sendall(head.encode() + b"x" * 1000)
            connection.shutdown(socket.SHUT_WR)
            assert b"400" in connection.recv(100)
    assert local_store.stat("a") is None
    assert list(local_store.parts("a", token)) == [part]
    local_store.abort("a", token)
    assert left_over(local_store) == []


def test_the_door_says_what_is_wrong_and_nothing_of_what_is_there(local_store: LocalStore) -> None:
    local_store.put_bytes("there", b"x")
    there = httpx.get(_changed(local_store.sign_get("there", seconds=60)))
    not_there = httpx.get(_changed(local_store.sign_get("not-there", seconds=60)))
    assert there.status_code == not_there.status_code == 403
    assert there.json() == not_there.json()
    assert SECRET.decode() not in there.text


def _changed(url: str) -> str:
    """The URL with another last digit of its signature."""
    return url[:-1] + ("0" if url[-1] != "0" else "1")
