"""Being told: the bell, what one chooses to be told, and webhooks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from gristmill.errors import Conflict, NotFound, UsageError
from gristmill.mill.parts import UseCases
from gristmill.mill.trail import audited
from gristmill.notify import Teller
from gristmill.notify.guard import check_url
from gristmill.notify.letters import check_address
from gristmill.notify.signing import new_secret
from gristmill.records import Channel, Choices, Membership, News, NewsKind, Webhook, new_id, replace

__all__ = ["Telling"]

_MOST_WEBHOOKS = 20  # of a person, or of a project
_MOST_IDS = 200


class Telling(UseCases):
    """What can be asked about being told."""

    # --- the bell ----------------------------------------------------------------------------------------------------

    def notices(self, limit: int = 50, before: str | None = None, *, unread: bool = False) -> Sequence[News]:
        """What one was told, newest first; with `unread`, only what one has not read."""
        Teller(self._catalog, self._parts.ways).spread()  # where no worker is awake, nobody else does it
        if before is not None and self._catalog.news.get(before).who != self.who.name:
            raise self._catalog.news.missing(before)
        return self._catalog.news.list(self.who.name, before, limit, unread=unread)

    def read_notices(self, ids: Sequence[str] = ()) -> int:
        """Mark notices as read, all of them without `ids`; how many of them were unread."""
        if len(ids) > _MOST_IDS:
            raise UsageError(f"{len(ids)} notices are too many at once.", cure=f"Name at most {_MOST_IDS}, or none.")
        return self._catalog.news.read(self.who.name, tuple(ids))

    # --- choices -----------------------------------------------------------------------------------------------------

    def choices(self) -> Choices:
        """What one chooses: kinds that are not named come by bell and mail."""
        return self._catalog.choices.of(self.who.name)

    @audited("choices.put")
    def choose(self, kinds: Mapping[NewsKind, Sequence[Channel]] | None = None, *, mail: str | None = None) -> Choices:
        """Choose by which channels some kinds come, and where mail goes; what is not named stays as it is."""
        chosen = self._catalog.choices.of(self.who.name)
        if kinds:
            if any(Channel.WEBHOOK in channels for channels in kinds.values()):
                raise UsageError("Webhooks choose for themselves.", cure="Name the kinds when you add the webhook.")
            changed = {kind: tuple(dict.fromkeys(channels)) for kind, channels in kinds.items()}
            chosen = replace(chosen, kinds=chosen.kinds | changed)
        if mail is not None:
            check = check_address if self._parts.ways.mail is None else self._parts.ways.mail.check
            chosen = replace(chosen, mail=check(mail) if mail else "")
        return self._catalog.choices.put(chosen)

    # --- webhooks ----------------------------------------------------------------------------------------------------

    def webhooks(self, project: str | None = None) -> Sequence[Webhook]:
        """One's own webhooks, or a project's, for its owners; without their secrets."""
        if project is None:
            found = self._catalog.webhooks.of_person(self.who.name)
        else:
            found = self._catalog.webhooks.of_project(self._gate.project(project, Membership.OWNER).id)
        return tuple(replace(webhook, secret="") for webhook in found)

    @audited("webhook.add")
    def add_webhook(
        self, url: str, *, kinds: Sequence[NewsKind] = (), project: str | None = None
    ) -> tuple[Webhook, str]:
        """Have news sent to an address: one's own, or all of a project. The secret is shown this once."""
        check_url(url, self._parts.ways.webhooks)
        owned = None if project is None else self._gate.project(project, Membership.OWNER).id
        if len(self.webhooks(project)) >= _MOST_WEBHOOKS:
            raise Conflict(f"There are {_MOST_WEBHOOKS} webhooks already.", cure="Remove one first.")
        webhook = Webhook(
            id=new_id("webhook"), created_at=time.time(), who=self.who.name, project_id=owned, url=url,
            kinds=tuple(dict.fromkeys(kinds)), secret=new_secret(),
        )  # fmt: skip
        self._catalog.webhooks.add(webhook)
        return replace(webhook, secret=""), webhook.secret

    @audited("webhook.remove")
    def remove_webhook(self, webhook_id: str) -> None:
        """Have nothing sent there any more."""
        webhook = self._catalog.webhooks.find(webhook_id)
        if webhook is None:
            raise NotFound(f"There is no webhook {webhook_id}.")
        if webhook.project_id is not None:
            self._gate.get(self._catalog.webhooks, webhook_id, Membership.OWNER)
        elif webhook.who != self.who.name and not self._gate.is_admin:
            raise self._catalog.webhooks.missing(webhook_id)
        self._catalog.webhooks.remove(webhook_id)
