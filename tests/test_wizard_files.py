"""The wizard shows what data looks like, hands files out, and lets go of those that nobody wants any more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("anywidget")

from gristmill import tasks
from gristmill.errors import NotPossible
from gristmill.mill import Mill
from gristmill.records import Curve, Membership, Power, Preview, Sight, Thing, Who
from gristmill_widgets.glance import glance
from gristmill_widgets.html import join
from gristmill_widgets.strings import English, German
from test_wizard_html import HOSTILE, Seen
from test_wizard_pages import Visitor, a_file, dataset_of, mill

__all__ = ["mill"]  # a fixture

LINK = "/services/gristmill/store/grain.csv?signature=1"


class Served:
    """A platform whose store is served: its links are made up, all else is real."""

    def __init__(self, mill: Mill, link: str = LINK) -> None:
        self._mill, self._link = mill, link

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mill, name)

    def dataset_link(self, dataset_id: str) -> str:
        return self._link if dataset_id else ""


def files_of(visitor: Visitor) -> list[str]:
    return [str(told["name"]) for told, _ in visitor.sent if "file" in told]


def links_of(visitor: Visitor) -> list[str]:
    return [str(told["link"]) for told, _ in visitor.sent if "link" in told]


# --- a glance --------------------------------------------------------------------------------------------------------


def test_the_first_rows_are_shown_with_what_is_to_be_predicted_first(mill: Mill, tmp_path: Path) -> None:
    visitor = Visitor(mill).comes(f"want/{dataset_of(mill, tmp_path)}")
    assert "The first rows" in visitor.sees
    assert sum(name == "tr" for name, _ in visitor.elements) == 7
    visitor.does("rows")
    assert sum(name == "tr" for name, _ in visitor.elements) == 51
    assert "Show 50 rows" not in visitor.sees
    visitor.does("target", "rain")
    head = visitor.sees[visitor.sees.index("The first rows") :]
    assert head.index("rain") < head.index("field")


def test_pictures_are_shown_with_their_classes(mill: Mill, tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    archive = tasks.find("image-classification").tiny(tmp_path)
    visitor = Visitor(mill).comes(f"want/{mill.admit(mill.upload(archive).id).id}")
    pictures = [attributes for name, attributes in visitor.elements if name == "img"]
    assert len(pictures) == 12
    assert all(str(one["src"]).startswith("data:image/jpeg;base64,") for one in pictures)
    assert {"A picture of your data: box", "A picture of your data: disc"} == {one["alt"] for one in pictures}


def preview_of(name: str) -> Preview:
    things = (Thing(name=name, box=(0, 0, 1, 1)),)
    return Preview(
        columns=(name, "rain"),
        rows=((name, None),),
        pictures=(Sight(path=name, jpeg="AAAA", width=4, height=3, labels=(name,), things=things),),
        curves=(Curve(item=name, column="rain", first=name, last="", values=(1.0, None, 2.0)),),
    )


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("strings", [English, German])
def test_a_hostile_glance_is_only_words(mill: Mill, tmp_path: Path, name: str, strings: Callable[[], Any]) -> None:
    dataset = mill.dataset(dataset_of(mill, tmp_path))
    tags: list[list[str]] = []
    for called in (name, "oats"):
        seen = Seen(join([glance(strings(), dataset, preview_of(called), target="rain", whole=False)]))
        tags.append([tag for tag, _ in seen.elements])
    assert tags[0] == tags[1]


# --- files -----------------------------------------------------------------------------------------------------------


def test_what_lies_in_the_store_is_listed_taken_and_deleted_after_a_yes(mill: Mill, tmp_path: Path) -> None:
    kept, gone = (dataset_of(mill, tmp_path, name=name) for name in ("oats.csv", "rye.csv"))
    visitor = Visitor(mill).comes("files")
    assert "oats.csv" in visitor.sees
    visitor.does("take", kept)
    assert (files_of(visitor), links_of(visitor)) == (["oats.csv"], [])
    assert b"".join(bytes for told, pieces in visitor.sent if "file" in told for bytes in pieces) == a_file()

    visitor.does("delete", gone)  # nobody was asked
    assert len(mill.datasets()) == 2
    visitor.does("doubt", gone)
    assert "Delete “rye” for good?" in visitor.sees
    visitor.does("spare")
    visitor.does("doubt", gone).does("delete", gone)
    assert "rye.csv" not in visitor.sees
    assert [entry.id for entry in mill.datasets()] == [kept]


def test_who_has_nothing_is_told_what_to_do(mill: Mill) -> None:
    assert "Nothing is stored yet" in Visitor(mill).comes("files").sees


def test_a_viewer_deletes_nothing_and_is_told_so(mill: Mill, tmp_path: Path) -> None:
    olga, ben = (mill.on_behalf(Who(name=name, powers=frozenset({Power.USE}))) for name in ("olga", "ben"))
    project = olga.make_project("mill").id
    file = tmp_path / "grain.csv"
    file.write_bytes(a_file())
    dataset_id = olga.admit(olga.upload(file, project=project).id).id
    olga.share(project, "ben", Membership.VIEWER)
    visitor = Visitor(ben).comes("files").does("doubt", dataset_id).does("delete", dataset_id)
    assert [entry.id for entry in olga.datasets()] == [dataset_id]
    assert "problem" in visitor.app.screen.main
    assert "grain.csv" in visitor.sees


def test_a_browser_fetches_by_a_link_and_by_pieces_where_it_cannot(mill: Mill, tmp_path: Path) -> None:
    dataset_id = dataset_of(mill, tmp_path)
    visitor = Visitor(Served(mill)).comes("files").does("take", dataset_id)
    assert (links_of(visitor), files_of(visitor)) == ([LINK], [])
    number = next(told["number"] for told, _ in visitor.sent if "link" in told)
    visitor.does("pieces", number).does("pieces", number)
    assert files_of(visitor) == ["grain.csv"]


def test_a_link_that_would_run_something_is_not_followed(mill: Mill, tmp_path: Path) -> None:
    dataset_id = dataset_of(mill, tmp_path)
    visitor = Visitor(Served(mill, "javascript:alert(1)")).comes("files").does("take", dataset_id)
    assert (links_of(visitor), files_of(visitor)) == ([], ["grain.csv"])


def test_an_embedded_platform_signs_no_links(mill: Mill, tmp_path: Path) -> None:
    with pytest.raises(NotPossible):
        mill.dataset_link(dataset_of(mill, tmp_path))
