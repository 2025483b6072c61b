"""Telling people: from a run's end to a real mail server and a real web server, on both databases."""

from __future__ import annotations

import json
import threading
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from gristmill.catalog import Catalog, Outcome
from gristmill.errors import CatalogFailed, UsageError
from gristmill.notify import Mailing, NotDelivered, Reach, Teller, Ways
from gristmill.notify.base import Carrier
from gristmill.notify.guard import address_of, check_url
from gristmill.notify.letters import check_address, letter
from gristmill.notify.signing import signature, verify
from gristmill.records import (
    Channel,
    Choices,
    Delivery,
    Failure,
    News,
    NewsKind,
    Run,
    RunStatus,
    Tiding,
    Webhook,
    new_id,
)
from services.catalogs import Clock, a_dataset, model_of, run_on
from services.ears import Listener, PostOffice

HOUR = 3600.0


def an_end(catalog: Catalog, *, owner: str = "olga@example.org", **outcome: Any) -> Run:
    """A run that has ended; succeeded, unless told otherwise."""
    run = catalog.runs.add(run_on(a_dataset(catalog), owner=owner, name="grain"))
    claimed = catalog.runs.claim("test", 60.0, only=run.id)
    assert claimed is not None
    ended = Outcome(**{"status": RunStatus.SUCCEEDED, "score": 0.9375, "seconds": {"total": 61.0}} | outcome)
    model = None
    if ended.status is RunStatus.SUCCEEDED:
        metrics = {"accuracy": 0.9375, "verdict": "It names 94 of 100 rows; guessing the commonest class, 60."}
        model = model_of(run, id=new_id("model"), metrics=metrics)
    return catalog.runs.finish(run.id, claimed.fence, ended, model)


def a_hook(catalog: Catalog, url: str, **fields: Any) -> Webhook:
    known: dict[str, Any] = {
        "id": new_id("webhook"), "created_at": 1.0, "who": "olga@example.org", "project_id": None, "url": url,
        "kinds": (), "secret": "for tests only",
    }  # fmt: skip
    return catalog.webhooks.add(Webhook(**known | fields))


def by_mail(office: PostOffice, more: str = "", public: str = "") -> Ways:
    return Ways(mail=Mailing.read(office.url + more), public=public)


def bell(catalog: Catalog, who: str = "olga@example.org") -> list[News]:
    return list(catalog.news.list(who))


def told(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text


# --- what is told ----------------------------------------------------------------------------------------------------


def test_a_run_that_succeeded_is_told_by_bell_and_mail_once(timed_catalog: Catalog, post_office: PostOffice) -> None:
    run = an_end(timed_catalog)
    teller = Teller(timed_catalog, by_mail(post_office, public="https://mill.example.org/gristmill/"))
    assert [teller.tell(), teller.tell()] == [1, 0]
    (news,) = bell(timed_catalog)
    assert (news.title, news.kind) == ("grain: a model, accuracy 0.9375", NewsKind.RUN_FINISHED)
    (mail,) = post_office.letters
    assert mail["Subject"] == news.title
    assert post_office.recipients == ["olga@example.org"]
    for kind in ("plain", "html"):
        text = told(mail, kind)
        assert "guessing the commonest class, 60" in text
        assert f"https://mill.example.org/gristmill/runs/{run.id}" in text
    assert timed_catalog.deliveries.of(news.id)[0].sent_at is not None


def test_what_is_told_of_other_ends(timed_catalog: Catalog) -> None:
    failure = Failure(code="memory", what="It took too much memory.", cure="Give it more.")
    an_end(timed_catalog, status=RunStatus.FAILED, score=None, failure=failure)
    an_end(timed_catalog, salvaged=True)
    an_end(timed_catalog, status=RunStatus.CANCELLED, score=None)
    Teller(timed_catalog, Ways()).tell()
    assert sorted((news.kind, news.title) for news in bell(timed_catalog)) == [
        (NewsKind.RUN_FAILED, "grain failed: It took too much memory."),
        (NewsKind.RUN_SALVAGED, "grain: a model, accuracy 0.9375, though cut short"),
    ]
    assert "Give it more." in "".join(news.text for news in bell(timed_catalog))


def test_choices_decide_by_which_ways(timed_catalog: Catalog, post_office: PostOffice) -> None:
    teller = Teller(timed_catalog, by_mail(post_office))
    timed_catalog.choices.put(Choices(who="olga@example.org", kinds={NewsKind.RUN_FINISHED: (Channel.MAIL,)}))
    an_end(timed_catalog)
    teller.tell()
    assert (bell(timed_catalog), len(post_office.letters)) == ([], 1)
    timed_catalog.choices.put(
        Choices(who="olga@example.org", mail="o@example.com", kinds={NewsKind.RUN_FINISHED: (Channel.BELL,)})
    )
    an_end(timed_catalog)
    an_end(timed_catalog, salvaged=True)
    teller.tell()
    assert (len(bell(timed_catalog)), post_office.recipients) == (2, ["olga@example.org", "o@example.com"])


def test_mail_goes_where_the_operator_lets_it(timed_catalog: Catalog, post_office: PostOffice) -> None:
    ways = by_mail(post_office, "&to={name}@lab.example.org&domains=lab.example.org")
    assert ways.mail is not None
    assert ways.mail.address("olga", "") == "olga@lab.example.org"
    assert ways.mail.address("olga", "o@evil.example") == "olga@lab.example.org"
    with pytest.raises(UsageError, match=r"No mail goes to evil.example from here.*at lab\.example\.org"):
        ways.mail.check("o@evil.example")
    an_end(timed_catalog, owner="olga b")  # no address can be made of this: the bell alone
    Teller(timed_catalog, ways).tell()
    assert (post_office.letters, len(bell(timed_catalog, "olga b"))) == ([], 1)


def test_a_tiding_that_cannot_be_worded_holds_up_no_other(timed_catalog: Catalog) -> None:
    run = an_end(timed_catalog)
    broken = Tiding(
        id="tiding-0",
        created_at=0.0,
        kind=NewsKind.RUN_FINISHED,
        who="x",
        thing=run.id,
        facts={"rows": "many", "run_kind": "batch"},
    )
    timed_catalog.tidings.add(broken)
    Teller(timed_catalog, Ways()).tell()
    assert len(bell(timed_catalog)) == 1


# --- failures, and trying again --------------------------------------------------------------------------------------


def test_mail_is_tried_again_until_it_goes(timed_catalog: Catalog, clock: Clock, post_office: PostOffice) -> None:
    teller = Teller(timed_catalog, by_mail(post_office))
    run = an_end(timed_catalog)
    post_office.refuse = "451 later, please"
    teller.tell()
    (delivery,) = timed_catalog.deliveries.of(bell(timed_catalog)[0].id)
    assert delivery.failure is not None
    assert (delivery.attempts, delivery.next_at, delivery.sent_at) == (1, clock.time + 30.0, None)
    assert "later, please" in str(delivery.failure)
    assert timed_catalog.runs.get(run.id).status is RunStatus.SUCCEEDED
    assert teller.tell() == 0  # not yet
    post_office.refuse, clock.time = "", clock.time + 31.0
    assert teller.tell() == 1
    assert len(post_office.letters) == 1


def test_it_is_given_up_after_a_day(timed_catalog: Catalog, clock: Clock, post_office: PostOffice) -> None:
    teller = Teller(timed_catalog, by_mail(post_office))
    an_end(timed_catalog)
    post_office.refuse = "451 later, please"
    began = clock.time
    while True:
        teller.tell()
        (delivery,) = timed_catalog.deliveries.of(bell(timed_catalog)[0].id)
        if delivery.next_at is None:
            break
        clock.time = delivery.next_at
    assert 22 * HOUR < clock.time - began < 24 * HOUR
    assert 20 < delivery.attempts < 40


def test_what_is_refused_for_good_is_not_tried_again(timed_catalog: Catalog, post_office: PostOffice) -> None:
    an_end(timed_catalog)
    post_office.refuse = "550 nobody of that name"
    Teller(timed_catalog, by_mail(post_office)).tell()
    (delivery,) = timed_catalog.deliveries.of(bell(timed_catalog)[0].id)
    assert (delivery.next_at, delivery.sent_at) == (None, None)


def test_a_mail_server_that_is_away_fails_no_run(timed_catalog: Catalog) -> None:
    ways = Ways(mail=Mailing.read("smtp://127.0.0.1:1?from=mill@example.org"))
    run = an_end(timed_catalog)
    Teller(timed_catalog, ways).tell()
    assert timed_catalog.runs.get(run.id).status is RunStatus.SUCCEEDED
    assert len(bell(timed_catalog)) == 1


# --- many at once ----------------------------------------------------------------------------------------------------


class Counting(Carrier):
    """Notes each delivery that it carries."""

    def __init__(self) -> None:
        self.carried: list[str] = []

    def carry(self, delivery: Delivery, news: News) -> None:
        del news
        self.carried.append(delivery.id)


def test_many_tellers_send_nothing_twice(catalog: Catalog) -> None:
    for _ in range(10):
        an_end(catalog)
    a_hook(catalog, "https://example.org/")
    carrier = Counting()
    tellers = [Teller(catalog, Ways(), {Channel.WEBHOOK: carrier}) for _ in range(4)]
    threads = [threading.Thread(target=teller.tell) for teller in tellers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bell(catalog)) == 10
    assert len(carrier.carried) == len(set(carrier.carried)) == 10


def test_nobody_waits_while_news_are_worded(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    an_end(catalog)
    chosen, went_on = catalog.choices.of, []

    def slowly(who: str) -> Choices:
        writer = threading.Thread(target=catalog.choices.put, args=(Choices(who="sam"),))
        writer.start()
        writer.join(timeout=5.0)
        went_on.append(not writer.is_alive())
        return chosen(who)

    monkeypatch.setattr(catalog.choices, "of", slowly)
    Teller(catalog, Ways()).spread()
    assert (went_on, len(bell(catalog))) == ([True], 1)


def test_a_catalog_that_is_away_for_a_moment_costs_nobody_their_news(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_end(catalog)

    def away(who: str) -> Choices:
        raise CatalogFailed(f"What {who} chooses cannot be read.")

    with monkeypatch.context() as patched:
        patched.setattr(catalog.choices, "of", away)
        with pytest.raises(CatalogFailed):
            Teller(catalog, Ways()).spread()
    Teller(catalog, Ways()).spread()
    assert len(bell(catalog)) == 1


def test_who_dies_while_sending_is_succeeded(timed_catalog: Catalog, clock: Clock) -> None:
    a_hook(timed_catalog, "https://example.org/")
    an_end(timed_catalog)
    carrier = Counting()
    teller = Teller(timed_catalog, Ways(), {Channel.WEBHOOK: carrier})
    teller.spread()
    dead = timed_catalog.deliveries.claim(120.0)
    assert dead is not None
    assert teller.tell() == 0
    clock.time += 121.0
    assert teller.tell() == 1
    assert timed_catalog.deliveries.sent(dead) is False  # it comes back, and has nothing to say any more
    assert timed_catalog.deliveries.claim(120.0) is None


# --- webhooks --------------------------------------------------------------------------------------------------------


def test_a_webhook_is_signed_and_says_what_happened(timed_catalog: Catalog, listener: Listener) -> None:
    run = an_end(timed_catalog)
    a_hook(timed_catalog, listener.url)
    a_hook(timed_catalog, listener.url, kinds=(NewsKind.RUN_FAILED,))
    a_hook(timed_catalog, listener.url, who="somebody-else")
    a_hook(timed_catalog, listener.url, who="somebody-else", project_id=run.project_id, secret="the project's")
    assert Teller(timed_catalog, Ways()).tell() == 2
    opened = set()
    for path, headers, body in listener.heard:
        assert path == "/hook?of=tests"
        said = json.loads(body)
        assert (said["news"]["thing"], said["delivery"]) == (run.id, headers["Gristmill-Delivery"])
        at = float(headers["Gristmill-Signature"].partition(",")[0][2:])
        for secret in ("for tests only", "the project's"):
            if verify(secret, said["delivery"], headers["Gristmill-Signature"], body, now=at + 10):
                opened.add(secret)
    assert opened == {"for tests only", "the project's"}


def test_a_signature_is_good_for_its_body_and_its_time() -> None:
    signed = signature("secret", "delivery-1", b"{}", 1000.5)
    assert verify("secret", "delivery-1", signed, b"{}", now=1299)
    assert not verify("secret", "delivery-1", signed, b"{}", now=1301)
    assert not verify("secret", "delivery-1", signed, b"{ }", now=1001)
    assert not verify("secret", "delivery-2", signed, b"{}", now=1001)
    assert not verify("other", "delivery-1", signed, b"{}", now=1001)
    assert not verify("secret", "delivery-1", signed.replace("t=1000", "t=1200"), b"{}", now=1201)
    assert not verify("secret", "delivery-1", "v1=", b"{}", now=1001)


@pytest.mark.parametrize(("status", "again"), [(500, True), (302, True), (410, False)])
def test_an_answer_that_is_no_yes(timed_catalog: Catalog, listener: Listener, status: int, *, again: bool) -> None:
    listener.status, listener.headers = status, {"Location": listener.url}
    a_hook(timed_catalog, listener.url)
    an_end(timed_catalog)
    Teller(timed_catalog, Ways()).tell()
    (delivery,) = timed_catalog.deliveries.of(bell(timed_catalog)[0].id)
    assert (len(listener.heard), delivery.sent_at, delivery.next_at is not None) == (1, None, again)
    assert str(status) in str(delivery.failure)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "https://user:secret@example.org/", "https://example.org/#part",
        "https://", "https://exa mple.org/", "https://example.org/\r\nX: y", "https://127.0.0.1/", "https://[::1]/",
        "https://10.0.0.1/", "https://192.168.1.1/", "https://169.254.169.254/latest/meta-data", "https://[fe80::1]/",
        "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://0.0.0.0/", "https://localhost/", "file:///etc/passwd",
        "https://[::1", "https://224.0.0.1/", "https://100.64.0.1/", "https://example.org:99999/",
    ],
)  # fmt: skip
def test_a_webhook_leads_to_the_public_internet(url: str) -> None:
    with pytest.raises(UsageError):
        check_url(url, Reach.PUBLIC)


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]"])
def test_a_name_that_means_this_machine_is_found_out(host: str) -> None:
    from urllib.parse import urlsplit

    with pytest.raises(NotDelivered):
        address_of(urlsplit(f"https://{host}/"), Reach.PUBLIC)


def test_how_far_webhooks_reach_is_the_operators_to_say() -> None:
    check_url("https://example.org:8443/hook?a=b", Reach.PUBLIC)
    check_url("http://127.0.0.1:8000/", Reach.LOOPBACK)
    check_url("http://intranet/hook", Reach.PRIVATE)
    for url in ("https://169.254.169.254/", "https://10.0.0.1/"):
        with pytest.raises(UsageError):
            check_url(url, Reach.LOOPBACK)
    check_url("http://10.0.0.1/", Reach.PRIVATE)
    with pytest.raises(UsageError, match="public internet"):
        check_url("https://169.254.169.254/", Reach.PRIVATE)
    with pytest.raises(UsageError, match="There are no webhooks here"):
        check_url("https://example.org/", Reach.OFF)


# --- mail ------------------------------------------------------------------------------------------------------------


def some_news(**fields: Any) -> News:
    known: dict[str, Any] = {
        "id": "news-1", "created_at": 1.0, "who": "olga", "kind": NewsKind.RUN_FINISHED, "thing": "run-1",
        "project_id": None, "title": "grain: a model", "text": "It is good.",
    }  # fmt: skip
    return News(**known | fields)


def to(address: str) -> Delivery:
    return Delivery(id="delivery-1", created_at=1.0, news_id="news-1", channel=Channel.MAIL, address=address)


def test_nothing_that_a_person_wrote_becomes_a_header() -> None:
    hostile = some_news(title="grain\r\nBcc: all@example.org\r\n\r\n<b>", text="<script>alert(1)</script>")
    message = letter(to("o@example.org"), hostile, sender="Mill <mill@example.org>", public="")
    raw = message.as_bytes()
    head = raw.partition(b"\r\n\r\n")[0]
    assert message["Bcc"] is None
    assert b"\r\nBcc:" not in head
    assert "<script>" not in told(message, "html")
    assert message["Message-ID"] == "<delivery-1@example.org>"


@pytest.mark.parametrize(
    "address",
    ["", "olga", "a@b\r\nBcc: c@d", "a b@example.org", "a@example.org, b@example.org", "a..b@example.org",
     "a@exa_mple.org", "<a@example.org>", "a@example..org", "é@example.org", "a@" + "b" * 300],
)  # fmt: skip
def test_what_is_no_address_gets_no_mail(address: str) -> None:
    with pytest.raises(UsageError):
        check_address(address)


@pytest.mark.parametrize(
    "url",
    ["", "mail.example.org", "http://mail.example.org?from=a@example.org", "smtp://user:hush@mail.example.org",
     "smtp://user:hush@mail.example.org?from=nobody", "smtp://user:hush@h?from=a@example.org&colour=red",
     "smtp://user:hush@h:port?from=a@example.org"],
)  # fmt: skip
def test_a_setting_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(UsageError) as raised:
        Mailing.read(url)
    assert "hush" not in str(raised.value)
    assert "GRISTMILL_MAIL" in str(raised.value)


def test_a_password_is_not_shown_and_not_sent_in_the_clear(post_office: PostOffice) -> None:
    mailing = Mailing.read(f"smtp://olga:hush@127.0.0.1:{post_office.port}?from=mill@example.org")
    assert "hush" not in repr(mailing)
    from gristmill.notify.mail import Mail

    with pytest.raises(NotDelivered) as raised:
        Mail(mailing).carry(to("o@example.org"), some_news())
    assert "hush" not in str(raised.value)


def test_mail_by_ses(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    from gristmill.notify.mail import Mail

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "for-tests-only")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        mail = Mail(Mailing.read(f"ses://eu-central-1?from=mill@example.org&endpoint={endpoint}"))
        with pytest.raises(NotDelivered, match="SES refused the mail"):
            mail.carry(to("olga@example.org"), some_news())
        ses = boto3.client("ses", region_name="eu-central-1", endpoint_url=endpoint)
        ses.verify_email_identity(EmailAddress="mill@example.org")
        mail.carry(to("olga@example.org"), some_news())
        mail.reach()
        assert ses.get_send_quota()["SentLast24Hours"] >= 1  # moto counts the refused one, too
    finally:
        server.stop()


def test_old_news_are_swept(timed_catalog: Catalog, clock: Clock, tmp_path: Path) -> None:
    del tmp_path
    a_hook(timed_catalog, "https://example.org/")
    an_end(timed_catalog)
    teller = Teller(timed_catalog, Ways(), {Channel.WEBHOOK: Counting()})
    teller.tell()
    assert teller.sweep() == 0
    clock.time += 91 * 24 * HOUR
    assert (teller.sweep(), bell(timed_catalog)) == (1, [])
