"""The house stands: who imports whom, what is imported at the top of a module, and what an import brings in.

FLOORS is the map that docs/design.md shows. A room (a module or a package directly under `gristmill`) imports from
floors below its own, and from a neighbour on its own floor as long as neighbours go round in no circle. What only type
checkers see may name a neighbour freely, but nothing above.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

FLOORS = {
    1: ("records", "errors", "amounts", "notebooks", "sealing", "settings", "wording"),
    2: ("catalog", "logs", "masks", "pictures", "rounds", "schedules", "stores", "tables", "tasks", "weights"),
    3: ("intake", "recipes", "bench", "budget", "engines", "figures", "model_archive", "sandbox"),
    4: ("worker", "reports", "looking", "notify", "serving", "trial"),
    5: ("dispatch", "explaining", "exploring", "fair_use", "reconciler", "recipe_book", "weights_shelf"),
    6: ("mill",),
    7: ("api", "client", "cli", "doctor", "jupyter"),
    8: ("app", "assembly"),
}

# Who sees less than the floors would allow: room or package -> the only rooms of gristmill that it may import
ONLY = {
    "gristmill.api": {"catalog", "errors", "mill", "notify", "records", "reconciler", "stores"},
    "gristmill.client": {"records", "errors"},
    "gristmill.cli": {"records", "errors", "client"},
    "gristmill.jupyter": {"records", "errors", "client"},
    "gristmill.tables.reading": set(),  # it is copied into each model archive, where there is no gristmill
    "gristmill.tasks.series": set(),  # the same
    "gristmill.engines.backbones": {"weights"},  # the same, where a model sees
    "gristmill.engines.compiled": {"engines"},  # the same, where a table's model has networks
    "gristmill.engines.picture_models": {"engines", "pictures"},  # the same: backbones/ goes along
    "gristmill.engines.dense": {"engines", "masks", "pictures"},  # the same: backbones/ goes along
    "gristmill.engines.texts": {"weights"},  # the same, where a model reads
    "gristmill.masks": set(),  # the same, where a model answers with masks
    # the same, where a model has seen texts or pictures beside a table's other columns
    "gristmill.engines.multimodal": {"engines"},
    "gristmill.weights": set(),  # the same, where a model needs weights
    "gristmill.pictures": set(),  # the same, where a model takes pictures
    "gristmill_widgets": {"records", "errors", "client"},
    "gristmill_hub": {"api", "errors", "hosts", "records"},
    "gristmill_templates": {"engines", "pictures"},  # what a script asks lies beside it in the archive
}

# Slow to import, so imported inside the function that needs them ...
HEAVY = {
    *("alembic", "autogluon", "azure", "boto3", "botocore", "catboost", "fastapi", "google", "httpx", "ipywidgets"),
    *("lightgbm", "matplotlib", "nbclient", "nbconvert", "nbformat", "numpy", "pandas", "papermill"),
    *("prometheus_client", "pyarrow", "python_calamine", "requests", "scipy", "sklearn", "sqlalchemy", "starlette"),
    *("cryptography", "torch", "uvicorn", "xgboost"),
}
# ... except in rooms that are wholly about them, and that others import inside functions
AT_THE_TOP = {
    "gristmill.api": {"fastapi", "httpx", "prometheus_client", "starlette", "uvicorn"},
    "gristmill.catalog": {"alembic", "sqlalchemy"},
    "gristmill.client.fetching": {"httpx"},
    "gristmill.client.uploading": {"httpx"},
    "gristmill.client.wire": {"httpx"},
    "gristmill.engines": {"autogluon", "pandas", "numpy"},
    "gristmill.engines.backbones": {"torch"},
    "gristmill.engines.dense": {"torch"},
    "gristmill.engines.multimodal": {"sklearn", "torch"},
    "gristmill.engines.picture_models": {"torch"},
    "gristmill.engines.texts": {"scipy", "sklearn", "torch"},
    "gristmill.figures": {"numpy", "pandas"},
    "gristmill.intake": {"numpy", "pandas", "pyarrow"},
    "gristmill.jupyter": {"httpx"},
    "gristmill.masks": {"numpy"},
    "gristmill.stores.azure": {"azure"},
    "gristmill.stores.azure_account": {"azure"},
    "gristmill.stores.gcs": {"google", "requests"},
    "gristmill.stores.s3": {"boto3", "botocore"},
    "gristmill_hub.login.people": {"sqlalchemy"},
    "gristmill_widgets.pages.door": {"ipywidgets"},
}


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported module, as `importer` names it in line `line`."""

    importer: str
    line: int
    module: str
    at_top: bool  # executed when the importer is imported
    for_types: bool  # never executed

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.module}"


def modules_under(root: Path, package: str) -> Iterator[tuple[str, Path]]:
    """Every module of a package, by its full name."""
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join((package, *parts)).removesuffix(".__init__")
        yield name, path


def imports_of(name: str, path: Path) -> Iterator[Import]:
    """Every import in a file."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return imports_in(name, ast.parse(path.read_text(encoding="utf-8")), package=package)


def imports_in(name: str, tree: ast.Module, *, package: str = "") -> Iterator[Import]:
    """Every import in a module's code: of modules, and of each name from `gristmill` itself, which is a room."""
    top, for_types = _executed_at_import(tree), _for_types(tree)
    for node in ast.walk(tree):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            modules = [f"{origin}.{alias.name}" for alias in node.names] if origin == "gristmill" else [origin]
        for module in modules:
            yield Import(
                importer=name, line=node.lineno, module=module, at_top=node in top, for_types=node in for_types
            )


def _for_types(tree: ast.Module) -> set[ast.AST]:
    """What stands under `if TYPE_CHECKING`."""
    guarded = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    return {inner for node in guarded for statement in node.body for inner in ast.walk(statement)}


def _executed_at_import(tree: ast.Module) -> set[ast.AST]:
    """What stands outside functions, and is not for type checkers only."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    later = {inner for node in ast.walk(tree) if isinstance(node, functions) for inner in ast.walk(node)}
    return set(ast.walk(tree)) - later - _for_types(tree)


def room_of(module: str) -> str | None:
    """`stores` for gristmill.stores.local; None for what is not in a room of gristmill."""
    parts = module.split(".")
    return parts[1] if parts[0] == "gristmill" and len(parts) > 1 and not parts[1].startswith("__") else None


def faults_in(imports: list[Import]) -> list[str]:
    """What breaks the rules, one sentence each."""
    floors = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
    faults = []
    neighbours: dict[str, set[str]] = {}
    for found in imports:
        own, other = room_of(found.importer), room_of(found.module)
        faults += _faults_of_seeing(found, other)
        if own is not None and own not in floors:
            faults.append(f"{found.importer} stands on no floor: give it one in FLOORS and in docs/design.md")
        elif found.module.split(".")[0] in ("gristmill_widgets", "gristmill_hub") and own is not None:
            faults.append(f"{found}, which stands above the platform")
        elif own is None or other is None or own == other:
            continue
        elif other not in floors:
            faults.append(f"{found}, which stands on no floor")
        elif floors[other] > floors[own]:
            faults.append(f"{found}: floor {floors[own]} reaches up to floor {floors[other]}")
        elif floors[other] == floors[own] and not found.for_types:
            neighbours.setdefault(own, set()).add(other)
    try:
        TopologicalSorter(neighbours).prepare()
    except CycleError as error:
        faults.append("neighbours go round in a circle: " + " -> ".join(error.args[1]))
    return sorted(set(faults))


def _faults_of_seeing(found: Import, other: str | None) -> list[str]:
    faults = []
    for where, allowed in ONLY.items():
        inside = found.importer == where or found.importer.startswith(f"{where}.")
        if inside and other is not None and other not in allowed and not found.module.startswith(where):
            faults.append(f"{found}, and {where} may see only {sorted(allowed) or 'nothing of gristmill'}")
    library = found.module.split(".")[0]
    allowed_here = set().union(
        *(libraries for where, libraries in AT_THE_TOP.items() if found.importer.startswith(where))
    )
    if found.at_top and library in HEAVY - allowed_here:
        faults.append(f"{found} at its top; import it inside the function that needs it")
    return faults


def house() -> list[Import]:
    """Every import of the four packages."""
    roots = {
        "gristmill": ROOT / "extension" / "gristmill",
        "gristmill_widgets": ROOT / "widgets" / "gristmill_widgets",
        "gristmill_hub": ROOT / "hub_config" / "gristmill_hub",
        "gristmill_templates": ROOT / "templates",
    }
    found = []
    for package, root in roots.items():
        for name, path in modules_under(root, package):
            found += list(imports_of(name, path))
    return found


def test_every_import_goes_down() -> None:
    assert faults_in(house()) == []


def test_every_floor_is_inhabited() -> None:
    rooms = {entry.stem for entry in (ROOT / "extension" / "gristmill").iterdir() if _is_room(entry)}
    assert {room for rooms_of_floor in FLOORS.values() for room in rooms_of_floor} == rooms


def _is_room(entry: Path) -> bool:
    return (entry.suffix == ".py" and entry.stem != "__init__") or (entry / "__init__.py").is_file()


@pytest.mark.parametrize(
    ("file", "line", "fault"),
    [
        ("records.py", "from gristmill.mill import Mill", "floor 1 reaches up to floor 6"),
        ("records.py", "from gristmill import mill", "floor 1 reaches up to floor 6"),
        ("stores/s3.py", "def f():\n    import gristmill.worker", "floor 2 reaches up to floor 4"),
        ("stores/s3.py", "from ..worker import Worker", "floor 2 reaches up to floor 4"),
        ("bench.py", "if TYPE_CHECKING:\n    from gristmill.app import main", "floor 3 reaches up to floor 8"),
        ("cli.py", "from gristmill.tasks import find", "may see only ['client', 'errors', 'records']"),
        ("tables/reading.py", "from gristmill.records import Table", "may see only nothing of gristmill"),
        ("bench.py", "import pandas as pd", "imports pandas at its top"),
        (
            "bench.py",
            "try:\n    from autogluon.tabular import TabularPredictor\nexcept ImportError: pass",
            "at its top",
        ),
        ("attic.py", "import json", "stands on no floor"),
        ("mill.py", "import gristmill_widgets", "stands above the platform"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, file: str, line: str, fault: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(line + "\n")
    [(name, path)] = modules_under(tmp_path, "gristmill")
    assert fault in " ".join(faults_in(list(imports_of(name, path))))


def test_a_circle_of_neighbours_is_found(tmp_path: Path) -> None:
    (tmp_path / "bench.py").write_text("from gristmill import recipes\n")
    (tmp_path / "recipes.py").write_text("from gristmill.bench import Bench\n")
    imports = [found for name, path in modules_under(tmp_path, "gristmill") for found in imports_of(name, path)]
    assert "in a circle" in " ".join(faults_in(imports))


@pytest.mark.parametrize(
    ("line", "but"),
    [
        ("import gristmill", set()),
        ("import gristmill.client", set()),
        ("import gristmill.cli, gristmill.app", set()),
        # it starts while somebody waits, beside a kernel that needs both cores to load
        ("import gristmill.worker, gristmill.reconciler, gristmill.notify", {"sqlalchemy"}),
    ],
)
def test_an_import_brings_in_nothing_heavy(line: str, but: set[str]) -> None:
    code = f"{line}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "gristmill" in loaded
    assert sorted(HEAVY & set(loaded)) == sorted(but)
