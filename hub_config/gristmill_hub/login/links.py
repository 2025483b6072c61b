"""Invitations as they are given to people."""

from __future__ import annotations

__all__ = ["invitation_link"]


def invitation_link(address: str, secret: str) -> str:
    """Where somebody accepts an invitation; `address` is the hub's own, with a slash at its end."""
    return f"{address}hub/invitation?token={secret}"
