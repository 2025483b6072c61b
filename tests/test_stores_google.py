"""A store on Google Cloud Storage: what the contract of test_stores.py does not see."""

from __future__ import annotations

import base64
import json
import logging
import socket
import tracemalloc
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from google.auth.compute_engine import Credentials as MachinesCredentials
from google.auth.transport.requests import Request as Transport
from google.oauth2.credentials import Credentials as PersonsCredentials

from gristmill.errors import NotFound, NotPossible, StoreFailed, UsageError
from gristmill.stores import open_store
from gristmill.stores.gcs import GoogleStore
from services.google import ACCOUNT, Google, asked, refusal

MiB = 1 << 20

# One of the signatures that Google publishes to prove clients by ("Simple PUT"), and the public half of its key.
PUBLISHED = (
    "https://storage.googleapis.com/test-bucket/test-object?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential="
    "test-iam-credentials%40dummy-project-id.iam.gserviceaccount.com%2F20190201%2Fauto%2Fstorage%2Fgoog4_request"
    "&X-Goog-Date=20190201T090000Z&X-Goog-Expires=10&X-Goog-SignedHeaders=host&X-Goog-Signature="
    "8adff1d4285739e31aa68e73767a46bc5511fde377497dbe08481bf5ceb34e29cc9a59921748d8ec3dd4085b7e9b7772a952afedfcdaecb3ae"
    "8352275b8b7c867f204e3db85076220a3127a8a9589302fc1181eae13b9b7fe41109ec8cdc93c1e8bac2d7a0cc32a109ca02d0695721132656"
    "3ab3d3e678a0ba296e298b5fc5e14593c99d444c94724cc4be97015dbff1dca377b508fa0cb7169195de98d0e4ac96c42b918d28c8d92d33e1"
    "bd125ce0fb3cd7ad2c45dae65c22628378f6584971b8bf3945b26f2611eb651e9b6a8648970c1ecf386bb71327b082e7296c4e1ee2fc0bdd89"
    "83da80af375c817fb1ad491d0bc22c0f51dba0d66e2cffbc90803e47"
)
MODULUS = (
    "ac3f3322ac8a2db5f436af28d098f5a871211e1a8edfed0e3fb4c4171e55c5ce8f77006814dadf9c9448fd2f99683612d5abebe4faa9a7c83c"
    "f9434e32f23556c8c633cc634dac6456ff2698aa7aa52990b2d4eddb9a736357b1036c2fe313564b058d14dc76921df9fa4bd343f0c5dd803d"
    "3fba54535b0ababd4f3fc3a8b9b58b14ee7d8b2e54139757d0eff7a63bd9d87021497b31d955ad0799e5ac747c16b28934b24c10610348ccfd"
    "c917d0694798094f680d81ee8aa290deb0978ba0bcda5fb7149c39fe0809e72ee2c3c304ac2152b257184116c1573e9960a5a411c261b3c046"
    "dffd7a6df6aa36eb0d943209f7d23b0e68a9527805fc712e95885fad"
)
MOMENT = 1549011600.0  # 2019-02-01 09:00:00


def test_the_gate_agrees_with_what_google_published() -> None:
    key = RSAPublicNumbers(65537, int(MODULUS, 16)).public_key()
    assert refusal(asked("PUT", PUBLISHED), key, MOMENT + 1) == ""
    assert refusal(asked("GET", PUBLISHED), key, MOMENT + 1) == "forged"
    assert refusal(asked("PUT", PUBLISHED.replace("test-object", "other")), key, MOMENT + 1) == "forged"
    assert refusal(asked("PUT", PUBLISHED), key, MOMENT + 11).startswith("expired")


def test_a_machine_without_a_key_has_google_sign(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    """IAM's answer is made here, with the account's key: our half of the conversation is real, Google's is not."""
    real, asked_of_iam = google.key, list[str]()

    def transport(self: object, url: str, **request: Any) -> object:
        del self
        asked_of_iam.append(url)
        assert request["headers"]["Authorization"] == "Bearer the-machine-s"
        signed = real.sign(base64.b64decode(json.loads(request["body"])["payload"]), PKCS1v15(), SHA256())
        answer = {"signedBlob": base64.b64encode(signed).decode()}
        return SimpleNamespace(status=200, data=json.dumps(answer).encode())

    open_store(google.store_url("contract")).put_bytes("mine", b"x")
    credentials = MachinesCredentials(service_account_email=ACCOUNT, scopes=["x"], universe_domain="googleapis.com")
    credentials.token = "the-machine-s"
    store = GoogleStore("contract", endpoint=google.endpoint, credentials=credentials)
    monkeypatch.setattr(Transport, "__call__", transport)
    link = store.sign_get("mine", seconds=60)
    assert httpx.get(link).content == b"x"
    assert asked_of_iam == [
        f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{ACCOUNT}:signBlob?alt=json"
    ]


def test_a_person_s_login_cannot_sign(google: Google) -> None:
    login = PersonsCredentials(token="of-a-person")
    store = GoogleStore("contract", endpoint=google.endpoint, credentials=login)
    with pytest.raises(NotPossible, match=r"no service account's.*credentials="):
        store.sign_get("a", seconds=60)


def test_a_link_lasts_a_week_at_most(google: Google) -> None:
    store = open_store(google.store_url("contract"))
    with pytest.raises(UsageError, match="seven days"):
        store.sign_get("a", seconds=7 * 24 * 3600 + 1)


def test_wrong_credentials_are_explained_without_telling_them(
    google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = google.store_url("contract")
    another = _key_of_another(google, tmp_path)
    with pytest.raises(StoreFailed, match=r"Invalid JWT Signature.*GOOGLE_APPLICATION_CREDENTIALS") as raised:
        open_store(f"{url}&credentials={another}").put_bytes("a", b"x")
    assert "assertion" not in repr(raised.value.failure)
    (tmp_path / "no-key.json").write_text('{"type": "service_account", "private_key": "hunter2"}')
    for name, says in (("no-key.json", "no key file"), ("nowhere.json", "No such file")):
        with pytest.raises(UsageError, match=says) as wrong:
            open_store(f"{url}&credentials={tmp_path / name}").read("a")
        assert "hunter2" not in repr(wrong.value.failure)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    with pytest.raises(StoreFailed, match=r"credentials were not found.*GOOGLE_APPLICATION_CREDENTIALS"):
        open_store(url).read("a")


def _key_of_another(google: Google, folder: Path) -> Path:
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = private.private_bytes(pem, form, serialization.NoEncryption()).decode()
    path = folder / "another's.json"
    path.write_text(json.dumps(json.loads(google.key_file.read_text()) | {"private_key": text}))
    return path


def test_a_store_may_have_a_key_file_of_its_own(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    store = open_store(f"{google.store_url('contract')}&credentials={google.key_file}")
    assert store.put_bytes("a", b"x").size == 1


def test_a_missing_bucket_is_no_missing_object(google: Google, tmp_path: Path) -> None:
    store = open_store(f"gs://not-there?endpoint={google.endpoint}")
    (tmp_path / "file").write_bytes(b"x")
    for call in (
        lambda: store.put_bytes("a", b"x"),
        lambda: store.put_file("a", tmp_path / "file"),
        lambda: store.read("a"),
        lambda: store.begin("a"),
    ):
        with pytest.raises(StoreFailed, match=r"404.*Make the bucket"):
            call()


def test_a_server_that_is_away_is_explained(google: Google) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and does not listen
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        store = GoogleStore("bucket", endpoint=endpoint, credentials=str(google.key_file), patience=1)
        for call in (lambda: store.stat("a"), lambda: store.put_bytes("a", b"x")):
            with pytest.raises(StoreFailed, match=r"Connection refused.*Check the store's URL") as raised:
                call()
            assert "object at" not in str(raised.value)


def test_many_parts_are_composed_in_rounds(google: Google) -> None:
    store = open_store(google.store_url("contract", prefix=uuid.uuid4().hex))
    token = store.begin("big")
    for number in range(1, 35):
        store.put_part("big", token, number, b"%d," % number)
    assert [part.number for part in store.parts("big", token)] == list(range(1, 35))
    stored = store.complete("big", token, store.parts("big", token))
    assert store.read("big") == b"".join(b"%d," % number for number in range(1, 35))
    assert stored.size == len(store.read("big"))
    assert isinstance(store, GoogleStore)
    assert [blob.name for blob in store._below(store._prefix)] == [f"{store._prefix}big"]


def test_an_upload_is_bound_for_one_key(google: Google) -> None:
    store = open_store(google.store_url("contract", prefix=uuid.uuid4().hex))
    token = store.begin("mine")
    for call in (
        lambda: store.parts("another's", token),
        lambda: store.put_part("another's", token, 1, b"x"),
        lambda: store.sign_part("mine", "../../mine", 1, seconds=60),
    ):
        with pytest.raises(NotFound, match="no such upload"):
            call()
    store.abort("another's", token)
    assert list(store.parts("mine", token)) == []
    with pytest.raises(UsageError, match="cannot be a key"):
        store.put_bytes(f".gristmill-uploads/{token}/key", b"x")


def test_nothing_secret_is_logged(google: Google, caplog: pytest.LogCaptureFixture) -> None:
    store = open_store(google.store_url("contract", prefix=uuid.uuid4().hex))
    with caplog.at_level(logging.DEBUG):
        store.put_bytes("a", b"x")
        link = store.sign_get("a", seconds=60)
        store.delete("a")
    assert caplog.text
    assert "PRIVATE KEY" not in caplog.text
    assert link.rpartition("=")[2] not in caplog.text


def test_memory_stays_bounded(google: Google, tmp_path: Path) -> None:
    store = open_store(google.store_url("contract", prefix=uuid.uuid4().hex))
    with (tmp_path / "large").open("wb") as file:
        file.truncate(96 * MiB)
    store.put_file("a", tmp_path / "large")
    tracemalloc.start()
    assert sum(len(chunk) for chunk in store.stream("a")) == 96 * MiB
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * MiB
