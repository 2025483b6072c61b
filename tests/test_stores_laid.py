"""Parts of one size in a folder: laid into one file, sealed, and never written into once it is an object."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gristmill.errors import Conflict, GristmillError, NotFound, StoreFailed, UsageError
from gristmill.stores.local import LocalStore

SIZE = 1000
DATA = os.urandom(4 * SIZE + 7)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store", secret=b"thirty-two bytes, for tests only")


def part(number: int, data: bytes = DATA) -> bytes:
    return data[(number - 1) * SIZE : number * SIZE]


def lay(store: LocalStore, token: str, *numbers: int) -> None:
    for number in numbers:
        store.put_part("grain", token, number, part(number))


@pytest.mark.parametrize("order", [(1, 2, 3, 4, 5), (5, 4, 3, 2, 1), (2, 1, 2, 5, 3, 1, 4)])
def test_parts_in_any_order_are_the_file(store: LocalStore, order: tuple[int, ...]) -> None:
    token = store.begin("grain", part_size=SIZE)
    lay(store, token, *order)
    assert [(one.number, one.size) for one in store.parts("grain", token)] == [
        (1, 1000),
        (2, 1000),
        (3, 1000),
        (4, 1000),
        (5, 7),
    ]
    stored = store.complete("grain", token, store.parts("grain", token))
    assert (store.read("grain"), stored.size) == (DATA, len(DATA))
    assert stored.sha256 == hashlib.sha256(DATA).hexdigest()
    assert list((store.root / "uploads").iterdir()) == []
    with pytest.raises(NotFound):
        store.parts("grain", token)


def test_a_part_that_was_sent_again_is_digested_again(store: LocalStore) -> None:
    token = store.begin("grain", part_size=SIZE)
    lay(store, token, 1, 2, 3, 4, 5)
    store.put_part("grain", token, 2, part(3))
    stored = store.complete("grain", token, store.parts("grain", token))
    assert stored.sha256 == hashlib.sha256(store.read("grain")).hexdigest() != hashlib.sha256(DATA).hexdigest()


def test_another_process_completes_what_one_began(store: LocalStore) -> None:
    token = store.begin("grain", part_size=SIZE)
    lay(store, token, 1, 2, 3)
    another = LocalStore(store.root)
    for number in (4, 5):
        another.put_part("grain", token, number, part(number))
    assert another.complete("grain", token, another.parts("grain", token)).sha256 == hashlib.sha256(DATA).hexdigest()


def test_parts_with_gaps_are_put_together(store: LocalStore) -> None:
    token = store.begin("grain", part_size=SIZE)
    store.put_part("grain", token, 1, b"short")
    lay(store, token, 3, 5)
    store.complete("grain", token, store.parts("grain", token))
    assert store.read("grain") == b"short" + part(3) + part(5)


def test_a_part_that_is_too_long_or_breaks_off_does_not_count(store: LocalStore) -> None:
    token = store.begin("grain", part_size=SIZE)
    lay(store, token, 1, 2)
    with pytest.raises(UsageError, match="longer than 1000 bytes"):
        store.put_part("grain", token, 1, part(1) + b"!")

    def breaks_off() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError

    with pytest.raises(StoreFailed):
        store.take(store.verify("PUT", *link(store, token, 2)), breaks_off())
    assert store.parts("grain", token) == []
    lay(store, token, 1, 2, 3, 4, 5)
    assert store.complete("grain", token, store.parts("grain", token)).sha256 == hashlib.sha256(DATA).hexdigest()


def link(store: LocalStore, token: str, number: int) -> tuple[str, str]:
    path, _, query = store.sign_part("grain", token, number, seconds=60).partition("?")
    return path.removeprefix("/store"), query


def test_nobody_writes_into_what_is_complete(store: LocalStore) -> None:
    token = store.begin("grain", part_size=SIZE)
    lay(store, token, 1, 2, 3, 4, 5)
    parts = store.parts("grain", token)

    def late() -> Iterator[bytes]:
        yield b""
        lay(store, token, 3)  # sent by somebody else meanwhile
        store.complete("grain", token, store.parts("grain", token))
        yield b"x" * SIZE

    with pytest.raises(Conflict, match="not wanted any more"):
        store.take(store.verify("PUT", *link(store, token, 3)), late())
    assert store.read("grain") == DATA
    with pytest.raises(GristmillError):
        store.complete("grain", token, parts)


def test_what_could_not_be_completed_may_go_on(store: LocalStore) -> None:
    token = store.begin("grain", part_size=SIZE)
    lay(store, token, 1, 2, 3, 4)
    missing = store.parts("grain", token)
    lay(store, token, 4)
    with pytest.raises(StoreFailed, match="Part 4 is missing"):
        store.complete("grain", token, missing)
    lay(store, token, 5)
    assert store.complete("grain", token, store.parts("grain", token)).size == len(DATA)


def test_a_crash_after_the_file_became_the_object_is_seen(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    token = store.begin("grain", part_size=SIZE)
    lay(store, token, 1, 2, 3, 4, 5)
    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "abort", lambda *_: None)
        store.complete("grain", token, store.parts("grain", token))
    again = LocalStore(store.root)
    with pytest.raises(NotFound):
        again.parts("grain", token)
    again.abort("grain", token)
    assert again.read("grain") == DATA
    assert list((store.root / "uploads").iterdir()) == []
