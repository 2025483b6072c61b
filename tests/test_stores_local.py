"""A store in a folder: crashes, full disks, and what file systems do not allow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill import stores
from gristmill.errors import Conflict, GristmillError, NotFound, NotPossible, StoreFailed, UsageError
from gristmill.stores import Stored, open_store
from gristmill.stores.base import check_key
from gristmill.stores.local import LocalStore
from services.folder import SECRET, left_over

MiB = 1 << 20


def test_a_broken_write_leaves_the_old_object(local_store: LocalStore) -> None:
    def breaks_off() -> Iterator[bytes]:
        yield b"new"
        raise KeyboardInterrupt

    local_store.put_bytes("a", b"old")
    with pytest.raises(KeyboardInterrupt):
        local_store.put_chunks("a", breaks_off())
    assert local_store.read("a") == b"old"
    assert left_over(local_store) == []


def test_a_writer_that_is_killed_leaves_nothing_at_the_key(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from gristmill.stores.local import LocalStore
def dies():
    yield b"x" * 100_000
    os.kill(os.getpid(), signal.SIGKILL)
LocalStore(Path(sys.argv[1])).put_chunks("a", dies())
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=os.environ | {"PYTHONPATH": _SOURCE})
    assert done.returncode == -signal.SIGKILL
    store = LocalStore(tmp_path)
    assert store.stat("a") is None
    assert list(store.list()) == []
    assert len(left_over(store)) == 1
    LocalStore(tmp_path, clock=lambda: time.time() + 25 * 3600)
    assert left_over(store) == []


_SOURCE = str(Path(stores.__file__).parents[2])


def test_a_full_disk_is_said_to_be_full_and_nothing_is_half_there(tiny_disk: Path, tmp_path: Path) -> None:
    store, elsewhere = LocalStore(tiny_disk / "store", secret=SECRET), LocalStore(tmp_path / "elsewhere")
    store.put_bytes("a", b"old")
    token = store.begin("a")
    (tmp_path / "large").write_bytes(os.urandom(2 * MiB))
    elsewhere.put_file("large", tmp_path / "large")
    calls: list[Callable[[], object]] = [
        lambda: store.put_file("a", tmp_path / "large"),
        lambda: store.put_part("a", token, 1, os.urandom(2 * MiB)),
        lambda: elsewhere.get_file("large", tiny_disk / "target"),
    ]
    for call in calls:
        with pytest.raises(StoreFailed, match=r"disk is full\. Free some space") as raised:
            call()
        assert raised.value.failure.cause
    assert store.read("a") == b"old"
    assert list(store.parts("a", token)) == []
    store.abort("a", token)
    assert left_over(store) == []
    assert [path.name for path in tiny_disk.iterdir()] == ["store"]


def test_a_folder_that_may_not_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(GristmillError, match="cannot be opened"):
        LocalStore(tmp_path / "file")
    with pytest.raises(StoreFailed, match="cannot be opened"):
        LocalStore(Path("/proc/store"))


def test_a_key_cannot_be_a_folder_too(local_store: LocalStore) -> None:
    local_store.put_bytes("a/b", b"x")
    for key in ("a", "a/b/c"):
        with pytest.raises(Conflict, match="folder of another"):
            local_store.put_bytes(key, b"y")
        assert local_store.stat(key) is None
    assert local_store.read("a/b") == b"x"
    assert left_over(local_store) == []


def test_a_digest_that_was_overtaken_is_none(local_store: LocalStore) -> None:
    assert local_store.put_bytes("a", b"x" * 100_000).sha256
    os.utime(local_store.root / "objects" / "a", (1, 1))
    assert local_store.stat("a") == Stored(key="a", size=100_000, modified_at=1.0, sha256=None)
    (local_store.root / "digests" / "a").unlink()
    assert local_store.stat("a") == Stored(key="a", size=100_000, modified_at=1.0, sha256=None)


def test_an_upload_is_bound_for_one_key(local_store: LocalStore) -> None:
    token = local_store.begin("mine")
    calls: list[Callable[[], object]] = [
        lambda: local_store.parts("another's", token),
        lambda: local_store.complete("another's", token, []),
        lambda: local_store.put_part("another's", token, 1, b"x"),
        lambda: local_store.parts("mine", "../../objects"),
    ]
    for call in calls:
        with pytest.raises(NotFound, match="no such upload"):
            call()
    local_store.abort("another's", token)
    assert list(local_store.parts("mine", token)) == []


def test_the_store_is_for_its_owner_only(local_store: LocalStore) -> None:
    assert local_store.root.stat().st_mode & 0o077 == 0


def test_a_folder_that_goes_while_it_is_needed_is_made_again(
    local_store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, target = Path.replace, local_store.root / "objects" / "deep" / "er" / "a"

    def late(source: Path, to: Path) -> Path:
        if to == target:
            monkeypatch.undo()
            target.parent.rmdir()  # as a deleter does who found the folder empty
        return real(source, to)

    monkeypatch.setattr(Path, "replace", late)
    local_store.put_bytes("deep/er/a", b"x")
    assert local_store.read("deep/er/a") == b"x"


def test_writers_and_deleters_do_not_trip_over_empty_folders(local_store: LocalStore) -> None:
    faults: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for _ in range(100):
                local_store.put_bytes(f"deep/er/{name}", b"x")
                local_store.delete(f"deep/er/{name}")
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_memory_stays_bounded(local_store: LocalStore, tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(64 * MiB)
    tracemalloc.start()
    local_store.put_file("a", tmp_path / "large")
    local_store.get_file("a", tmp_path / "back")
    token = local_store.begin("b")
    with (tmp_path / "large").open("rb") as file:
        url, size = local_store.sign_part("b", token, 1, seconds=60), {"Content-Length": str(64 * MiB)}
        assert httpx.put(url, content=iter(lambda: file.read(MiB), b""), headers=size, timeout=30).status_code == 200
    local_store.complete("b", token, local_store.parts("b", token))
    with httpx.stream("GET", local_store.sign_get("b", seconds=60)) as answer:
        assert sum(len(chunk) for chunk in answer.iter_raw(MiB)) == 64 * MiB
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * MiB


def test_without_a_secret_nothing_is_signed(tmp_path: Path) -> None:
    store = open_store(tmp_path.as_uri())
    with pytest.raises(NotPossible, match="signs no URLs"):
        store.sign_get("a", seconds=60)


_segments = st.text(min_size=1, max_size=300)


@given(st.lists(_segments, min_size=1, max_size=5).map("/".join))
def test_every_sound_key_names_one_file(tmp_path_factory: pytest.TempPathFactory, key: str) -> None:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    try:
        check_key(key)
    except UsageError:
        with pytest.raises(UsageError):
            store.put_bytes(key, b"x")
        return
    store.put_bytes(key, key.encode())
    assert store.read(key) == key.encode()
    assert [stored.key for stored in store.list()] == [key]
    store.delete(key)
    assert list((store.root / "objects").iterdir()) == list((store.root / "digests").iterdir()) == []
