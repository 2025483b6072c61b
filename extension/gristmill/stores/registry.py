"""Which class opens which URL: the entry points of the group `gristmill.stores`, named after the URL's scheme."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from urllib.parse import parse_qsl, urlsplit

from gristmill.errors import NotPossible, UsageError
from gristmill.stores.base import Store

__all__ = ["GROUP", "endpoint_of", "kinds", "open_store", "open_with"]

GROUP = "gristmill.stores"

# Written as entry points, so that a plain checkout on the import path finds what an installed distribution declares.
# All that are installed are looked through only for another: that takes a tenth of a start of the API.
_BUILT_IN = (
    EntryPoint(name="az", value="gristmill.stores.azure:AzureStore", group=GROUP),
    EntryPoint(name="file", value="gristmill.stores.local:LocalStore", group=GROUP),
    EntryPoint(name="gs", value="gristmill.stores.gcs:GoogleStore", group=GROUP),
    EntryPoint(name="s3", value="gristmill.stores.s3:S3Store", group=GROUP),
)


def kinds() -> dict[str, EntryPoint]:
    """Scheme -> entry point; a built-in one goes before one of the same name that is installed."""
    return {point.name: point for point in (*entry_points(group=GROUP), *_BUILT_IN)}


def open_store(url: str, *, secret: bytes | None = None) -> Store:
    """The store at `url`; `secret` signs the URLs of stores that have no signatures of their own."""
    return _kind(url).open(url, secret=secret)


def open_with(url: str, credentials: Mapping[str, str]) -> Store:
    """The store at `url` for who holds these credentials; see `Store.open_with`."""
    return _kind(url).open_with(url, credentials)


def endpoint_of(url: str) -> str | None:
    """Host and port that a store's URL names as its server; None where it is the cloud's own, or the URL has none."""
    named = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)).get("endpoint")
    return None if named is None else urlsplit(named).netloc.lower() or named


def _kind(url: str) -> type[Store]:
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    known = {point.name: point for point in _BUILT_IN}
    if scheme not in known:
        known = kinds()
    if scheme not in known:
        raise UsageError(
            f"There is no kind of store called {scheme or 'nothing'!r}.",
            cure=f"Begin the store's URL with one of: {', '.join(f'{name}://' for name in sorted(known))}.",
        )
    try:
        kind = known[scheme].load()
    except ImportError as error:
        raise NotPossible(
            f"A store on {scheme}:// cannot be used here.",
            cause=f"{error}.",
            cure="Install what it needs, for a cloud's store: pip install 'gristmill[cloud]'.",
        ) from error
    if not (isinstance(kind, type) and issubclass(kind, Store)):
        raise NotPossible(f"The plugin for {scheme}:// is not a store.", cause=f"{known[scheme].value} is no Store.")
    return kind
