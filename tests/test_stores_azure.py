"""A store on Azure: what the contract of test_stores.py does not see."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import socket
import time
import tracemalloc
import uuid
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from azure.core.credentials import AccessToken

from gristmill.errors import NotFound, StoreFailed, UsageError
from gristmill.stores import open_store
from gristmill.stores.azure import AzureStore
from services.azure import ACCOUNT, KEY, Azurite

MiB = 1 << 20
WRONG = base64.b64encode(b"hunter2" * 8).decode()


class AnybodysToken:
    """Signs in as an identity; Azurite looks at the claims, and not at who signed them."""

    def get_token(self, *scopes: str, **options: object) -> AccessToken:
        del scopes, options
        now = int(time.time())
        claims = {
            "aud": "https://storage.azure.com", "iss": "https://sts.windows.net/tests/", "tid": str(uuid.uuid4()),
            "oid": str(uuid.uuid4()), "iat": now, "nbf": now - 60, "exp": now + 3600,
        }  # fmt: skip
        parts = (json.dumps({"alg": "none", "typ": "JWT"}), json.dumps(claims), "signature")
        token = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
        return AccessToken(token, now + 3600)


def test_a_wrong_key_is_explained_without_telling_it(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    url = azurite.store_url("contract")
    monkeypatch.setenv("AZURE_STORAGE_KEY", WRONG)
    with pytest.raises(StoreFailed, match=r"Auth\w+Fail\w+: .*AZURE_STORAGE_KEY") as raised:
        open_store(url).read("a")
    assert WRONG not in repr(raised.value.failure)
    monkeypatch.setenv("AZURE_STORAGE_KEY", "hunter2")  # not even Base64
    with pytest.raises(StoreFailed, match="AZURE_STORAGE_KEY") as raised:
        open_store(url).put_bytes("a", b"x")
    assert "hunter2" not in repr(raised.value.failure)


def test_a_store_may_have_a_key_of_its_own(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    url = azurite.store_url("contract", prefix=uuid.uuid4().hex)
    monkeypatch.delenv("AZURE_STORAGE_KEY")
    with pytest.raises(UsageError, match="MILL_KEY is not set"):
        open_store(f"{url}&key=MILL_KEY").read("a")
    monkeypatch.setenv("MILL_KEY", KEY)
    assert open_store(f"{url}&key=MILL_KEY").put_bytes("a", b"x").size == 1


def test_a_missing_container_is_no_missing_object(azurite: Azurite, tmp_path: Path) -> None:
    store = open_store(f"az://not-there?account={ACCOUNT}&endpoint={quote(azurite.endpoint, safe='')}")
    (tmp_path / "file").write_bytes(b"x")
    for call in (
        lambda: store.put_bytes("a", b"x"),
        lambda: store.put_file("a", tmp_path / "file"),
        lambda: store.read("a"),
        lambda: store.begin("a"),
        lambda: store.delete("a"),
    ):
        with pytest.raises(StoreFailed, match=r"ContainerNotFound.*Make the container"):
            call()


def test_a_server_that_is_away_is_explained(azurite: Azurite) -> None:
    del azurite  # for its key
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and does not listen
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}/a"
        store = AzureStore("c", account="a", endpoint=endpoint, retries=1)
        with pytest.raises(StoreFailed, match=r"Connection refused.*Check the store's URL") as raised:
            store.stat("a")
    assert "object at" not in str(raised.value)


def test_links_are_signed_as_azure_documents_it(azurite: Azurite) -> None:
    """Azurite has verified links in the contract; here the signature is computed anew from the link's own words."""
    store = open_store(azurite.store_url("contract"))
    url = store.sign_get("a b/ü", seconds=60, filename="x.zip")
    words = ["sp", "st", "se", "/blob/{account}/contract/a b/ü", "si", "sip", "spr", "sv", "sr", "", "ses", *_ANSWER]
    assert _signature(url, words, KEY) == dict(httpx.URL(url).params)["sig"]
    assert "&sr=b&" in url
    assert "sp=r&" in url


_ANSWER = ["rscc", "rscd", "rsce", "rscl", "rsct"]  # what a link says of the answer's headers


def _signature(url: str, words: list[str], key: str) -> str:
    """The signature of a link whose string to sign has these fields; what begins with a slash stands for itself."""
    says = dict(httpx.URL(url).params)
    line = [word.format(account=ACCOUNT) if word.startswith("/") else says.get(word, "") for word in words]
    signed = hmac.new(base64.b64decode(key), "\n".join(line).encode(), hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()


def test_a_link_for_a_part_is_one_for_the_object(azurite: Azurite) -> None:
    """What Azure's links cannot promise, so that nobody builds on it; the day that this fails is a good one."""
    store = open_store(azurite.store_url("contract", prefix=uuid.uuid4().hex))
    token = store.begin("mine")
    part = store.sign_part("mine", token, 1, seconds=60, size=3)
    whole = part.partition("&comp=block")[0]
    assert httpx.put(whole, content=b"whatever", headers=store.put_headers(3)).status_code == 201
    assert store.read("mine") == b"whatever"


def test_uploads_to_one_key_do_not_see_each_other(azurite: Azurite) -> None:
    store = open_store(azurite.store_url("contract", prefix=uuid.uuid4().hex))
    mine, yours = store.begin("key"), store.begin("key")
    part = store.put_part("key", mine, 1, b"mine")
    store.put_part("key", yours, 2, b"yours")
    assert list(store.parts("key", mine)) == [part]
    with pytest.raises(NotFound):
        store.parts("another", mine)
    store.complete("key", mine, [part])
    assert store.read("key") == b"mine"
    assert list(store.parts("key", yours)) == []  # Azure has dropped them: they are to be sent again
    assert [stored.key for stored in store.list()] == ["key"]


def test_names_that_azure_would_change_are_refused(azurite: Azurite) -> None:
    store = open_store(azurite.store_url("contract"))
    for key in ("a.", "a./b", ".gristmill-uploads/x"):
        with pytest.raises(UsageError, match="cannot be a key"):
            store.put_bytes(key, b"x")


def test_an_identity_signs_in_and_signs_links(azurite_https: Azurite) -> None:
    """The emulator that runs on Node 20 knows an older form of such links, so their signature is computed anew."""
    azurite_https.store_url("identity")
    endpoint = azurite_https.endpoint
    store = AzureStore("identity", account=ACCOUNT, endpoint=endpoint, credential=AnybodysToken())
    store.put_bytes("mine", b"x")
    assert store.read("mine") == b"x"
    url = store.sign_get("mine", seconds=60)
    assert store._account._delegated is not None
    key = store._account._delegated[1]
    assert (key.signed_oid, key.signed_service) == (dict(httpx.URL(url).params)["skoid"], "b")
    words = ["sp", "st", "se", "/blob/{account}/identity/mine", "skoid", "sktid", "skt", "ske", "sks", "skv", "saoid"]
    words += ["suoid", "scid", "skdutid", "sduoid", "sip", "spr", "sv", "sr", "", "ses", "srh", "srq", *_ANSWER]
    assert _signature(url, words, str(key.value)) == dict(httpx.URL(url).params)["sig"]
    store.sign_put("new", seconds=60)
    assert store._account._delegated[1] is key  # asked for once
    with pytest.raises(UsageError, match="seven days"):
        store.sign_get("mine", seconds=8 * 24 * 3600)


def test_no_identity_is_explained(azurite_https: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    url = azurite_https.store_url("identity")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")  # and not the developer's own
    with pytest.raises(StoreFailed, match=r"failed to retrieve a token.*AZURE_STORAGE_KEY, or az login"):
        open_store(url).read("a")


def test_nothing_secret_is_logged(azurite: Azurite, caplog: pytest.LogCaptureFixture) -> None:
    store = open_store(azurite.store_url("contract", prefix=uuid.uuid4().hex))
    with caplog.at_level(logging.DEBUG):
        store.put_bytes("a", b"x")
        link = store.sign_get("a", seconds=60)
        store.delete("a")
    assert caplog.text
    assert KEY not in caplog.text
    assert link.rpartition("sig=")[2] not in caplog.text


def test_memory_stays_bounded(azurite: Azurite, tmp_path: Path) -> None:
    store = open_store(azurite.store_url("contract", prefix=uuid.uuid4().hex))
    with (tmp_path / "large").open("wb") as file:
        file.truncate(192 * MiB)
    tracemalloc.start()
    store.put_file("a", tmp_path / "large")
    store.get_file("a", tmp_path / "back")
    assert sum(len(chunk) for chunk in store.stream("a")) == 192 * MiB
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 96 * MiB
    assert (tmp_path / "back").stat().st_size == 192 * MiB
