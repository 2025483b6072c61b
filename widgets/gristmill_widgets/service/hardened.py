"""All that Gristmill overrides of Voila, which knows no owners: its app, its kernels, and every handler it serves.

Voila is pinned in setup.py, because this module leans on what is its own business: `voila_kernel_manager` keeps the
pool, `get_rendered_notebook` hands a page out, and `init_handlers` is the list that is replaced as a whole, so that a
route which a later Voila adds is not served by accident.

    stock Voila                                          here
    any visitor may GET, open or shut down any kernel    each kernel has an owner; others get 403
    /voila/query tells anybody a page's query string     not there
    /voila/files, /voila/api/contents, the tree          not there
    kernels inherit the service's environment            kernels start from an allow-list
    the next kernel of the pool learns a visitor's URL   no kernel learns any
    an empty pool starts kernels without end             seats are counted; who finds none waits, and is let in
    kernels listen on TCP ports                          kernels listen on sockets in a folder of the service's own
    idle kernels of the pool are never looked after      rounds end what should not go on
    a message that claims 2**60 parts has them counted   its socket is closed
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import resource
import shutil
import sys
import uuid
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_server.auth.authorizer import AllowAllAuthorizer
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from voila.app import Voila
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from gristmill_widgets.screen import code, style
from gristmill_widgets.service.assets import Assets
from gristmill_widgets.service.copies import Original, copies_can_be_made
from gristmill_widgets.service.handing import NotLetIn, let_in
from gristmill_widgets.service.handlers import HEADERS, WORDS, NotThere, logged, owned, routes
from gristmill_widgets.service.identity import Visitors
from gristmill_widgets.service.messages import NEWER, UNSOUND, is_sound
from gristmill_widgets.service.origins import origins_of
from gristmill_widgets.service.rounds import Rounds
from gristmill_widgets.service.seats import Seat, Seats
from gristmill_widgets.service.settings import ServiceSettings, kernel_environment

__all__ = ["Hardened", "serve"]

HERE = Path(__file__).parent
NOTEBOOK = HERE.parent / "pages" / "wizard.ipynb"
SCRIPTS = (HERE / "pages" / "static",)

# What a page may send to its kernel: the messages of widgets, and no code
_MESSAGES = ["comm_open", "comm_close", "comm_msg", "comm_info_request", "kernel_info_request"]

_COPIED = EntryPoint(
    "gristmill-copied", "gristmill_widgets.service.copies:Copied", "jupyter_client.kernel_provisioners"
)
_FILES = 65_536  # that may be open at a time: a page takes some twenty, sockets and what they are made of
_REFILL = 0.1  # seconds after which a kernel that was given away is replaced: its page comes first


class OneKernel(KernelSpecManager):
    """The only kernel there is, whatever is installed: this Python, without a history."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.enabled=False"]
        copied = {"kernel_provisioner": {"provisioner_name": _COPIED.name}} if copies_can_be_made() else {}
        return KernelSpec(argv=argv, display_name="Python 3", language="python", name=kernel_name, metadata=copied)

    def find_kernel_specs(self) -> dict[str, str]:
        return {"python3": ""}

    def get_all_specs(self) -> dict[str, Any]:
        return {"python3": {"resource_dir": "", "spec": self.get_kernel_spec("python3").to_dict()}}


class OneNotebook(LargeFileManager):
    """Reads the page's notebook for the pool; it comes with the program, and nobody's signature is asked of it."""

    def mark_trusted_cells(self, nb: Any, path: str = "") -> None:
        """Voila's pool would warn of it at every kernel, and write a secret for signing into the home of its user."""


class Kernels(AsyncMappingKernelManager):
    """Kernels that learn nothing of the service, each in a folder of its own. Voila puts its pool on top of this."""

    def __init__(self, **more: Any) -> None:
        folder = Path(more["connection_dir"])
        self.original = Original(kernel_environment(os.environ, str(folder)), str(folder))
        KernelProvisionerFactory.instance().provisioners[_COPIED.name] = _COPIED
        super().__init__(**more)  # type: ignore[no-untyped-call]

    async def start_kernel(self, *, kernel_id: str | None = None, **asked: Any) -> str:  # type: ignore[override]
        kernel_id = kernel_id or str(uuid.uuid4())
        folder = self._folder(kernel_id)
        folder.mkdir(mode=0o700)
        # What Voila would set is dropped as a whole: os.environ, and the URL of whoever used the pool last
        asked = {name: value for name, value in asked.items() if name not in ("env", "path")}
        environment = kernel_environment(os.environ, str(folder))
        started: str = await super().start_kernel(kernel_id=kernel_id, env=environment, cwd=str(folder), **asked)
        return started

    async def end(self, kernel_id: str) -> None:
        """End a kernel, now, and all that it has written."""
        if kernel_id in self:
            await self.shutdown_kernel(kernel_id, now=True)  # type: ignore[no-untyped-call]
        shutil.rmtree(self._folder(kernel_id), ignore_errors=True)

    def _folder(self, kernel_id: str) -> Path:
        return Path(self.connection_dir) / kernel_id


class Socket(VoilaKernelWebsocketHandler):  # type: ignore[misc]  # Voila has no types
    """The websocket between a page and its kernel, for its owner alone."""

    seat: Seat | None = None

    async def get(self, kernel_id: str) -> None:
        self.seat = owned(self, kernel_id)
        await super().get(kernel_id)

    async def open(self, kernel_id: str) -> None:
        if self.seat is not None:
            self.settings["gristmill"].seats.opened(self.seat, self)
        await super().open(kernel_id)

    def on_message(self, ws_message: str | bytes) -> None:
        if is_sound(ws_message, self.selected_subprotocol):
            super().on_message(ws_message)
        else:
            self.close(UNSOUND)

    def write_message(self, message: Any, binary: bool = False) -> Any:
        if binary and self.selected_subprotocol != NEWER:  # Voila's would read it as if it were of that one
            return super(VoilaKernelWebsocketHandler, self).write_message(message, binary)
        return super().write_message(message, binary)

    def write_error(self, _: int, **__: Any) -> None:
        self.finish()  # a browser shows no page in place of a socket

    def on_close(self) -> None:
        if self.seat is not None:
            self.settings["gristmill"].seats.closed(self.seat, self, self.close_code)
        super().on_close()


class Hardened(Voila):  # type: ignore[misc]  # Voila has no types
    """Voila's app, with one notebook, known visitors, and no other handler than ours."""

    config_file_paths: list[str] = []  # noqa: RUF012  # what lies about in Jupyter's folders does not configure this

    def __init__(self, settings: ServiceSettings, **more: Any) -> None:
        super().__init__(**more)
        self.service = settings
        self.seats = Seats(settings.seats, settings.seats_each)
        self._turn = asyncio.Lock()
        self._rounds: asyncio.Task[None] | None = None

    def configure(self) -> None:
        """What can be said by Voila's own settings."""
        self.ip, self.port, self.port_retries = self.service.address, self.service.port, 0
        self.base_url = self.server_url = self.service.prefix
        self.cookie_secret = hmac.digest(os.environ["JUPYTERHUB_API_TOKEN"].encode(), b"cookies", "sha256")
        self.open_browser = False
        self.notebook_path = str(NOTEBOOK)
        self.identity_provider_class, self.authorizer_class = Visitors, AllowAllAuthorizer
        self.config.VoilaConfiguration.update(
            preheat_kernel=True, default_pool_size=self.service.pool, template="gristmill", show_tracebacks=False,
            multi_kernel_manager_class=Kernels, kernel_spec_manager_class=OneKernel,
            allow_template_override="NO", allow_theme_override="NO",
        )  # fmt: skip
        self.config.VoilaKernelManager.update(fill_delay=_REFILL, cull_idle_timeout=0)
        self.config.KernelManager.update(transport="ipc", autorestart=False)
        self.config.ZMQChannelsWebsocketConnection.limit_rate = False  # a page that draws pictures would lose messages

    def setup_template_dirs(self) -> None:
        super().setup_template_dirs()
        self.template_paths.insert(0, str(HERE / "pages"))
        self.assets = Assets(SCRIPTS, {"screen.js": code(), "screen.css": style()})

    @property
    def own_url(self) -> str:
        """Where a page finds its files."""
        return f"{self.base_url}assets/{self.assets.digest}"

    def page_config(self, _: dict[str, Any], **__: Any) -> dict[str, Any]:
        """What the template learns, in place of all that Voila's own would."""
        return {"ownUrl": self.own_url, "words": WORDS}

    def init_settings(self) -> dict[str, Any]:
        self.voila_configuration.page_config_hook = self.page_config  # traitlets would copy one in the configuration
        settings: dict[str, Any] = super().init_settings()
        self.contents_manager = settings["contents_manager"] = OneNotebook(parent=self)
        self.kernel_manager.allowed_message_types = _MESSAGES
        self.identity_provider.settle()
        os.environ.pop("JUPYTERHUB_API_TOKEN", None)  # who needs it has it now
        return settings | {
            "gristmill": self,
            "headers": HEADERS | {"Content-Security-Policy": self.policy()},
            "log_function": logged,
            "default_handler_class": NotThere,
        }

    async def policy_for(self, seat: Seat) -> str:
        """What the visitor's page may load and reach, their projects' stores among it."""
        return self.policy(await origins_of(self.service.api, seat.token))

    def policy(self, origins: tuple[str, ...] = ()) -> str:
        """What a page may load and reach: files of the hub's own origin, and the stores that uploads go to."""
        reached = dict.fromkeys(("'self'", *self.service.connect, *origins))
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "worker-src blob:",  # in one a file is hashed on its way
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data: blob:",
                "font-src 'self' data:",
                " ".join(("connect-src", *reached)),
                "frame-src 'self' blob:",
                "form-action 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
            )
        )

    def init_handlers(self) -> list[Any]:
        return routes(self, Socket)

    async def page_for(self, seat: Seat) -> str:
        """A page with a kernel of its own; NotLetIn if there is none."""
        kernel_id, page = await self._from_pool()
        if not self.seats.give(seat, kernel_id):
            await self.kernel_manager.end(kernel_id)
            raise NotLetIn("the visitor has gone")
        return page

    async def let_in(self, seat: Seat) -> None:
        """Tell the seat's kernel whom it is for; NotLetIn if it does not take it."""
        if seat.kernel not in self.kernel_manager:
            raise NotLetIn("the visitor has gone")
        await let_in(self.kernel_manager.get_kernel(seat.kernel), self.service.api, seat.token)

    async def _from_pool(self) -> tuple[str, str]:
        """The next kernel that stands ready and its page, in the order in which people came."""
        async with self._turn:
            while True:
                kernel_id, page = await self._next_of_pool()
                if await self._alive(kernel_id):
                    return kernel_id, page
                await self.kernel_manager.end(kernel_id)

    async def _next_of_pool(self) -> tuple[str, str]:
        manager, name = self.kernel_manager, self.kernel_manager.notebook_path
        while not manager.get_pool_size(name):
            await asyncio.sleep(0.02)
        try:
            rendering, _, kernel_id = await manager.get_rendered_notebook(name)
            rendered, rest = await rendering
        except Exception as error:
            manager.fill_if_needed(notebook_name=name)  # Voila does not replace one that did not start
            raise NotLetIn(f"a kernel did not start: {error}") from error
        return kernel_id, "".join(rendered) + "".join([snippet async for snippet, _ in rest])

    async def end(self, seat: Seat, code: int) -> None:
        """The page is over: its sockets are closed, its kernel ends."""
        if self.seats.leave(seat, code) and seat.kernel is not None:
            await self.kernel_manager.end(seat.kernel)

    async def _alive(self, kernel_id: str) -> bool:
        return kernel_id in self.kernel_manager and await self.kernel_manager.get_kernel(kernel_id).is_alive()

    def listen(self) -> None:
        rounds = Rounds(
            self.seats, still=self.identity_provider.still, alive=self._alive, end=self.end, idle=self.service.idle,
            log=self.log,
        )  # fmt: skip
        self._rounds = asyncio.get_event_loop().create_task(rounds.go_on(self.service.recheck))
        super().listen()

    def stop(self) -> None:
        if self._rounds is not None:
            self._rounds.cancel()
        self.ioloop.run_sync(lambda: self.kernel_manager.shutdown_all(now=True))
        self.kernel_manager.original.end()
        shutil.rmtree(self.connection_dir, ignore_errors=True)


def serve(settings: ServiceSettings) -> None:
    """Serve until a signal comes."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (most, most)
    )  # a page takes some twenty: sockets, and what they are made of
    asyncio.set_event_loop(asyncio.new_event_loop())
    app = Hardened(settings, log_level=logging.INFO)
    app.configure()
    app.initialize([])
    app.start()
