"""A project's own store: a bucket that its owner brings along, with the credentials for it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from gristmill.errors import GristmillError, NotAllowed, NotFound, UsageError
from gristmill.mill.parts import UseCases
from gristmill.mill.trail import audited
from gristmill.records import Failure, Membership, OwnStore, new_id, replace
from gristmill.stores import Store, open_store
from gristmill.stores.registry import endpoint_of, open_with
from gristmill.stores.trying import try_out

__all__ = ["OwnStores"]

_LONGEST_URL = 1000
_MOST_CREDENTIALS = 20
_MOST_PROJECTS = 200
_MOST_ORIGINS = 30


class OwnStores(UseCases):
    """What can be asked about projects' own stores. Credentials are taken, and never told again."""

    def own_store(self, project: str) -> OwnStore:
        """The store that takes what comes into a project, for its owners; NotFound where that is the platform's."""
        owned = self._gate.project(project, Membership.OWNER)
        if owned.store_id is None:
            raise NotFound(f"The project {project} has no store of its own.", cause="It uses the platform's.")
        return _told(self._catalog.stores.get(owned.store_id))

    @audited("store.set")
    def set_store(self, project: str, url: str, credentials: Mapping[str, str] | None = None) -> OwnStore:
        """Put what comes into a project into a store of its own from now on; what it has stays where it is.

        The store is tried first. A URL that the project had before gets these credentials from now on. Without any, the
        store is reached by the platform's own rights, which only admins may say.
        """
        owned, given = self._gate.project(project, Membership.OWNER), dict(credentials or {})
        self._check(url, given)
        now = time.time()
        store = self._catalog.stores.known(owned.id, url) or OwnStore(
            id=new_id("store"), created_at=now, project_id=owned.id, url=url, who=self.who.name, updated_at=now
        )
        try:
            # A folder's links are tried with a secret that nobody will have: they are all the API's.
            try_out(open_with(url, given) if given else open_store(url, secret=secrets.token_bytes(32)))
        except UsageError:
            raise
        except GristmillError as error:
            raise _refused(error.failure, given) from None
        kept = self._catalog.stores.put(replace(store, who=self.who.name, updated_at=now), given)
        self._shelf.forget(kept.id)
        return _told(kept)

    @audited("store.drop")
    def drop_store(self, project: str) -> None:
        """Put what comes into a project into the platform's store again; what lies in its own one stays there."""
        self._catalog.stores.leave(self._gate.project(project, Membership.OWNER).id)

    def origins(self) -> Sequence[str]:
        """Where browsers send what one puts in: the origins of the platform's store and of one's projects' own.

        Those of the newest projects, for they all go into one header of a page.
        """
        projects = self._catalog.projects.list(self._gate.project_ids(), None, _MOST_PROJECTS)
        own = {project.store_id: project for project in projects if project.store_id is not None}
        open_to = [one for one in own.values() if self._gate.is_at_least(Membership.EDITOR, one.id)]
        opened: list[Callable[[], Store]] = [lambda: self._parts.store]
        opened += [partial(self._shelf.of, project) for project in open_to]
        found: dict[str, None] = {}
        for store in opened:
            with suppress(GristmillError):  # one that cannot be opened keeps nobody from the others
                if (origin := store().origin) is not None:
                    found[origin] = None
        return tuple(found)[:_MOST_ORIGINS]

    def _check(self, url: str, credentials: Mapping[str, str]) -> None:
        if len(url) > _LONGEST_URL or not url.isprintable() or len(credentials) > _MOST_CREDENTIALS:
            raise UsageError("This is no store.", cure="Give the URL of a bucket, such as s3://bucket/prefix.")
        if self._gate.is_admin:
            return
        if not credentials:
            raise NotAllowed(
                "A project's own store takes credentials of its own.",
                cause="Without them it would be reached by the platform's rights, or lie on its disk.",
                cure="Give the bucket's credentials, or ask an admin.",
            )
        endpoint = _endpoint(url)
        if endpoint is not None and endpoint not in self._parts.endpoints:
            raise NotAllowed(
                f"A store at {endpoint[:100]} takes an admin.",
                cause="The platform would speak to a server that its operator has not named.",
                cure="Leave ?endpoint= out, or have the operator name the server in GRISTMILL_ENDPOINTS.",
            )


def _endpoint(url: str) -> str | None:
    try:
        return endpoint_of(url)
    except ValueError:
        raise UsageError("The store's URL cannot be read.", cure="Write s3://bucket/prefix.") from None


def _told(store: OwnStore) -> OwnStore:
    """The store without its credentials, sealed as they are."""
    return replace(store, credentials="")


def _refused(failure: Failure, credentials: Mapping[str, str]) -> UsageError:
    """Why the store cannot be used, whatever its library has said of the credentials."""

    def hushed(text: str) -> str:
        for value in sorted((value for value in credentials.values() if len(value) > 3), key=len, reverse=True):
            text = text.replace(value, "…")
        return text

    why = hushed(failure.cause) or hushed(failure.what)
    return UsageError("This store cannot be used.", cause=why, cure=hushed(failure.cure), code="store-refused")
