"""People who open the API's pages in a browser on a hub: they sign in there, and a cookie lets them in from then on.

1. A page that is asked for without a token leads to the hub's login (OAuth, authorization code). What the browser
   brings back must carry a `state` that was made for that browser: nobody can sign somebody else in.
2. The hub's answer is changed for a token, which stays in this process. The browser gets a session's random number.
3. `/logout` ends the session. The hub's own logout ends its token, which is noticed within a minute.

The cookie is sent by the browser whoever has written the page that asks, so it lets in to little: to GET and HEAD, for
whole pages and downloads that a person goes to. Scripts, frames and forms take a token. And what such a page shows has
an origin of its own (a sandbox), so that a page of another service or person on the same hub, which may open it, cannot
read it. A browser tells what it asks for by Sec-Fetch-Mode, over HTTPS and on one's own machine only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gristmill.api.identity import Identity
from gristmill.api.problems import problem_of
from gristmill.errors import GristmillError, HubAway, NotAllowed, NotSignedIn

__all__ = ["Browsing", "SignIn"]

_CALLBACK, _LOGOUT = "/oauth_callback", "/logout"
_SESSION, _SIGNING_IN = "gristmill-session", "gristmill-signing-in"
_LASTS = 12 * 3600  # seconds until one has to sign in again
_TRY = 600  # seconds that signing in may take
_MOST = 10_000  # sessions
_PATIENCE = 5.0
_ALONE = "sandbox; default-src 'none'"  # for what brings no policy of its own


@dataclass(frozen=True, kw_only=True, slots=True)
class SignIn:
    """How a hub signs people in to a service of its own, as its environment says."""

    client: str
    secret: str = field(repr=False)
    callback: str  # where the hub sends people back to
    login: str  # the hub's page
    exchange: str  # where a code is changed for a token
    home: str  # where people go who have signed out

    @classmethod
    def read(cls, environment: Mapping[str, str], prefix: str) -> Self | None:
        """None where the hub has not told."""
        client, secret = environment.get("JUPYTERHUB_CLIENT_ID"), environment.get("JUPYTERHUB_API_TOKEN")
        url = environment.get("JUPYTERHUB_API_URL")
        if not client or not secret or not url:
            return None
        hub = environment.get("JUPYTERHUB_HOST", "") + environment.get("JUPYTERHUB_BASE_URL", "/") + "hub/"
        return cls(
            client=client,
            secret=secret,
            callback=environment.get("JUPYTERHUB_OAUTH_CALLBACK_URL") or prefix + _CALLBACK,
            login=f"{hub}api/oauth2/authorize",
            exchange=f"{url.rstrip('/')}/oauth2/token",
            home=f"{hub}home",
        )

    async def token(self, code: str) -> str:
        """What the hub gives for a code that somebody was sent back with."""
        import httpx  # takes a good part of a start

        asked = {
            "client_id": self.client, "client_secret": self.secret, "grant_type": "authorization_code",
            "code": code, "redirect_uri": self.callback,
        }  # fmt: skip
        try:
            async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False) as client:
                answer = await client.post(self.exchange, data=asked)
            if answer.is_client_error:
                raise _refused(f"It answered {answer.status_code}.")
            return str(answer.raise_for_status().json()["access_token"])
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise HubAway("JupyterHub cannot be asked who you are.", cause=f"{type(error).__name__}.") from error


class _Sessions:
    """Tokens by the random numbers that browsers hold, of which only digests are kept."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def begin(self, token: str) -> str:
        number = secrets.token_urlsafe(32)
        self._kept[_digest(number)] = self._clock() + _LASTS, token
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return number

    def token(self, number: str) -> str | None:
        until, token = self._kept.get(_digest(number), (0.0, ""))
        return token if until > self._clock() else None

    def end(self, number: str) -> None:
        self._kept.pop(_digest(number), None)


class Browsing:
    """Wraps the API: an ASGI application that knows browsers by their cookies."""

    def __init__(self, app: ASGIApp, sign_in: SignIn, identity: Identity, prefix: str) -> None:
        self._app, self._sign_in, self._identity, self._prefix = app, sign_in, identity, prefix
        self._sessions = _Sessions()
        self._key = secrets.token_bytes(32)  # says that a state was made here

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        path = scope["path"].removeprefix(self._prefix)
        if path in (_CALLBACK, _LOGOUT):
            answer = await self._back(request) if path == _CALLBACK else self._out(request)
            await answer(scope, receive, send)
        elif "authorization" in request.headers or not _is_a_visit(request):
            await self._app(scope, receive, send)
        else:
            await self._visit(request, receive, send)

    async def _visit(self, request: Request, receive: Receive, send: Send) -> None:
        """A person goes to a page: as who they are, or to the login if it takes somebody."""
        scope, number = request.scope, request.cookies.get(_SESSION, "")
        token = self._sessions.token(number)
        if token is not None:
            scope = {**scope, "headers": [*scope["headers"], (b"authorization", f"Bearer {token}".encode())]}
        sent_on = False

        async def sent(message: Message) -> None:
            nonlocal sent_on
            if sent_on:
                return  # what was to be said instead
            if message["type"] == "http.response.start" and message["status"] == NotSignedIn.http:
                sent_on = True
                self._sessions.end(number)
                await self._to_login(request)(request.scope, receive, send)
                return
            if message["type"] == "http.response.start" and token is not None:
                headers = MutableHeaders(raw=[*message["headers"]])
                headers.setdefault("Content-Security-Policy", _ALONE)
                headers.add_vary_header("Cookie")
                message = {**message, "headers": headers.raw}
            await send(message)

        await self._app(scope, receive, sent)

    def _to_login(self, request: Request) -> Response:
        nonce = request.cookies.get(_SIGNING_IN) or secrets.token_urlsafe(
            32
        )  # one for all pages that are opened at once
        path = request.scope.get("raw_path", request.url.path.encode()).split(b"?", 1)[0].decode("latin-1")
        page = path + (f"?{request.url.query}" if request.url.query else "")
        asked = {
            "client_id": self._sign_in.client, "response_type": "code", "redirect_uri": self._sign_in.callback,
            "state": self._state(nonce, page),
        }  # fmt: skip
        answer = RedirectResponse(f"{self._sign_in.login}?{urlencode(asked)}", 302, {"Cache-Control": "no-store"})
        self._set(request, answer, _SIGNING_IN, nonce, _TRY)
        return answer

    async def _back(self, request: Request) -> Response:
        """Somebody comes back from the login."""
        query = request.query_params
        page = self._page(request.cookies.get(_SIGNING_IN, ""), query.get("state", ""))
        try:
            if page is None:
                raise _refused("This browser has not asked for it here, or too long ago.")
            if not query.get("code"):
                raise _refused(f"It said: {query.get('error', 'nothing')[:100]}.")
            token = await self._sign_in.token(query["code"])
            await self._known(token)
        except GristmillError as error:
            return problem_of(error, request)
        answer = RedirectResponse(page, 302, {"Cache-Control": "no-store"})
        self._set(request, answer, _SESSION, self._sessions.begin(token), _LASTS)
        return answer

    async def _known(self, token: str) -> None:
        try:
            await self._identity.of_token(token)
        except NotSignedIn:  # which would lead to the login again, and again
            raise _refused("It does not know the token that it gave.") from None

    def _out(self, request: Request) -> Response:
        self._sessions.end(request.cookies.get(_SESSION, ""))
        answer = RedirectResponse(self._sign_in.home, 302, {"Cache-Control": "no-store"})
        self._set(request, answer, _SESSION, "", 0)
        return answer

    def _set(self, request: Request, answer: Response, name: str, value: str, seconds: int) -> None:
        answer.set_cookie(
            name, value, max_age=seconds, path=self._prefix or "/", secure=request.url.scheme == "https",
            httponly=True, samesite="lax",
        )  # fmt: skip

    # --- state -------------------------------------------------------------------------------------------------------

    def _state(self, nonce: str, page: str) -> str:
        """The page to come back to, in a form that only the browser with that nonce can bring back."""
        told = base64.urlsafe_b64encode(page.encode()).decode()
        return f"{told}.{self._mark(nonce, told)}"

    def _page(self, nonce: str, state: str) -> str | None:
        told, _, mark = state.partition(".")
        if not nonce or not hmac.compare_digest(mark.encode(), self._mark(nonce, told).encode()):
            return None
        return base64.urlsafe_b64decode(told).decode()

    def _mark(self, nonce: str, told: str) -> str:
        return hmac.new(self._key, f"{nonce}.{told}".encode(), hashlib.sha256).hexdigest()


def _is_a_visit(request: Request) -> bool:
    """Whether a person goes there, as far as the browser says so: nothing that a page asks for behind their back."""
    asked = request.headers
    by_hand = asked.get("sec-fetch-mode", "navigate") == "navigate"
    as_page = asked.get("sec-fetch-dest", "document") == "document"
    return by_hand and as_page and "text/html" in asked.get("accept", "")


def _refused(cause: str) -> NotAllowed:
    return NotAllowed("JupyterHub did not sign you in.", cause=cause, cure="Open the page again.", code="not-signed-in")


def _digest(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()
