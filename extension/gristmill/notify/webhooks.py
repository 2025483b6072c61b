"""Webhooks: news sent by POST, as JSON, signed.

No redirect is followed, no proxy asked, and nothing of the answer read but its status.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import SplitResult

import gristmill
from gristmill.catalog import Catalog
from gristmill.errors import UsageError
from gristmill.notify.base import Carrier, NotDelivered
from gristmill.notify.guard import Reach, address_of, check_url
from gristmill.notify.signing import DELIVERY, SIGNATURE, signature
from gristmill.records import Delivery, News, encode

__all__ = ["Webhooks"]

_PATIENCE = 10.0  # seconds for each step
_AT_MOST = 20.0  # seconds for all of them: who answers a letter at a time is cut off
_FOR_GOOD = (404, 410)  # there is nobody, and there will not be


class Webhooks(Carrier):
    """Posts news to webhooks."""

    def __init__(self, catalog: Catalog, reach: Reach, clock: Callable[[], float] = time.time) -> None:
        self._catalog, self._reach, self._clock = catalog, reach, clock

    def carry(self, delivery: Delivery, news: News) -> None:
        webhook = self._catalog.webhooks.find(delivery.address)
        if webhook is None:
            raise NotDelivered("The webhook was removed.", again=False)
        try:
            split = check_url(webhook.url, self._reach)
        except UsageError as error:  # the operator has changed what is allowed
            raise NotDelivered(error.failure.what, cause=error.failure.cause, again=False) from None
        body = encode({"delivery": delivery.id, "news": told(news)})
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"gristmill/{gristmill.__version__}",
            DELIVERY: delivery.id,
            SIGNATURE: signature(self._catalog.webhooks.secret(webhook), delivery.id, body, self._clock()),
        }
        status = _post(split, address_of(split, self._reach), body, headers)
        if not 200 <= status < 300:
            what = f"The webhook at {split.hostname} answered {status}."
            raise NotDelivered(what, cure="It must answer 2xx, without a redirect.", again=status not in _FOR_GOOD)


def told(news: News) -> dict[str, object]:
    """News as a webhook tells them."""
    names = ("id", "created_at", "kind", "who", "thing", "project_id", "title", "text", "facts")
    return {name: getattr(news, name) for name in names}


def _post(split: SplitResult, to: tuple[str, int], body: bytes, headers: dict[str, str]) -> int:
    """Post to an address that was judged, under the name that the URL has; the status of the answer."""
    host = split.hostname or ""
    sock: socket.socket | None = None
    cut_off: threading.Timer | None = None
    try:
        sock = socket.create_connection(to, _PATIENCE)
        cut_off = threading.Timer(_AT_MOST, _cut, (sock,))
        cut_off.daemon = True
        cut_off.start()
        if split.scheme == "https":
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        connection = http.client.HTTPConnection(host, to[1])
        connection.sock = sock
        target = (split.path or "/") + (f"?{split.query}" if split.query else "")
        connection.request("POST", target, body, {"Host": split.netloc, "Connection": "close", **headers})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        cause = "Its certificate is not good." if isinstance(error, ssl.SSLCertVerificationError) else str(error)
        raise NotDelivered(f"The webhook at {host} cannot be reached.", cause=cause or type(error).__name__) from None
    finally:
        if cut_off is not None:
            cut_off.cancel()
        if sock is not None:
            sock.close()


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
