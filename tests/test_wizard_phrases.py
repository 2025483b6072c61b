"""What the platform says in English is said in German by the wizard; what there is no phrase for stays as it is."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("anywidget")

import gristmill
from gristmill import tasks
from gristmill.app import Settings, embedded
from gristmill.records import Failure
from gristmill_widgets.pieces import sentence
from gristmill_widgets.strings import English, German
from gristmill_widgets.strings.noticed_de import NOTICED
from gristmill_widgets.strings.said_de import SAID
from services.mills import Notepad

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "widgets" / "gristmill_widgets" / "samples"
QUOTES = set("'\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}")
ENGLISH = re.compile(r"\b(the|of|is|are|has|have|and|rows|would|model|that|with)\b")


def slots(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def test_a_phrase_puts_in_nothing_that_was_not_said() -> None:
    assert [pair for pair in (*SAID, *NOTICED) if not slots(pair[1]) <= slots(pair[0])] == []
    assert len({english for english, _ in (*SAID, *NOTICED)}) == len(SAID) + len(NOTICED)


def spoken_by_the_platform() -> set[tuple[str, ...]]:
    """Every three words in a row that stand in a text of its source."""
    found: set[tuple[str, ...]] = set()
    for file in Path(gristmill.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= threes(node.value)
    return found


def threes(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z]+", text.lower())
    return set(zip(words, words[1:], words[2:], strict=False))


def test_each_phrase_is_something_that_the_platform_says() -> None:
    said = spoken_by_the_platform()
    unsaid = []
    for english, _ in (*SAID, *NOTICED):
        spelt = re.sub(r"\[([^|]*)\|[^]]*\]", r"\1", english)
        found = [three for part in re.split(r"\{\w+\}|[.:;]", spelt) for three in threes(part)]
        if len(found) > 3 and sum(three in said for three in found) < len(found) / 2:
            unsaid.append(english)
    assert not unsaid, "\n".join(unsaid)


@pytest.mark.parametrize("metric", sorted({one.name for kind in tasks.all_kinds() for one in kind.metrics}))
def test_a_verdict_is_said_in_german_whatever_it_is_judged_by(metric: str) -> None:
    from gristmill.figures.measures import measure_named

    measure = measure_named(metric)
    said = measure.says.format(score="98.6%", target="'x'", positive="'yes'", item="row", items="rows")
    for opening in ("", "This model cannot be told from guessing: ", "This model does worse than guessing: "):
        for named in ("", f"{measure.title}, "):
            told = f"{opening}{said} ({named}95% interval 95.7–100%), where always answering 'no' would score 44.2%."
            german = German().retold(told[0].upper() + told[1:])
            assert "98,6\u00a0%" in german
            assert "95,7–100\u00a0%" in german
            assert "„no“" in german
            assert not ENGLISH.search(german), german


def test_verdicts_on_series_and_those_that_cannot_be_given_are_said_in_german() -> None:
    for told in (
        "The forecasts are 38% closer to what came than repeating the last season: WQL 0.061 (95% interval "
        "0.055–0.066), where repeating would score 0.098.",
        "The forecasts do worse than repeating the last season: MASE 1.2 (95% interval 1.1–1.3), where repeating would "
        "score 1.0.",
        "Nothing can be said of how good the model is: ROC AUC is not defined for the 12 held-out rows.",
        "This model cannot be told from guessing: the model explains 3% of the variation in 'y' (R² 0.03, 95% interval "
        "\N{MINUS SIGN}0.02 to 0.05), where always answering the median, 1,234.5, would score \N{MINUS SIGN}0.01.",
    ):  # fmt: skip
        assert not ENGLISH.search(German().retold(told)), German().retold(told)
    assert "1.234,5, käme auf \N{MINUS SIGN}0,01" in German().retold(told)


def test_a_proposal_is_explained_in_german(home: Path, tmp_path: Path) -> None:
    del home
    mill = embedded(Settings.read(), Notepad())
    mixed = tmp_path / "mixed.csv"
    rows = [f"{n},{n % 5},{'yes' if n % 9 == 0 else 'no'},same,{'' if n % 3 else n}" for n in range(120)]
    mixed.write_text("\n".join(["id,stars,churned,always,gaps", *rows]))
    english = []
    for file in (SAMPLES / "penguins.csv", SAMPLES / "bakeries.zip", SAMPLES / "flights.zip", mixed):
        dataset = mill.admit(mill.upload(file).id)
        assert dataset.proposal is not None
        notices = (*dataset.profile.notices, *dataset.proposal.notices)
        for said in (*dataset.proposal.reasons.values(), *(one.message for one in notices)):
            german = German().retold(said)
            if german == said or ENGLISH.search(re.sub("„.*?“", "", german)):
                english.append(german)
    assert english == []


def test_a_refusal_is_said_in_german_as_far_as_there_are_words_for_it() -> None:
    why = Failure(code="no-table", what="The upload holds no table.", cause="It holds no file.",
                  cure="Put a CSV, Parquet or Excel file with one row per case into it.")  # fmt: skip
    assert sentence(English(), why) == f"{why.what} {why.cause} {why.cure}"
    assert sentence(German(), why) == (
        "Darin ist keine Tabelle. Es ist keine Datei darin. Legen Sie eine CSV-, Parquet- oder Excel-Datei mit einer "
        "Zeile je Fall hinein."
    )
    mixed = "The upload holds no table. Nobody has heard of this sentence."
    assert German().retold(mixed) == "Darin ist keine Tabelle. Nobody has heard of this sentence."


@given(st.text(max_size=300))
@example("'{name}' is the last column.")
@example("{")
@example("rows")
@example("12.5")
@example("'" * 200)
def test_whatever_is_said_somebodys_own_words_stay(text: str) -> None:
    German().retold(text)
    assert English().retold(text) == text
    name = text.replace("\n", " ").strip()
    if name and not set(name) & QUOTES and "  " not in name:
        assert German().retold(f"'{name}' is the last column.") == f"„{name}“ ist die letzte Spalte."
