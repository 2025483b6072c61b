"""The model archive: a plain .zip that opens anywhere and needs AutoGluon alone.

    model/             AutoGluon's predictor, trimmed to what prediction needs
    schema.json        columns in, prediction out, the training file's form
    metrics.json       score, leaderboard, verdict
    requirements.txt   the versions it was trained with
    predict.py         python predict.py new.csv -o out.csv
    reading/           how predict.py reads a file: just as training did
    networks/          where the model has neural candidates: the same in NumPy, which answer sooner in their place
    README.md          the above, in words

Predictions come from predict.py wherever they are made: here, in a batch, on a stranger's machine.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any

from gristmill import records, tasks
from gristmill.errors import DataRejected, NotPossible, UsageError
from gristmill.records import ColumnKind, Model

if TYPE_CHECKING:
    from gristmill.bench import BenchFile, Results
    from gristmill.engines import Engine

__all__ = ["Trained", "ask", "schema_of", "takes_folders", "unpack", "versions", "write"]

Caller = Callable[[Sequence[str], Path], CompletedProcess[str]]
"""Runs a program to its end in a folder; its output is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """What a recipe has to show: a predictor, and all that is known of it."""

    predictor: Any
    engine: Engine
    file: BenchFile
    results: Results


def versions(names: Sequence[str]) -> dict[str, str]:
    """Installed versions of what a model is made with."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def schema_of(predictor: Any, engine: Engine, file: BenchFile) -> dict[str, Any]:
    """What goes into a model and what comes out of it."""
    used = set(engine.columns(predictor))
    columns = [
        {"name": column.name, "kind": str(column.kind), "minimum": column.minimum, "maximum": column.maximum,
         "values": [value for value, _ in column.top] if column.kind in ("category", "yes/no") else []}
        for column in file.profile.main.columns
        if column.name in used
    ]  # fmt: skip
    classes, kind = engine.classes(predictor), tasks.find(file.task)
    return {
        "task": file.task,
        "item": kind.item,
        "asks_for_rows": kind.asks_for_rows,
        "answers": list(kind.answers),
        "target": file.target,
        "metric": file.metric,
        "columns": columns,
        "classes": None if classes is None else list(classes),
        "form": records.to_plain(file.profile.main.form),
    }


def write(trained: Trained, path: Path) -> None:
    """Write the archive of the best model to `path`, whole or not at all."""
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        trimmed = Path(scratch) / "model"
        trained.engine.trim(trained.predictor, trimmed)
        trained.engine.write_stand_ins(trained.predictor, Path(scratch) / "networks")
        part = path.with_name(path.name + ".part")
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for member in sorted(Path(scratch).rglob("*")):
                if member.is_file():
                    archive.write(member, member.relative_to(scratch))
            for name, text in _texts(trained).items():
                archive.writestr(name, text)
        part.rename(path)


def _texts(trained: Trained) -> dict[str, str | bytes]:
    """The archive's files beside the predictor."""
    file, results = trained.file, trained.results
    packing = trained.engine.packing(trained.predictor)
    given = resources.files("gristmill_templates") / "model"
    requirements = "".join(f"{name}=={version}\n" for name, version in versions(packing.needs).items())
    usage = (given / trained.engine.usage(packing.script)).read_text(encoding="utf-8").rstrip()
    readme = (given / "README.md").read_text(encoding="utf-8").replace("{{usage}}", usage)
    item, taken = results.schema.get("item", "row"), [column["name"] for column in results.schema.get("columns", ())]
    facts = {
        "name": file.name, "target": file.target, "task": file.task.replace("-", " "), "metric": file.metric,
        "score": f"{results.score:.4g}", "verdict": results.verdict, "best": results.best, "run": file.run_id,
        "sha256": file.data_sha256, "items": f"{item}s", "columns": "`, `".join(taken),
        "column": f"`{taken[0]}`" if taken else "",
    }  # fmt: skip
    for key, value in facts.items():
        readme = readme.replace("{{" + key + "}}", value)
    reading = resources.files("gristmill") / "tables" / "reading"
    texts: dict[str, str | bytes] = {
        "schema.json": records.encode(results.schema),
        "metrics.json": records.encode(results),
        "requirements.txt": requirements,
        "README.md": readme,
        "predict.py": (given / packing.script).read_bytes(),
    }
    texts |= {f"reading/{file.name}": file.read_bytes() for file in reading.iterdir() if file.name.endswith(".py")}
    for package in packing.code:
        texts |= _package(package)
    return texts


def _package(name: str) -> dict[str, str | bytes]:
    """The modules of one package under their own names, in packages that hold nothing else."""
    parts = name.split(".")
    above = {"/".join((*parts[:depth], "__init__.py")): "" for depth in range(1, len(parts))}
    modules = (file for file in resources.files(name).iterdir() if file.name.endswith(".py"))
    return above | {"/".join((*parts, file.name)): file.read_bytes() for file in modules}


def unpack(archive: Path, folder: Path) -> None:
    """The archive's files in `folder`, there whole or not at all; who comes second leaves what the first has made."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(scratch)
        scratch.rename(folder)
    except OSError:
        shutil.rmtree(scratch, ignore_errors=True)
        if not folder.exists():
            raise


def takes_folders(model: Model) -> bool:
    """Whether a folder will do as the data to be asked about."""
    kinds = {column["kind"] for column in model.schema.get("columns", ())}
    return not kinds.isdisjoint({ColumnKind.PICTURE, ColumnKind.TEXT})


def _must_take(to: Path, task: str) -> None:
    """Refuse a folder to write to, but an empty one where answers are many files."""
    if not to.is_dir():
        return
    answers = tasks.find(task).answers
    if "zip" not in answers:
        raise UsageError(f"{to} is a folder.", cure=f"Name a file that ends in .{' or .'.join(answers)}.")
    if any(to.iterdir()):
        raise UsageError(
            f"The folder {to} is not empty.", cure="Name an empty or a new one, or a file that ends in .zip."
        )


def ask(
    model: Model,
    folder: Path,
    data: Path | None,
    to: Path,
    settings: Mapping[str, Any],
    call: Caller,
    told: Callable[[str], object] | None = None,
) -> int:
    """Have the predict.py of the archive that is unpacked in `folder` answer `data`'s rows into `to`; how many.

    `told` hears what could not be answered.
    """
    _must_take(to, model.task)
    given = [] if data is None else [str(data.resolve())]
    chosen = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    done = call([sys.executable, str(folder / "predict.py"), *given, "-o", str(to.resolve()), *chosen], folder)
    said = done.stderr.strip().splitlines() or ["It gave no reason."]
    if done.returncode == 2:  # what the script's own command line says no to
        raise UsageError(
            f"The model {model.name} cannot be asked like that.",
            cause=said[-1].partition("error: ")[2].capitalize() + ".",
            cure="Most models need DATA to predict, and take no settings.",
        )
    if done.returncode == 3:
        raise DataRejected(said[-1], code="not-predictable")
    if done.returncode != 0:
        raise NotPossible("The model could not be asked.", cause=said[-1])
    for line in said:
        if told is not None and line.startswith("No prediction"):
            told(line)
    return int(done.stdout.strip().splitlines()[-1])
