"""Archives: what is in them comes out as it went in, and nothing bad in them gets anywhere."""

from __future__ import annotations

import errno
import io
import os
import random
import stat
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from gristmill.errors import Conflict, DataRejected, StoreFailed
from gristmill.intake import archive as archives
from gristmill.intake.archive import Limits, Unpacked, unpack

PARTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\:"), min_size=1, max_size=12)
SLOW_DISK = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def pack(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def pack_infos(path: Path, infos: list[tuple[zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for info, data in infos:
            archive.writestr(info, data)
    return path


def tree(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


PRELUDE = """
import resource, signal, sys, time
from pathlib import Path
from gristmill.errors import GristmillError
from gristmill.intake.archive import unpack

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
start = time.process_time()

def attempt():
    try:
        unpack(Path(sys.argv[1]), Path(sys.argv[2]))
    except GristmillError as error:
        return error.failure.code
    return "none"

def peak():
    # Not ru_maxrss: that remembers the process that started this one.
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) << 10
"""


def alone(script: str, source: Path, folder: Path) -> list[str]:
    """What a script prints that unpacks in a process of its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PRELUDE + script, str(source), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split()


def rejected(path: Path, folder: Path, limits: Limits | None = None) -> DataRejected:
    """Unpacking is refused in a sentence that names the file and a cure, and leaves nothing anywhere."""
    before = sorted(str(file) for file in path.parent.rglob("*"))
    with pytest.raises(DataRejected) as raised:
        unpack(path, folder, limits or Limits())
    failure = raised.value.failure
    assert path.name in failure.what
    assert failure.what.endswith(".")
    assert failure.cure.endswith(".")
    assert sorted(str(file) for file in path.parent.rglob("*")) == before
    assert not folder.exists()
    return raised.value


def code(path: Path, folder: Path, limits: Limits | None = None) -> str:
    return rejected(path, folder, limits).failure.code


class TestWhatComesOut:
    @SLOW_DISK
    @given(
        files=st.dictionaries(
            st.lists(PARTS, min_size=1, max_size=4).map("/".join), st.binary(max_size=3000), min_size=1
        ),
        method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    )
    def test_any_tree_round_trips_or_is_refused(
        self, tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], method: int
    ) -> None:
        base = tmp_path_factory.mktemp("tree")
        source = pack(base / "data.zip", files, method)
        try:
            unpacked = unpack(source, base / "out")
        except DataRejected as error:
            fault = error.failure.code
        else:
            fault = ""
        if fault:
            # Names that normalise to one, lead up, are junk or are folders of others; never a silent loss.
            event(fault)
            assert fault in {"archive-duplicate", "archive-slip", "archive-empty", "archive-nested"}
            assert not (base / "out").exists()
            return
        found = tree(base / "out")
        assert set(unpacked.files) == set(found)
        assert unpacked.bytes == sum(map(len, found.values()))
        assert len(unpacked.files) + len(unpacked.ignored) == len(files)
        assert sorted(found.values()) == sorted(
            data for name, data in files.items() if archives.list_members(source, Limits()).ignored.count(name) == 0
        )

    def test_names_and_contents_stay(self, tmp_path: Path) -> None:
        files = {"Größe/änd.csv": b"a,b\n1,2\n", "train.csv": os.urandom(5_000_000), "empty.txt": b""}
        unpacked = unpack(pack(tmp_path / "data.zip", files), tmp_path / "out")
        assert tree(tmp_path / "out") == files
        assert unpacked == Unpacked(files=tuple(sorted(files)), ignored=(), bytes=5_000_008)

    def test_single_folder_is_kept(self, tmp_path: Path) -> None:
        assert unpack(pack(tmp_path / "d.zip", {"titanic/": b"", "titanic/a.csv": b"x"}), tmp_path / "o").files == (
            "titanic/a.csv",
        )

    def test_junk_is_left_out(self, tmp_path: Path) -> None:
        junk = ["__MACOSX/._a.csv", ".DS_Store", "sub/Thumbs.db", "sub/desktop.ini", "sub/._b.csv"]
        unpacked = unpack(pack(tmp_path / "d.zip", {"a.csv": b"x"} | dict.fromkeys(junk, b"y")), tmp_path / "o")
        assert unpacked.files == ("a.csv",)
        assert set(unpacked.ignored) == set(junk)
        assert tree(tmp_path / "o") == {"a.csv": b"x"}

    def test_backslashes_are_folders(self, tmp_path: Path) -> None:
        info = zipfile.ZipInfo("x")
        info.filename = "train\\part\\a.csv"
        assert unpack(pack_infos(tmp_path / "d.zip", [(info, b"x")]), tmp_path / "o").files == ("train/part/a.csv",)

    @pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
    def test_names_without_the_unicode_flag(self, tmp_path: Path, encoding: str) -> None:
        """macOS writes UTF-8 and forgets to say so; old programs write the DOS encoding."""
        path = pack(tmp_path / "d.zip", {"XXXXX.csv" if encoding == "cp437" else "XXXXXX.csv": b"x"})
        raw = path.read_bytes().replace(b"XXXXXX", "Zürch".encode()).replace(b"XXXXX", "Zürch".encode("cp437"))
        path.write_bytes(raw)
        assert unpack(path, tmp_path / "o").files == ("Zürch.csv",)

    def test_decomposed_names_are_composed(self, tmp_path: Path) -> None:
        assert unpack(pack(tmp_path / "d.zip", {"u\u0308.csv": b"x"}), tmp_path / "o").files == ("\u00fc.csv",)

    def test_program_at_the_front_and_comment_at_the_end(self, tmp_path: Path) -> None:
        path = pack(tmp_path / "plain.zip", {"a.csv": b"hello"})
        with zipfile.ZipFile(path, "a") as archive:
            archive.comment = b"made by hand"
        shifted = tmp_path / "shifted.zip"
        shifted.write_bytes(b"PK\x03\x04" + b"#" * 1000 + path.read_bytes())
        assert unpack(shifted, tmp_path / "o").files == ("a.csv",)
        assert tree(tmp_path / "o") == {"a.csv": b"hello"}

    def test_streamed_and_large_entries(self, tmp_path: Path) -> None:
        """Sizes that stand behind the data, and ones that take 64 bits."""

        class Pipe(io.RawIOBase):
            def __init__(self) -> None:
                self.data = b""

            def writable(self) -> bool:
                return True

            def write(self, data: bytes) -> int:  # type: ignore[override]
                self.data += bytes(data)
                return len(data)

        pipe = Pipe()
        with (
            zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive,  # type: ignore[arg-type]
            archive.open("a.csv", "w", force_zip64=True) as file,
        ):
            file.write(b"a,b\n" * 1000)
        (tmp_path / "d.zip").write_bytes(pipe.data)
        unpack(tmp_path / "d.zip", tmp_path / "o")
        assert tree(tmp_path / "o") == {"a.csv": b"a,b\n" * 1000}

    @pytest.mark.parametrize("name", ["data.csv", "data.tsv", "data.parquet", "data.xlsx"])
    def test_bare_table_is_adopted(self, tmp_path: Path, name: str) -> None:
        import pandas as pd

        path, frame = tmp_path / name, pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
        writers: dict[str, Callable[[Path], object]] = {
            ".csv": lambda path: frame.to_csv(path),
            ".tsv": lambda path: frame.to_csv(path, sep="\t"),
            ".parquet": lambda path: frame.to_parquet(path),
            ".xlsx": lambda path: frame.to_excel(path),
        }
        writers[path.suffix](path)
        unpacked = unpack(path, tmp_path / "o")
        assert unpacked.files == (name,)
        assert unpacked.bytes == path.stat().st_size
        assert (tmp_path / "o" / name).samefile(path)

    def test_bare_table_on_another_disk_is_copied(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise OSError(errno.EXDEV, "another disk")

        monkeypatch.setattr(os, "link", refuse)
        (tmp_path / "a.csv").write_text("a,b\n1,2\n")
        unpack(tmp_path / "a.csv", tmp_path / "o")
        assert tree(tmp_path / "o") == {"a.csv": b"a,b\n1,2\n"}

    def test_folder_must_be_empty(self, tmp_path: Path) -> None:
        (tmp_path / "o").mkdir()
        (tmp_path / "o" / "mine").write_text("keep")
        with pytest.raises(Conflict):
            unpack(pack(tmp_path / "d.zip", {"a": b"x"}), tmp_path / "o")
        assert tree(tmp_path / "o") == {"mine": b"keep"}


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "name",
        [
            "../evil",
            "a/../../evil",
            "/etc/evil",
            "C:\\evil",
            "c:evil",
            "\\\\host\\evil",
            "a\\..\\..\\evil",
            "..",
            "a/\x1bb",
        ],
    )
    def test_names_that_lead_out(self, tmp_path: Path, name: str) -> None:
        info = zipfile.ZipInfo("x")
        info.filename = name
        assert code(pack_infos(tmp_path / "d.zip", [(info, b"x")]), tmp_path / "o") == "archive-slip"

    @SLOW_DISK
    @given(
        name=st.lists(st.sampled_from(["..", ".", "a", "", "\\", "/", "C:", "\x00", "~", "x" * 300]), max_size=8).map(
            "/".join
        )
    )
    def test_no_name_writes_outside(self, tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
        base = tmp_path_factory.mktemp("slip")
        info = zipfile.ZipInfo("x")
        info.filename = name
        source = pack_infos(base / "d.zip", [(info, b"evil"), (zipfile.ZipInfo("good"), b"x")])
        try:
            unpack(source, base / "deep" / "er" / "out")
        except DataRejected:
            assert not (base / "deep" / "er" / "out").exists()
        outside = [
            file for file in base.rglob("*") if file.is_file() and (base / "deep" / "er" / "out") not in file.parents
        ]
        assert outside == [source]

    @pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFBLK, stat.S_IFSOCK])
    def test_links_and_devices(self, tmp_path: Path, kind: int) -> None:
        info = zipfile.ZipInfo("passwd")
        info.external_attr = (kind | 0o777) << 16
        assert code(pack_infos(tmp_path / "d.zip", [(info, b"/etc/passwd")]), tmp_path / "o") == "archive-link"

    def test_bomb_by_ratio(self, tmp_path: Path) -> None:
        assert code(pack(tmp_path / "d.zip", {"a.csv": b"0" * (40 << 20)}), tmp_path / "o") == "archive-bomb"

    def test_bomb_by_size(self, tmp_path: Path) -> None:
        path = pack(tmp_path / "d.zip", {"a": os.urandom(1000), "b": os.urandom(1000)})
        assert code(path, tmp_path / "o", Limits(total=1999)) == "archive-bomb"
        assert code(path, tmp_path / "o", Limits(entry=999)) == "archive-bomb"
        assert unpack(path, tmp_path / "o", Limits(total=2000, entry=1000)).bytes == 2000

    def test_entry_that_ends_too_early(self, tmp_path: Path) -> None:
        path = pack(tmp_path / "d.zip", {"a.csv": bytes(1_000_000)})
        path.write_bytes(path.read_bytes().replace(struct.pack("<L", 1_000_000), struct.pack("<L", 1_000_001)))
        assert code(path, tmp_path / "o") == "archive-damaged"

    def test_entry_that_reaches_into_the_directory(self, tmp_path: Path) -> None:
        path = pack(tmp_path / "d.zip", {"a.csv": os.urandom(1000)}, zipfile.ZIP_STORED)
        raw = bytearray(path.read_bytes())
        struct.pack_into("<2L", raw, raw.index(b"PK\x01\x02") + 20, 1100, 1100)
        path.write_bytes(raw)
        assert code(path, tmp_path / "o") == "archive-truncated"

    @pytest.mark.parametrize("claim", [0, 10, 9_999_999])
    def test_bomb_that_lies_about_its_size(self, tmp_path: Path, claim: int) -> None:
        path = pack(tmp_path / "d.zip", {"a.csv": bytes(10_000_000)})
        raw = path.read_bytes()
        path.write_bytes(raw.replace(struct.pack("<L", 10_000_000), struct.pack("<L", claim)))
        assert code(path, tmp_path / "o") == "archive-bomb"

    def test_entries_that_share_bytes(self, tmp_path: Path) -> None:
        """A quine's or Fifield's bomb: many names for one run of bytes."""
        path = pack(tmp_path / "d.zip", {"aa": os.urandom(500), "bb": os.urandom(500)})
        raw = bytearray(path.read_bytes())
        second = raw.index(b"PK\x01\x02", raw.index(b"PK\x01\x02") + 1)
        struct.pack_into("<L", raw, second + 42, 0)
        path.write_bytes(raw)
        assert code(path, tmp_path / "o") == "archive-bomb"

    def test_too_many_entries_quickly_and_in_little_memory(self, tmp_path: Path) -> None:
        path = tmp_path / "d.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(200_000):
                archive.writestr(zipfile.ZipInfo(f"{number}.txt"), b"")
        assert code(path, tmp_path / "o") == "archive-too-many"
        raw = bytearray(path.read_bytes())
        for claim in (b"PK\x06\x06", b"PK\x05\x06"):  # the counts lie, too
            at = raw.rindex(claim)
            struct.pack_into(
                "<2Q" if claim == b"PK\x06\x06" else "<2H", raw, at + (24 if claim == b"PK\x06\x06" else 8), 5, 5
            )
        path.write_bytes(raw)
        fault, seconds, peak = alone("print(attempt(), time.process_time() - start, peak())", path, tmp_path / "o")
        assert fault == "archive-too-many"
        assert float(seconds) < 5
        assert int(peak) < 100 << 20

    def test_nested(self, tmp_path: Path) -> None:
        inner = pack(tmp_path / "inner.zip", {"a.csv": b"x"}).read_bytes()
        error = rejected(pack(tmp_path / "d.zip", {"sub/inner.ZIP": inner}), tmp_path / "o")
        assert error.failure.code == "archive-nested"
        assert "sub/inner.ZIP" in error.failure.what
        assert "Unpack" in error.failure.cure

    def test_workbook_inside_is_no_nested_archive(self, tmp_path: Path) -> None:
        book = pack(tmp_path / "book.xlsx", {"xl/workbook.xml": b"<x/>", "[Content_Types].xml": b"<x/>"}).read_bytes()
        assert unpack(pack(tmp_path / "d.zip", {"book.xlsx": book}), tmp_path / "o").files == ("book.xlsx",)

    def test_encrypted(self, tmp_path: Path) -> None:
        path = pack(tmp_path / "d.zip", {"a.csv": b"secret"})
        raw = bytearray(path.read_bytes())
        raw[raw.index(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(raw)
        assert code(path, tmp_path / "o") == "archive-encrypted"

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
    def test_truncated(self, tmp_path: Path, share: float) -> None:
        path = pack(tmp_path / "d.zip", {f"{number}.csv": os.urandom(1000) for number in range(50)})
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        assert code(path, tmp_path / "o") == "archive-truncated"

    def test_cut_out_in_the_middle(self, tmp_path: Path) -> None:
        path = pack(tmp_path / "d.zip", {"a.csv": os.urandom(100_000), "b.csv": os.urandom(1000)})
        raw = path.read_bytes()
        path.write_bytes(raw[:20_000] + raw[40_000:])
        assert code(path, tmp_path / "o") in {"archive-truncated", "archive-damaged"}

    @SLOW_DISK
    @given(seed=st.integers(0, 2**32))
    def test_damage_is_never_unnoticed(self, tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
        """Whatever bytes are changed: refused, or the contents are right."""
        base, dice = tmp_path_factory.mktemp("damage"), random.Random(seed)
        files = {"a.csv": b"a,b\n1,2\n" * 500, "sub/b.csv": os.urandom(3000), "c.txt": b""}
        path = pack(base / "d.zip", files)
        raw = bytearray(path.read_bytes())
        for _ in range(dice.randint(1, 5)):
            raw[dice.randrange(4, len(raw))] = dice.randrange(256)
        path.write_bytes(raw)
        try:
            unpack(path, base / "out")
        except (DataRejected, StoreFailed):
            assert not (base / "out").exists()
        else:
            contents = tree(base / "out").values()
            assert all(data in files.values() for data in contents)
        assert {file.name for file in base.iterdir()} <= {"d.zip", "out"}

    def test_wrong_checksum(self, tmp_path: Path) -> None:
        path = pack(tmp_path / "d.zip", {"a.csv": b"right"}, zipfile.ZIP_STORED)
        path.write_bytes(path.read_bytes().replace(b"right", b"wrong"))
        error = rejected(path, tmp_path / "o")
        assert error.failure.code == "archive-damaged"
        assert "a.csv" in error.failure.what

    def test_duplicate_names(self, tmp_path: Path) -> None:
        infos = [(zipfile.ZipInfo("a.csv"), b"1"), (zipfile.ZipInfo("./a.csv"), b"2")]
        assert code(pack_infos(tmp_path / "d.zip", infos), tmp_path / "o") == "archive-duplicate"

    @pytest.mark.parametrize("names", [["a", "a/b"], ["a", "a/b/c/d"]])
    def test_file_that_is_a_folder_too(self, tmp_path: Path, names: list[str]) -> None:
        assert code(pack(tmp_path / "d.zip", dict.fromkeys(names, b"x")), tmp_path / "o") == "archive-duplicate"

    @pytest.mark.parametrize("name", ["x" * 256, "/".join("x" * 20), "/".join(["x" * 100] * 12)])
    def test_long_and_deep_names(self, tmp_path: Path, name: str) -> None:
        limits = Limits(depth=15)
        assert code(pack(tmp_path / "d.zip", {name: b"x"}), tmp_path / "o", limits) == "archive-path-too-long"

    @pytest.mark.parametrize("files", [{}, {"folder/": b""}, {"__MACOSX/a": b"x", ".DS_Store": b"y"}])
    def test_nothing_in_it(self, tmp_path: Path, files: dict[str, bytes]) -> None:
        assert code(pack(tmp_path / "d.zip", files), tmp_path / "o") == "archive-empty"

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_unusual_methods(self, tmp_path: Path, method: int) -> None:
        assert code(pack(tmp_path / "d.zip", {"a.csv": b"x"}, method), tmp_path / "o") == "archive-method"

    def test_part_of_a_split_archive(self, tmp_path: Path) -> None:
        path = pack(tmp_path / "d.zip", {"a.csv": b"x"})
        raw = bytearray(path.read_bytes())
        struct.pack_into("<H", raw, raw.rindex(b"PK\x05\x06") + 4, 3)
        path.write_bytes(raw)
        assert code(path, tmp_path / "o") == "archive-split"

    @pytest.mark.parametrize(
        "magic", [b"\x1f\x8b\x08", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"%PDF-1.7", os.urandom(4000)]
    )
    def test_other_formats(self, tmp_path: Path, magic: bytes) -> None:
        (tmp_path / "data.bin").write_bytes(magic + bytes(range(32)) * 20)
        error = rejected(tmp_path / "data.bin", tmp_path / "o")
        assert error.failure.code == "unknown-format"
        assert "ZIP" in error.failure.cure

    def test_other_office_documents(self, tmp_path: Path) -> None:
        path = pack(tmp_path / "letter.docx", {"[Content_Types].xml": b"x", "word/document.xml": b"x"})
        assert code(path, tmp_path / "o") == "unknown-format"


class TestWhenTheDiskFails:
    def test_disk_without_space(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real = os.write

        def write(target: int, data: bytes) -> int:
            if os.fstat(target).st_size > 100_000:
                raise OSError(errno.ENOSPC, "full")
            return real(target, data[:50_000])

        path = pack(tmp_path / "d.zip", {"a.csv": os.urandom(1000), "b.csv": os.urandom(1_000_000)})
        (tmp_path / "o").mkdir()
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", write)
            with pytest.raises(StoreFailed, match="disk space") as raised:
                unpack(path, tmp_path / "o")
        assert raised.value.failure.cure
        assert list((tmp_path / "o").iterdir()) == []
        assert path.exists()

    def test_real_limit_on_file_size(self, tmp_path: Path) -> None:
        """The kernel itself refuses to write more."""
        path = pack(tmp_path / "d.zip", {"a.csv": os.urandom(3_000_000)})
        limits = "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))"
        assert alone(f"{limits}; print(attempt())", path, tmp_path / "o") == ["store-failed"]
        assert not (tmp_path / "o").exists()

    def test_too_little_space_is_seen_beforehand(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import shutil
        from types import SimpleNamespace

        path = pack(tmp_path / "d.zip", {"a.csv": os.urandom(1000)})
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 20))
        with pytest.raises(StoreFailed, match="disk space"):
            unpack(path, tmp_path / "o")
        assert not (tmp_path / "o").exists()


def test_memory_stays_small_for_one_large_file(tmp_path: Path) -> None:
    """A file inflates through a few MiB of memory, however large it is."""
    block = b"".join(b"%d,%d,some words\n" % (number, number * 7919 % 1000) for number in range(200_000))
    with (
        zipfile.ZipFile(tmp_path / "d.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("a.csv", "w") as file,
    ):
        for _ in range(50):
            file.write(block)
    fault, peak = alone("print(attempt(), peak())", tmp_path / "d.zip", tmp_path / "o")
    assert fault == "none"
    assert (tmp_path / "o" / "a.csv").stat().st_size == 50 * len(block)
    assert int(peak) < 100 << 20
