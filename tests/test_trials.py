"""Every task has a tiny data set that is taken for what it is, and on which its own recipe passes its trial."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gristmill import intake, recipes, records, tasks
from gristmill.bench import BenchFile, Results
from gristmill.errors import RecipeInvalid
from gristmill.sandbox import End, Ending, Execution, waiting
from gristmill.sandbox.process import ProcessSandbox
from gristmill.trial import try_recipe

NAMES = [kind.name for kind in tasks.all_kinds()]


@pytest.mark.parametrize("name", NAMES)
def test_a_tiny_data_set_is_taken_for_what_it_is(name: str, tmp_path: Path) -> None:
    kind = tasks.find(name)
    (tmp_path / "scratch").mkdir()
    profile = intake.inspect(kind.tiny(tmp_path), tmp_path / "scratch")
    proposal = intake.propose(profile, task=name, target=kind.tiny_target)
    assert (proposal.task, proposal.target) == (name, kind.tiny_target)
    plan = tasks.LoadPlan(target=kind.tiny_target)
    train, test = kind.load(tmp_path / "scratch" / "data", profile, plan)
    assert len(train)
    assert len(test)
    if name in ("text-classification", "image-classification"):
        assert intake.propose(profile).task == name


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ["text-classification", "image-classification"])
def test_the_built_in_recipe_passes_its_trial(name: str, tmp_path: Path) -> None:
    recipe = recipes.find(tasks.find(name).recipe.removesuffix(".ipynb"))
    found = try_recipe(recipe, name, ProcessSandbox(cache=tmp_path / "cache", cpus=1), tmp_path)
    assert found.score > 0.9


# --- on a machine that has much else to do ---------------------------------------------------------------------------


class Clock:
    """Seconds that pass only while somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += 100 * seconds


class Slow(Execution):
    """Is done after so many seconds of the clock."""

    def __init__(self, folder: Path, clock: Clock, seconds: float) -> None:
        self.folder, self.clock, self.seconds, self.is_killed = folder, clock, seconds, False

    def start(self, notebook: Path, parameters: Mapping[str, Any]) -> None:
        del notebook, parameters

    def poll(self) -> Ending | None:
        if self.clock.seconds < self.seconds:
            return None
        out = self.folder / "out"
        out.mkdir()
        (out / "model.zip").write_bytes(b"")
        (out / "results.json").write_bytes(records.encode(Results(score=0.8, metrics={}, leaderboard=())))
        return Ending(kind=End.DONE)

    def memory(self) -> int:
        return 0

    def kill(self) -> None:
        self.is_killed = True


class SlowSandbox(ProcessSandbox):
    """Everything takes so many seconds."""

    def __init__(self, seconds: float, clock: Clock, **how: Any) -> None:
        super().__init__(**how)
        self.seconds, self.clock, self.begun = seconds, clock, list[Slow]()

    def prepare(self, folder: Path) -> Execution:
        self.begun.append(Slow(folder, self.clock, self.seconds))
        return self.begun[-1]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(waiting, "time", clock)
    return clock


def test_a_busy_machine_refuses_no_recipe(clock: Clock, tmp_path: Path) -> None:
    sandbox = SlowSandbox(300.0, clock, cache=tmp_path / "cache", cpus=1, memory=1 << 30)
    assert try_recipe(recipes.find("tabular"), "tabular-classification", sandbox, tmp_path).score == 0.8
    file = BenchFile.read(tmp_path / "run")
    assert file.started_at is None  # what loading takes is not the recipe's time
    assert file.budget == 60.0


def test_a_recipe_that_never_ends_is_refused_in_a_sentence(clock: Clock, tmp_path: Path) -> None:
    sandbox = SlowSandbox(1e9, clock, cache=tmp_path / "cache", cpus=1, memory=1 << 30)
    with pytest.raises(RecipeInvalid, match=r"not done after 10 minutes\. Have it heed the budget"):
        try_recipe(recipes.find("tabular"), "tabular-classification", sandbox, tmp_path)
    assert sandbox.begun[0].is_killed
