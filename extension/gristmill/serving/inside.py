"""Inside a sandbox: holds one model open, and answers one question after the other.

    python inside.py ARCHIVE FOLDER MEMORY    then on stdin a question a line, each answered by a line on stdout

The archive's own predict.py answers, by its own command line, just as it does when it is started anew; only what it
loads is kept. So this file imports nothing of gristmill: what an archive needs of it, the archive has brought along.
The first line out says whether the model could be opened. The process ends when its standard input does.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import math
import os
import queue
import sys
import threading
import traceback
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

_LONGEST = 2_000  # letters of what is said of one question
_MOST_COLUMNS = 100
_LARGEST_FILE = 1 << 30  # bytes that an answer may write
_NOT_MOVED = ("text", "picture", "date", "identifier")  # kinds of columns in which nothing is usual


def main(archive: Path, folder: Path, memory: int) -> None:
    channel = _own_channel()
    lines: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    _bound(memory)
    try:
        script = opened(archive, folder)
    except BaseException as error:
        _say(channel, {"code": 1, "err": _sentence(error)})
        return
    _say(channel, {"code": 0})
    while True:
        _say(channel, answered(script, json.loads(lines.get())))


def opened(archive: Path, folder: Path) -> ModuleType:
    """The archive's predict.py, with its model loaded for good."""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    archive.unlink()
    spec = importlib.util.spec_from_file_location("predict", folder / "predict.py")
    if spec is None or spec.loader is None:
        raise ValueError("The archive has no predict.py.")
    script = importlib.util.module_from_spec(spec)
    sys.modules["predict"] = script
    spec.loader.exec_module(script)
    if hasattr(script, "load"):  # an older one for series loads for itself each time
        held = script.load()
        vars(script)["load"] = lambda: held
    return script


def answered(script: ModuleType, question: dict[str, Any]) -> dict[str, Any]:
    """What the script's command line comes to: its exit code, what it says, and what has moved its answer."""
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["predict.py", *question["arguments"]]
    code: object = 1
    effects: list[dict[str, Any]] = []
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = script.main()
            if code == 0 and question.get("usual"):
                effects = _effects(script, Path(question["arguments"][0]), Path(question["usual"]))
        except SystemExit as ended:
            code = ended.code
        except BaseException as error:
            traceback.print_exc(file=sys.__stderr__)
            print(_sentence(error), file=err)
            code = 1
    said = {"out": out.getvalue()[-_LONGEST:], "err": err.getvalue()[-_LONGEST:], "effects": effects}
    return {"code": code if isinstance(code, int) else 1, **said}


def _effects(script: ModuleType, data: Path, usual: Path) -> list[dict[str, Any]]:
    """By how much each value of a single row has moved its answer; nothing where that cannot be told."""
    try:
        return _moved(script, data, usual)
    except Exception:  # the answer itself is there, and stands without this
        traceback.print_exc(file=sys.__stderr__)
        return []


def _moved(script: ModuleType, data: Path, usual: Path) -> list[dict[str, Any]]:
    import pandas as pd

    schema = json.loads((script.HERE / "schema.json").read_text(encoding="utf-8"))
    asked, common = (next(iter(script.rows_of(path, schema))).reset_index(drop=True) for path in (data, usual))
    if len(asked) != 1:
        return []
    told = {column["name"]: column["kind"] for column in schema["columns"][:_MOST_COLUMNS]}
    names = [
        name
        for name, kind in told.items()
        if kind not in _NOT_MOVED and name in common and pd.notna(common[name][0]) and asked[name][0] != common[name][0]
    ]
    if not names:
        return []
    rows = pd.concat([asked, *(asked.assign(**{name: common[name]}) for name in names)], ignore_index=True)
    answers = script.answered(script.load(), rows, schema)
    column = "prediction" if schema["classes"] is None else f"probability.{answers['prediction'][0]}"
    values = answers[column].astype(float)
    return [
        {"column": name, "value": _written(asked[name][0]), "usual": _written(common[name][0]),
         "by": float(values[0] - values[place])}
        for place, name in enumerate(names, 1)
        if math.isfinite(values[0] - values[place])
    ]  # fmt: skip


def _written(value: object) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:200]


def _sentence(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "It needs more memory than a model that is held open may use."
    return " ".join(f"{error or type(error).__name__}".split())[:_LONGEST]


# --- the process -----------------------------------------------------------------------------------------------------


def _own_channel() -> io.FileIO:
    """Where answers go. Whatever else is printed goes to stderr, even by what is written in C."""
    channel = io.FileIO(os.dup(1), "w")
    os.dup2(2, 1)
    return channel


def _say(channel: io.FileIO, said: dict[str, Any]) -> None:
    left = memoryview(json.dumps(said).encode() + b"\n")
    while left:
        left = left[channel.write(left) or 0 :]


def _listen(lines: queue.Queue[bytes]) -> None:
    """Take questions, and end the process when whoever asks has gone."""
    with open(os.dup(0), "rb") as asked:  # noqa: PTH123  a descriptor has no path
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for line in asked:
            if line.strip():
                lines.put(line)
    os._exit(0)


def _bound(memory: int) -> None:
    """No more memory than that, no cores, no endless files; and where memory runs out, this process goes first."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        for limit, most in (("DATA", memory), ("CORE", 0), ("FSIZE", _LARGEST_FILE)):
            resource.setrlimit(getattr(resource, f"RLIMIT_{limit}"), (most, most))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


if __name__ == "__main__":
    sys.path.pop(0)  # this file's own folder holds nothing that a model could mean
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
