"""Signing in elsewhere: the hub with a real OpenID provider beside it."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from traitlets.config import Config

from gristmill.errors import HubAway, UsageError
from gristmill_hub import HubSettings
from gristmill_hub.login.openid import configure_openid
from services.installations import Browser, Installation, free_ports, installed

PATIENCE = 120_000.0  # milliseconds


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """An OpenID provider that believes whoever says that they are somebody; its address."""
    if importlib.util.find_spec("oidc_provider_mock") is None:
        pytest.skip("oidc-provider-mock is not installed")
    port = free_ports(1)
    claims = [json.dumps({"sub": f"subject-of-{name}", "preferred_username": name}) for name in ("ada", "eve", "grace")]
    options = [option for claim in claims for option in ("--user-claims", claim)]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/.well-known/openid-configuration")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(url).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise TimeoutError(url)


@pytest.fixture(scope="module")
def elsewhere(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A hub whose people sign in there; ada may come, and grace administers."""
    pytest.importorskip("voila")
    told = {"OAUTH_CLIENT_ID": "gristmill", "OAUTH_CLIENT_SECRET": "a secret between the two"}
    home = tmp_path_factory.mktemp("elsewhere")
    login = f"{provider}/?people=ada&admins=grace"
    with installed(home, GRISTMILL_WIZARD="on", GRISTMILL_LOGIN=login, **told) as here:
        yield here


def signed_in(browser: Browser, name: str) -> httpx.Response:
    """The way from the sign-in to the provider and back."""
    shown = browser.client.get("/hub/login")
    there = re.search(r'class="button wide" href="([^"]+)"', shown.text)
    assert there is not None
    asked = browser.client.get(there[1].replace("&amp;", "&"))
    assert "Authorize Client" in asked.text
    return browser.client.post(str(asked.url), data={"sub": f"subject-of-{name}"})


@pytest.mark.slow
def test_whoever_may_come_signs_in_there_and_is_known_here(elsewhere: Installation) -> None:
    with elsewhere.browser() as browser:
        assert signed_in(browser, "ada").url.path == "/services/wizard/"
        assert browser.who() == "ada"
        assert browser.client.get("/hub/people").status_code == 403
        me = browser.client.get("/services/gristmill/me", headers=browser.bearer("ada")).json()
        assert (me["name"], "admin" in me["powers"]) == ("ada", False)
    with elsewhere.browser() as browser:
        signed_in(browser, "grace")
        me = browser.client.get("/services/gristmill/me", headers=browser.bearer("grace")).json()
        assert "admin" in me["powers"]
        listed = browser.client.get("/hub/people")  # there are no passwords here, so the page is JupyterHub's own
        assert (listed.status_code, listed.url.path) == (200, "/hub/admin")


@pytest.mark.slow
def test_whom_the_provider_knows_and_the_hub_does_not_name_stays_out(elsewhere: Installation) -> None:
    with elsewhere.browser() as browser:
        assert signed_in(browser, "eve").status_code == 403
        assert browser.who() is None


@pytest.mark.slow
def test_a_link_to_a_page_of_the_wizard_leads_there_after_the_sign_in(elsewhere: Installation, chromium: Any) -> None:
    page = chromium.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{elsewhere.url}/services/wizard/#project/none?show=people")
    page.click("a.button")
    page.fill("input[name=sub]", "subject-of-ada")
    page.click("text=/^Authorize$/")
    page.wait_for_selector(".gm-main h1")
    assert page.evaluate("location.hash") == "#project/none?show=people"
    page.goto(f"{elsewhere.url}/services/wizard/")  # it is led there once
    page.wait_for_selector(".gm-main h1")
    assert page.evaluate("location.hash") == "#home"
    page.close()


@pytest.mark.slow
def test_no_link_and_no_secret_is_printed(elsewhere: Installation) -> None:
    logs = "".join(file.read_text("utf-8") for file in (elsewhere.home / "hub" / "logs").glob("*.log"))
    assert "token=" not in "\n".join(elsewhere.said)
    assert "a secret between the two" not in logs + "\n".join(elsewhere.said)


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("http://127.0.0.1:9/", "says nobody who may come"),
        ("http://127.0.0.1:9/?people=all&group=mill", "an option 'group'"),
    ],
)
def test_what_cannot_be_meant_is_refused(login: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        configure_openid(Config(), HubSettings.of({"GRISTMILL_HOME": str(tmp_path), "GRISTMILL_LOGIN": login}))


def test_a_provider_that_is_away_is_named(tmp_path: Path) -> None:
    told = {"GRISTMILL_HOME": str(tmp_path), "GRISTMILL_LOGIN": "http://127.0.0.1:9/realm?people=all"}
    with pytest.raises(HubAway, match=r"http://127\.0\.0\.1:9/realm/\.well-known/openid-configuration"):
        configure_openid(Config(), HubSettings.of(told))
