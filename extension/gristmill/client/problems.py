"""A hub's refusals (RFC 9457 problem details) as our own errors, and answers that are no hub's at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import gristmill
from gristmill import records
from gristmill.errors import (
    Conflict,
    GristmillError,
    HubAway,
    NotAllowed,
    NotFound,
    NotPossible,
    NotSignedIn,
    UsageError,
    VersionsDiffer,
)
from gristmill.records import Notice

if TYPE_CHECKING:
    import httpx

__all__ = ["IN_FLIGHT", "error_of", "not_understood"]

IN_FLIGHT = "in-flight"  # the code of a create whose first asking is still being answered
_UNKNOWN = (404, 405, 422)  # how a hub of another version answers what only this one knows, among others
_MEDIA = "application/problem+json"
_VERSION = "Gristmill-Version"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Problem details as the hub writes them: `type` ends in the code of the error's class."""

    title: str
    type: str = ""
    code: str = ""
    detail: str | None = None
    cure: str | None = None
    faults: tuple[Notice, ...] = ()


def error_of(answer: httpx.Response, url: str) -> GristmillError:
    """The error that an answer other than success stands for."""
    if not answer.headers.get("Content-Type", "").startswith(_MEDIA):
        return not_understood(answer, url)
    try:
        problem = records.decode(answer.content, Problem)
    except ValueError:
        return not_understood(answer, url)
    kinds = {kind.code: kind for kind in _kinds(GristmillError)}
    named = re.split("[:/#]", problem.type)[-1]
    kind = kinds.get(named) or kinds.get(problem.code) or _by_status(answer.status_code)
    code = problem.code or kind.code
    cure, theirs = problem.cure or "", answer.headers.get(_VERSION, "")
    if answer.status_code in _UNKNOWN and _is_foreign(theirs):
        cure = f"{cure} It may be that the hub and this client differ: {_differs(theirs).failure.cause}".strip()
    return kind(problem.title, cause=problem.detail or "", cure=cure, code=code, faults=problem.faults)


def not_understood(answer: httpx.Response, url: str) -> GristmillError:
    """Why an answer makes no sense: another version's, a gateway's, or somebody else's altogether."""
    theirs = answer.headers.get(_VERSION, "")
    if _is_foreign(theirs):
        return _differs(theirs)
    split = urlsplit(url)
    where = f"{split.scheme}://{split.netloc}{split.path}"
    if answer.status_code in (502, 503, 504):
        return HubAway(f"{where} is away.", cause=f"Its gateway answers {answer.status_code}.", cure="Try again later.")
    if answer.status_code in (401, 403) or answer.is_redirect:
        return NotSignedIn(
            f"{where} does not let this token in.",
            cause=f"It answers {answer.status_code}.",
            cure="Check the address and the token: gristmill login URL",
        )
    return HubAway(
        f"What answers at {where} is not Gristmill.",
        cause=f"It answers {answer.status_code} with {answer.headers.get('Content-Type', 'nothing')[:80]!r}.",
        cure="Check the address: it is the one that the API is served at.",
    )


def _is_foreign(theirs: str) -> bool:
    return bool(theirs) and _series(theirs) != _series(gristmill.__version__)


def _differs(theirs: str) -> VersionsDiffer:
    ours = gristmill.__version__
    version = theirs if re.fullmatch(r"[0-9A-Za-z.+-]{1,40}", theirs) else "another version"
    if _series(theirs) > _series(ours):
        age, cure = "newer", f"Upgrade this one: pip install 'gristmill=={version}'"
    else:
        age, cure = "older", f"Ask whoever runs the hub to upgrade it, or: pip install 'gristmill=={version}'"
    return VersionsDiffer(f"The hub is {age} than this client.", cause=f"It runs {version}, this is {ours}.", cure=cure)


def _series(version: str) -> tuple[int, ...]:
    """Major and minor: within them, the two understand each other."""
    return tuple(int(number) for number in re.findall("[0-9]+", version)[:2])


def _kinds(kind: type[GristmillError]) -> Iterator[type[GristmillError]]:
    for inner in kind.__subclasses__():
        yield inner
        yield from _kinds(inner)


def _by_status(status: int) -> type[GristmillError]:
    """What a status says by itself, for codes that this version does not know."""
    known: dict[int, type[GristmillError]] = {
        401: NotSignedIn, 403: NotAllowed, 404: NotFound, 409: Conflict, 501: NotPossible, 503: HubAway,
    }  # fmt: skip
    return known.get(status, UsageError if 400 <= status < 500 else GristmillError)
