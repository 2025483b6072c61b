"""What a model has answered, as the wizard shows it: series as curves, the chosen candidate first, a way back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("anywidget")

from gristmill.errors import Conflict
from gristmill.mill import Mill
from gristmill.records import Failure, LeaderboardRow, Model, Reply, Run, RunKind, RunStatus, replace
from gristmill_widgets.charts import band, bars
from gristmill_widgets.html import join
from gristmill_widgets.pieces import problem
from gristmill_widgets.steps.forecast import forecast
from gristmill_widgets.strings import spoken
from test_wizard_html import HOSTILE, Seen
from test_wizard_pages import Playing, Visitor, a_model, a_run, dataset_of, mill

__all__ = ["mill"]

SCHEMA: dict[str, Any] = {"columns": [{"name": "day", "kind": "date"}, {"name": "shop", "kind": "category"}]}


def rows(shops: Sequence[str], days: int = 3) -> list[dict[str, str]]:
    """A forecast as the model writes it; the day comes first, as in the file that it has learned from."""
    return [
        {"day": f"2025-01-0{day}", "shop": shop, "prediction": str(day), "quantile.0.1": "0", "quantile.0.9": "9"}
        for shop in shops
        for day in range(1, days + 1)
    ]


def shown(found: Sequence[dict[str, str]], **schema: Any) -> Seen:
    return Seen(join([forecast(spoken("en"), a_model("time-series", **(schema or SCHEMA)), found)]))


def drawn(page: Seen, kind: str) -> list[str]:
    return [at["d"] or "" for name, at in page.elements if name == "path" and at.get("class") == kind]


class Sleeping(Playing):
    """A client whose model sleeps until it is woken."""

    def __init__(self, mill: Mill, *steps: Any) -> None:
        super().__init__(mill, *steps)
        self.woken: list[str] = []
        self.awake_when_asked: list[bool] = []

    def model(self, model_id: str) -> Model:
        return replace(a_model("tabular-classification", item="row", columns=[]), id=model_id)

    def wake(self, model_id: str) -> None:
        self.woken.append(model_id)

    def ask(self, model_id: str, data: Path | None = None) -> Reply:
        del data
        self.awake_when_asked.append(model_id in self.woken)
        return Reply(model_id=model_id, name="answers.csv", content=b"prediction\n1\n", count=1, warm=True)


def test_who_opens_the_tab_finds_the_model_awake_before_anything_is_asked(mill: Mill, tmp_path: Path) -> None:
    run = a_run(mill, dataset_of(mill, tmp_path))
    client = Sleeping(mill, lambda run: replace(run, status=RunStatus.SUCCEEDED, model_id="model-1"))
    visitor = Visitor(client).comes(f"run/{run.id}?show=about")
    assert client.woken == []
    visitor.does("tab", "try")
    assert client.woken == ["model-1"]
    visitor.does("tab", "about").does("tab", "try").does("try")
    assert (client.woken, client.awake_when_asked) == (["model-1"], [True])
    assert Visitor(client).comes(f"run/{run.id}").app.page.why is None
    assert len(client.woken) == 2


def test_a_model_that_does_not_wake_can_be_asked_all_the_same(mill: Mill, tmp_path: Path) -> None:
    class Tired(Sleeping):
        """A client whose model does not wake."""

        def wake(self, model_id: str) -> None:
            raise Conflict(f"{model_id} is tired.")

    run = a_run(mill, dataset_of(mill, tmp_path))
    client = Tired(mill, lambda run: replace(run, status=RunStatus.SUCCEEDED, model_id="model-1"))
    visitor = Visitor(client).comes(f"run/{run.id}")
    assert "tired" not in visitor.sees
    assert "woken" not in visitor.sees
    visitor.does("try")
    assert client.awake_when_asked == [False]


def test_each_series_is_a_curve_within_a_band() -> None:
    page = shown(rows(["Castle", "Bridge"]))
    assert [path.count("L") for path in drawn(page, "gm-line")] == [2, 2]
    assert len(drawn(page, "gm-band")) == 2
    assert page.text.index("Castle") < page.text.index("Bridge")
    assert "2025-01-01" in page.text
    assert "more series" not in page.text


def test_of_many_series_some_are_drawn_and_the_others_told_of() -> None:
    page = shown(rows([f"shop {number}" for number in range(9)]))
    assert len(drawn(page, "gm-line")) == 6
    assert "3 more series" in page.text


def test_one_series_needs_neither_name_nor_range() -> None:
    found = [{"day": "2025-01-01", "prediction": "1"}, {"day": "2025-01-02", "prediction": ""}]
    page = shown(found)
    assert len(drawn(page, "gm-line")) == 1
    assert drawn(page, "gm-band") == []
    assert "expected" in page.text


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_of_series_are_names(name: str) -> None:
    page = shown(rows([name]))
    assert not {"script", "img", "h1"} & {element for element, _ in page.elements}
    assert len(drawn(page, "gm-line")) == 1


def test_nothing_to_come_is_said() -> None:
    assert "Nothing" in shown([]).text
    assert band([], [], [], label="") == ""


class Answered:
    """A platform with one more run, which asks a model, and what that model is."""

    def __init__(self, mill: Mill, run: Run, model: Model) -> None:
        self._mill, self._run, self._model = mill, run, model

    def run(self, run_id: str) -> Run:
        del run_id
        return self._run

    def model(self, model_id: str) -> Model:
        del model_id
        return self._model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mill, name)


def test_predictions_for_a_file_are_an_answer_with_a_way_back(mill: Mill, tmp_path: Path) -> None:
    run = replace(
        a_run(mill, dataset_of(mill, tmp_path)), kind=RunKind.BATCH, status=RunStatus.SUCCEEDED, rows=2, model_id="m"
    )
    visitor = Visitor(Answered(mill, run, a_model("image-classification", item="picture"))).comes(f"run/{run.id}")
    assert "Predictions for a file" in visitor.sees
    assert "2 pictures answered" in visitor.sees
    assert "#run/run-1" in [at.get("href") for _, at in visitor.elements]
    assert visitor.app.page.step == 5
    visitor.app.page.leave()


def test_of_equals_the_chosen_one_is_first_and_said_to_be(mill: Mill, tmp_path: Path) -> None:
    board = tuple(LeaderboardRow(model=name, score=1.0) for name in ("NeuralNetTorch", "WeightedEnsemble_L2"))
    run = replace(
        a_run(mill, dataset_of(mill, tmp_path)),
        status=RunStatus.SUCCEEDED,
        leaderboard=board,
        metric="accuracy",
        model_id="m",
    )
    model = replace(a_model("tabular-classification", columns=[]), metrics={"best": "WeightedEnsemble_L2"})
    visitor = Visitor(Answered(mill, run, model)).comes(f"run/{run.id}?show=board")
    assert visitor.sees.index("WeightedEnsemble_L2") < visitor.sees.index("NeuralNetTorch")
    assert visitor.sees.count("chosen") == 1
    assert "100%" in visitor.sees
    visitor.app.page.leave()


def test_where_a_hub_is_the_browser_shows_a_way_to_the_notebook(mill: Mill, tmp_path: Path) -> None:
    run = replace(a_run(mill, dataset_of(mill, tmp_path)), status=RunStatus.SUCCEEDED, model_id="m")
    visitor = Visitor(Answered(mill, run, a_model())).comes(f"run/{run.id}")
    ways = {at.get("data-hub"): "hidden" in at for name, at in visitor.elements if name == "a"}
    assert ways[f"user-redirect/lab?gristmill-run={run.id}"]  # elsewhere it stays hidden
    assert "Download its notebook" in visitor.sees
    visitor.app.page.leave()


def test_what_trying_again_does_not_mend_offers_no_such_thing() -> None:
    s = spoken("en")
    for code, offered in (("usage", False), ("not-allowed", False), ("store-failed", True)):
        assert (s.try_again in problem(s, Failure(code=code, what="No."))) == offered


def test_a_bar_is_as_wide_as_the_share_beside_it() -> None:
    page = Seen(join([bars(spoken("en"), [("rye", 30.0), ("oat", 15.0), ("corn", 1.0)], 60.0, most=2)]))
    assert [at["data-share"] for name, at in page.elements if name == "i"] == ["0.500", "0.250"]
    assert [word for word in ("50%", "25%", "2%") if word in page.text] == ["50%", "25%"]
