"""Every page of the wizard as people see it: three widths, two themes, and German; the pictures lie in build/screens.

A page is too wide for no screen, shuts nobody out by axe's reckoning, has no script that fails, and on a phone nothing
to press that a finger would miss. The sheets in build/screens put the pictures of one width and theme side by side.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("anywidget")

from services.mills import Notepad
from services.stages import Stage, said
from staged_wizard import AsksForAYes, Empty, IsAway, NoAdmin, StagedWizard

pytestmark = [pytest.mark.slow]

ROOT = Path(__file__).parent.parent
SCREENS = ROOT / "build" / "screens"
WIDTHS = {"desk": 1280, "tablet": 820, "phone": 390}
THEMES = ("light", "dark")
TARGET = 44  # pixels that a finger finds
ACTS = ", ".join(f".gm {one}" for one in (
    "button", "select", "input", "textarea", "summary", ".gm-button", ".gm-host-go", ".gm-choice", ".gm-list-row",
    ".gm-brand",
))  # fmt: skip
SMALL = """([acts, target]) => [...document.querySelectorAll(acts)]
    .filter((node) => node.checkVisibility() && !node.closest(".gm-away, [aria-hidden=true]"))
    .map((node) => (["checkbox", "radio"].includes(node.type) && node.closest("label")) || node)
    .map((node) => [node.getBoundingClientRect().height, node.outerHTML.slice(0, 120)])
    .filter(([height]) => height < target - 0.5).map(([height, html]) => `${height} px high: ${html}`)"""
WHOLE = ", ".join(f".gm-page {one}" for one in (".gm-button", ".gm-badge", ".gm-state", "[role=tab]", "h1", "h2", "h3"))
CUT = """(whole) => [...document.querySelectorAll(whole)]
    .filter((node) => node.checkVisibility() && node.clientWidth && node.scrollWidth > node.clientWidth + 1)
    .map((node) => `cut: ${node.outerHTML.slice(0, 120)}`)"""

Act = Callable[[Stage], object]


@dataclass(frozen=True)
class Scene:
    """A page at one moment."""

    name: str
    at: str
    then: Act = lambda _: None
    client: type = StagedWizard


def does(act: str, value: Any = "", **fields: Any) -> Act:
    return lambda stage: stage.does(act, value, **fields)


def sends(stage: Stage) -> None:
    """A file on its way, which is paused."""
    stage.page.set_input_files(
        "[data-upload] input >> nth=0", {"name": "harvest.csv", "mimeType": "text/csv", "buffer": b"a,b\n" * 900_000}
    )
    stage.page.wait_for_selector("[data-upload] progress, [data-upload] .gm-send")
    stage.page.click("[data-upload] >> text=/Pause|Anhalten/")


def refused(stage: Stage) -> None:
    stage.page.set_input_files(
        "[data-upload] input >> nth=0", {"name": "empty.csv", "mimeType": "text/csv", "buffer": b""}
    )
    stage.page.wait_for_selector("[data-upload] .gm-problem")


def pictured(stage: Stage) -> None:
    """A picture is chosen, and answered."""
    trying = stage.app.page.answer.trying  # type: ignore[union-attr]
    stage.page.set_input_files("input[data-pick]", SCREENS / "one.png")
    stage.page.wait_for_selector(".gm-preview img")
    trying.on_picture("one.png", {"bytes": b"png", "last": True, "wide": 128, "high": 128})
    stage.settles()
    stage.page.wait_for_selector(".gm-answer, .gm-bars")


def leads(stage: Stage) -> None:
    story = stage.app.page.story  # type: ignore[union-attr]
    stage.settles(lambda: story.rows)


SCENES = (
    Scene("welcome", "home", client=Empty),
    Scene("have", "have"),
    Scene("have-first", "have", client=Empty),
    Scene("have-sending", "have", sends),
    Scene("have-refused", "have", refused),
    Scene("want-table", "want/{penguins}"),
    Scene("want-pictures", "want/{shapes}"),
    Scene("want-series", "want/{bakeries}"),
    Scene("want-texts", "want/{verses}"),
    Scene("want-long", "want/{long}"),
    Scene("want-asks", "want/{penguins}?target=sex", client=AsksForAYes),
    Scene("want-gone", "want/dataset-nobodys"),
    Scene("time", "time/{penguins}"),
    Scene("time-own", "time/{penguins}", lambda stage: stage.does("how", "own").does("train", own="soon")),
    Scene("watch-queued", "run/run-queued"),
    Scene("watch", "run/run-running", leads),
    Scene("watch-failed", "run/run-failed"),
    Scene("watch-cancelled", "run/run-cancelled"),
    Scene("answer", "run/run-done"),
    Scene("answer-tried", "run/run-done", does("try", f0="Dream", f1="50.1")),
    Scene("answer-number", "run/run-weight", does("try")),
    Scene("answer-series", "run/run-bread", does("try")),
    Scene("answer-picture", "run/run-shapes", pictured),
    Scene("answer-report", "run/run-done?show=report"),
    Scene("answer-file", "run/run-done?show=file"),
    Scene("answer-board", "run/run-done?show=board"),
    Scene("answer-about", "run/run-done?show=about"),
    Scene("answer-delete", "run/run-done?show=about", does("doubt", "run")),
    Scene("answer-long", "run/run-long"),
    Scene("answered-file", "run/run-asked"),
    Scene("home", "home"),
    Scene("home-delete", "home", does("doubt", "run-done")),
    Scene("home-nothing-found", "home", does("sought", "nowhere")),
    Scene("files", "files"),
    Scene("files-none", "files", client=Empty),
    Scene("project", "project/ben%2Fmill"),
    Scene("join", "join/token"),
    Scene("compare", "compare/run-done,run-weight,run-bread"),
    Scene("admin", "admin"),
    Scene("admin-cancel", "admin", does("doubt", "run-running")),
    Scene("admin-none", "admin", client=Empty),
    Scene("admin-refused", "admin", client=NoAdmin),
    Scene("bell", "home", does("open", "bell")),
    Scene("bell-empty", "home", does("open", "bell"), client=Empty),
    Scene("settings", "home", does("open", "settings")),
    Scene("away", "home", client=IsAway),
    Scene("away-meanwhile", "have", lambda stage: setattr(stage.app.screen, "away", True)),
)


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, dict[str, str]]]:
    """A platform that has looked at some files, and their datasets."""
    from PIL import Image

    from gristmill.app import Settings, embedded
    from staged_wizard import LONG

    folder = tmp_path_factory.mktemp("screens")
    example("make_shapes").write("boxes", folder / "shapes.zip", 24, 96)
    (folder / "long.csv").write_text(
        f"{LONG},ok,<b>bold</b>\n" + "".join(f"{n % 7},{'yes' if n % 3 else LONG},{n}\n" for n in range(90)), "utf-8"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRISTMILL_HOME", str(folder / "home"))
        mill = embedded(Settings.read(), Notepad())
    samples = ROOT / "widgets" / "gristmill_widgets" / "samples"
    files = {
        "penguins": samples / "penguins.csv", "bakeries": samples / "bakeries.zip",
        "verses": ROOT / "examples" / "verses.zip", "shapes": folder / "shapes.zip", "long": folder / "long.csv",
    }  # fmt: skip
    data = {name: mill.admit(mill.upload(file).id).id for name, file in files.items()}
    SCREENS.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((128, 128), 40).convert("RGB").save(SCREENS / "one.png")
    yield mill, data
    sheets()


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_page_fits_every_screen_and_shuts_nobody_out(
    scene: Scene, stage: Callable[[Any], Stage], played: tuple[Any, dict[str, str]]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    mill, data = played
    here = stage(scene.client() if scene.client is IsAway else scene.client(mill, data))
    here.page.set_viewport_size({"width": WIDTHS["desk"], "height": 900})
    here.at(scene.at.format_map(data))
    scene.then(here)
    here.settles()
    faults: list[str] = []
    for screen, width in WIDTHS.items():
        here.page.set_viewport_size({"width": width, "height": 844 if screen == "phone" else 900})
        for theme in THEMES if screen != "tablet" else THEMES[:1]:
            here.page.emulate_media(color_scheme=theme)
            faults += [f"{screen} {theme} {fault}" for fault in shown(here, scene.name, screen, theme)]
            if (screen, theme) in (("desk", "light"), ("phone", "dark")):
                asked = None if theme == "light" else {"runOnly": ["color-contrast"]}
                found = axe.run(here.page, options=asked).response["violations"]
                faults += [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found if one["impact"] != "minor"]
    here.page.emulate_media(color_scheme="light")
    here.does("speak", "de").settles()
    faults += [f"German {fault}" for fault in shown(here, scene.name, "phone", "german")]
    assert not faults, "\n".join(faults)
    assert here.said == []


@pytest.mark.parametrize("what", ["no_seat", "own_seats", "not_ready", "away", "nowhere", "refused", "fault"])
def test_what_is_said_in_place_of_a_page_can_be_read_by_everybody(chromium: Any, what: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page, faults = chromium.new_page(reduced_motion="reduce"), list[str]()
    SCREENS.mkdir(parents=True, exist_ok=True)
    for language, theme, screen in (("en", "light", "desk"), ("en", "dark", "tablet"), ("de", "light", "phone")):
        page.set_viewport_size({"width": WIDTHS[screen], "height": 844})
        page.emulate_media(color_scheme=theme)
        said(page, what, language)
        faults += drawn(page, f"said-{what}-{screen}-{theme}", screen, full=True)
        faults += [one["id"] for one in axe.run(page).response["violations"] if one["impact"] != "minor"]
    page.close()
    assert not faults, "\n".join(faults)


def shown(here: Stage, name: str, screen: str, theme: str) -> list[str]:
    """A picture of the wizard's page, and what is wrong with how it lies on the screen."""
    return drawn(here.page, f"{name}-{screen}-{theme}", screen, full="dialog" not in here.shown["dialog"])


def drawn(page: Any, name: str, screen: str, *, full: bool) -> list[str]:
    page.screenshot(
        path=SCREENS / f"{name}.jpg", full_page=full, animations="disabled", caret="hide", type="jpeg", quality=85
    )
    faults = list(page.evaluate(CUT, WHOLE))
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > WIDTHS[screen]:
        faults.append(f"{name} too wide: {wide}")
    return faults + (page.evaluate(SMALL, [ACTS, TARGET]) if screen == "phone" else [])


def sheets() -> None:
    """The pictures of one width and theme, side by side and small, for whoever looks them over."""
    from PIL import Image, ImageDraw

    across, wide, high = 8, 320, 1100
    for screen, theme in (("desk", "light"), ("phone", "light"), ("phone", "dark"), ("phone", "german")):
        files = [SCREENS / f"{scene.name}-{screen}-{theme}.jpg" for scene in SCENES]
        files = [file for file in files if file.exists()]
        sheet = Image.new("RGB", (across * (wide + 12), -(-len(files) // across) * (high + 30)), "#8a8a8a")
        for place, file in enumerate(files):
            x, y = place % across * (wide + 12) + 6, place // across * (high + 30) + 22
            with Image.open(file) as picture:
                small = picture.resize((wide, round(picture.height * wide / picture.width)))
            sheet.paste(small.crop((0, 0, wide, min(high, small.height))), (x, y))
            ImageDraw.Draw(sheet).text((x, y - 16), file.stem, fill="white")
        sheet.save(SCREENS / f"sheet-{screen}-{theme}.jpg", quality=85)
