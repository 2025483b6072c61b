"""A store on S3: what the contract of test_stores.py does not see."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from gristmill.errors import StoreFailed
from gristmill.stores import open_store
from services.s3 import S3Server

pytestmark = pytest.mark.usefixtures("s3_environment")

MiB = 1 << 20


@pytest.fixture
def juicefs(s3_servers: Callable[[str], S3Server]) -> S3Server:
    return s3_servers("juicefs")


def test_a_wrong_key_is_explained_without_telling_it(juicefs: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    url = juicefs.store_url("contract")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2-hunter2")
    with pytest.raises(StoreFailed, match=r"SignatureDoesNotMatch.*Check the secret key") as raised:
        open_store(url).read("a")
    assert "hunter2" not in repr(raised.value.failure)


def test_missing_credentials_are_explained(juicefs: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    url = juicefs.store_url("contract")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(StoreFailed, match=r"credentials.*AWS_ACCESS_KEY_ID"):
        open_store(url).put_bytes("a", b"x")
    with pytest.raises(StoreFailed, match="nobody"):
        open_store(f"{url}&profile=nobody").put_bytes("a", b"x")


def test_a_missing_bucket_is_no_missing_object(juicefs: S3Server, tmp_path: Path) -> None:
    store = open_store(f"s3://not-there?endpoint={quote(juicefs.endpoint)}")
    (tmp_path / "file").write_bytes(b"x")
    for call in (
        lambda: store.put_bytes("a", b"x"),
        lambda: store.put_file("a", tmp_path / "file"),
        lambda: store.read("a"),
    ):
        with pytest.raises(StoreFailed, match=r"NoSuchBucket.*Make the bucket"):
            call()


def test_a_server_that_is_away_is_explained(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and does not listen
        store = open_store(f"s3://bucket?endpoint=http://127.0.0.1:{closed.getsockname()[1]}")
        (tmp_path / "file").write_bytes(b"x")
        for call in (lambda: store.stat("a"), lambda: store.put_file("a", tmp_path / "file")):
            with pytest.raises(StoreFailed, match=r"Could not connect.*Check the store's URL"):
                call()


def test_a_full_disk_while_fetching_from_s3(juicefs: S3Server, tiny_disk: Path) -> None:
    store = open_store(juicefs.store_url("contract", prefix=uuid.uuid4().hex))
    store.put_bytes("large", os.urandom(2 * MiB))
    with pytest.raises(StoreFailed, match="disk is full"):
        store.get_file("large", tiny_disk / "target")
    assert list(tiny_disk.iterdir()) == []
