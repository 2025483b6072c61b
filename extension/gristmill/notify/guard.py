"""Where webhooks may lead: out into the world, and not to what only this machine can see.

A webhook's address is a stranger's word, and whoever sends to it stands inside the installation's network. So its name
is looked up here, every address that it has is judged, and the connection is made to one that was judged: a name that
means something else a moment later changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from gristmill.errors import UsageError
from gristmill.notify.base import NotDelivered

__all__ = ["Reach", "address_of", "check_url"]

_LONGEST = 2000
_IN_DISGUISE = tuple(ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Reach(StrEnum):
    """How far webhooks may reach."""

    OFF = "off"  # there are none
    PUBLIC = "public"  # https to addresses of the public internet
    LOOPBACK = "loopback"  # and this machine itself, also by http: for one person's own machine
    PRIVATE = "private"  # and private networks, also by http: the operator trusts everybody who may make a webhook


def check_url(url: str, reach: Reach) -> SplitResult:
    """The URL taken apart; UsageError unless a webhook may be there. No name is looked up yet."""
    if reach is Reach.OFF:
        raise UsageError("There are no webhooks here.", cause="GRISTMILL_WEBHOOKS is off.", cure="Ask the operator.")
    try:
        split = urlsplit(url)
        host, _ = split.hostname, split.port
    except ValueError:
        host = None
    if not host or not url.isascii() or not url.isprintable() or " " in url or len(url) > _LONGEST:
        raise UsageError(f"{url[:80]!r} is no address for a webhook.", cure="Give one like https://example.org/hook.")
    if "@" in split.netloc or split.fragment:
        raise UsageError("A webhook's address has no user, password or fragment.", cure="Leave them out.")
    is_here = host == "localhost" or _is_loopback(host)
    plain_is_fine = reach is Reach.PRIVATE or (reach is Reach.LOOPBACK and is_here)
    if split.scheme not in (("https", "http") if plain_is_fine else ("https",)):
        raise UsageError("A webhook is sent by https.", cure="Give an address that begins with https://.")
    literal = _literal(host)
    if literal is not None and not _allowed(literal, reach):
        raise _out_of_reach(UsageError, host)
    if host == "localhost" and reach is Reach.PUBLIC:
        raise _out_of_reach(UsageError, host)
    return split


def address_of(split: SplitResult, reach: Reach) -> tuple[str, int]:
    """Where to connect to: one address of the host, all of which were judged."""
    host, port = split.hostname or "", split.port or (443 if split.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotDelivered(f"The host {host} is not known.", cause=str(error)) from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses or not all(_allowed(address, reach) for address in addresses):
        raise NotDelivered(f"{host} is no public address.", cause="Webhooks lead out of here only.", again=False)
    return str(addresses[0]), port


def _allowed(address: Address, reach: Reach) -> bool:
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return _allowed(mapped, reach)
    if address.is_loopback:
        return reach in (Reach.LOOPBACK, Reach.PRIVATE)
    # Cloud machines hand out their credentials at link-local addresses: nobody's webhook is there.
    if address.is_multicast or address.is_link_local or address.is_unspecified:
        return False
    if any(address in net for net in _IN_DISGUISE):  # an IPv4 address inside, which may be a private one
        return False
    return reach is Reach.PRIVATE or address.is_global


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    literal = _literal(host)
    return literal is not None and literal.is_loopback


def _out_of_reach(kind: type[UsageError], host: str) -> UsageError:
    return kind(
        f"A webhook cannot lead to {host}.",
        cause="That is no address of the public internet.",
        cure="Give a public one, or ask the operator to set GRISTMILL_WEBHOOKS.",
    )
