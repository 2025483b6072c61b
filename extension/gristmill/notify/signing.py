"""Signatures of webhooks: whoever gets one can tell that it is ours, whole, and new.

    Gristmill-Delivery: delivery-…          the same for every try: who has seen it has seen this news
    Gristmill-Signature: t=1764000000,v1=…  HMAC-SHA256 of "<t>.<delivery>.<body>" with the webhook's secret, in hex

A receiver computes the same, compares in constant time, and refuses what is older than five minutes. `verify` does so.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

__all__ = ["DELIVERY", "SIGNATURE", "new_secret", "signature", "verify"]

DELIVERY, SIGNATURE = "Gristmill-Delivery", "Gristmill-Signature"


def new_secret() -> str:
    """A secret for a new webhook."""
    return "whsec_" + secrets.token_urlsafe(32)


def signature(secret: str, delivery: str, body: bytes, at: float) -> str:
    """The value of the header that signs a body."""
    return f"t={int(at)},v1={_digest(secret, str(int(at)), delivery, body)}"


def verify(secret: str, delivery: str, header: str, body: bytes, *, now: float, oldest: float = 300.0) -> bool:
    """Whether the body was signed with that secret, for that delivery, at most `oldest` seconds ago."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    at = parts.get("t", "")
    if not at.isdecimal() or len(at) > 15 or abs(now - int(at)) > oldest:
        return False
    return hmac.compare_digest(_digest(secret, at, delivery, body), parts.get("v1", ""))


def _digest(secret: str, at: str, delivery: str, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{at}.{delivery}.".encode() + body, hashlib.sha256).hexdigest()
