"""Where a visitor's page may send files: the API knows their stores, and tells it to whoever holds their token.

What it says goes into the page's policy, so only what is an origin counts. Where it does not answer in time, the page
opens without: files then go through its kernel.
"""

from __future__ import annotations

import json
import re

from tornado.httpclient import AsyncHTTPClient, HTTPClientError

__all__ = ["ORIGIN", "origins_of"]

ORIGIN = re.compile(r"(https?://[A-Za-z0-9._:\[\]-]+)/?")  # nothing that would end a directive of the page's policy
_PATIENCE = 3.0  # seconds


async def origins_of(api: str, token: str) -> tuple[str, ...]:
    """The origins of the stores that whoever has this token may put files into."""
    url, headers = f"{api.rstrip('/')}/uploads/origins", {"Authorization": f"Bearer {token}"}
    try:
        answer = await AsyncHTTPClient().fetch(
            url, headers=headers, connect_timeout=_PATIENCE, request_timeout=_PATIENCE, follow_redirects=False
        )
        found = json.loads(answer.body)["origins"]
        return tuple(origin for origin in found if ORIGIN.fullmatch(origin))
    except (HTTPClientError, OSError, ValueError, KeyError, TypeError):
        return ()
