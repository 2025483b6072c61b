"""The one shape of every error (RFC 9457), and the one place that gives errors their HTTP status.

{"type": "urn:gristmill:problem:data-rejected",   the kind of error, one a class of gristmill.errors
 "title": what failed, "status": 422, "detail": why, "cure": what to do about it,
 "code": "bad-csv",                               which one exactly, stable, for machines
 "faults": [{code, message, column, …}, …],       where there are several: all that does not fit a project's schema
 "instance": the request's id, which is in the log}
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from gristmill.errors import CatalogFailed, GristmillError, HubAway, NotSignedIn, StoreFailed
from gristmill.records import Failure, encode

__all__ = ["Changed", "InFlight", "TooLarge", "TooMany", "TooSlow", "problem", "problem_of"]

_MEDIA = "application/problem+json"
_TYPE = "urn:gristmill:problem:"
_AWAY = (CatalogFailed, StoreFailed, HubAway)
_log = logging.getLogger("gristmill.api")


class TooLarge(GristmillError):
    """The body is longer than this route takes."""

    code = "too-large"
    http = 413


class TooSlow(GristmillError):
    """The body does not come."""

    code = "too-slow"
    http = 408


class TooMany(GristmillError):
    """Too much is going on at once."""

    code = "too-many"
    http = 429


class Changed(GristmillError):
    """What is asked about is not as the asker has seen it."""

    code = "changed"
    http = 412


class InFlight(GristmillError):
    """The same question is being answered just now."""

    code = "in-flight"
    http = 409


def problem_of(error: Exception, request: Request) -> Response:
    """Whatever was raised, as an answer; what is none of our errors is logged, and nothing of it is told."""
    instance = request.scope.get("gristmill.id", "")
    if isinstance(error, GristmillError):
        headers = {}
        if isinstance(error, (*_AWAY, TooMany, InFlight)):
            headers["Retry-After"] = "1" if isinstance(error, InFlight) else "5"
        if isinstance(error, NotSignedIn):
            headers["WWW-Authenticate"] = 'Bearer realm="gristmill"'
        return problem(error.http, error.failure, type(error).code, instance=instance, headers=headers)
    if isinstance(error, RequestValidationError):
        return problem(422, _unfit(error), "usage", instance=instance)
    if isinstance(error, HTTPException):
        return problem(error.status_code, _plain(error, request), instance=instance, headers=error.headers)
    _log.error("%s failed", instance, exc_info=error)
    fault = Failure(
        code="fault",
        what="Something is wrong inside Gristmill.",
        cure=f"Please report it with the number {instance}; the service's log says more.",
    )
    return problem(500, fault, instance=instance)


def problem(
    status: int, failure: Failure, kind: str = "", *, instance: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """A failure as an answer."""
    told: dict[str, Any] = {
        "type": f"{_TYPE}{kind or failure.code}",
        "title": failure.what,
        "status": status,
        "detail": failure.cause,
        "cure": failure.cure,
        "code": failure.code,
        "instance": instance,
    }
    if failure.faults:
        told["faults"] = failure.faults
    return Response(encode(told), status, dict(headers or {}), _MEDIA)


def _unfit(error: RequestValidationError) -> Failure:
    """What is wrong with a path or a query, naming the first of it."""
    first: Any = next(iter(error.errors()), {})
    *_, name = first.get("loc", ("request",))
    return Failure(code="usage", what=f"{name} is not as it should be.", cause=f"{first.get('msg', 'It is unfit')}.")


def _plain(error: HTTPException, request: Request) -> Failure:
    """What the framework itself refuses: an unknown path, a method that a path does not have."""
    phrase = HTTPStatus(error.status_code).phrase
    what = {404: "There is nothing here.", 405: f"{request.method} is not served here."}.get(
        error.status_code, f"{phrase}."
    )
    cure = "Check the address; the API's openapi.json names all that is here."
    return Failure(code=phrase.lower().replace(" ", "-"), what=what, cure=cure)
