"""Runs and uploads let in: priced, asked for at fair use, and only then made."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gristmill import fair_use, recipes
from gristmill.errors import GristmillError, OverLimit
from gristmill.records import Account, Run, Upload, Who, replace

if TYPE_CHECKING:
    from gristmill.mill.parts import Parts

__all__ = ["Admission"]

_LARGE = 256 << 10  # bytes of a paper above which the store keeps it from the beginning
_log = logging.getLogger("gristmill.mill")


class Admission:
    """What `who` asks for comes into the catalog by this, and by nothing else.

    Fair use is asked in the transaction that makes it, where two who ask at once take turns; and before that, where
    something goes into the store first.
    """

    def __init__(self, parts: Parts, who: Who) -> None:
        self._parts = parts
        self._who = who

    def terms(self) -> dict[str, Any]:
        """What a new run says of who asks for it, since when, and what it costs."""
        parts = self._parts
        return {
            "owner": self._who.name,
            "created_at": time.time(),
            "price": parts.price.hourly,
            "gpus": parts.sandbox.gpus(),
        }

    def queue(self, run: Run, papers: Mapping[str, bytes]) -> Run:
        """Queue a run on its terms, with what its worker will look for in its store, by key.

        What is small goes into the catalog, in the one transaction; its worker puts it into the store. A built-in
        recipe is there already.
        """
        parts, who = self._parts, self._who
        pays = parts.catalog.stores.platform_pays(run.store_id)

        def decide(accounts: Sequence[Account]) -> None:
            fair_use.decide_run(run, accounts, parts.price, stored_here=pays)

        large = {key: paper for key, paper in papers.items() if len(paper) > _LARGE}
        if large:
            self._ask(decide)
        for key, paper in large.items():
            parts.shelf.of(run).put_bytes(key, paper)
        small = {key: recipes.common(papers[key]) or papers[key] for key in papers.keys() - large.keys()}
        try:
            run = parts.catalog.runs.add(run, small, who=who if fair_use.is_limited(who) else None, decide=decide)
        except OverLimit:
            for key in large:
                parts.shelf.of(run).delete(key)
            raise
        parts.catalog.afterwards(lambda: self.hint(run.id))
        return run

    def hint(self, run_id: str) -> None:
        """Say that a run waits. It is on record already: where nobody can be told, whoever works next finds it."""
        try:
            self._parts.dispatcher.hint(run_id)
        except (GristmillError, OSError) as error:
            _log.warning("%s waits, and nobody could be told: %s", run_id, error)

    def open(self, upload: Upload, begin: Callable[[], str | None]) -> Upload:
        """Register an upload; `begin` makes ready for its parts, and gives the store's token for them."""
        counts = self._parts.catalog.stores.platform_pays(upload.store_id)

        def decide(accounts: Sequence[Account]) -> None:
            if counts:
                fair_use.decide_upload(upload.size, accounts, self._parts.price)

        self._ask(decide)
        begun = replace(upload, token=begin(), owner=self._who.name)
        if not fair_use.is_limited(self._who):
            return self._parts.catalog.uploads.add(begun)
        try:
            return self._parts.catalog.uploads.add(begun, who=self._who, decide=decide, counts=counts)
        except OverLimit:
            if begun.token is not None:
                self._parts.shelf.of(begun).abort(begun.key, begun.token)
            raise

    def _ask(self, decide: Callable[[Sequence[Account]], None]) -> None:
        if fair_use.is_limited(self._who):
            decide(self._parts.catalog.fair_use.accounts(self._who))
