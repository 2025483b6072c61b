"""What an installation has to reach people with; the default is the bell alone."""

from __future__ import annotations

from dataclasses import dataclass

from gristmill.notify.guard import Reach
from gristmill.notify.mail import Mailing

__all__ = ["Ways"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ways:
    """Who carries mail, how far webhooks reach, the address that links in mail begin with, and the currency."""

    mail: Mailing | None = None
    webhooks: Reach = Reach.LOOPBACK
    public: str = ""
    currency: str = ""  # what money is counted in
