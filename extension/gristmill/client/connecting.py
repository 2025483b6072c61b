"""Where the hub is, and what lets this person in: found without asking anybody.

The first of these that says so is believed; where none does, there is no hub, and the embedded platform answers.

1. `GRISTMILL_URL`, with `GRISTMILL_TOKEN`
2. what `gristmill login` has kept in `GRISTMILL_HOME/login.json`, readable by its owner alone
3. JupyterHub, in a server that it has started: the service `gristmill` at the hub's public address

A token never stands in a URL, a message or a representation, and goes to no address but the one it was given for.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gristmill.errors import NotSignedIn, UsageError

__all__ = ["Address", "find", "forget", "remember", "remembered"]

_LOGIN = "login.json"
_SERVICE = "services/gristmill/"  # where a hub serves the API, below its own prefix


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """A hub's URL, which ends in a slash, and a token for it."""

    url: str
    token: str = field(repr=False)

    @classmethod
    def of(cls, url: str, token: str) -> Address:
        """The address, checked; UsageError if it cannot be one."""
        token = token.strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise UsageError("That is no token.", cause="It is empty, or has spaces or signs that no token has.")
        return cls(url=checked(url), token=token)


def checked(url: str) -> str:
    """The URL with a slash at its end; UsageError unless it can be a hub's."""
    try:
        parts = urlsplit(url.strip())
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or not url.strip().isprintable():
        raise UsageError(
            "That is no hub's address.", cure="Give one such as https://hub.example.org/services/gristmill"
        )
    if "@" in parts.netloc:
        raise UsageError("A hub's address holds no user and no password.", cure="Give the token by itself.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/"


def find(home: Path, environment: Mapping[str, str] = os.environ) -> Address | None:
    """The hub that this person means, or None; see the top of this module."""
    url, token = environment.get("GRISTMILL_URL", ""), environment.get("GRISTMILL_TOKEN", "")
    kept, hub = remembered(home), _hub(environment)
    if not url:
        chosen = kept or hub
        return Address.of(chosen.url, token) if chosen and token else chosen
    url = checked(url)
    if token:
        return Address.of(url, token)
    if kept and kept.url == url:
        return kept
    if hub and _origin(hub.url) == _origin(url):
        return Address(url=url, token=hub.token)
    raise NotSignedIn(
        f"There is no token for {url}.",
        cure="Set GRISTMILL_TOKEN, or sign in: gristmill login URL. Without a URL, the embedded platform answers.",
    )


def _hub(environment: Mapping[str, str]) -> Address | None:
    """The hub that has started this server, where it tells its public address."""
    public, token = environment.get("JUPYTERHUB_PUBLIC_HUB_URL", ""), environment.get("JUPYTERHUB_API_TOKEN", "")
    if not public or not token:
        return None
    with contextlib.suppress(UsageError):
        return Address.of(checked(public).removesuffix("hub/") + _SERVICE, token)
    return None


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


# --- what `gristmill login` keeps ------------------------------------------------------------------------------------


def remembered(home: Path) -> Address | None:
    """The hub that this person has signed in to, or None."""
    try:
        kept = json.loads((home / _LOGIN).read_text("utf-8"))
        return Address.of(str(kept["url"]), str(kept["token"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, UsageError) as error:
        raise NotSignedIn(
            f"{home / _LOGIN} cannot be read.", cause=type(error).__name__, cure="Sign in again: gristmill login URL"
        ) from None  # what the file holds is in the error's own text


def remember(home: Path, address: Address) -> Path:
    """Keep the address, readable by its owner alone; where it lies now."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=home, prefix=f".{_LOGIN}-")  # made with mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"url": address.url, "token": address.token}, file)
        return Path(name).replace(home / _LOGIN)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def forget(home: Path) -> bool:
    """Drop what was kept; whether there was anything."""
    try:
        (home / _LOGIN).unlink()
    except FileNotFoundError:
        return False
    return True
