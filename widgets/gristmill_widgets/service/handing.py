"""Letting a visitor in: their token goes to their kernel over the kernel's own channel, signed with its key, once.

The code is executed silently: it is in no history, no log and no message that the page sees. It catches whatever it
raises, because a traceback would show the line that holds the token.
"""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.session import Session

__all__ = ["NotLetIn", "let_in"]

_PATIENCE = 20.0  # seconds that a kernel may take; it has nothing else to do
_CODE = """
try:
    door.let_in({url!r}, {token!r})
except BaseException:
    pass
"""


class NotLetIn(Exception):
    """The kernel did not take the visitor in."""


async def let_in(manager: Any, url: str, token: str) -> None:
    """Tell the kernel of this KernelManager whom it is for; NotLetIn unless it says that it has understood."""
    client: AsyncKernelClient = manager.client()
    # A session of its own: one identity on two sockets of a kernel would have each take the other's answers
    client.session = Session(key=manager.session.key, signature_scheme=manager.session.signature_scheme)
    try:
        client.shell_channel.start()
        code = _CODE.format(url=url, token=token)
        asked = client.execute(code, silent=True, store_history=False, user_expressions={"taken": "door.taken"})
        async with asyncio.timeout(_PATIENCE):
            if not await _understood(client, asked):
                raise NotLetIn("the notebook has no door")
    except TimeoutError:
        raise NotLetIn(f"the kernel has not answered for {_PATIENCE:.0f} s") from None
    finally:
        client.stop_channels()


async def _understood(client: AsyncKernelClient, asked: str) -> bool:
    while True:
        answer: dict[str, Any] = await client.get_shell_msg(timeout=None)
        if answer["parent_header"].get("msg_id") == asked:
            taken = answer["content"].get("user_expressions", {}).get("taken", {})
            return bool(taken.get("data", {}).get("text/plain") == "True")
