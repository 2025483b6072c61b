"""Which of Voila's scripts a page of widgets needs: the page asks for them as one file, in place of seventy.

Webpack has cut Voila's scripts into chunks that ask for one another. Each only adds its modules to a list, which is
looked through before anything is fetched; so chunks that stand in one file ahead of the others are simply there. The
numbers are those of the Voila that setup.py pins, as a browser asked for them: a test in a browser fails when a page
asks for one that is not among them. Whatever is missing here is still fetched by itself.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["bundle_of"]

_VOILA = (
    *(73, 143, 431, 457, 630, 1187, 1601, 1621, 1670, 2930, 3144, 3249, 3307, 3311, 3459, 3649, 3916, 3989),
    *(3992, 4041, 4135, 4173, 4222, 4653, 4729, 4972, 5044, 5312, 5688, 5764, 5767, 6008, 6049, 6382, 6468),
    *(6573, 7155, 7483, 7556, 7598, 7770, 7883, 8017, 8135, 8487, 8766, 8773, 8862, 8925, 9081, 9151, 9212),
    *(9582, 9684, 9890, 9981),
)  # fmt: skip
_WIDGETS = "labextensions/@voila-dashboards/widgets-manager8/static/"
_MANAGER = ("883.", "496.")  # the others are those of ipywidgets' own extension, which comes first
_WHOLE = ("labextensions/@jupyter-widgets/jupyterlab-manager/static/", "labextensions/anywidget/static/")


def bundle_of(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the files `names` that a page needs, in an order in which they may stand in one file."""
    return tuple(sorted(name for name in names if _is_needed(name)))


def _is_needed(name: str) -> bool:
    if not name.endswith(".js"):
        return False
    if name.startswith(_WIDGETS):
        return name.removeprefix(_WIDGETS).startswith(_MANAGER)
    if name.startswith(_WHOLE):
        return name.rpartition("/")[2][0].isdigit()  # chunks have numbers; what loads them has a name
    number = name.removeprefix("static/").removesuffix(".voila.js")
    return number.isdigit() and int(number) in _VOILA
