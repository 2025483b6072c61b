"""The page around the cells: heading, verdict first, contents, and a policy that lets nothing in."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import gristmill_templates

from gristmill.errors import RecipeInvalid
from gristmill.records import Failure
from gristmill.reports.cells import read_cells

__all__ = ["Heading", "render"]


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What stands above a report: its title, a line of facts, and what the reader must know first.

    `notice` is a sentence, such as why training was cut short; `failure` says why there is no model.
    """

    title: str
    facts: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""
    failure: Failure | None = None


def render(notebook: Path, out: Path, heading: Heading) -> Path:
    """Write the executed `notebook`, as far as it came, as one HTML page; returns `out`."""
    import jinja2

    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        body = read_cells(cells, folder=notebook.parent)
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # whatever shape it has, it is not a notebook's
        raise RecipeInvalid(f"{notebook.name} is not a notebook.", cause=f"It cannot be read: {error}.") from error
    css = gristmill_templates.stylesheet("report/tokens.css", "report/figures.css", "report/page.css")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(gristmill_templates.text("report/page.html")).render(
        heading=heading, body=body, css=css, digest=digest, cells="\n".join(body.html)
    )
    part = out.with_name(f"{out.name}.part")
    part.write_text(page, encoding="utf-8")
    return part.replace(out)  # whole or not there
