"""The platform goes away under an open page, and comes back: the page says so, goes on asking, and loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gristmill.client.connecting import Address
from gristmill.client.hub import Hub
from gristmill.client.reach import Reach
from gristmill.errors import HubAway
from gristmill.mill import Mill
from gristmill.records import LOCAL, to_plain
from gristmill_widgets import reaching
from gristmill_widgets.strings import English, German
from services.catalogs import Clock
from services.hubs import LiveHub
from services.troubles import StagedHub
from test_wizard_browser import Visit
from test_wizard_pages import Visitor, mill

__all__ = ["mill"]  # a fixture

# --- a client knows --------------------------------------------------------------------------------------------------


def test_a_hub_is_away_once_it_was_asked_in_vain_for_a_second(clock: Clock) -> None:
    told: list[bool] = []
    reach = Reach(clock)
    reach.hear(told.append)
    reach.missed()
    clock.time += 0.9
    reach.missed()
    reach.answered()
    clock.time += 60
    reach.missed()
    assert told == []
    clock.time += 1
    reach.missed()
    reach.missed()
    assert told == [True]
    reach.answered()
    reach.answered()
    assert told == [True, False]


def test_a_refusal_is_an_answer_and_a_gateways_is_none(
    staged_hub: StagedHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gristmill.client.reach._HICCUP", 0.0)
    told: list[bool] = []
    with Hub(Address.of(staged_hub.url, "a-token"), tmp_path / "home") as hub:
        hub.reach.hear(told.append)
        staged_hub.will(502, b"<html>")
        staged_hub.will(503, {"title": "Wait.", "type": "urn:gristmill:problem:store-failed"})
        staged_hub.will(502, b"<html>")
        staged_hub.will(200, to_plain(LOCAL))
        hub.me()
    assert told == [True, False, True, False]


# --- a page says so --------------------------------------------------------------------------------------------------


class AwayForAWhile:
    """A platform that does not answer before somebody has asked three times who they are."""

    def __init__(self, mill: Mill, clock: Clock) -> None:
        self.reach = Reach(clock)
        self._mill, self._clock, self._left = mill, clock, 3

    def __getattr__(self, name: str) -> Any:
        def asked(*what: Any, **narrowed: Any) -> Any:
            self._left -= name == "me"
            if self._left > 0:
                self.reach.missed()
                self._clock.time += 2
                raise HubAway("Nobody answers.")
            self.reach.answered()
            return getattr(self._mill, name)(*what, **narrowed)

        return asked


@pytest.mark.parametrize(("language", "words"), [("en", English()), ("de", German())])
def test_a_page_that_had_given_up_begins_anew_once_there_is_an_answer(
    mill: Mill, clock: Clock, monkeypatch: pytest.MonkeyPatch, language: str, words: English
) -> None:
    monkeypatch.setattr(reaching, "_PAUSE", 0.0)
    visitor, turns = Visitor(AwayForAWhile(mill, clock), language), []
    visitor.app.screen.observe(lambda change: turns.append(change.new), "away")
    visitor.comes("home")
    assert turns == [True, False]
    assert (visitor.app.screen.words["waits"], visitor.app.screen.said) == (words.waits, words.back)
    assert words.welcome_title in visitor.sees
    assert "Nobody answers" not in visitor.sees


@pytest.fixture
def here(chromium: Any, voila: Callable[..., str], live_hub: LiveHub, tmp_path: Path) -> Iterator[Visit]:
    """Somebody at a page of a hub that can be killed."""
    visit = Visit(chromium, voila(tmp_path / "home", GRISTMILL_URL=live_hub.url, GRISTMILL_TOKEN=live_hub.token))
    yield visit
    visit.context.close()


@pytest.mark.slow
def test_an_open_page_says_that_the_service_is_away_and_goes_on_when_it_is_back(here: Visit, live_hub: LiveHub) -> None:
    here.at("have").page.wait_for_selector("[data-value=penguins]")
    assert not here.page.is_visible(".gm-waits")
    live_hub.kill()
    here.page.click("[data-value=penguins]")
    here.page.wait_for_selector(".gm-waits[role=status] >> text=service does not answer just now. Nothing is lost")
    live_hub.start()
    here.page.wait_for_selector(".gm-waits:empty", state="attached")
    here.has("What do you want to know?")
    assert here.said == []
