"""The model archive: a plain .zip that opens anywhere and needs AutoGluon alone.

    model/             AutoGluon's predictor, trimmed to what prediction needs
    schema.json        columns in, prediction out, the training file's form
    metrics.json       score, leaderboard, verdict
    requirements.txt   the versions it was trained with
    predict.py         python predict.py new.csv -o out.csv
    reading/           how predict.py reads a file: just as training did
    README.md          the above, in words

Predictions come from predict.py wherever they are made: here, in a batch, on a stranger's machine.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill import records, tasks

if TYPE_CHECKING:
    from gristmill.bench import BenchFile, Results
    from gristmill.engines import Engine

__all__ = ["Trained", "schema_of", "unpack", "versions", "write"]


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
    classes = engine.classes(predictor)
    return {
        "task": file.task,
        "item": tasks.find(file.task).item,
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
        part = path.with_name(path.name + ".part")
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for member in sorted(trimmed.rglob("*")):
                if member.is_file():
                    archive.write(member, Path("model") / member.relative_to(trimmed))
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
