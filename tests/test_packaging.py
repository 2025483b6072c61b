"""The distribution: the wheel holds what the folders hold, works where it is installed, and asks for what it uses."""

from __future__ import annotations

import ast
import email.message
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gristmill import tasks
from test_layers import house, imports_in

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {
    "gristmill": ROOT / "extension" / "gristmill",
    "gristmill_widgets": ROOT / "widgets" / "gristmill_widgets",
    "gristmill_hub": ROOT / "hub_config" / "gristmill_hub",
    "gristmill_templates": ROOT / "templates",
}
BUILT = ROOT / "extension" / "labextension" / "built"  # what JupyterLab loads
EXTRAS = {"train", "all-tasks", "notebook", "wizard", "hub", "jupyter", "cloud", "serve", "dev"}


# Not libraries: files that lie beside the importer where it runs
BESIDE = {"reading", "series"}  # of what predicts, in the model archive


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, so that the build leaves nothing in the checkout."""
    source = tmp_path_factory.mktemp("source")
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    (source / "hub_config").mkdir()
    shutil.copy(ROOT / "hub_config" / "jupyterhub_config.py", source / "hub_config")
    shutil.copytree(BUILT, source / BUILT.relative_to(ROOT))
    for folder in FOLDERS.values():
        shutil.copytree(folder, source / folder.relative_to(ROOT), ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "."]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)
    [built] = source.glob("gristmill-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment that holds the wheel; everything else it borrows from this one."""
    return environment(wheel, tmp_path_factory.mktemp("environment"), borrowed=Path(sysconfig.get_path("purelib")))


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment as `pip install gristmill` makes it: nothing of any extra is there."""
    borrowed = tmp_path_factory.mktemp("borrowed")
    for part in distributions_of_the_bare_install(wheel):
        for name in {file.parts[0] for file in part.files or ()} - {"..", "__pycache__"}:
            if not (borrowed / name).exists():
                (borrowed / name).symlink_to(Path(str(part.locate_file(name))).resolve())
    return environment(wheel, tmp_path_factory.mktemp("bare"), borrowed=borrowed)


def environment(wheel: Path, folder: Path, *, borrowed: Path) -> Path:
    """The Python of a new environment in `folder` that holds the wheel, and finds the packages in `borrowed`."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    [packages] = folder.glob("lib/python*/site-packages")
    # A folder named in a .pth file is searched, but its own .pth files are not read: an editable gristmill stays out
    (packages / "borrowed.pth").write_text(f"{borrowed}\n")
    return python


def test_the_wheel_holds_what_the_folders_hold(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name and ".data/" not in name}
    there = {
        f"{package}/{path.relative_to(folder).as_posix()}"
        for package, folder in FOLDERS.items()
        for path in folder.rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }
    assert held == there


def test_an_installed_wheel_has_the_hubs_configuration(installed: Path) -> None:
    code = "from gristmill_hub.up import own_config; print(own_config())"
    kept = installed.parent.parent / "share" / "gristmill" / "jupyterhub_config.py"
    assert run(installed, "-c", code, folder=installed.parent.parent) == f"{kept}\n"
    assert kept.read_bytes() == (ROOT / "hub_config" / "jupyterhub_config.py").read_bytes()


def test_an_installed_wheel_is_found_by_jupyter(installed: Path) -> None:
    kept = installed.parent.parent / "etc" / "jupyter" / "jupyter_server_config.d" / "gristmill.json"
    assert json.loads(kept.read_text()) == {"ServerApp": {"jpserver_extensions": {"gristmill.app": True}}}
    code = "from gristmill import app; print(app._jupyter_server_extension_points()[0]['module'])"
    assert run(installed, "-c", code, folder=installed.parent.parent) == "gristmill.app\n"


def test_an_installed_wheel_has_what_jupyterlab_loads(installed: Path) -> None:
    kept = installed.parent.parent / "share" / "jupyter" / "labextensions" / "gristmill"
    there = {path.relative_to(BUILT): path.read_bytes() for path in BUILT.rglob("*") if path.is_file()}
    assert {path.relative_to(kept): path.read_bytes() for path in kept.rglob("*") if path.is_file()} == there
    assert (kept / json.loads((kept / "package.json").read_text())["jupyterlab"]["_build"]["load"]).is_file()


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    metadata = metadata_of(wheel)
    assert metadata["License-Expression"] == "Apache-2.0"
    assert set(metadata.get_all("Provides-Extra", [])) == EXTRAS
    with zipfile.ZipFile(wheel) as archive:
        [licence] = [name for name in archive.namelist() if name.endswith("/LICENSE")]
        assert b"Apache License" in archive.read(licence)


def test_an_installed_wheel_works_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    code = """
import gristmill, gristmill_hub, gristmill_templates, gristmill_widgets, json
from gristmill import stores, tasks
print(json.dumps({
    "from": [package.__file__ for package in (gristmill, gristmill_hub, gristmill_templates, gristmill_widgets)],
    "notebooks": gristmill_templates.notebooks(),
    "tasks": [kind.name for kind in tasks.all_kinds()],
}))
"""
    told = json.loads(run(installed, "-c", code, folder=tmp_path))
    assert all(Path(file).is_relative_to(installed.parent.parent) for file in told["from"])
    assert told["notebooks"] == sorted(path.name for path in (ROOT / "templates").glob("*.ipynb"))
    assert told["tasks"] == [kind.name for kind in tasks.all_kinds()]
    assert len(told["tasks"]) == 7


def test_the_bare_install_checks_data_and_says_what_training_needs(bare: Path, tmp_path: Path) -> None:
    command, flights = str(bare.parent / "gristmill"), str(ROOT / "examples" / "flights.zip")
    told = run(bare, command, "check", flights, "--json", folder=tmp_path)
    assert json.loads(told.splitlines()[-1])["proposal"]["target"] == "late"
    with pytest.raises(AssertionError, match=r"pip install 'gristmill\[train\]'"):
        run(bare, command, "train", flights, folder=tmp_path)


def test_what_is_imported_is_asked_for(wheel: Path) -> None:
    owners = packages_distributions()
    asked = {requirement.name for requirement, extra in requirements_of(wheel) if extra not in ("dev", "serve")}
    missing = {
        f"{importer} imports {name}"
        for importer, name in imports_of_ours()
        if not {canonicalize_name(owner) for owner in owners.get(name, [name])} & asked
    }
    assert missing == set()


def test_what_is_asked_for_is_used(wheel: Path) -> None:
    owners = packages_distributions()
    used = {canonicalize_name(owner) for _, name in imports_of_ours() for owner in owners.get(name, [])}
    asked = {requirement.name for requirement, extra in requirements_of(wheel) if extra in ("", "train", "cloud")}
    assert asked - used == set()


def test_each_cap_has_its_reason() -> None:
    lines = (ROOT / "setup.py").read_text(encoding="utf-8").splitlines()
    capped = [line.strip() for line in lines if re.match(r'\s*"[a-z].*(<|==)', line)]
    capped += [line.strip() for line in lines if "python_requires" in line]
    assert len(capped) > 5
    assert [line for line in capped if "#" not in line] == []


@pytest.mark.parametrize("image", ["worker-cpu", "notebook-cpu"])
def test_images_install_extras_that_exist(image: str) -> None:
    text = (ROOT / "images" / image / "Dockerfile").read_text(encoding="utf-8")
    [extras] = re.findall(r"(?:/src\[|EXTRAS=)([a-z,-]+)", text)
    assert set(extras.split(",")) <= EXTRAS


def run(python: Path, *arguments: str, folder: Path) -> str:
    """What a command prints, in an environment that knows of no checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GRISTMILL_", "PYTHON"))}
    environment |= {"GRISTMILL_HOME": str(folder / "home"), "PYTHONPATH": str(folder)}
    command = [str(python), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def metadata_of(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def requirements_of(wheel: Path) -> Iterator[tuple[Requirement, str]]:
    """What the distribution asks for, each with its extra ('' for the bare install)."""
    for line in metadata_of(wheel).get_all("Requires-Dist", []):
        requirement = Requirement(line)
        requirement.name = canonicalize_name(requirement.name)
        extra = re.search(r'extra == "(.+?)"', line)
        yield requirement, extra[1] if extra else ""


def imports_of_ours() -> Iterator[tuple[str, str]]:
    """Every library that our code and our recipes import, with the module that does."""
    found = [(each.importer, each.module) for each in house() if not each.for_types]
    for recipe in (ROOT / "templates").glob("*.ipynb"):
        cells = json.loads(recipe.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        found += [(recipe.name, each.module) for each in imports_in(recipe.name, ast.parse(code))]
    for importer, module in found:
        library = module.split(".")[0]
        if library not in {*sys.stdlib_module_names, *FOLDERS, *BESIDE}:
            yield importer, library


def distributions_of_the_bare_install(wheel: Path) -> Iterator[Distribution]:
    """What `pip install gristmill` brings beside it."""
    reached: set[str] = {"gristmill"}
    waiting = [requirement for requirement, extra in requirements_of(wheel) if not extra]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if applies and name not in reached:
            reached.add(name)
            found = distribution(name)
            waiting += [Requirement(line) for line in found.requires or ()]
            yield found
