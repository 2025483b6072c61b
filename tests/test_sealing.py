"""Secrets at rest: sealed for one row by one key, opened by any key of the ring."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from gristmill.catalog import Catalog
from gristmill.errors import NotPossible, UsageError
from gristmill.records import OwnStore, Webhook
from gristmill.sealing import Keyring
from services.catalogs import KEY, keyring


def new_key() -> str:
    return secrets.token_urlsafe(32)


@given(st.text(), st.text())
def test_what_is_sealed_is_opened_for_the_same_only(secret: str, of: str) -> None:
    ring = keyring()
    sealed = ring.seal(secret, of=of)
    assert re.fullmatch(r"v1\.[0-9a-f]{12}\.[\w-]+", sealed)
    assert ring.open(sealed, of=of) == secret
    assert sealed != ring.seal(secret, of=of)
    with pytest.raises(NotPossible, match="belongs to something else"):
        ring.open(sealed, of=f"{of}-")


@pytest.mark.parametrize("place", range(4))
def test_a_changed_seal_does_not_open(place: int) -> None:
    sealed = keyring().seal("a secret", of="webhooks/1")
    at = -2 - 7 * place
    changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
    with pytest.raises(NotPossible):
        keyring().open(changed, of="webhooks/1")


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "home" / "keys"
    ring = Keyring(file)
    with pytest.raises(NotPossible, match="a key that is not here"):
        ring.open("v1.000000000000.AAAA", of="x")
    assert not file.exists()  # who only reads makes none
    sealed = ring.seal("a secret", of="x")
    assert file.stat().st_mode & 0o777 == 0o600
    assert Keyring(file).open(sealed, of="x") == "a secret"
    assert file.read_text() not in repr(ring) + repr(vars(ring).keys())


def test_the_first_key_seals_and_each_opens(tmp_path: Path) -> None:
    old, new, file = new_key(), new_key(), tmp_path / "keys"
    by_old = Keyring(keys=old).seal("a secret", of="x")
    both = Keyring(keys=f"{new}, {old}")
    assert both.open(by_old, of="x") == "a secret"
    assert both.needs_sealing(by_old)
    assert not both.needs_sealing(both.seal("a secret", of="x"))
    with pytest.raises(NotPossible):
        Keyring(keys=new).open(by_old, of="x")
    file.write_text(old)  # the environment's keys come before the file's
    assert Keyring(file, new).open(by_old, of="x") == "a secret"
    assert Keyring(keys=new).open(Keyring(file, new).seal("more", of="x"), of="x") == "more"


@pytest.mark.parametrize("key", ["hunter2", "x" * 43 + "y", "é" * 43, "!" * 43])
def test_what_is_no_key_is_refused_without_being_told(key: str) -> None:
    with pytest.raises(UsageError, match="32 bytes in Base64") as raised:
        Keyring(keys=key).seal("a secret", of="x")
    assert key not in str(raised.value)


def test_without_a_key_nothing_is_kept(catalog_url: str) -> None:
    with Catalog.open(catalog_url) as catalog, pytest.raises(NotPossible, match="no key to seal"):
        catalog.webhooks.add(a_hook())


def a_hook() -> Webhook:
    return Webhook(
        id="webhook-1", created_at=1.0, who="olga", project_id=None, url="https://example.org/", kinds=(),
        secret="whsec_of-olga",
    )  # fmt: skip


def test_the_database_tells_no_secret_and_takes_another_key(catalog_url: str) -> None:
    """Keys turn: the new one is put first, all is sealed by it, and the old one is dropped."""
    new = new_key()
    with Catalog.open(catalog_url, keyring=keyring()) as catalog:
        project = catalog.projects.ensure("mill")
        store = OwnStore(id="store-1", created_at=1.0, project_id=project.id, url="s3://b", who="olga", updated_at=1.0)
        catalog.webhooks.add(a_hook())
        catalog.stores.put(store, {"aws_secret_access_key": "hunter2"})
        assert catalog.reseal() == 0
        with catalog._database.reading() as connection:
            rows = [connection.execute(text(f"SELECT * FROM {name}")).all() for name in ("webhooks", "stores")]
        assert not any(secret in repr(rows) for secret in ("whsec_of-olga", "hunter2", "aws_secret"))
    with Catalog.open(catalog_url, keyring=Keyring(keys=f"{new} {KEY}")) as catalog:
        assert catalog.reseal() == 2
        assert catalog.reseal() == 0
    with Catalog.open(catalog_url, keyring=Keyring(keys=new)) as catalog:
        (hook,), store = catalog.webhooks.of_person("olga"), catalog.stores.get("store-1")
        assert catalog.webhooks.secret(hook) == "whsec_of-olga"
        assert catalog.stores.credentials(store) == {"aws_secret_access_key": "hunter2"}
