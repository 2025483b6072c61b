"""What the wizard writes cannot be broken out of, and its strings are there in each language."""

from __future__ import annotations

import re
import string
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("anywidget")

from gristmill.records import Failure
from gristmill_widgets.glossary import explained, terms_in
from gristmill_widgets.html import Html, el, plain, shorten
from gristmill_widgets.pieces import cure_of, sentence
from gristmill_widgets.strings import English, German, spoken
from gristmill_widgets.words import duration, number, score, size

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</p></div><h1>gone</h1>",
    "&lt;b&gt;",
    "\u202egnp.exe",
    "😀" * 50,
    "x" * 10_000,
    "\x00\x1b[31m",
)


class Seen(HTMLParser):
    """Every element and the text, as a browser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_stays_text(name: str) -> None:
    seen = Seen(el("p", name, title=name, data_value=name))
    assert [tag for tag, _ in seen.elements] == ["p"]
    assert seen.text == plain(name)
    assert seen.elements[0][1] == {"title": plain(name), "data-value": plain(name)}


@given(st.text(), st.text())
def test_whatever_is_written_is_read_as_it_was(text: str, attribute: str) -> None:
    seen = Seen(el("i", "a", text, title=f"a{attribute}"))
    assert [tag for tag, _ in seen.elements] == ["i"]
    assert seen.text == "a" + plain(text)
    assert seen.elements[0][1]["title"] == "a" + plain(attribute)


def test_what_is_html_is_not_escaped_twice() -> None:
    assert el("ul", [el("li", "a & b"), None, Html("<br>"), 3]) == "<ul><li>a &amp; b</li><br>3</ul>"


@pytest.mark.parametrize(
    "attributes",
    [
        {"onclick": "x"},
        {"ONCLICK".lower(): "x"},
        {"href": "javascript:alert(1)"},
        {"href": " JavaScript:alert(1)"},
        {"src": "data:text/html,x"},
        {"src": "//elsewhere.example/x"},
        {"srcdoc": "<script>"},
        {"style": "background:url(x)"},
        {"a b": "x"},
    ],
)
def test_what_runs_code_is_refused(attributes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="page"):
        el("a", "x", **attributes)


@pytest.mark.parametrize("name", ["script", "iframe", "style", "p onclick=x", ""])
def test_no_such_element_is_written(name: str) -> None:
    with pytest.raises(ValueError, match="element"):
        el(name)


def test_long_names_lose_their_middle() -> None:
    short = shorten("a" * 50 + "b" * 50, 20)
    assert len(short) == 20
    assert short.startswith("aaaa")
    assert short.endswith("bbbb")
    assert "…" in short


# --- strings ---------------------------------------------------------------------------------------------------------


def strings_of(kind: type) -> dict[str, object]:
    own = [each for each in kind.__mro__ if kind is English or each not in English.__mro__]
    said = {name: value for each in own for name, value in vars(each).items()}
    return {name: value for name, value in said.items() if not name.startswith("_") and not callable(value)}


def test_a_translation_says_everything_and_nothing_else() -> None:
    english, german = strings_of(English), strings_of(German)
    same_everywhere = {"in_percent", "lower_is_better"}
    assert set(german) == set(english) - same_everywhere
    for name, said in german.items():
        assert type(said) is type(english[name]), name
        assert shape(said) == shape(english[name]), name


def shape(said: object) -> object:
    """What a translation has to keep: keys, lengths, and what is put in."""
    if isinstance(said, str):
        return sorted(field for _, field, _, _ in string.Formatter().parse(said) if field is not None)
    if isinstance(said, dict):
        return {key: shape(value) for key, value in said.items()}
    return [shape(one) for one in said] if isinstance(said, tuple) else said


def test_a_translation_is_one() -> None:
    english, german = strings_of(English), strings_of(German)
    alike = [name for name in german if german[name] == english[name] and re.search("[a-z]{3}", str(german[name]))]
    assert alike == []


@pytest.mark.parametrize(("asked", "got"), [("de-AT", "de"), ("en-GB", "en"), ("fr", "en"), ("", "en")])
def test_a_visitor_is_spoken_to_in_their_language(asked: str, got: str) -> None:
    assert spoken(asked).language == got


def test_each_phase_and_kind_of_the_platform_has_its_words() -> None:
    from gristmill import tasks
    from gristmill.records import ColumnKind, Limit, RunStatus, Severity, Stage

    s = English()
    assert {str(kind) for kind in ColumnKind} == set(s.kinds)
    assert {str(one) for one in RunStatus} == set(s.states)
    assert {str(one) for one in Severity} == set(s.severities)
    assert {str(one) for one in Stage} == set(s.stages_of)
    assert {str(one) for one in Limit} == set(s.limits)
    assert {task.name for task in tasks.all_kinds()} == set(s.tasks)
    said = {metric.name for task in tasks.all_kinds() for metric in task.metrics}
    assert said <= set(s.metrics)


def test_words_of_the_trade_are_explained_where_they_stand() -> None:
    verdict = "The model gets 98.6% of unseen rows right (accuracy, 95% interval 95.7–100%), where guessing would do."
    assert [name for name, _ in terms_in(English(), verdict)] == ["95% interval", "accuracy"]
    assert [name for name, _ in terms_in(German(), German().retold(verdict))] == ["95-%-Bereich", "Anteil richtiger"]
    assert [name for name, _ in terms_in(English(), "Epoch 3: validation")] == ["validation", "epoch"]
    assert terms_in(English(), "inaccuracy, F10 and Roc auc") == []
    page = "<style>F1</style><p title='R²'>an <b>epoch</b></p>"
    assert "One pass" in str(explained(English(), page, is_page=True))
    assert "R²" not in str(explained(English(), page, is_page=True))
    assert explained(English(), "nothing to explain") is None


def test_each_metric_that_a_verdict_may_name_is_explained() -> None:
    from gristmill import tasks
    from gristmill.figures.measures import measure_named

    titles = {measure_named(one.name).title for kind in tasks.all_kinds() for one in kind.metrics}
    assert [title for title in titles if not terms_in(English(), title)] == []


# --- words -----------------------------------------------------------------------------------------------------------


def test_numbers_are_written_as_the_language_does() -> None:
    english, german = English(), German()
    assert (number(english, 1234.0), number(german, 1234.0)) == ("1,234", "1.234")
    assert (number(english, 0.25), number(german, 0.25)) == ("0.25", "0,25")
    assert (size(english, 1_234_567), size(german, 1_234_567)) == ("1.2 MB", "1,2 MB")
    assert (score(english, "accuracy", 0.785), score(german, "accuracy", 0.785)) == ("78.5%", "78,5\u00a0%")
    assert [duration(english, seconds) for seconds in (7, 90, 3600, 7500)] == ["7 s", "1 min 30 s", "1 h", "2 h 5 min"]


def test_a_cure_for_a_terminal_is_not_told_on_a_page() -> None:
    assert cure_of("Give it more rows. To go on all the same: --accept few-rows, or --yes") == "Give it more rows."
    why = Failure(code="run-failed", what="No model.", cause="It was late.", cure="`gristmill resume run-1` does it.")
    assert sentence(English(), why) == "No model. It was late."
    assert sentence(English(), Failure(code="fault", what="")) == English.fault
