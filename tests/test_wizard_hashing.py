"""A file's SHA-256 is taken in the browser: hashing.js, executed by Node, against Python's own."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

import gristmill_widgets

READ, PIECE = 4 << 20, 8 << 20
SIZES = [0, 1, 55, 56, 63, 64, 65, 119, 120, READ - 1, READ, READ + 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 57]
SCRIPT = """
import fs from "fs";
const [code, own, ...files] = process.argv.slice(2);
if (own === "none") Object.defineProperty(globalThis, "crypto", { value: undefined });
const worker = new Function(`${fs.readFileSync(code, "utf8")};return hashingCode()`)();
const digest = () => new Function(`let onmessage; ${worker}; return digest`)();
const sums = [];
for (const file of files) sums.push(await digest()(new Blob([fs.readFileSync(file)])));
console.log(JSON.stringify(sums));
"""


def sum_of(data: bytes, by_the_browser: bool) -> str:
    if not by_the_browser or len(data) <= PIECE:
        return hashlib.sha256(data).hexdigest()
    pieces = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
    return f"{PIECE}:{hashlib.sha256(b''.join(hashlib.sha256(piece).digest() for piece in pieces)).hexdigest()}"


@pytest.mark.parametrize("own", ["the browser's", "none"])
def test_the_sum_is_the_files(tmp_path: Path, own: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    script, files = tmp_path / "sum.mjs", [tmp_path / str(size) for size in SIZES]
    script.write_text(SCRIPT)
    for file, size in zip(files, SIZES, strict=True):
        file.write_bytes((bytes(range(251)) * (size // 251 + 1))[:size])
    code = Path(gristmill_widgets.__file__).parent / "hashing.js"
    done = subprocess.run([node, script, code, own, *files], check=True, timeout=300, capture_output=True)
    assert json.loads(done.stdout) == [sum_of(file.read_bytes(), own != "none") for file in files]
