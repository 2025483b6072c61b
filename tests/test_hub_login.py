"""Who gets into the hub, and who does not: people and passwords by themselves, then the pages of a real hub."""

from __future__ import annotations

import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gristmill.errors import Conflict, NotFound, UsageError
from gristmill_hub.login import hashing
from gristmill_hub.login.passwords import fault_in
from gristmill_hub.login.people import OF_ADDRESS, OF_NAME, OF_NAME_AT_ADDRESS, WINDOW, People, fault_in_name
from services.installations import PASSWORD, Installation, installed


class Clock:
    """A clock that goes on when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(tmp_path: Path, clock: Clock) -> People:
    return People(tmp_path / "hub" / "people.sqlite", clock=clock)


# --- passwords -------------------------------------------------------------------------------------------------------


def test_a_hash_knows_its_password_and_no_other() -> None:
    kept = hashing.hashed("Mühlstein dreht sich")
    assert hashing.matches("Mühlstein dreht sich", kept)
    assert hashing.matches("Mu\u0308hlstein dreht sich", kept)  # the same letters from another keyboard
    assert not hashing.matches("Mühlstein dreht sich ", kept)
    assert "stein" not in kept
    assert kept != hashing.hashed("Mühlstein dreht sich")
    assert not hashing.is_outdated(kept)
    assert hashing.is_outdated(kept.replace("$15$", "$14$", 1))


def test_the_cost_of_a_hash_is_what_owasp_asks_for() -> None:
    _, log_n, r, p, _, _ = hashing.hashed(PASSWORD).split("$")
    assert (int(log_n), int(r), int(p)) == (15, 8, 3)
    assert [part.split("$")[1:4] for part in (hashing.NOBODY,)] == [["15", "8", "3"]]  # takes as long


@pytest.mark.parametrize(
    "password", ["", "short", "password12", "Passwort!!", "1234567890", "aaaaaaaaaaaa", "qwertyuiop", "ada.lovelace1"]
)
def test_what_is_tried_first_is_no_password(password: str) -> None:
    assert fault_in(password, "ada.lovelace")


def test_a_few_words_are_a_password() -> None:
    assert not fault_in(PASSWORD, "ada")
    assert not fault_in("пароль из слов", "ada")


@pytest.mark.parametrize(
    "name", ["", "Ada", "a b", "../ada", "-ada", "ada-", "1ada", "a" * 33, "local", "ada/x", "ädä"]
)
def test_some_names_nobody_can_have(name: str) -> None:
    assert fault_in_name(name)


# --- invitations -----------------------------------------------------------------------------------------------------


def test_the_first_administrator_comes_by_a_link_and_the_latest_counts(people: People) -> None:
    before, secret = people.first(), people.first()
    assert before
    assert secret
    with pytest.raises(NotFound):
        people.accept(before, "ada", PASSWORD)
    assert people.accept(secret, "ada", PASSWORD).admin
    assert people.first() is None


def test_a_link_counts_once_and_for_a_week(people: People, clock: Clock) -> None:
    secret, late = people.invite(by="ada"), people.invite(by="ada")
    assert not people.accept(secret, "bob", PASSWORD).admin
    with pytest.raises(NotFound):
        people.accept(secret, "eve", PASSWORD)
    clock.now += 7 * 86_400 + 1
    with pytest.raises(NotFound):
        people.accept(late, "eve", PASSWORD)
    assert [person.name for person in people.all()] == ["bob"]


def test_a_link_makes_only_whom_it_is_for(people: People) -> None:
    secret = people.invite(by="ada", name="grace")
    assert people.accept(secret, "eve", PASSWORD).name == "grace"
    with pytest.raises(UsageError):
        people.invite(by="ada", name="../etc")


def test_nobody_takes_over_a_name(people: People) -> None:
    people.accept(people.invite(by=""), "ada", PASSWORD)
    with pytest.raises(Conflict):
        people.accept(people.invite(by="eve"), "ada", "another one of mine")
    assert people.knows("ada", PASSWORD)


def test_a_link_for_somebody_who_is_there_renews_their_password_and_nothing_else(people: People) -> None:
    people.accept(people.invite(by="", admin=True), "ada", PASSWORD)
    assert people.accept(people.invite(by="bob", name="ada"), "", "quite another one").admin
    assert people.knows("ada", PASSWORD) is None
    known = people.knows("ada", "quite another one")
    assert known is not None
    assert known.admin


def test_a_bad_password_leaves_the_link_as_it_was(people: People) -> None:
    secret = people.invite(by="")
    with pytest.raises(UsageError):
        people.accept(secret, "ada", "short")
    assert people.accept(secret, "ada", PASSWORD).name == "ada"


def test_neither_links_nor_passwords_are_kept_as_they_are(people: People, tmp_path: Path) -> None:
    secret = people.invite(by="")
    people.accept(secret, "ada", PASSWORD)
    kept = people.invite(by="ada", name="bob")
    people.attempt("my secret typed as a name", "10.0.0.1")
    people.close()
    file = tmp_path / "hub" / "people.sqlite"
    held = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert not any(word.encode() in held for word in (secret, kept, PASSWORD, "my secret"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_the_last_administrator_stays(people: People) -> None:
    people.accept(people.invite(by="", admin=True), "ada", PASSWORD)
    with pytest.raises(Conflict):
        people.remove("ada")
    people.accept(people.invite(by="ada", admin=True), "bob", PASSWORD)
    people.remove("ada")
    assert people.knows("ada", PASSWORD) is None


# --- lockout ---------------------------------------------------------------------------------------------------------


def test_a_name_is_locked_for_who_has_tried_it_too_often_until_a_while_has_passed(people: People, clock: Clock) -> None:
    for _ in range(OF_NAME_AT_ADDRESS):
        assert not people.attempt("ada", "10.0.0.1")
    clock.now += 1
    assert people.attempt("ada", "10.0.0.1") == people.locked("ada", "10.0.0.1") == WINDOW - 1  # does not count itself
    assert not people.locked("ada", "10.0.0.2")  # a stranger's guessing does not lock ada out
    assert not people.locked("bob", "10.0.0.1")
    clock.now += WINDOW
    assert not people.locked("ada", "10.0.0.1")


def test_many_addresses_together_lock_a_name_and_many_names_an_address(people: People) -> None:
    for number in range(OF_NAME):
        people.attempt("ada", f"10.0.0.{number}")
    assert people.locked("ada", "10.9.9.9")
    for number in range(OF_ADDRESS):
        people.attempt(f"name{number}", "10.0.1.1")
    assert people.locked("grace", "10.0.1.1")
    assert not people.locked("grace", "10.9.9.9")


def test_many_attempts_at_once_are_no_more_than_many_one_by_one(people: People) -> None:
    with ThreadPoolExecutor(20) as threads:
        waits = list(threads.map(lambda _: people.attempt("ada", "10.0.0.1"), range(60)))
    assert sum(not wait for wait in waits) == OF_NAME_AT_ADDRESS


def test_signing_in_forgets_what_went_wrong_before(people: People) -> None:
    for _ in range(OF_NAME_AT_ADDRESS - 1):
        people.attempt("ada", "10.0.0.1")
    people.succeeded("ada", "10.0.0.1")
    people.attempt("ada", "10.0.0.1")
    assert not people.locked("ada", "10.0.0.1")


# --- the pages of a real hub -----------------------------------------------------------------------------------------


def fault(text: str) -> str:
    found = re.search(r'class="said bad"[^>]*>\s*<p>(.*?)</p>', text, re.DOTALL)
    return found[1] if found else ""


def test_whoever_is_not_signed_in_sees_the_sign_in_and_nothing_else(installation: Installation) -> None:
    with installation.browser() as browser:
        for path in ("/", "/hub/home", "/hub/people", "/hub/password", "/hub/token", "/user/ada/", "/hub/admin"):
            shown = browser.client.get(path)
            assert "<h1>Sign in</h1>" in shown.text, path
            assert "//" not in re.sub(r"http://(127.0.0.1|www.w3.org)\S*|<!--.*?-->|/\*.*?\*/|// .*", "", shown.text), (
                path
            )


def test_a_wrong_password_and_an_unknown_name_look_the_same(installation: Installation) -> None:
    name = installation.person("olga")
    with installation.browser() as browser:
        wrong, unknown = browser.sign_in(name, "not my password"), browser.sign_in("nobody.at.all", "not my password")
        assert wrong.status_code == unknown.status_code == 403
        assert fault(wrong.text) == fault(unknown.text) == "This name and this password do not belong together."
        assert browser.who() is None
        assert browser.sign_in("Olga ").url.path == "/hub/home"
        assert browser.who() == "olga"


def test_trying_too_often_locks_and_says_so_whether_or_not_the_name_exists(installation: Installation) -> None:
    said = []
    for name in (installation.person("lena"), "lena.who.is.not"):
        with installation.browser() as browser:
            for _ in range(OF_NAME_AT_ADDRESS):
                last = browser.sign_in(name, "a guess of mine")
            refused = browser.sign_in(name)
            assert last.status_code == refused.status_code == 429
            assert browser.who() is None
            said.append(re.sub(r"\d+", "N", fault(refused.text)))
    assert said == ["That was tried too often. Try again in N minutes."] * 2


def test_nobody_gets_more_tries_by_claiming_to_be_elsewhere(installation: Installation) -> None:
    installation.person("nina")
    for number in range(OF_NAME_AT_ADDRESS):
        claimed = {"X-Forwarded-For": f"10.1.1.{number}", "X-Real-Ip": f"10.1.1.{number}", "Forwarded": "for=10.1.1.1"}
        with installation.browser(headers=claimed) as browser:
            browser.sign_in("nina", "a guess of mine")
    with installation.browser(headers={"X-Forwarded-For": "10.2.2.2", "X-Real-Ip": "10.2.2.2"}) as browser:
        assert browser.sign_in("nina").status_code == 429


@pytest.mark.slow
def test_behind_tls_cookies_are_for_tls_and_people_have_their_own_addresses(tmp_path: Path) -> None:
    with installed(tmp_path / "home", GRISTMILL_HUB="https://mill.example.org/") as here:
        here.person("nina")
        assert here.first_link.startswith("https://mill.example.org/hub/invitation?token=")
        front = {"X-Forwarded-Proto": "https", "Host": "mill.example.org"}
        people = here.people()
        for _ in range(OF_NAME_AT_ADDRESS):
            people.attempt("nina", "10.1.1.1")
        people.close()
        statuses = []
        for address in ("10.1.1.1", "10.1.1.2"):
            claimed = front | {"X-Real-Ip": address, "X-Forwarded-For": address}
            with here.browser(headers=claimed) as browser:
                token = re.search(r'name="_xsrf" value="([^"]+)"', browser.client.get("/hub/login").text)
                assert token is not None
                cookies = "; ".join(f"{each.name}={each.value}" for each in browser.client.cookies.jar)
                fields = {"username": "nina", "password": PASSWORD, "_xsrf": token[1]}
                sent = browser.client.post(
                    "/hub/login", data=fields, headers={"Cookie": cookies}, follow_redirects=False
                )
                statuses.append(sent.status_code)
                set_ = [cookie for cookie in sent.headers.get_list("Set-Cookie") if "login" in cookie]
                assert all("; Secure" in cookie and "; HttpOnly" in cookie for cookie in set_), set_
        assert statuses == [429, 302]


def test_a_form_without_the_hubs_token_is_refused(installation: Installation) -> None:
    installation.person("olga")
    with installation.browser() as browser:
        forged = browser.client.post("/hub/login", data={"username": "olga", "password": PASSWORD})
        assert forged.status_code == 403
        assert browser.who() is None
        browser.sign_in("olga")
        for path, fields in (
            ("/hub/password", {"present": PASSWORD, "password": "forged in a hurry", "again": "forged in a hurry"}),
            ("/hub/invitation", {"token": "x", "name": "eve", "password": PASSWORD, "again": PASSWORD}),
            ("/hub/people", {"do": "invite"}),
        ):
            assert browser.client.post(path, data=fields).status_code == 403
    with installation.browser() as browser:
        assert browser.sign_in("olga").url.path == "/hub/home"


def test_an_invitation_makes_a_person_who_is_signed_in(installation: Installation) -> None:
    people = installation.people()
    link = f"/hub/invitation?token={people.invite(by='root', name='')}"
    people.close()
    with installation.browser() as browser:
        token = link.partition("token=")[2]
        fields = {"token": token, "name": "newcomer", "password": PASSWORD, "again": "something else"}
        assert fault(browser.form("/hub/invitation", fields, page=link).text) == "The two passwords differ."
        short = browser.form("/hub/invitation", fields | {"password": "short", "again": "short"}, page=link)
        assert "10 characters" in fault(short.text)
        assert 'value="newcomer"' in short.text  # what was typed is still there
        done = browser.form("/hub/invitation", fields | {"again": PASSWORD}, page=link)
        assert done.url.path == "/hub/home"
        assert browser.who() == "newcomer"
        assert browser.client.get("/hub/people").status_code == 403
    with installation.browser() as browser:
        again = browser.client.get(link)
        assert again.status_code == 404
        assert "counts no more" in again.text


def test_the_first_link_makes_an_administrator_who_invites_others(installation: Installation) -> None:
    link = installation.first_link.removeprefix(installation.url)
    with installation.browser() as browser:
        fields = {"token": link.partition("token=")[2], "name": "root", "password": PASSWORD, "again": PASSWORD}
        assert browser.form("/hub/invitation", fields, page=link).url.path == "/hub/home"
        asked = browser.form("/hub/people", {"do": "invite", "name": "Grace"})
        made = re.search(r'id="link" value="([^"]+)"', asked.text)
        assert made is not None
        assert made[1].startswith(f"{installation.url}/hub/invitation?token=")
        me = browser.client.get("/services/gristmill/me", headers=browser.bearer("root")).json()
        assert "admin" in me["powers"]
    with installation.browser() as guest:
        secret = made[1].partition("token=")[2]
        fields = {"token": secret, "name": "eve", "password": PASSWORD, "again": PASSWORD}
        guest.form("/hub/invitation", fields, page=f"/hub/invitation?token={secret}")
        assert guest.who() == "grace"


def test_a_new_password_signs_other_browsers_out(installation: Installation) -> None:
    installation.person("vera")
    with installation.browser() as here, installation.browser() as there:
        here.sign_in("vera")
        there.sign_in("vera")
        change = {"present": "not this one", "password": "another one of mine", "again": "another one of mine"}
        assert fault(here.form("/hub/password", change).text) == "This is not your present password."
        assert "counts from now on" in here.form("/hub/password", change | {"present": PASSWORD}).text
        assert here.who() == "vera"
        assert there.who() is None
        assert there.sign_in("vera").status_code == 403
        assert there.sign_in("vera", "another one of mine").url.path == "/hub/home"


def test_whoever_is_removed_is_out(installation: Installation) -> None:
    installation.person("chief", admin=True)
    installation.person("mallory")
    with installation.browser() as chief, installation.browser() as mallory:
        mallory.sign_in("mallory")
        bearer = mallory.bearer("mallory")
        chief.sign_in("chief")
        assert chief.form("/hub/people", {"do": "remove", "name": "mallory"}).status_code == 200
        assert mallory.who() is None
        assert mallory.sign_in("mallory").status_code == 403
        with installation.browser() as script:
            assert script.client.get("/hub/api/user", headers=bearer).status_code == 403
        assert chief.form("/hub/people", {"do": "remove", "name": "chief"}).status_code == 400


def test_nobody_is_sent_elsewhere_after_signing_in(installation: Installation) -> None:
    installation.person("olga")
    with installation.browser() as browser:
        for where in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
            browser.client.cookies.clear()
            done = browser.form("/hub/login", {"username": "olga", "password": PASSWORD, "next": where})
            assert str(done.url).startswith(installation.url)


@pytest.mark.parametrize("fields", [{}, {"username": "olga"}, {"password": PASSWORD}, {"username": "", "password": ""}])
def test_half_a_form_is_answered_with_the_form(installation: Installation, fields: dict[str, str]) -> None:
    with installation.browser() as browser:
        shown = browser.form("/hub/login", fields)
        assert (shown.status_code, fault(shown.text)) == (400, "Give your name and your password.")


def test_a_name_is_shown_and_not_acted_upon(installation: Installation) -> None:
    with installation.browser() as browser:
        shown = browser.sign_in('"><script>alert(1)</script>', "whatever it is").text
        assert "<script>alert" not in shown
