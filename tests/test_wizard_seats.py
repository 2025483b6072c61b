"""What the wizard's service knows without a hub: its settings, its seats, its rounds, its files, and the door."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gristmill.errors import HubAway, NotSignedIn, UsageError
from gristmill_widgets.service.rounds import Rounds
from gristmill_widgets.service.seats import GONE, SIGNED_OUT, Full, Seats
from gristmill_widgets.service.settings import ServiceSettings, kernel_environment

HUB = {
    "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:8004",
    "JUPYTERHUB_SERVICE_PREFIX": "/services/wizard/",
    "JUPYTERHUB_API_TOKEN": "the service's own",
    "JUPYTERHUB_PUBLIC_HUB_URL": "https://mill.example.org/hub/",
}


class Line:
    """A socket that notes how it was closed."""

    def __init__(self) -> None:
        self.code: int | None = None

    def close(self, code: int | None = None, reason: str | None = None) -> None:  # noqa: ARG002
        self.code = code


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# --- settings --------------------------------------------------------------------------------------------------------


def test_the_hub_says_where_and_the_operator_how_many() -> None:
    settings = ServiceSettings.of(
        HUB | {"GRISTMILL_WIZARD_SEATS": "7", "GRISTMILL_WIZARD_CONNECT": "https://s3.example"}
    )
    assert (settings.address, settings.port, settings.prefix) == ("127.0.0.1", 8004, "/services/wizard/")
    assert settings.api == "https://mill.example.org/services/gristmill"
    assert (settings.seats, settings.connect) == (7, ("https://s3.example",))
    assert ServiceSettings.of(HUB | {"GRISTMILL_URL": "http://127.0.0.1:8003/x"}).api == "http://127.0.0.1:8003/x"


@pytest.mark.parametrize(
    ("store", "reached"),
    [
        (
            "s3://mill/below?endpoint=http%3A%2F%2Fminio.lab%3A9000&region=eu",
            ("http://minio.lab:9000", "https://b.example"),
        ),
        ("s3://mill?endpoint=http://minio.lab:9000/", ("http://minio.lab:9000", "https://b.example")),
        ("s3://mill", ("https://b.example",)),
        ("s3://mill?endpoint=https://x.example;script-src", ("https://b.example",)),
        ("file:///srv/store", ("https://b.example",)),
        ("", ("https://b.example",)),
    ],
)
def test_pages_may_reach_the_platforms_own_store(store: str, reached: tuple[str, ...]) -> None:
    told = HUB | {"GRISTMILL_STORE": store, "GRISTMILL_WIZARD_CONNECT": "https://b.example"}
    assert ServiceSettings.of(told).connect == reached


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"JUPYTERHUB_API_TOKEN": ""}, "runs as a service of JupyterHub"),
        ({"JUPYTERHUB_SERVICE_URL": "nowhere"}, "runs as a service of JupyterHub"),
        ({"JUPYTERHUB_PUBLIC_HUB_URL": ""}, "where the API is"),
        ({"GRISTMILL_WIZARD_SEATS": "0"}, "GRISTMILL_WIZARD_SEATS is '0'"),
        ({"GRISTMILL_WIZARD_POOL": "many"}, "GRISTMILL_WIZARD_POOL is 'many'"),
        ({"GRISTMILL_WIZARD_CONNECT": "https://x.example; script-src *"}, "GRISTMILL_WIZARD_CONNECT names"),
        ({"GRISTMILL_WIZARD_CONNECT": "*"}, "GRISTMILL_WIZARD_CONNECT names"),
    ],
)
def test_a_wrong_setting_is_one_clear_sentence(changed: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("*", r"\*")):
        ServiceSettings.of(HUB | changed)


def test_a_kernel_learns_only_what_is_on_the_list() -> None:
    whole = HUB | {
        "PATH": "/bin", "LANG": "C.UTF-8", "AWS_SECRET_ACCESS_KEY": "k", "GRISTMILL_CATALOG": "postgresql://u:p@h/d",
        "VOILA_REQUEST_URL": "http://hub/services/wizard/?secret=1", "HTTP_PROXY": "http://u:p@proxy",
    }  # fmt: skip
    given = kernel_environment(whole, "/tmp/k")
    assert given["PATH"] == "/bin"
    assert given["HOME"] == given["GRISTMILL_HOME"] == "/tmp/k"
    assert not [name for name in given if name in whole and name not in ("PATH", "LANG")]


# --- seats -----------------------------------------------------------------------------------------------------------


def test_a_kernel_belongs_to_whom_it_was_given_and_to_nobody_before() -> None:
    seats = Seats(5, 5)
    seat, _ = seats.take("olga", "o")
    assert seats.at("k") is None
    assert seats.give(seat, "k")
    assert seats.at("k") is seat
    assert seats.leave(seat)
    assert seats.at("k") is None
    assert not seats.give(seat, "k"), "it was left"


def test_seats_are_counted_for_all_and_for_each() -> None:
    seats = Seats(3, 2)
    first, _ = seats.take("olga", "o")
    seats.take("olga", "o")
    with pytest.raises(Full) as own:
        seats.take("olga", "o")
    assert own.value.own
    seats.take("ivan", "i")
    with pytest.raises(Full) as none:
        seats.take("anna", "a")
    assert not none.value.own
    seats.leave(first)
    assert seats.take("anna", "a")[0].name == "anna"


def test_a_page_of_ones_own_that_nobody_sees_makes_room_but_never_anothers() -> None:
    clock = Clock()
    seats = Seats(2, 2, clock)
    lost, _ = seats.take("olga", "o")
    seats.give(lost, "k1")
    other, _ = seats.take("ivan", "i")
    clock.now += 120
    with pytest.raises(Full):
        seats.take("anna", "a")
    fresh, left = seats.take("olga", "o")
    assert left is lost
    assert set(seats) == {fresh, other}


def test_a_page_with_a_socket_is_never_idle_and_its_time_begins_when_the_last_one_closes() -> None:
    clock = Clock()
    seats = Seats(2, 2, clock)
    seat, _ = seats.take("olga", "o")
    seats.give(seat, "k")
    one, two = Line(), Line()
    seats.opened(seat, one)
    seats.opened(seat, two)
    clock.now += 5000
    seats.closed(seat, one)
    assert seats.idle(600) == []
    clock.now += 5000
    seats.closed(seat, two)
    clock.now += 599
    assert seats.idle(600) == []
    clock.now += 1
    assert seats.idle(600) == [seat]


def test_a_page_whose_browser_says_that_it_has_gone_is_freed_within_a_minute_unless_it_comes_back() -> None:
    clock = Clock()
    seats = Seats(2, 2, clock)
    seat, _ = seats.take("olga", "o")
    seats.give(seat, "k")
    for code, idle in ((1001, [seat]), (1006, []), (None, [])):
        line = Line()
        seats.opened(seat, line)
        assert seats.idle(600) == []
        seats.closed(seat, line, code)
        assert seats.idle(600) == []
        clock.now += 45
        assert seats.idle(600) == idle


def test_whoever_sees_a_seat_in_a_log_does_not_see_its_token() -> None:
    seat, _ = Seats(1, 1).take("olga", "the token")
    assert "the token" not in repr(seat)


# --- rounds ----------------------------------------------------------------------------------------------------------


def a_round(seats: Seats, still: Callable[[str], bool], alive: Callable[[str], bool] = lambda _: True) -> list[Any]:
    ended = []

    async def end(seat: Any, code: int) -> None:
        ended.append((seat.name, code))
        seats.leave(seat, code)

    async def asked(answer: bool) -> bool:
        return answer

    rounds = Rounds(
        seats, still=lambda token: asked(still(token)), alive=lambda kernel: asked(alive(kernel)), end=end, idle=600,
        log=logging.getLogger("test"),
    )  # fmt: skip
    asyncio.run(rounds.once())
    return ended


def test_a_round_closes_the_pages_of_whoever_has_signed_out_and_no_others() -> None:
    seats = Seats(5, 5)
    lines = {}
    for name in ("olga", "ivan"):
        seat, _ = seats.take(name, f"{name}'s token")
        seats.give(seat, f"{name}'s kernel")
        seats.opened(seat, lines.setdefault(name, Line()))
    assert a_round(seats, lambda token: token != "olga's token") == [("olga", SIGNED_OUT)]
    assert (lines["olga"].code, lines["ivan"].code) == (SIGNED_OUT, None)


def test_a_round_ends_pages_whose_kernel_died_or_that_nobody_has_seen_for_long() -> None:
    clock = Clock()
    seats = Seats(5, 5, clock)
    for name in ("dead", "lost", "new"):
        clock.now += 0 if name != "new" else 700
        seat, _ = seats.take("olga", "o")
        seats.give(seat, name)
        if name == "dead":
            seats.opened(seat, Line())
    assert a_round(seats, lambda _: True, lambda kernel: kernel != "dead") == [("olga", GONE), ("olga", GONE)]
    assert [seat.kernel for seat in seats] == ["new"]


# --- files -----------------------------------------------------------------------------------------------------------


def test_files_are_known_by_name_compressed_once_and_named_anew_when_they_change(tmp_path: Path) -> None:
    from gristmill_widgets.service.assets import BUNDLE, Assets

    own = tmp_path / "own"
    own.mkdir()
    (own / "a.js").write_text("let a = 1;\n" * 200)
    (own / "b.js").write_text("b")
    (tmp_path / "secret").write_text("no")
    assets = Assets({"own": [own]}, lambda names: [name for name in names if name.endswith("b.js")])
    plain, packed = assets.read("own/a.js")
    assert packed is not None
    assert len(packed) < len(plain) / 4
    assert assets.read("own/b.js") == assets.read(BUNDLE) == (b"b", None)
    for name in ("own/../secret", "own//etc/passwd", "/etc/passwd", "secret", "", "own"):
        with pytest.raises(KeyError):
            assets.read(name)
    digests = {assets.digest, Assets({"own": [own]}).digest, Assets({"own": [tmp_path]}).digest}
    (own / "b.js").write_text("bb")
    assert len(digests | {Assets({"own": [own]}).digest}) == 4


def test_the_bundle_holds_chunks_alone() -> None:
    from gristmill_widgets.service.chunks import bundle_of

    manager, ours = "labextensions/@jupyter-widgets/jupyterlab-manager/static/", "labextensions/anywidget/static/"
    names = ["static/9151.voila.js", "static/9484.voila.js", "static/voila.js", "static/9151.voila.js.LICENSE.txt"]
    names += [f"{manager}7.2a0c.js", f"{manager}remoteEntry.c8.js", f"{manager}style.js", f"{ours}2.3d.js"]
    names += [f"{ours}main.15.js", "labextensions/jupyterlab-plotly/static/0.03.js"]
    assert set(bundle_of(names)) == {"static/9151.voila.js", f"{manager}7.2a0c.js", f"{ours}2.3d.js"}


def test_the_chunks_are_those_of_the_voila_that_is_pinned() -> None:
    from importlib.metadata import version

    pytest.importorskip("voila")
    from gristmill_widgets.service.chunks import bundle_of

    pinned = re.search(r'"voila==([^"]+)"', (Path(__file__).parent.parent / "setup.py").read_text())
    assert pinned is not None
    assert version("voila") == pinned[1]
    there = Path(sys.prefix, "share", "jupyter", "voila", "templates", "base", "static")
    names = {f"static/{path.name}" for path in there.glob("*.js")}
    assert len(bundle_of(names)) == len(bundle_of(f"static/{number}.voila.js" for number in range(10_000)))


# --- the door --------------------------------------------------------------------------------------------------------


def visited(build: Callable[[str, str], Any], *tokens: str) -> Any:
    """A door after these visitors have come, and all has been tried that it tries."""
    pytest.importorskip("ipywidgets")
    from gristmill_widgets.pages.door import Door

    async def visit() -> Any:
        door = Door(build, again=0.01)
        assert not door.taken
        for token in tokens:
            door.let_in("http://hub/", token)
        assert door.taken
        await asyncio.sleep(0.1)
        return door

    return asyncio.run(visit())


def test_the_door_opens_once_for_whom_it_was_told() -> None:
    import ipywidgets

    made: list[tuple[str, str]] = []
    door = visited(lambda *told: made.append(told) or ipywidgets.HTML("welcome"), "olga's", "ivan's")  # type: ignore[func-returns-value,arg-type]
    assert made == [("http://hub/", "olga's")]
    assert door.widget.children[0].value == "welcome"


def test_the_door_tries_again_while_the_platform_is_away() -> None:
    import ipywidgets

    tries: list[str] = []

    def build(_url: str, token: str) -> Any:
        tries.append(token)
        if len(tries) < 3:
            raise HubAway("away")
        return ipywidgets.HTML("welcome")

    assert visited(build, "olga's").widget.children[0].value == "welcome"
    assert tries == ["olga's"] * 3


@pytest.mark.parametrize("error", [NotSignedIn("<b>No</b>"), HubAway("olga's token"), ValueError("olga's token")])
def test_the_door_tells_a_fault_without_markup_and_without_the_token(error: Exception) -> None:
    def build(_url: str, _token: str) -> Any:
        raise error

    said = visited(build, "olga's token").widget.children[0].value
    assert "<strong>" in said
    assert "<b>" not in said
    assert "olga's token" not in said


def test_warming_imports_the_wizard_but_not_what_serves_it() -> None:
    code = "from gristmill_widgets.pages.door import warm; warm(); import sys; print(*sys.modules)"
    path = os.pathsep.join(sys.path)
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path}
    ).stdout.split()
    assert {"gristmill_widgets.app", "gristmill_widgets.steps.have", "gristmill.client.hub", "httpx"} <= set(loaded)
    heavy = {"voila", "jupyterhub", "jupyter_server", "torch", "pandas", "numpy", "sqlalchemy", "autogluon"}
    assert heavy & set(loaded) == set()
