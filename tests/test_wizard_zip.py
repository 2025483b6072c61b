"""A folder is packed in the browser: zip.js, executed by Node, against Python's own zipfile."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import gristmill_widgets

SCRIPT = """
import fs from "fs";
import buffer from "buffer";
globalThis.File ??= buffer.File;
const [code, given, to] = process.argv.slice(2);
const { zipped } = new Function(`${fs.readFileSync(code, "utf8")};return { zipped }`)();
const given_ = JSON.parse(fs.readFileSync(given, "utf8"));
const entries = given_.map(([path, text, at]) => ({ path, file: new File([text], path, { lastModified: at }) }));
const file = await zipped("folder", entries);
if (file) fs.writeFileSync(to, Buffer.from(await file.arrayBuffer()));
"""


@pytest.fixture
def pack(tmp_path: Path) -> Callable[[list[tuple[str, str, int]]], Path]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    script = tmp_path / "pack.mjs"
    script.write_text(SCRIPT)

    def packed(entries: list[tuple[str, str, int]]) -> Path:
        given, to = tmp_path / "entries.json", tmp_path / "packed.zip"
        to.unlink(missing_ok=True)
        given.write_text(json.dumps(entries))
        code = Path(gristmill_widgets.__file__).parent / "zip.js"
        subprocess.run([node, script, code, given, to], check=True, timeout=60)
        return to

    return packed


ENTRIES = [
    ("folder/ü/b.csv", "a,b\n1,2\n", 1_700_000_000_000),
    ("folder/a.csv", "x" * 9_000_000, 1_600_000_000_000),
    ("folder/empty", "", 0),
    ("folder/😀.txt", "é" * 1000, 1_500_000_000_000),
]


def test_what_is_packed_is_unpacked(pack: Callable[[list[tuple[str, str, int]]], Path]) -> None:
    with zipfile.ZipFile(pack(ENTRIES)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            path: text for path, text, _ in ENTRIES
        }
        assert archive.getinfo("folder/a.csv").date_time[:3] == (2020, 9, 13)


def test_the_same_folder_is_the_same_archive(pack: Callable[[list[tuple[str, str, int]]], Path]) -> None:
    first = pack(ENTRIES).read_bytes()
    assert pack(ENTRIES[::-1]).read_bytes() == first


def test_too_many_files_are_not_packed(pack: Callable[[list[tuple[str, str, int]]], Path]) -> None:
    assert not pack([(f"{number}.txt", "", 0) for number in range(65_001)]).exists()
