"""`open` and `send`: a run's notebook into the person's files, and an edited one back.

Both ask the platform as the person, in a thread: fetching data takes a while, and a trial up to minutes. What is read
is read through the contents manager, as the person's editor sees it. What is opened is laid out as files, for its data
may be larger than a contents manager takes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from jupyter_server.utils import ensure_async
from tornado.web import HTTPError

from gristmill.client import editing
from gristmill.client.editing import Edited
from gristmill.client.protocol import Client
from gristmill.errors import NotPossible, UsageError
from gristmill.jupyter.asked import Asked
from gristmill.records import RecipeEntry, Run, encode

__all__ = ["Open", "Send"]

Body = TypeVar("Body", bound=msgspec.Struct)
Found = TypeVar("Found")


class _Opened(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is to be opened."""

    run: str


class _Sent(msgspec.Struct, forbid_unknown_fields=True, frozen=True, rename={"kind": "as"}):
    """What is to be sent: the notebook's path as the contents manager knows it, and what it is to become."""

    path: str
    kind: str
    name: str | None = None
    budget: float | None = None


class _Asking(Asked):
    """A request with a small JSON body, answered with what the platform says to it."""

    def body(self, kind: type[Body]) -> Body:
        """The body, checked."""
        try:
            return msgspec.json.decode(self.request.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UsageError(
                "The body is not as it should be.", cause=f"{error}.", cure="See docs/jupyter.md."
            ) from None

    async def ask(self, question: Callable[[Client], Found]) -> Found:
        """The platform's answer."""

        def asked() -> Found:
            with self.platform.client() as client:
                return question(client)

        return await asyncio.to_thread(asked)

    async def created(self, record: object, location: str) -> None:
        """Answer with what was made."""
        self.set_status(201)
        self.set_header("Location", location)
        self.write(encode(record))
        await self.finish()


class Open(_Asking):
    """A run's notebook, with its data, in a new folder of the person's files."""

    async def post(self) -> None:
        """Lay it out; the answer says where."""
        wanted = self.body(_Opened)
        root = getattr(self.contents_manager, "root_dir", None)
        if not root:
            raise NotPossible(
                "This server keeps its files elsewhere than in a folder.",
                cause="A run's data can be laid out in a folder only.",
                cure="Use `gristmill notebook RUN --folder DIR` where there is one.",
            )
        folder = await self.ask(lambda client: editing.lay_out(client, wanted.run, Path(root)))
        path = f"{folder.relative_to(root).as_posix()}/{editing.NOTEBOOK}"
        url = f"{self.base_url}lab/tree/{quote(path)}"
        await self.created({"path": path, "folder": path.rpartition("/")[0], "url": url, "run": wanted.run}, url)


class Send(_Asking):
    """An edited notebook, back to the platform."""

    async def post(self) -> None:
        """Send it; the answer is the run, or the recipe."""
        wanted = self.body(_Sent)
        if wanted.kind not in ("run", "recipe"):
            raise UsageError(f"A notebook cannot become a {wanted.kind!r}.", cure="Send it as: run, or recipe.")
        if wanted.kind == "recipe" and not wanted.name:
            raise UsageError("The recipe has no name.", cure="Give it one: small letters, digits, hyphens.")
        edited = await self._read(wanted.path.strip("/"))
        below = f"{self.base_url}gristmill/api"
        if wanted.kind == "recipe":
            entry: RecipeEntry = await self.ask(lambda client: edited.as_recipe(client, wanted.name or ""))
            await self.created(entry, f"{below}/recipes")
        else:
            run: Run = await self.ask(lambda client: edited.as_run(client, name=wanted.name, budget=wanted.budget))
            await self.created(run, f"{below}/runs/{run.id}")

    async def _read(self, path: str) -> Edited:
        """The notebook as the contents manager has it, and what lies beside it."""
        folder, _, file = path.rpartition("/")
        if not file.endswith(".ipynb"):
            raise UsageError(f"{path or 'Nothing'} is no notebook.", cure="Name a file that ends in .ipynb.")
        model = await self._content(path, type="notebook")
        try:
            about = await self._content(f"{folder}/{editing.ABOUT}".lstrip("/"), type="file", format="text")
            said = str(about)
        except HTTPError:
            said = ""
        return Edited(
            text=json.dumps(model, ensure_ascii=False),
            called=editing.called(file, folder.rpartition("/")[2]),
            run_id=editing.about_text(said),
        )

    async def _content(self, path: str, **how: Any) -> Any:
        files: Any = self.contents_manager
        model: Any = await ensure_async(files.get(path, content=True, **how))
        return model["content"]
