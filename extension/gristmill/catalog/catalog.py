"""A catalog, opened by URL.

Terms
-----
claim     a worker takes a run: the run gets status running, a fence one higher, and a lease.
lease     the time up to which the claim stands unasked; its holder renews it. A lease that has *lapsed* may be taken by
          the next claim; until somebody does, its holder may still renew it.
fence     the number of the claim, counted per run. Whoever writes to a run that runs shows the fence of its claim.
hold      to have made the run's latest claim, while the run still has status running.
page      at most `limit` things, newest first; `before` is the id of the last one on the page before.

Guarantees
----------
- A run is claimed by one worker at a time, however many threads, processes and hosts ask at once.
- Only the holder of a run can renew, report progress, add events, release or finish; everyone else gets LeaseLost and
  has written nothing. So no two workers ever both finish a run.
- A run that finishes gets its status, its results and its model in one transaction: all or nothing.
- A status changes only from the status it is allowed to follow, compared and set in one statement. A final status never
  changes.
- A run's `claimed_at` is the time of its first claim; later claims leave it, so the budget counts from there.
- A queued run that is asked to cancel is cancelled at once; no queued run ever waits with `wanted` at cancel.
- The events of a run are numbered 1, 2, 3 …, without a gap, in the order in which they become visible.
- An upload becomes a dataset once, and only when it is whole; dataset and upload change in one transaction. Edited
  versions of it follow; a dataset never changes but for its name, and that with all versions of it at once.
- Versions of a dataset, a model or a recipe count 1, 2, 3 … within project and name.
- What is written can be read back: a value that would not survive the trip is refused with UsageError.
- What a thread writes in a block `together` is kept as a whole or not at all.
- A call that raises has changed nothing, with one exception that no database can avoid: when the connection breaks
  during the commit, CatalogFailed leaves open whether it took place. The caller reads the row: a final status under
  the caller's own fence is the caller's own work.
- Whoever has used four fifths of what a limit gives them is left a tiding, once a month and limit, in the transaction
  that takes them there.
- What is deleted was needed by nothing at that moment: no run that is not over, no schedule, no later run.
- A run that succeeds or fails leaves a tiding for its owner, in the transaction in which it finishes.
- A schedule's tick is claimed once; whoever carries it out makes the one run whose id was settled with the claim.
- Nobody slips past a limit by asking twice at once: what is asked for is counted in the transaction that makes it, and
  claims take turns where runs at once are limited.
- A project has one owner at least. The audit trail is only ever added to.
- Secrets of webhooks and credentials of stores are sealed; without their key, the database does not tell them.
- Several processes may open one catalog at once, also an empty or an old one: one brings the tables up to date, the
  others wait.
- Time is one clock's: PostgreSQL's own for all hosts, the machine's on SQLite.

One process opens its own catalog and may use it from many threads; a catalog is not carried through a fork.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from sqlalchemy import select

from gristmill.catalog.abouts import Abouts
from gristmill.catalog.answers import Answers
from gristmill.catalog.database import Database, open_database
from gristmill.catalog.datasets import Datasets
from gristmill.catalog.deeds import Deeds
from gristmill.catalog.events import Events
from gristmill.catalog.fair_use import FairUse
from gristmill.catalog.known import Known
from gristmill.catalog.members import Invitations, Members
from gristmill.catalog.models import Models
from gristmill.catalog.papers import Papers
from gristmill.catalog.projects import Projects
from gristmill.catalog.recipes import Recipes
from gristmill.catalog.removing import Removing
from gristmill.catalog.runs import Runs
from gristmill.catalog.schedules import Schedules, Ticks
from gristmill.catalog.schemas import Schemas
from gristmill.catalog.seeing import Seeing
from gristmill.catalog.stores import Stores
from gristmill.catalog.telling import AllChoices, AllNews, Deliveries, Tidings, Webhooks
from gristmill.catalog.together import Group, Together
from gristmill.catalog.upgrading import upgrade
from gristmill.catalog.uploads import Uploads
from gristmill.sealing import Keyring

__all__ = ["Catalog"]


class Catalog:
    """All that is known, by kind; the guarantees are at the top of this module."""

    def __init__(self, database: Database, keyring: Keyring | None = None) -> None:
        self._database = database
        self._keyring = keyring or Keyring()
        self.projects = Projects(database)
        self.members = Members(database)
        self.invitations = Invitations(database)
        self.deeds = Deeds(database)
        self.answers = Answers(database)
        self.stores = Stores(database, self._keyring)
        self.uploads = Uploads(database)
        self.datasets = Datasets(database)
        self.abouts = Abouts(database)
        self.schemas = Schemas(database)
        self.runs = Runs(database)
        self.papers = Papers(database)
        self.events = Events(database)
        self.models = Models(database)
        self.recipes = Recipes(database)
        self.schedules = Schedules(database)
        self.ticks = Ticks(database)
        self.tidings = Tidings(database)
        self.news = AllNews(database)
        self.deliveries = Deliveries(database)
        self.choices = AllChoices(database)
        self.webhooks = Webhooks(database, self._keyring)
        self.seeing = Seeing(database)
        self.known = Known(database)
        self.fair_use = FairUse(database)
        self.removing = Removing(database)

    @classmethod
    def open(cls, url: str, clock: Callable[[], float] | None = None, keyring: Keyring | None = None) -> Self:
        """The catalog at `url` (sqlite:////path/to/file or postgresql://…), its tables made or brought up to date.

        Without a keyring it can neither keep secrets nor tell them.
        """
        database, keyring = open_database(url, clock), keyring or Keyring()
        try:
            upgrade(database, keyring)
        except BaseException:
            database.close()
            raise
        return cls(database, keyring)

    def now(self) -> float:
        """The time by the clock that leases and deadlines are measured with; another host's own clock may differ."""
        with self._database.reading() as connection:
            return connection.execute(select(self._database.now())).scalar_one()

    def reseal(self) -> int:
        """Seal by the first key what an older one has sealed; how much there was."""
        if not self._keyring.is_turning:
            return 0
        return self.webhooks.reseal() + self.stores.reseal()

    def together(self) -> AbstractContextManager[Together]:
        """One transaction for all that this thread writes in the block."""
        return self._database.together()

    def grouped(self) -> AbstractContextManager[Group]:
        """One transaction for all blocks that this thread carries out in here; each is undone by itself."""
        return self._database.grouped()

    def catch_up(self) -> None:
        """Do, beside those who write, what would keep one of them waiting sooner or later."""
        self._database.catch_up()

    def rest(self) -> None:
        """Keep what this thread's group has written so far: what comes now may take long."""
        self._database.rest()

    def afterwards(self, what: Callable[[], object], *, always: bool = False) -> None:
        """Do something once what this thread has written in its block `together` is kept, or `always`; else now."""
        self._database.afterwards(what, always=always)

    def close(self) -> None:
        """Let go of the connections; the catalog must not be used afterwards."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
