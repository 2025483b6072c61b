"""Telling people: tidings become news in their bells, and news go out by mail and by webhooks.

    tidings ──spread──> news ──┬─> the bell
                               ├─> delivery ──carried──> mail
                               └─> delivery ──carried──> webhook

Whoever makes something happen leaves a tiding in the catalog, in its own transaction where there is one, and is done:
what goes wrong here never reaches a run. `Teller` does the rest, driven by workers and API processes alike.
"""

from __future__ import annotations

from gristmill.notify.base import Carrier, NotDelivered
from gristmill.notify.guard import Reach
from gristmill.notify.mail import Mailing
from gristmill.notify.teller import Teller
from gristmill.notify.ways import Ways

__all__ = ["Carrier", "Mailing", "NotDelivered", "Reach", "Teller", "Ways"]
