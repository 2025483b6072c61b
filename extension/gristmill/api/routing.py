"""Routes: what a router's functions need not say, said once.

A route is a plain function over a Mill. From its declaration and its signature it gets who asks (`mill: Mill` is the
platform on their behalf), its body (`body`, checked by msgspec, unknown fields refused), errors in the one shape, an
ETag or a Location, an idempotency key where it creates, and its place in openapi.json:

    routes = Routes("runs")

    @routes.post("/runs", who="editor", power="train", takes=RunRequest, gives=Run, at="/runs/{id}")
    def train(mill: Mill, body: RunRequest) -> Run:
        \"\"\"Queue a run.\"\"\"
        return mill.train(body)

`who` says who may do it, and is checked by the tests and shown in docs/api.md (the Mill's gate is what enforces it):
anyone (no token), user (whoever is let in), viewer, editor or owner of the project that it is about, or admin.

With `whole=True`, all that a function writes is one transaction, together with what is kept for its idempotency key;
such a function takes the Mill, a body and what is in the path, and nothing else.

What is deleted may be named as it was seen: with `of`, the function that shows it, If-Match is heeded.

Functions that are not `async` run in threads. `service: Service` gives what all routes share; a Response that a
function returns is sent as it is.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import hashlib
import inspect
import typing
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Protocol, TypeVar

import msgspec
from fastapi import FastAPI, Query, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from gristmill.api.idempotency import once, question, whole
from gristmill.api.problems import Changed, TooLarge, TooSlow, problem_of
from gristmill.api.service import Service
from gristmill.errors import NotAllowed, NotFound, UsageError
from gristmill.mill import Mill
from gristmill.records import Answer, Who, encode

Function = TypeVar("Function", bound=Callable[..., Any])


class Declared(Protocol):
    """Declares a function as a route, and leaves it as it is."""

    def __call__(self, function: Function, /) -> Function: ...


__all__ = ["ROLES", "Body", "Cursor", "Limit", "Named", "Page", "Routes", "Spec", "page", "part", "strict_form"]

ROLES = ("anyone", "user", "viewer", "editor", "owner", "admin")
_MEDIA = "application/json"
_PATIENCE = 60.0  # seconds that a body may take
_MOST = 1 << 20  # bytes of a body, unless its route says otherwise

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=100, description="`next` of the page before.")]
Named = Annotated[str | None, Query(max_length=700, description="`next` of the page before.")]


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A body that is no record."""


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """Some of a list; `next` is the cursor of the page that follows, if there is more."""

    items: Sequence[Any]
    next: str | None = None


def page(found: Sequence[Any], limit: int, of: Callable[[Any], str] = lambda record: record.id) -> Page:
    """A page of at most `limit` things, of which one more than that was asked for."""
    items = found[:limit]
    return Page(items=items, next=of(items[-1]) if len(found) > limit else None)


def part(
    whole: Sequence[Any], limit: int, cursor: str | None, of: Callable[[Any], str] = lambda record: record.id
) -> Page:
    """A page of a list that is at hand as a whole; `of` tells each thing in it from all others.

    Right for what people set up one by one, and so stays short; what grows by being used is paged in the catalog.
    """
    names = [of(record) for record in whole]
    if cursor is not None and cursor not in names:
        raise NotFound(f"There is no {cursor} in this list.", cure="Begin again with the first page.")
    start = 0 if cursor is None else names.index(cursor) + 1
    return page(whole[start : start + limit + 1], limit, of)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spec:
    """What a route was declared as."""

    who: str
    power: str = "use"
    takes: Any = None
    gives: Any = None
    many: bool = False
    creates: bool = False
    status: int = 200
    at: str = ""
    most: int = _MOST
    also: tuple[int, ...] = ()
    whole: bool = False
    of: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        if self.who not in ROLES:
            raise ValueError(f"who={self.who!r}: one of {', '.join(ROLES)}")

    @property
    def public(self) -> bool:
        """Whether it takes no token."""
        return self.who == "anyone"


class Routes:
    """The routes of one noun."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._declared: list[tuple[str, str, Callable[..., Any], Spec]] = []

    def get(self, path: str, *, who: str, gives: Any = None, many: bool = False, also: Sequence[int] = ()) -> Declared:
        """Something to be read; `many` are a page of it. `also` are other statuses that it may answer with."""
        return self._declare("GET", path, Spec(who=who, gives=gives, many=many, also=tuple(also)))

    def post(
        self, path: str, *, who: str, power: str = "use", gives: Any = None, at: str = "", **more: Any
    ) -> Declared:
        """Something to be done. With `at`, where it will be found, it creates: 201, and idempotent under a key."""
        status = 201 if at else (200 if gives else 204)
        given = {"gives": gives, "at": at, "creates": bool(at), "status": status} | more
        return self._declare("POST", path, Spec(who=who, power=power, **given))

    def put(self, path: str, *, who: str, power: str = "use", takes: Any = None, gives: Any = None) -> Declared:
        """Something to be set."""
        return self._declare("PUT", path, Spec(who=who, power=power, takes=takes, gives=gives))

    def patch(self, path: str, *, who: str, power: str = "use", takes: Any = None, gives: Any = None) -> Declared:
        """Something to be changed in part."""
        return self._declare("PATCH", path, Spec(who=who, power=power, takes=takes, gives=gives))

    def delete(self, path: str, *, who: str, of: Callable[..., Any] | None = None) -> Declared:
        """Something to be taken away; `of` shows it, and what has changed since it was seen stays under If-Match."""
        return self._declare("DELETE", path, Spec(who=who, status=204, of=of))

    def _declare(self, method: str, path: str, spec: Spec) -> Declared:
        def declared(function: Function) -> Function:
            self._declared.append((method, path, function, spec))
            return function

        return declared

    def add_to(self, app: FastAPI, prefix: str) -> None:
        """Have an application serve them below the prefix."""
        for method, path, function, spec in self._declared:
            endpoint = _endpoint(function, spec)
            endpoint.gristmill = spec
            app.router.add_api_route(
                prefix + path, endpoint, methods=[method], status_code=spec.status, response_model=None,
                summary=(inspect.getdoc(function) or path).splitlines()[0], description="", tags=[self.noun],
                operation_id=f"{self.noun}.{function.__name__}", route_class_override=_Route,
            )  # fmt: skip


class _Route(APIRoute):
    """Lets people in, reads what they send, and gives every error its shape."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        if self.endpoint.gristmill.whole:  # type: ignore[attr-defined]
            # Nothing in it is FastAPI's to find or to close, and all of its errors are answers already.
            handle = self.get_route_handler()

            async def answer(scope: Scope, receive: Receive, send: Send) -> None:
                response = await handle(Request(scope, receive, send))
                await response(scope, receive, send)

            self.app = answer

    def get_route_handler(self) -> Callable[[Request], typing.Coroutine[Any, Any, Response]]:
        inner, spec = super().get_route_handler(), self.endpoint.gristmill  # type: ignore[attr-defined]

        async def carry_out(request: Request) -> Response:
            try:
                return await inner(request)
            except Exception as error:
                return problem_of(error, request)

        def in_one(request: Request, asked: Answer | None, fresh: bool) -> Response:
            try:
                catalog, act = request.app.state.service.parts.catalog, self.endpoint.in_one  # type: ignore[attr-defined]
                return whole(catalog, asked, functools.partial(act, request), fresh=fresh)
            except Exception as error:
                return problem_of(error, request)

        async def handle(request: Request) -> Response:
            service: Service = request.app.state.service
            try:
                who = None if spec.public else await service.identity.who(request)
                if who is not None:
                    request.state.mill = service.mill.on_behalf(_admitted(who))
                request.state.body = await _read(request, spec.most) if spec.takes or spec.creates else b""
                if spec.whole and who is not None:
                    asked = question(who.name, request, request.state.body)
                    return await service.line.take(functools.partial(in_one, request, asked), asked)
                if spec.creates and who is not None:
                    again = functools.partial(carry_out, request)
                    return await once(service.parts.catalog, who.name, request, request.state.body, again)
            except Exception as error:
                return problem_of(error, request)
            return await carry_out(request)

        return handle


def _admitted(who: Who) -> Who:
    if not who.powers:
        raise NotAllowed(
            f"{who.name} may not use Gristmill.",
            cause="It takes the scope custom:gristmill:use.",
            cure="Ask whoever runs this hub.",
        )
    return who


async def _read(request: Request, most: int) -> bytes:
    told = request.headers.get("content-length", "0")
    refused = TooLarge("What was sent is too long.", cause=f"This route takes {most} bytes.", cure="Send less.")
    if not told.isdigit() or int(told) > most:
        raise refused
    read = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE):
            async for chunk in request.stream():
                read += chunk
                if len(read) > most:
                    raise refused
    except TimeoutError:
        raise TooSlow("What was announced did not come.", cure="Send it again.") from None
    except ClientDisconnect:
        raise TooSlow("The connection was closed before all was sent.") from None
    return bytes(read)


# --- from a function to an endpoint --------------------------------------------------------------------------------


_SOURCES: dict[type, Callable[[Request], Any]] = {
    Mill: lambda request: request.state.mill,
    Service: lambda request: request.app.state.service,
}


def _endpoint(function: Callable[..., Any], spec: Spec) -> Any:
    """The function as FastAPI takes it: it gives what is ours, and the answer is a Response."""
    signature = inspect.signature(function, eval_str=True)
    ours: dict[str, Callable[[Request], Any]] = {}  # FastAPI would take as long for each of them as for all the others
    given = []
    for name, parameter in signature.parameters.items():
        if name == "body":
            ours[name] = _reader(spec.takes)
        elif isinstance(parameter.annotation, type) and parameter.annotation in _SOURCES:
            ours[name] = _SOURCES[parameter.annotation]
        else:
            given.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
    asking = next((one.name for one in given if one.annotation is Request), None)
    if asking is None:  # FastAPI gives a request to one parameter only
        given.append(inspect.Parameter("_request", inspect.Parameter.KEYWORD_ONLY, annotation=Request))

    def asked(named: dict[str, Any]) -> Request:
        request: Request = named.pop("_request") if asking is None else named[asking]
        named |= {name: source(request) for name, source in ours.items()}
        return request

    async def answered_later(**named: Any) -> Response:
        request = asked(named)
        return _answer(await function(**named), request, spec)

    def answered(**named: Any) -> Response:
        request = asked(named)
        _as_seen(request, spec, named)
        return _answer(function(**named), request, spec)

    endpoint: Any = answered_later if inspect.iscoroutinefunction(function) else answered
    endpoint.__name__, endpoint.__doc__ = function.__name__, function.__doc__
    endpoint.__signature__ = inspect.Signature(given)
    if spec.whole:
        endpoint.in_one = _in_one(function, spec)
    return endpoint


def _in_one(function: Callable[..., Any], spec: Spec) -> Callable[[Request], Response]:
    """The function as it is called where all that it writes is one transaction: problems are answers as well."""
    read = _reader(spec.takes) if spec.takes else None

    def act(request: Request) -> Response:
        catalog = request.app.state.service.parts.catalog
        try:
            with catalog.together():
                named = {} if read is None else {"body": read(request)}
                return _answer(function(mill=request.state.mill, **named, **request.path_params), request, spec)
        except Exception as error:
            return problem_of(error, request)

    return act


def _answer(result: Any, request: Request, spec: Spec) -> Response:
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(status_code=204)
    body = encode(result)
    headers = {}
    if spec.at:
        headers["Location"] = request.app.state.service.prefix + spec.at.format(id=getattr(result, "id", ""))
    if request.method == "GET" and not spec.many:
        headers["ETag"] = _tag(body)
        headers["Cache-Control"] = "private, no-cache"
        if headers["ETag"] in [tag.removeprefix("W/") for tag in _tags(request, "if-none-match")]:
            return Response(status_code=304, headers=headers)
    return Response(body, spec.status, headers, _MEDIA)


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _tags(request: Request, header: str) -> list[str]:
    return [tag.strip() for tag in request.headers.get(header, "").split(",") if tag.strip()]


def _as_seen(request: Request, spec: Spec, named: dict[str, Any]) -> None:
    """Go on only with what still is as who asks has seen it, if they say how that was."""
    tags = _tags(request, "if-match")
    if spec.of is None or not tags or "*" in tags:
        return
    if _tag(encode(spec.of(**named))) not in tags:
        raise Changed("It has changed since you saw it.", cure="Look at it again, and ask once more.")


# --- bodies ----------------------------------------------------------------------------------------------------------


def _reader(kind: Any) -> Callable[[Request], Any]:
    strict = strict_form(kind)
    decoder = msgspec.json.Decoder(strict)

    def read(request: Request) -> Any:
        try:
            found = decoder.decode(request.state.body or b"{}")
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UsageError("What was sent does not fit.", cause=f"{error}.", cure="See openapi.json.") from None
        if strict is kind:
            return found
        return kind(**{name: getattr(found, name) for name in strict.__struct_fields__})

    return read


@functools.cache
def strict_form(kind: Any) -> Any:
    """A record's fields as a body that refuses unknown ones."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    hints = typing.get_type_hints(kind)
    fields: list[Any] = []
    for field in dataclasses.fields(kind):
        if field.default is not dataclasses.MISSING:
            fields.append((field.name, hints[field.name], field.default))
        elif field.default_factory is not dataclasses.MISSING:
            fields.append((field.name, hints[field.name], msgspec.field(default_factory=field.default_factory)))
        else:
            fields.append((field.name, hints[field.name]))
    return msgspec.defstruct(kind.__name__, fields, kw_only=True, frozen=True, forbid_unknown_fields=True)
