"""What every request to the extension goes through: the server's own sign-in, its XSRF check, its authorizer.

Whatever is refused is a problem in the API's shape (RFC 9457), also where Jupyter Server is who refuses.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async
from tornado.web import HTTPError

from gristmill.errors import GristmillError, HubAway
from gristmill.records import Failure, encode

if TYPE_CHECKING:
    from gristmill.jupyter.extension import Platform

__all__ = ["Asked"]

_MEDIA = "application/problem+json"
_READS = ("GET", "HEAD")


class Asked(APIHandler):
    """A request that is somebody's. `self.platform` is who can answer it."""

    auth_resource = "gristmill"

    def initialize(self, platform: Platform) -> None:
        """What Tornado hands to each request."""
        self.platform = platform

    async def prepare(self) -> None:  # type: ignore[override]
        """Let in who is signed in and may; everybody else has been answered when this is over."""
        await super().prepare()
        user = self.current_user
        if user is None:
            raise HTTPError(403, "Nobody is signed in to this Jupyter server.")
        action = "read" if self.request.method in _READS else "write"
        if not await ensure_async(self.authorizer.is_authorized(self, user, action, self.auth_resource)):
            raise HTTPError(403, "You may not do this on this Jupyter server.")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Whatever was raised, as a problem."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        kind = ""
        if isinstance(error, GristmillError):
            status_code, failure, kind = error.http, error.failure, type(error).code
            if isinstance(error, HubAway):
                self.set_header("Retry-After", "5")
        elif isinstance(error, HTTPError):
            failure = _plain(status_code, error.log_message or "")
        else:
            failure = Failure(
                code="fault",
                what="Something is wrong inside Gristmill.",
                cure="Please report it; the Jupyter server's log says more.",
            )
        self.set_status(status_code)
        told = {
            "type": f"urn:gristmill:problem:{kind or failure.code}",
            "title": failure.what,
            "status": status_code,
            "detail": failure.cause,
            "cure": failure.cure,
            "code": failure.code,
            "instance": "",
        }
        self.write(encode(told))
        self.finish(set_content_type=_MEDIA)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """What a person can understand is told to that person, and is no fault of the server's."""
        if isinstance(value, GristmillError):
            logging.getLogger("gristmill.jupyter").info("%s: %s", self.request.path, value)
        else:
            super().log_exception(typ, value, tb)


def _plain(status: int, message: str) -> Failure:
    phrase = HTTPStatus(status).phrase
    return Failure(code=phrase.lower().replace(" ", "-"), what=f"{phrase}.", cause=message.replace("%%", "%"))
