"""Mail: GRISTMILL_MAIL says who carries it.

    smtp://[USER:PASSWORD@]HOST[:PORT]?from=mill@example.org    STARTTLS where it is offered; must be, for a password
    smtps://USER:PASSWORD@HOST[:PORT]?from=…                    TLS from the first byte
    ses://REGION?from=…                                         Amazon SES, with boto3's own credentials

Options: `from` is who writes; `to` makes an address of a name (`{name}@example.org`); `domains` are the only ones that
mail goes to, parted by commas; `endpoint` is another address of SES.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from gristmill.errors import NotPossible, UsageError
from gristmill.notify.base import Carrier, NotDelivered
from gristmill.notify.letters import check_address, letter
from gristmill.records import Delivery, News

__all__ = ["Mail", "Mailing"]

_PATIENCE = 10.0  # seconds for each step of a conversation
_OPTIONS = ("from", "to", "domains", "endpoint")
_CURE = "Give GRISTMILL_MAIL like smtp://user:password@mail.example.org:587?from=mill@example.org."
_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mailing:
    """Who carries mail, and whom it goes to. Its `repr` has no password."""

    scheme: str
    host: str  # a region for SES
    sender: str
    port: int | None = None
    user: str = ""
    secret: str = ""
    to: str = ""
    domains: tuple[str, ...] = ()
    endpoint: str | None = None

    def __repr__(self) -> str:
        return f"Mailing({self.scheme}://{self.host})"

    @classmethod
    def read(cls, url: str) -> Mailing:
        """The URL taken apart; UsageError, without the URL in it, where it cannot be."""
        try:
            split = urlsplit(url)
            host, port = split.hostname or "", split.port
        except ValueError:
            raise UsageError("GRISTMILL_MAIL cannot be read.", cure=_CURE) from None
        given = dict(parse_qsl(split.query))
        unknown = sorted(set(given) - set(_OPTIONS))
        if split.scheme not in ("smtp", "smtps", "ses") or not host or unknown:
            cause = f"It has no option {', '.join(unknown)}." if unknown else ""
            raise UsageError("GRISTMILL_MAIL cannot be read.", cause=cause, cure=_CURE)
        sender = given.get("from", "")
        if not sender.isprintable() or "@" not in parseaddr(sender)[1]:
            raise UsageError("GRISTMILL_MAIL does not say who writes.", cause="It needs `from`.", cure=_CURE)
        check_address(parseaddr(sender)[1])
        return cls(
            scheme=split.scheme, host=host, port=port, sender=sender,
            user=unquote(split.username or ""), secret=unquote(split.password or ""), to=given.get("to", ""),
            domains=tuple(filter(None, given.get("domains", "").lower().split(","))), endpoint=given.get("endpoint"),
        )  # fmt: skip

    def address(self, name: str, chosen: str) -> str | None:
        """Where a person's mail goes: what they chose, else what is made of their name; None for nowhere."""
        for candidate in (chosen, self.to.replace("{name}", name) if self.to else name):
            with suppress(UsageError):
                return self.check(candidate)
        return None

    def check(self, address: str) -> str:
        """The address itself; UsageError unless mail may go there."""
        domain = check_address(address).rpartition("@")[2].lower()
        if self.domains and domain not in self.domains:
            allowed = ", ".join(self.domains)
            raise UsageError(f"No mail goes to {domain} from here.", cure=f"Give an address at {allowed}.")
        return address


class Mail(Carrier):
    """Hands mail to a server, or to SES."""

    def __init__(self, mailing: Mailing, public: str = "") -> None:
        self._mailing, self._public = mailing, public

    def carry(self, delivery: Delivery, news: News) -> None:
        try:
            self._mailing.check(delivery.address)
        except UsageError as error:
            raise NotDelivered(error.failure.what, cure=error.failure.cure, again=False) from None
        message = letter(delivery, news, sender=self._mailing.sender, public=self._public)
        if self._mailing.scheme == "ses":
            _send_by_ses(self._mailing, message, delivery.address)
        else:
            _send_by_smtp(self._mailing, message, delivery.address)

    def reach(self) -> None:
        """Talk to the server without sending anything; NotDelivered where that fails."""
        if self._mailing.scheme == "ses":
            _asked(lambda: _ses(self._mailing).get_send_quota())
            return
        with _errors(self._mailing), _server(self._mailing) as server:
            server.noop()


def _send_by_smtp(mailing: Mailing, message: EmailMessage, to: str) -> None:
    with _errors(mailing), _server(mailing) as server:
        server.send_message(message, parseaddr(mailing.sender)[1], [to])


def _server(mailing: Mailing) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if mailing.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(mailing.host, mailing.port or 465, timeout=_PATIENCE, context=context)
    else:
        server = smtplib.SMTP(mailing.host, mailing.port or (25 if not mailing.user else 587), timeout=_PATIENCE)
    try:
        server.ehlo()
        if mailing.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
        elif mailing.scheme == "smtp" and mailing.user and mailing.host not in _HERE:
            raise NotDelivered(f"{mailing.host} offers no TLS.", cause="The password would be sent for all to read.")
        if mailing.user:
            server.login(mailing.user, mailing.secret)
    except BaseException:
        server.close()
        raise
    return server


@contextmanager
def _errors(mailing: Mailing) -> Iterator[None]:
    """What smtplib raises, as NotDelivered; the server's own words are kept, the password never."""
    host = mailing.host
    try:
        yield
    except smtplib.SMTPAuthenticationError:
        raise NotDelivered(f"{host} does not know the user and password.", cure="Mend GRISTMILL_MAIL.") from None
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise _refused(host, code, said) from None
    except smtplib.SMTPResponseException as error:
        raise _refused(host, error.smtp_code, error.smtp_error) from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotDelivered(f"The mail server {host} cannot be reached.", cause=f"{error}"[:200]) from None


def _refused(host: str, code: int, said: bytes | str) -> NotDelivered:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return NotDelivered(f"{host} refused the mail ({code}).", cause=" ".join(words.split())[:200], again=code < 500)


# --- SES -------------------------------------------------------------------------------------------------------------


def _ses(mailing: Mailing) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ModuleNotFoundError:
        raise NotPossible(
            "SES needs boto3, which is not installed here.", cure="pip install 'gristmill[cloud]'"
        ) from None
    config = Config(connect_timeout=_PATIENCE, read_timeout=_PATIENCE, retries={"max_attempts": 1})
    return boto3.client("ses", region_name=mailing.host, endpoint_url=mailing.endpoint, config=config)


def _send_by_ses(mailing: Mailing, message: EmailMessage, to: str) -> None:
    raw = {"Data": message.as_bytes()}
    sender = parseaddr(mailing.sender)[1]
    _asked(lambda: _ses(mailing).send_raw_email(Source=sender, Destinations=[to], RawMessage=raw))


def _asked(ask: Any) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        ask()
    except ClientError as error:
        said = error.response.get("Error", {})
        again = said.get("Code") != "MessageRejected"
        raise NotDelivered("SES refused the mail.", cause=str(said.get("Message", ""))[:200], again=again) from None
    except BotoCoreError as error:
        raise NotDelivered("SES cannot be reached.", cause=str(error)[:200]) from None
