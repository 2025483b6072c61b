"""The docs tell the truth: what exists is in them, what they name exists, and what they show runs.

A fenced block marked `sh executed` is run by a test, all blocks of one page in one folder, in order. That folder holds
examples/; `gristmill` and `python` are those that run the tests.
"""

from __future__ import annotations

import ast
import gc
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import pytest

import gristmill
from gristmill import app, recipes, tasks
from gristmill.bench import Bench
from test_layers import FLOORS
from test_packaging import EXTRAS

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "examples/*.md", "images/*.md", "templates/**/*.md")
    for path in ROOT.glob(pattern)
)
PACKAGES = [ROOT / "extension", ROOT / "widgets", ROOT / "hub_config", ROOT / "templates"]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# --- what exists is in the docs --------------------------------------------------------------------------------------


@cache
def commands() -> dict[str, frozenset[str]]:
    """Every command of `gristmill` with its options, and its subcommands', as its own help tells them."""
    return {name: frozenset(options_of(name)) for name in named_in(helped())}


def named_in(text: str) -> list[str]:
    """The commands that a help lists."""
    return re.findall(r"^  ([a-z-]+)", text.partition("Commands:\n")[2], re.MULTILINE)


def options_of(*command: str) -> set[str]:
    text = helped(*command)
    found = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", options_in(text.partition("Commands:\n")[0])))
    return found.union(*(options_of(*command, inner) for inner in named_in(text)))


def helped(*command: str) -> str:
    """What the program prints, asked here: a process for each command costs half a minute."""
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(StringIO()) as printed:
        patched.setattr(sys, "argv", ["gristmill", *command, "--help"])
        patched.setattr(gc, "set_threshold", lambda *_: None)
        assert app.main() == 0
    return printed.getvalue()


def options_in(text: str) -> str:
    """The first word or words of each line of a help's options."""
    return "\n".join(re.findall(r"^  (-\S.*?)(?:  |$)", text.partition("Options:\n")[2], re.MULTILINE))


def test_each_command_and_option_is_in_the_docs() -> None:
    page = text_of("docs/cli.md")
    assert {"train", "check", "predict"} <= commands().keys()
    missing = [f"gristmill {name}" for name in commands() if f"## gristmill {name}\n" not in page]
    for name, options in commands().items():
        section = page.partition(f"## gristmill {name}\n")[2].partition("\n## ")[0]
        told = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", section))
        missing += [f"gristmill {name} {option}" for option in options - told - {"--help"}]
    assert missing == []


def test_the_docs_name_no_command_that_is_not_there() -> None:
    for page in PAGES:
        for line in page.read_text(encoding="utf-8").splitlines():
            for name, rest in re.findall(r"(?:^|`|/|\()gristmill ([a-z]+)(?![\w=])(.*?)(?:`|$|\|)", line):
                assert name in commands(), f"{page.name}: gristmill {name}"
                named = set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest.partition("#")[0]))
                assert named <= commands()[name], f"{page.name}: gristmill {name} {sorted(named - commands()[name])}"


def test_each_task_metric_and_extra_is_in_the_docs() -> None:
    data, settings = text_of("docs/data.md"), text_of("docs/settings.md")
    for kind in tasks.all_kinds():
        assert f"`{kind.name}`" in data
        for metric in kind.metrics:
            assert f"`{metric.name}`" in data
    for extra in EXTRAS:
        assert f"`gristmill[{extra}]`" in settings


def test_each_setting_is_in_the_docs_and_each_in_the_docs_is_there() -> None:
    named = {
        name for file in sources() for name in re.findall(r"\bGRISTMILL_[A-Z_]+\b", file.read_text(encoding="utf-8"))
    }
    told = set(re.findall(r"`(GRISTMILL_[A-Z_]+)`", text_of("docs/settings.md")))
    assert told == named


def test_each_code_is_in_the_docs_and_each_in_the_docs_is_there() -> None:
    told = set(re.findall(r"^\| `([a-z-]+)` \|", text_of("docs/data.md"), re.MULTILINE))
    kinds = {kind.name for kind in tasks.all_kinds()}
    metrics = {metric.name for kind in tasks.all_kinds() for metric in kind.metrics}
    assert told - kinds - metrics == codes()


def codes() -> set[str]:
    """The codes of all notices and rejections, as intake, tables and tasks write them."""
    trees = [
        ast.parse(file.read_text(encoding="utf-8"))
        for room in ("intake", "tables", "tasks")
        for file in (ROOT / "extension" / "gristmill" / room).rglob("*.py")
    ]
    ours = {"Notice", "DataRejected", "UsageError"}
    takers = set(ours)  # and whatever has a parameter `code` of its own, which comes first
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and any(arg.arg == "code" for arg in node.args.args):
                takers.add(node.name)
            if isinstance(node, ast.ClassDef):
                inits = [
                    inner for inner in node.body if isinstance(inner, ast.FunctionDef) and inner.name == "__init__"
                ]
                if any(arg.arg == "code" for init in inits for arg in init.args.args):
                    takers.add(node.name)
    found = set()
    for node in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in takers:
            first = [] if name in ours else node.args[:1]
            given = [*first, *(keyword.value for keyword in node.keywords if keyword.arg == "code")]
            inside = [node for value in given for node in ast.walk(value) if isinstance(node, ast.Constant)]
            values = [node.value for node in inside if isinstance(node.value, str)]
            found |= {value for value in values if re.fullmatch(r"[a-z]+(-[a-z]+)*", value)}
    return found


def test_the_recipes_parameters_and_the_bench_are_in_the_docs() -> None:
    page = text_of("docs/recipes.md")
    from_the_run = {"run", "target", "metric", "seed"}
    for name in recipes.names():
        parameters = recipes.find(name).parameters - from_the_run
        assert parameters <= set(re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE)), name
    used = set(re.findall(r"\bbench\.([a-z_]+)", page))
    has = set(dir(Bench)) | set(
        re.findall(r"self\.([a-z_]+) = ", Path(inspect.getfile(Bench)).read_text(encoding="utf-8"))
    )
    assert {"save", "table", "time_to_fit"} <= used <= has


def test_the_changelog_begins_with_this_version() -> None:
    newest = re.search(r"^## (\S+)", text_of("CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == gristmill.__version__


# --- the map matches the house ---------------------------------------------------------------------------------------


def test_the_readme_maps_each_folder() -> None:
    mapped = set(re.findall(r"^\| `([a-z_]+)/` \|", text_of("README.md"), re.MULTILINE))
    assert mapped == {path.name for path in ROOT.iterdir() if path.is_dir() and holds_files(path)}


def holds_files(folder: Path) -> bool:
    """Whether a folder is part of the project: not hidden, not made by a tool, not empty."""
    made = folder.name.startswith((".", "__")) or folder.name.endswith(".egg-info") or folder.name in ("build", "dist")
    return not made and any(path.is_file() for path in folder.rglob("*"))


def test_the_design_maps_each_room() -> None:
    rows = re.findall(r"^\| (\d) \| `([a-z_]+)(?:/|\.py)` \|", text_of("docs/design.md"), re.MULTILINE)
    assert {(int(floor), room) for floor, room in rows} == {(floor, room) for floor in FLOORS for room in FLOORS[floor]}


def test_what_the_docs_make_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    named = {
        name
        for page in PAGES
        for name in re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {"demo", "test", "check", "bench"} <= named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}, link


# --- what the docs show runs -----------------------------------------------------------------------------------------


def executed(page: Path) -> list[str]:
    """The blocks of a page that are marked as executed."""
    return re.findall(r"^```sh executed\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def executed_pages() -> list[object]:
    """Pages with such blocks; those that train are slow."""
    pages: list[object] = []
    for page in (page for page in PAGES if executed(page)):
        trains = any("gristmill train" in block for block in executed(page))
        marks = [pytest.mark.slow, pytest.mark.engine] if trains else []
        pages.append(pytest.param(page, id=page.name, marks=marks))
    return pages


@pytest.mark.parametrize("page", executed_pages())
def test_what_a_page_shows_runs(page: Path, home: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    script = "set -eux\n" + "\n".join(executed(page))
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert home.is_dir()


def sources() -> Iterator[Path]:
    """Our own files that may read or set a setting."""
    for folder in PACKAGES:
        yield from (path for path in folder.rglob("*") if path.suffix in (".py", ".ipynb"))
    yield from (path for path in (ROOT / "scripts").iterdir() if path.is_file())
    yield from (path for path in (ROOT / "images").rglob("*") if path.is_file())
