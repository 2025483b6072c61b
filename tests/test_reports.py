"""Reports: everything that a notebook shows, nothing that it could do, on one page that asks for nothing."""

from __future__ import annotations

import base64
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import gristmill_templates
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill import figures
from gristmill.errors import RecipeInvalid
from gristmill.records import Failure
from gristmill.reports import Heading, render
from gristmill.reports.cleaning import clean

LONG = "a_column_with_a_name_that_goes_on_and_on_without_a_single_space_" * 2
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source: str, *outputs: dict[str, Any], tags: tuple[str, ...] = (), count: int | None = 1) -> dict[str, Any]:
    metadata = {"tags": list(tags)}
    return {
        "cell_type": "code", "metadata": metadata, "source": source, "outputs": list(outputs), "execution_count": count,
    }  # fmt: skip


def display(data: dict[str, str], metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}


def shown(figure: Any) -> dict[str, Any]:
    return display(*figure._repr_mimebundle_())


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def report(folder: Path, *cells: dict[str, Any], heading: Heading | None = None) -> Path:
    notebook = folder / "notebook.ipynb"
    notebook.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return render(notebook, folder / "report.html", heading or Heading(title="A report"))


def real_cells() -> list[dict[str, Any]]:
    """A notebook as a recipe leaves it, with names too long for any page."""
    random = np.random.default_rng(0)
    names = [f"{LONG}{index}" for index in range(8)]
    truth = random.integers(0, 8, 500)
    held = random.random((500, 8))
    held[np.arange(500), truth] += 1
    table = pd.DataFrame(held / held.sum(axis=1, keepdims=True), columns=names)
    labels = pd.Series(np.array(names)[truth])
    answers = figures.Answers.of_classes(LONG, "accuracy", labels, table)
    return [
        markdown("# The notebook's own title\n\nIntroduction."),
        markdown("## Load the `data`"),
        code(
            "import pandas as pd\ntrain = 1",
            stream("\x1b[31mred\x1b[0m line\n" * 50),
            stream("and a warning", "stderr"),
        ),
        code("table", display({"text/html": table.head().to_html(), "text/plain": "…"})),
        markdown("## Compare\n\n### In detail\n\nWords, a [link](https://example.org) and `code`."),
        code("figures.verdict(answers, labels)", shown(figures.verdict(answers, labels))),
        code("figures.performance(answers)", shown(figures.performance(answers))),
        code("figures.worst_errors(table, answers)", shown(figures.worst_errors(table, answers))),
        code("figures.reproducibility({})", shown(figures.reproducibility({"data": "9f86d0" * 11}))),
    ]


# --- what a page holds -----------------------------------------------------------------------------------------------


def test_a_report_starts_with_the_verdict_and_has_everything_else_in_order(tmp_path: Path) -> None:
    heading = Heading(title="Which parcels come late", facts={"Data": "parcels.csv"}, notice="Training was cut short.")
    page = report(tmp_path, *real_cells(), heading=heading).read_text()
    order = [
        "<h1>Which parcels come late</h1>", "parcels.csv", "Training was cut short.", "gm-sentence", "Load the <code>",
        "Log, ", ">Compare</h2>", ">In detail</h3>", "gm-matrix", "Worst errors", "9f86d0",
    ]  # fmt: skip
    places = [page.index(words, page.index("<main")) for words in order]
    assert places == sorted(places)
    assert page.count("gm-sentence") == 2  # the verdict, once, and its style
    assert "The notebook's own title" not in page
    assert re.findall(r'<li[^>]*><a href="#([\w-]+)">', page)[:4] == ["verdict", "part-1", "part-2", "part-3"]
    assert all(f'id="{anchor}"' in page for anchor in ("verdict", "part-1", "part-2", "part-3"))


def test_code_and_logs_are_one_click_away(tmp_path: Path) -> None:
    page = report(tmp_path, *real_cells()).read_text()
    assert "<details open" not in page
    assert page.count('<details class="code">') == 6
    assert page.count('<details class="log">') == 1  # both streams are one log
    assert "red line" in page
    assert "\x1b" not in page
    assert "and a warning" in page


def test_logs_tell_nothing_of_the_machines_folders(tmp_path: Path) -> None:
    said = (
        f"AutoGluon will save models to '{tmp_path}/out/model'\nFiles in {tmp_path}\n"
        f"{sys.prefix}/lib/python3.11/site-packages/sklearn/base.py:12: a warning"
    )
    page = report(tmp_path, code("fit()", stream(said))).read_text()
    assert str(tmp_path) not in page
    assert sys.prefix not in page
    assert "save models to &#x27;out/model&#x27;" in page
    assert "\nsklearn/base.py:12: a warning" in page


def test_the_style_sheet_comes_once_and_its_hash_is_the_policys(tmp_path: Path) -> None:
    import hashlib

    page = report(tmp_path, *real_cells()).read_text()
    (css,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    assert f"style-src-elem 'sha256-{digest}'" in page
    assert "default-src 'none'" in page


def test_a_failed_run_has_a_report_of_how_far_it_came(tmp_path: Path) -> None:
    error = {
        "output_type": "error", "ename": "MemoryError", "evalue": "out of \x1b[1mmemory\x1b[0m",
        "traceback": ["\x1b[31mTraceback\x1b[0m", "MemoryError"],
    }  # fmt: skip
    failure = Failure(
        code="run-failed", what="The run ended without a model.", cause="Memory ran out.", cure="Use less."
    )
    cells = (
        code("# painted red", tags=("papermill-error-cell-tag",)),
        code("fit()", error),
        code("save()", count=None),
        code("show()", count=None),
    )
    page = report(tmp_path, *cells, heading=Heading(title="Failed", failure=failure)).read_text()
    assert page.index("The run ended without a model.") < page.index("Memory ran out.") < page.index("Use less.")
    assert "MemoryError: out of memory" in page
    assert "2 further cells were not reached" in page
    assert "painted red" not in page


def test_cells_may_be_left_out(tmp_path: Path) -> None:
    assert "a secret of mine" not in report(tmp_path, code("a secret of mine", tags=("not-in-report",))).read_text()


def test_pictures_and_plain_text_are_shown(tmp_path: Path) -> None:
    page = report(
        tmp_path,
        code("picture", display({"image/png": PIXEL, "text/plain": "<Figure size 640x480>"})),
        code("drawing", display({"image/svg+xml": "<svg onload='x()'/>", "text/plain": "a drawing of mine"})),
        code("1 < 2", {"output_type": "execute_result", "data": {"text/plain": "1 < 2 is True"}, "metadata": {}}),
    ).read_text()
    assert f"data:image/png;base64,{PIXEL}" in page
    assert 'alt="a picture that the cell drew"' in page
    assert 'alt="a drawing of mine"' in page
    assert "onload" not in page
    assert "1 &lt; 2 is True" in page


def test_a_page_stays_under_two_megabytes_and_says_what_it_left_out(tmp_path: Path) -> None:
    big = display({"text/html": "<p>" + "word " * 300_000 + "</p>"})
    cells = [code("big", big) for _ in range(4)]
    cells += [code("loud", stream("line\n" * 100_000)) for _ in range(5)]
    page = report(tmp_path, *cells)
    assert page.stat().st_size < 2_000_000
    assert page.read_text().count("Left out here: more than fits on one page.") == 3
    assert "letters are left out here; the notebook has them" in page.read_text()


@pytest.mark.parametrize("raw", ["", "not json", "{}", '{"cells": [1]}', '{"cells": [{"cell_type": "markdown"}]}'])
def test_what_is_no_notebook_is_refused(tmp_path: Path, raw: str) -> None:
    (tmp_path / "x.ipynb").write_text(raw)
    with pytest.raises(RecipeInvalid, match=r"x\.ipynb is not a notebook"):
        render(tmp_path / "x.ipynb", tmp_path / "report.html", Heading(title="x"))
    assert not (tmp_path / "report.html").exists()


# --- what outputs may not do -----------------------------------------------------------------------------------------

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=https://example.org/pixel.png>",
    "<svg><script>alert(1)</script></svg>",
    "<svg onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<iframe src=https://example.org></iframe>",
    "<object data=https://example.org></object><embed src=https://example.org>",
    "<form action=https://example.org><input name=a><button>go</button></form>",
    "<meta http-equiv=refresh content='0;url=https://example.org'>",
    "<base href=https://example.org>",
    "<link rel=stylesheet href=https://example.org/x.css>",
    "<style>@import 'https://example.org/x.css'</style>",
    "<div style='background:url(https://example.org/x.png)'>x</div>",
    "<div style='position:fixed;inset:0;z-index:99'>x</div>",
    "<rect fill='url(https://example.org/#x)'/>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<textarea></main><script>alert(1)</script></textarea>",
    "</div></main></body><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "<p title='\"onmouseover=alert(1) x=\"'>x</p>",
    "<input id=dark type=radio checked>",
    "<video src=https://example.org/x.mp4 autoplay></video>",
]


class Inventory(HTMLParser):
    """Everything in a page that could act or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        forbidden = {"script", "iframe", "object", "embed", "form", "input", "meta", "base", "link", "style", "video"}
        if tag in forbidden | {"math", "noscript", "textarea", "template", "foreignobject", "use"}:
            self.found.append(tag)
        for name, value in attrs:
            value = (value or "").lower()
            if name.startswith("on") or name in ("id", "srcdoc", "action", "formaction", "xlink:href", "srcset"):
                self.found.append(f"{tag}.{name}")
            if "url(" in value or "javascript:" in value or (name == "style" and "position" in value):
                self.found.append(f"{tag}.{name}={value}")
            if name == "src" and not value.startswith("data:image/"):
                self.found.append(f"{tag}.src={value}")


def acting(html: str) -> list[str]:
    inventory = Inventory()
    inventory.feed(html)
    inventory.close()
    return inventory.found


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_active_comes_through(attack: str) -> None:
    assert acting(attack) or "fixed" in attack or "<!--" in attack or "title=" in attack or "script" in attack
    cleaned = clean(f"<p>before</p>{attack}<p>after</p>")
    assert acting(cleaned.html) == []
    assert cleaned.html.startswith("<p>before</p>")


@given(st.text(alphabet="<>/=\"'!- abdimgscriptyletx&;#0\n", max_size=80))
def test_nothing_active_comes_through_whatever_is_written(html: str) -> None:
    once = clean(html).html
    assert acting(once) == []
    assert clean(once).html == once


def test_what_is_open_is_closed() -> None:
    assert clean("<div><b>x").html == "<div><b>x</b></div>"
    assert clean("</div></main>x").html == "x"


def test_figures_of_ours_come_through_whole() -> None:
    answers = figures.Answers.of_numbers("y", "rmse", np.arange(50.0), np.arange(50.0) + 1)
    for figure in (figures.performance(answers), figures.verdict(answers, answers.truth)):
        cleaned = clean(figure.html())
        assert cleaned.left_out == ()
        for words in ("gm-chart", "aria-label", "viewbox", "stroke", "left:"):
            assert cleaned.html.count(words) == figure.html().lower().count(words)


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    page = report(
        tmp_path, code("plot()", display({"text/html": "<div>Plot</div><script>draw()</script>"}))
    ).read_text()
    assert "Left out here: script. The notebook has it." in page


# --- in a browser ----------------------------------------------------------------------------------------------------


class Visit:
    """A page opened in the browser, with all it asked for and all it complained about."""

    def __init__(self, chromium: Any, path: Path, *, width: int = 1280, scheme: str = "light") -> None:
        self.page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.goto(path.as_uri())
        self.asked = [url for url in self.asked if url != path.as_uri() and not url.startswith("data:")]

    def colour(self) -> str:
        return str(self.page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_a_report_asks_for_nothing_and_complains_of_nothing(chromium: Any, tmp_path: Path) -> None:
    visit = Visit(chromium, report(tmp_path, *real_cells()))
    assert visit.asked == []
    assert visit.said == []


def test_attacks_do_nothing_even_in_a_browser(chromium: Any, tmp_path: Path) -> None:
    cells = [code("x", display({"text/html": attack}, {"gristmill": {"part": "x"}})) for attack in ATTACKS]
    cells += [markdown(attack) for attack in ATTACKS]
    cells.append(markdown("![picture](https://example.org/x.png) [x](javascript:alert(1))"))
    visit = Visit(chromium, report(tmp_path, *cells))
    assert visit.asked == []
    assert visit.said == []
    assert visit.page.locator("main").count() == 1
    assert visit.page.locator("footer").is_visible()


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_long_names_never_make_the_page_scroll_sideways(chromium: Any, tmp_path: Path, width: int) -> None:
    visit = Visit(
        chromium, report(tmp_path, *real_cells(), heading=Heading(title=LONG, facts={"Data": LONG})), width=width
    )
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width


def test_light_and_dark_by_system_and_by_hand(chromium: Any, tmp_path: Path) -> None:
    path = report(tmp_path, *real_cells())
    light, dark = Visit(chromium, path), Visit(chromium, path, scheme="dark")
    paper, night = light.colour(), dark.colour()
    assert paper != night
    light.page.get_by_text("Dark", exact=True).click()
    assert light.colour() == night
    dark.page.get_by_text("Light", exact=True).click()
    assert dark.colour() == paper
    dark.page.emulate_media(media="print")
    assert dark.colour() == "rgb(255, 255, 255)"


def test_the_keyboard_reaches_contents_code_and_wide_tables(chromium: Any, tmp_path: Path) -> None:
    visit = Visit(chromium, report(tmp_path, *real_cells()))
    reached = set()
    for _ in range(60):
        visit.page.keyboard.press("Tab")
        reached.add(visit.page.evaluate("document.activeElement.tagName + '.' + document.activeElement.className"))
    assert {"A.skip away", "INPUT.away", "A.", "SUMMARY.", "DIV.gm-scroll"} <= reached
    visit.page.locator("details.code summary").first.focus()
    visit.page.keyboard.press("Enter")
    assert visit.page.locator("details.code pre").first.is_visible()


def test_print_hides_code_and_contents(chromium: Any, tmp_path: Path) -> None:
    visit = Visit(chromium, report(tmp_path, *real_cells()))
    visit.page.emulate_media(media="print")
    for part in ("details.code", "nav.contents", ".scheme"):
        assert not visit.page.locator(part).first.is_visible()
    assert visit.page.locator(".gm-sentence").is_visible()


# --- the template package --------------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_letters_stand_out_from_their_ground(scheme: int) -> None:
    pairs = re.findall(
        r"--gm-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", gristmill_templates.text("report/tokens.css")
    )
    colour = {name: both[scheme] for name, *both in pairs}

    def contrast(one: str, other: str) -> float:
        high, low = sorted((luminance(colour[one]), luminance(colour[other])), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for ground in ("paper", "card", "sunk"):
        for letters in ("ink", "soft", "accent", "good", "bad", "doubt"):
            assert contrast(letters, ground) >= 4.5, (letters, ground)
    for tint in ("tint-1", "tint-2"):
        assert contrast("ink", tint) >= 4.5
    assert contrast("on-accent", "accent") >= 4.5
    for series in "12345":  # lines and bars: 3 to 1
        assert contrast(series, "card") >= 3.0


def test_templates_are_found_as_files() -> None:
    with gristmill_templates.template("report/page.html") as path:
        assert path.is_file()
    with (
        pytest.raises(FileNotFoundError, match=r"no file 'nothing\.ipynb'"),
        gristmill_templates.template("nothing.ipynb"),
    ):
        pass
    assert all(name.endswith(".ipynb") for name in gristmill_templates.notebooks())
