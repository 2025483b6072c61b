"""What the service answers: the page, its kernel's REST and websocket for its owner alone, files, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler
from tornado.log import access_log
from tornado.web import HTTPError, RequestHandler, authenticated

from gristmill_widgets.service.assets import AssetHandler
from gristmill_widgets.service.handing import NotLetIn
from gristmill_widgets.service.identity import HubAwayError
from gristmill_widgets.service.seats import GONE, Full, Seat
from gristmill_widgets.strings import English, German, spoken

__all__ = ["HEADERS", "WORDS", "NotThere", "logged", "owned", "routes"]

HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# What a page's own script may have to say: its name for it, and ours
_SAYS = {
    **{"away": "platform_away", "refused": "refused", "fault": "fault", "signedOut": "signed_out", "over": "over"},
    **{"again": "again", "lost": "lost"},
}
WORDS = {
    words.language: {name: getattr(words, f"service_{ours}") for name, ours in _SAYS.items()}
    for words in (English(), German())
}
_KERNEL = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_AGAIN = 3  # seconds until a page that has to wait asks again
_PAGES = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent / "pages"), autoescape=True)

_FAULTS = {404: "nowhere", 403: "refused", 503: "away"}


def owned(handler: Any, kernel_id: str) -> Seat:
    """The seat of this kernel if it is the visitor's own; 404 where there is none, 403 where it is somebody else's."""
    seat: Seat | None = handler.settings["gristmill"].seats.at(kernel_id)
    if seat is None:
        raise HTTPError(404)
    if handler.current_user is None or handler.current_user.username != seat.name:
        raise HTTPError(403)
    return seat


class Said(RequestHandler):
    """A handler whose answers, faults included, are pages for people."""

    def say(self, status: int, what: str, *, again: bool = False) -> None:
        """A page that says `what`, in the words of strings/ and the visitor's language; `again` has it ask anew."""
        words = spoken(self.request.headers.get("Accept-Language", ""))
        title, sentence = getattr(words, f"service_{what}")
        self.set_status(status)
        for name, value in self.settings["headers"].items():
            self.set_header(name, value)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        if again:
            self.set_header("Retry-After", str(_AGAIN))
        app = self.settings["gristmill"]
        told = {"title": title, "sentence": sentence, "again": _AGAIN if again else None, "go": words.service_go}
        page = _PAGES.get_template("said.html.j2")
        self.finish(page.render(told, own=app.own_url, home=app.base_url, language=words.language))

    def write_error(self, status_code: int, **_: Any) -> None:
        self.say(status_code, _FAULTS.get(status_code, "fault"), again=status_code == 503)

    def _request_summary(self) -> str:
        """What tornado logs of a fault: never a query, in which the hub sends its codes."""
        return f"{self.request.method} {self.request.path}"


class Page(Said, JupyterHandler):
    """The wizard, for whoever is signed in; who is not is sent to the hub and comes back."""

    seat: Seat | None = None

    @authenticated
    async def get(self) -> None:
        if "prefetch" in self.request.headers.get("Sec-Purpose", ""):
            raise HTTPError(503)  # a browser that guesses: it asks again when somebody really comes
        app = self.settings["gristmill"]
        try:
            self.seat, left = app.seats.take(self.current_user.username, app.identity_provider.token_of(self))
        except Full as full:
            self.say(503, "own_seats" if full.own else "no_seat", again=True)
            return
        if left is not None and left.kernel is not None:
            await app.kernel_manager.end(left.kernel)
        _ = self.xsrf_token  # sets the cookie without which the page could not say that it is closed
        try:
            page, policy = await asyncio.gather(app.page_for(self.seat), app.policy_for(self.seat))
        except NotLetIn as error:
            self.log.warning("no page for %s: %s", self.current_user.username, error)
            await app.end(self.seat, GONE)
            self.say(503, "not_ready", again=True)
            return
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", policy)
        self.set_header("Cache-Control", "no-store")
        self.finish(page)
        try:
            await app.let_in(self.seat)  # while the browser reads the page
        except NotLetIn as error:
            self.log.warning("a page of %s is ended: %s", self.current_user.username, error)
            await app.end(self.seat, GONE)

    def on_connection_close(self) -> None:
        """Whoever does not wait for their page needs none."""
        if self.seat is not None:
            app = self.settings["gristmill"]
            app.ioloop.add_callback(app.end, self.seat, GONE)


class Callback(Said, HubOAuthCallbackHandler):  # type: ignore[misc]  # JupyterHub has no types
    """Where the hub sends whoever has signed in."""

    def initialize(self, hub_auth: HubOAuth) -> None:
        self.hub_auth = hub_auth

    async def get(self) -> None:
        try:
            await HubOAuthCallbackHandler.get(self)
        except HTTPError as error:
            if error.status_code < 500:
                raise
            raise HubAwayError from None


class Kernel(APIHandler):
    """What a page asks of its kernel before it connects, and whether it is still there."""

    @authenticated
    async def get(self, kernel_id: str) -> None:
        owned(self, kernel_id)
        model = self.settings["gristmill"].kernel_manager.kernel_model(kernel_id)
        self.finish({"id": kernel_id, "name": model["name"]})


class Shutdown(APIHandler):
    """Where a page says that it is closed."""

    @authenticated
    async def post(self, kernel_id: str) -> None:
        await self.settings["gristmill"].end(owned(self, kernel_id), GONE)
        self.set_status(204)
        self.finish()


class Health(RequestHandler):
    """Whether the service is up, for whoever watches over it: nothing that is anybody's."""

    def get(self) -> None:
        self.finish({"status": "ok"})


class NotThere(Said, JupyterHandler):
    """All other addresses."""

    @allow_unauthenticated
    async def prepare(self) -> None:  # type: ignore[override]
        raise HTTPError(404)


def routes(app: Any, socket: type) -> list[tuple[Any, ...]]:
    """Everything that the service serves."""
    base = app.base_url
    return [
        (base, Page),
        (base.rstrip("/"), _Slash),
        (rf"{base}api/kernels/{_KERNEL}", Kernel),
        (rf"{base}api/kernels/{_KERNEL}/channels", socket),
        (rf"{base}voila/api/shutdown/{_KERNEL}", Shutdown),
        (rf"{app.own_url}/(.+)", AssetHandler, {"assets": app.assets}),
        (f"{base}oauth_callback", Callback, {"hub_auth": app.identity_provider.hub_auth}),
        (f"{base}health", Health),
        (r".*", NotThere),
    ]


class _Slash(RequestHandler):
    def get(self) -> None:
        self.redirect(self.request.path + "/", permanent=True)


def logged(handler: RequestHandler) -> None:
    """One line a request that went wrong: never a query, in which the hub sends its codes."""
    status = handler.get_status()
    tell = access_log.info if status < 400 else access_log.warning
    path = urlsplit(handler.request.uri or "").path
    tell("%d %s %s %.0fms", status, handler.request.method, path, 1000 * handler.request.request_time())
