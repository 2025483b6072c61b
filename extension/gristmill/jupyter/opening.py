"""`offer`, `open` and `send`: a file becomes a dataset, a run's notebook comes into the person's files, and goes back.

All ask the platform as the person, in a thread: fetching data takes a while, and a trial up to minutes. What is read
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
from gristmill.records import Dataset, RecipeEntry, Run, RunRequest, encode

__all__ = ["Offer", "Open", "Send"]

Body = TypeVar("Body", bound=msgspec.Struct)
Found = TypeVar("Found")


class _Opened(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is to be opened: a run, or a dataset with what could be done with it; what is left open is proposed."""

    run: str | None = None
    dataset: str | None = None
    recipe: str | None = None
    task: str | None = None
    target: str | None = None
    metric: str | None = None
    budget: float | None = None
    name: str | None = None
    seed: int = 0
    settings: dict[str, Any] = msgspec.field(default_factory=dict)

    def wanted(self) -> str | RunRequest:
        """The run's id, or what a run on the dataset would ask for."""
        asked = {name: getattr(self, name) for name in self.__struct_fields__ if name not in ("run", "dataset")}
        if self.dataset is not None and self.run is None:
            return RunRequest(dataset_id=self.dataset, **asked)
        if self.run is None or self.dataset is not None or any(asked.values()):
            raise UsageError(
                "It is not clear what is to be opened.", cure="Name a run alone, or a dataset and perhaps a recipe."
            )
        return self.run


class _Offered(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A file that is to become a dataset: its path as the contents manager knows it, and where it belongs."""

    path: str
    project: str = "default"


class _Sent(msgspec.Struct, forbid_unknown_fields=True, frozen=True, rename={"kind": "as"}):
    """What is to be sent: the notebook's path as the contents manager knows it, and what it is to become.

    `dataset` is what a run of it trains on, where no run.json beside it says so.
    """

    path: str
    kind: str
    dataset: str | None = None
    name: str | None = None
    budget: float | None = None
    accept: tuple[str, ...] = ()


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

    def root(self, cause: str, cure: str) -> str:
        """The folder that the person's files are in; NotPossible where they are in none."""
        root = getattr(self.contents_manager, "root_dir", None)
        if not root:
            raise NotPossible("This server keeps its files elsewhere than in a folder.", cause=cause, cure=cure)
        return str(root)

    async def created(self, record: object, location: str) -> None:
        """Answer with what was made."""
        self.set_status(201)
        self.set_header("Location", location)
        self.write(encode(record))
        await self.finish()


class Offer(_Asking):
    """A file of the person's, as a dataset with its proposal: its bytes go from here to the store, not by the page."""

    async def post(self) -> None:
        """Send it, and have it looked at."""
        asked = self.body(_Offered)
        file = await self._file(asked.path.strip("/"))

        def admitted(client: Client) -> Dataset:
            return client.admit(client.upload(file, project=asked.project).id)

        dataset = await self.ask(admitted)
        await self.created(dataset, f"{self.base_url}gristmill/api/datasets/{dataset.id}")

    async def _file(self, path: str) -> Path:
        """Where a file is that the contents manager shows; what it hides, or does not have, is refused by it."""
        files: Any = self.contents_manager
        found: Any = await ensure_async(files.get(path, content=False))
        if found["type"] == "directory":
            raise UsageError(
                f"{path or 'That'} is a folder.", cause="One file becomes a dataset.", cure="Make it a ZIP."
            )
        return Path(self.root("Its bytes are read from a folder only.", "Upload it in the wizard."), path)


class Open(_Asking):
    """A notebook, with its data, in a new folder of the person's files."""

    async def post(self) -> None:
        """Lay it out; the answer says where."""
        asked = self.body(_Opened)
        wanted = asked.wanted()
        root = self.root(
            "A run's data can be laid out in a folder only.",
            "Use `gristmill notebook RUN --folder DIR` where there is one.",
        )
        shelf = self.platform.lent
        folder = await self.ask(lambda client: editing.lay_out(client, wanted, Path(root), shelf))
        path = f"{folder.relative_to(root).as_posix()}/{editing.NOTEBOOK}"
        url = f"{self.base_url}lab/tree/{quote(path)}"
        where = {"path": path, "folder": path.rpartition("/")[0], "url": url}
        await self.created(where | {"run": asked.run, "dataset": asked.dataset}, url)


class Send(_Asking):
    """An edited notebook, back to the platform."""

    async def post(self) -> None:
        """Send it; the answer is the run, or the recipe."""
        wanted = self.body(_Sent)
        if wanted.kind not in ("run", "recipe"):
            raise UsageError(f"A notebook cannot become a {wanted.kind!r}.", cure="Send it as: run, or recipe.")
        if wanted.kind == "recipe" and not wanted.name:
            raise UsageError("The recipe has no name.", cure="Give it one: small letters, digits, hyphens.")
        edited = await self._read(wanted.path.strip("/"), wanted.dataset)
        below = f"{self.base_url}gristmill/api"
        if wanted.kind == "recipe":
            entry: RecipeEntry = await self.ask(lambda client: edited.as_recipe(client, wanted.name or ""))
            await self.created(entry, f"{below}/recipes")
        else:
            run: Run = await self.ask(
                lambda client: edited.as_run(client, name=wanted.name, budget=wanted.budget, accepted=wanted.accept)
            )
            await self.created(run, f"{below}/runs/{run.id}")

    async def _read(self, path: str, dataset: str | None) -> Edited:
        """The notebook as the contents manager has it, and what lies beside it unless a dataset is named."""
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
            about=editing.About.on(dataset) if dataset else editing.About.of(said),
        )

    async def _content(self, path: str, **how: Any) -> Any:
        files: Any = self.contents_manager
        model: Any = await ensure_async(files.get(path, content=True, **how))
        return model["content"]
