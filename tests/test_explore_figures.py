"""Looking at a table before training: what is measured is right, what is drawn is bounded and says what it shows."""

from __future__ import annotations

import re
import time

import numpy as np
import pandas as pd
import pytest

from gristmill import figures
from gristmill.figures import Figure
from gristmill.figures.relations import MISSING, Aim, gaps, groups, pairs, relations
from gristmill.wording import quoted

RANDOM = np.random.default_rng(0)


def homes(rows: int = 3000) -> pd.DataFrame:
    """Prices that go by area, city and date; noise, texts, a repeated column, and two columns empty together."""
    random = np.random.default_rng(1)
    area = random.gamma(4, 25, rows)
    city = random.choice(["Rome", "Ulm", "<b>Bonn</b>"], rows)
    day = pd.Timestamp("2021-01-01") + pd.to_timedelta(random.integers(0, 1000, rows), "D")
    price = area * np.where(city == "Rome", 3.0, 1.0) * random.lognormal(0, 0.2, rows)
    table = pd.DataFrame(
        {"area": area, "feet": area * 10.76, "city": city, "sold": day, "noise": random.normal(size=rows)}
    )
    empty = random.random(rows) < 0.3
    table["energy"] = np.where(empty, np.nan, random.normal(size=rows))
    table["heating"] = np.where(empty, None, random.choice(["gas", "oil"], rows))
    table["words"] = [f"a home with {'very ' * 9}many rooms, number {number}" for number in range(rows)]
    return table.assign(price=price, dear=np.where(price > 150, "yes", "no"), band=pd.cut(price, 3, labels=list("abc")))


def shown(explored: figures.Exploration) -> list[Figure]:
    single = [explored.in_words(), explored.strongest(), explored.gaps()]
    return [*single, *explored.against(), *explored.together(), *explored.over_time()]


TARGETS = {"price": False, "dear": True, "band": True}


def explored(target: str, rows: int = 3000) -> figures.Exploration:
    others = [name for name in TARGETS if name != target]
    return figures.Exploration(homes(rows).drop(columns=others), target, classes=TARGETS[target])


@pytest.mark.parametrize("target", TARGETS)
def test_what_tells_of_the_target_is_found_and_noise_is_not(target: str) -> None:
    found = explored(target)
    assert set(found.telling[:3]) == {"area", "feet", "city"}
    assert {"noise", "words", "sold", "energy"}.isdisjoint(found.telling)


def test_strength_is_nothing_for_chance_and_all_for_a_copy() -> None:
    rows = homes()
    rows = rows.assign(copy=rows["dear"], key=[f"k{number}" for number in range(len(rows))])
    aim = Aim.of(rows["dear"], are_classes=True)
    assert aim is not None
    found = {relation.name: relation for relation in relations(rows, aim)}
    assert found["copy"].strength == pytest.approx(1.0)
    assert not found["key"].clear
    assert not found["noise"].clear
    assert found["noise"].strength < 0.02


def test_of_many_columns_of_noise_hardly_one_is_taken_for_more() -> None:
    rows = pd.DataFrame(RANDOM.normal(size=(500, 300)), columns=[f"c{number}" for number in range(300)])
    for target, are_classes in (
        (pd.Series(RANDOM.normal(size=500)), False),
        (pd.Series(RANDOM.integers(0, 3, 500)), True),
    ):
        aim = Aim.of(target.rename("target"), are_classes=are_classes)
        assert aim is not None
        assert sum(relation.clear for relation in relations(rows, aim)) <= 3


def test_that_a_value_is_there_may_tell_more_than_the_value() -> None:
    rows = homes().assign(dead=lambda table: np.where(RANDOM.random(len(table)) < 0.3, "yes", "no"))
    rows["died"] = np.where(rows["dead"] == "yes", RANDOM.normal(size=len(rows)), np.nan)
    found = figures.Exploration(rows[["area", "died", "dead"]], "dead", classes=True)
    assert found.relations[0].name == "died"
    assert found.relations[0].gap_tells
    said = found.in_words().body
    assert f"gives {quoted('dead')} away" in said
    assert f"Whether {quoted('died')} is filled in tells more" in said


@pytest.mark.parametrize(
    "values", [[1, 2, 3, None] * 10, ["x", "y", None] * 10, [True, False] * 5, [None] * 5, list(range(999))]
)
def test_groups_hold_every_row_once(values: list[object]) -> None:
    column = pd.Series(values).infer_objects()
    cut = groups(column)
    assert len(cut.codes) == len(values)
    assert cut.counts.sum() == len(values)
    assert cut.counts.min() > 0
    assert len(cut.counts) == len(cut.names)
    assert (cut.missing is None) == column.notna().all()
    if cut.missing is not None:
        assert cut.names[cut.missing] == MISSING
        assert cut.counts[cut.missing] == column.isna().sum()


def test_numbers_that_go_together_and_gaps_that_coincide_are_found() -> None:
    rows = homes()
    assert [(pair.one, pair.other, round(pair.closeness, 3)) for pair in pairs(rows, list(rows.columns))][:1] == [
        ("area", "feet", 1.0)
    ]
    found = gaps(rows)
    assert found is not None
    assert found.patterns == ((("energy", "heating"), int(rows["energy"].isna().sum())),)
    assert found.whole == len(rows) - found.patterns[0][1]
    assert found.partners is not None
    assert found.partners[2] == 1.0


@pytest.mark.parametrize("target", TARGETS)
def test_every_figure_says_what_it_shows_and_names_are_escaped(target: str) -> None:
    for figure in shown(explored(target)):
        assert figure.title
        assert figure.caption
        assert "nan" not in figure.caption.lower()
        assert "<b>Bonn" not in figure.html()
        for alt in re.findall(r'<svg class="gm-chart"[^>]* aria-label="([^"]*)"', figure.html()):
            assert len(alt) > 20
    assert len(explored(target).over_time()) == 2


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("rows", [1, 2, 20])
def test_few_rows_break_nothing(target: str, rows: int) -> None:
    assert all(figure.title for figure in shown(explored(target, rows)))


def test_a_target_that_nothing_can_be_compared_with_is_said_to_be_so() -> None:
    rows = homes(100)
    for table in (
        rows.assign(price=1.0),
        rows.assign(price=[f"{{{number}}}" for number in range(100)]),
        rows.drop(columns="price"),
    ):
        found = figures.Exploration(table, "price", classes=True)
        assert "cannot be compared" in found.strongest().caption
        assert len(found.against()) == 0
        assert all(figure.title for figure in shown(found))


def test_series_have_their_index_as_columns() -> None:
    rows = homes(200)[["sold", "price", "city"]].rename(columns={"sold": "timestamp", "city": "item_id"})
    found = figures.Exploration(rows.set_index(["item_id", "timestamp"]), "price", classes=False)
    assert "item_id" in found.telling
    same = figures.Exploration(
        rows.assign(price=rows["item_id"].map(len)).set_index(["item_id", "timestamp"]), "price", classes=False
    )
    assert same.relations[0].strength > 0.9
    assert "away" not in same.in_words().body  # whose series it is, is known
    assert len(found.over_time()) == 2


def test_time_zones_and_single_days_break_nothing() -> None:
    rows = homes(300)
    found = figures.Exploration(rows.assign(sold=rows["sold"].dt.tz_localize("Europe/Berlin")), "price", classes=False)
    assert len(found.over_time()) == 2
    rows["sold"] = pd.Timestamp("2021-01-01") + pd.to_timedelta(np.arange(300) * 20, "s")
    minutes = figures.Exploration(rows, "price", classes=False).over_time()
    assert "by hour" in minutes[0].caption or "by minute" in minutes[0].caption
    assert len(figures.Exploration(rows.assign(sold=rows["sold"].iloc[0]), "price", classes=False).over_time()) == 1


@pytest.mark.parametrize(("rows", "columns"), [(1_000_000, 3), (1_500, 2_000)])
def test_exploring_is_bounded(rows: int, columns: int) -> None:
    table = pd.DataFrame(RANDOM.normal(size=(rows, columns)), columns=[f"column {number}" for number in range(columns)])
    before = time.process_time()
    found = figures.Exploration(table.assign(answer=table["column 0"] > 0), "answer", classes=True)
    html = "".join(figure.html() for figure in shown(found))
    assert time.process_time() - before < 40
    assert len(html) < 400_000
    if rows > 20_000:
        assert "20,000 of 1,000,000 rows" in found.in_words().caption
