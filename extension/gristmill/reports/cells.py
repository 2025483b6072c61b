"""A notebook's cells as HTML: prose with its headings, code one click away, outputs cleaned and bounded.

The notebook is read as the JSON that it is: the format is stable, and the library for it costs a second to import.
A figure of ours says what it is in its output's metadata (`gristmill.part`); the verdict is lifted out, to stand first.
A cell tagged `not-in-report` is left out whole.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from gristmill.reports.cleaning import clean
from gristmill.wording import count, shorten

__all__ = ["Body", "Entry", "read_cells"]

_MOST_LETTERS = 12_000  # of one text output
_MOST_PICTURED = 1_600_000  # letters of all outputs together: a page is to stay under 2 MB
_ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")
_INSTALLED = re.compile(r"[^\s\"'(]*/(?:site|dist)-packages/")  # where a library lies, whichever it is
_SKIPPED_TAGS = frozenset({"not-in-report", "papermill-error-cell-tag"})
_HEADINGS = ("h2", "h3")

Source = Mapping[str, Any]  # a cell or an output, as in the file


@dataclass(frozen=True)
class Entry:
    """A line of the table of contents."""

    anchor: str
    text: str
    level: int


@dataclass
class Body:
    """What the cells came to; `room` is how many letters of output still fit."""

    html: list[str] = field(default_factory=list)
    contents: list[Entry] = field(default_factory=list)
    verdict: str = ""
    not_reached: int = 0
    room: int = _MOST_PICTURED
    folder: Path | None = None

    def plain(self, text: str) -> str:
        """Words of a log, without what is a terminal's or tells only of the machine: its colours, its folders."""
        text = _INSTALLED.sub("", _plain(text))
        for folder in dict.fromkeys((self.folder, self.folder.resolve())) if self.folder else ():
            text = text.replace(f"{folder}/", "").replace(str(folder), ".")
        return text


def read_cells(cells: Iterable[Source], folder: Path | None = None) -> Body:
    """All cells in their order; paths within the run's `folder` are said as they are from there."""
    body = Body(folder=folder)
    for cell in cells:
        if _SKIPPED_TAGS.intersection(cell.get("metadata", {}).get("tags", ())):
            continue
        if cell["cell_type"] == "markdown":
            _prose(body, _joined(cell["source"]))
        elif cell["cell_type"] == "code" and _joined(cell["source"]).strip():
            _code(body, cell)
    return body


def _prose(body: Body, source: str) -> None:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = reader.parse(source)
    for place, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag in _HEADINGS:
            text = "".join(
                part.content for part in tokens[place + 1].children or () if part.type in ("text", "code_inline")
            )
            entry = Entry(f"part-{len(body.contents) + 1}", text, int(token.tag[1]))
            body.contents.append(entry)
            token.attrSet("id", entry.anchor)
        if token.type == "heading_open" and token.tag == "h1":
            # The page has its own title: the notebook's is not said twice.
            tokens[place : place + 3] = []
            break
    html = str(reader.renderer.render(tokens, reader.options, {})).strip()
    if html:
        body.html.append(f'<div class="words">{_without_pictures(html)}</div>')


def _without_pictures(html: str) -> str:
    """Prose comes from markdown without HTML; its pictures from elsewhere are all that could be fetched."""
    return re.sub(
        r'<img src="(?!data:image/)[^"]*"( alt="([^"]*)")?[^>]*>', r'<span class="left-out">[picture: \2]</span>', html
    )


def _code(body: Body, cell: Source) -> None:
    outputs = cell.get("outputs", [])
    if cell.get("execution_count") is None and not outputs:
        body.not_reached += 1
        return
    source = _joined(cell["source"])
    said = f'Code<span class="away">, {count(source.count(chr(10)) + 1, "line")}</span>'
    body.html.append(
        f'<div class="cell"><details class="code"><summary>{said}</summary>'
        f'<pre class="hl" tabindex="0">{_highlighted(source)}</pre></details>'
    )
    for output in _merged(outputs):
        _output(body, output)
    body.html.append("</div>")


def _highlighted(source: str) -> str:
    from pygments import highlight
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers.python import PythonLexer

    return str(highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)))


def _merged(outputs: Iterable[Source]) -> Iterable[Source]:
    """Streams arrive in pieces; neighbouring ones are shown as one, errors and warnings among them."""
    pending: list[str] = []
    for output in outputs:
        if output["output_type"] == "stream":
            pending.append(_joined(output["text"]))
            continue
        if pending:
            yield {"output_type": "stream", "text": "".join(pending)}
            pending = []
        yield output
    if pending:
        yield {"output_type": "stream", "text": "".join(pending)}


def _output(body: Body, output: Source) -> None:
    if output["output_type"] == "stream":
        text = body.plain(_joined(output["text"]))
        if text.strip():
            body.html.append(_log(f"Log, {count(text.count(chr(10)) + 1, 'line')}", text))
        return
    if output["output_type"] == "error":
        said = shorten(body.plain(f"{output.get('ename', '')}: {output.get('evalue', '')}"), 600)
        trace = body.plain("\n".join(output.get("traceback", ())))
        body.html.append(
            f'<div class="banner failed" role="alert"><strong>This cell stopped with an error</strong>'
            f"<p>{escape(said)}</p>{_log('Traceback', trace) if trace.strip() else ''}</div>"
        )
        return
    _display(body, output)


def _display(body: Body, output: Source) -> None:
    data = output.get("data", {})
    part = output.get("metadata", {}).get("gristmill", {}).get("part", "")
    shown, left_out = _richest(data, is_ours=bool(part))
    if not shown:
        return
    if len(shown) > body.room:
        shown, left_out = "", ["more than fits on one page"]
    body.room -= len(shown)
    if left_out:
        shown += f'<p class="left-out">Left out here: {escape(", ".join(left_out))}. The notebook has it.</p>'
    if part == "verdict" and not body.verdict:
        body.verdict = shown
    else:
        body.html.append(shown)


def _richest(data: Mapping[str, Any], *, is_ours: bool) -> tuple[str, list[str]]:
    """The richest form of an output that a page can show."""
    words = shorten(_joined(data.get("text/plain", "")), 300)
    if "text/html" in data:
        cleaned = clean(_joined(data["text/html"]))
        kind = "out" if is_ours else "out foreign"
        scrolls = "" if is_ours else ' tabindex="0" role="region" aria-label="output"'
        return f'<div class="{kind}"{scrolls}>{cleaned.html}</div>', list(cleaned.left_out)
    if "image/svg+xml" in data:
        # As a picture, an SVG can neither run nor fetch anything, and its ids are its own.
        encoded = base64.b64encode(_joined(data["image/svg+xml"]).encode()).decode()
        return _picture("svg+xml", encoded, words), []
    for kind in ("png", "jpeg"):
        if f"image/{kind}" in data:
            encoded = re.sub(r"[^A-Za-z0-9+/=]", "", _joined(data[f"image/{kind}"]))
            return _picture(kind, encoded, words), []
    text = _plain(_joined(data.get("text/plain", "")))
    return (f'<div class="out"><pre tabindex="0">{escape(_bounded(text))}</pre></div>' if text.strip() else ""), []


def _picture(kind: str, encoded: str, words: str) -> str:
    alt = words if words and not words.startswith("<") else "a picture that the cell drew"
    return f'<div class="out"><img class="picture" alt="{escape(alt)}" src="data:image/{kind};base64,{encoded}"></div>'


def _log(title: str, text: str) -> str:
    shown = f'<pre tabindex="0">{escape(_bounded(text))}</pre>'
    return f'<details class="log"><summary>{escape(title)}</summary>{shown}</details>'


def _bounded(text: str) -> str:
    """The beginning and the end of a long text: how it started and what it came to."""
    if len(text) <= _MOST_LETTERS:
        return text
    half = _MOST_LETTERS // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n[{left_out:,} letters are left out here; the notebook has them]\n{text[-half:]}"


def _plain(text: str) -> str:
    """Text without a terminal's colours, and with the last state of lines that were drawn over."""
    text = _ANSI.sub("", text).replace("\r\n", "\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")).rstrip()


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
