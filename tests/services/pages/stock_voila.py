"""Stock Voila behind the hub's identity provider: its own app and handlers, nothing of ours but a prefix."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.singleuser.extension import JupyterHubIdentityProvider
from traitlets import Unicode
from voila.app import Voila

PREFIX = os.environ["JUPYTERHUB_SERVICE_PREFIX"]


class Identity(JupyterHubIdentityProvider):
    token = Unicode("")

    def get_handlers(self) -> list[Any]:
        return [(PREFIX.rstrip("/") + route, *more) for route, *more in super().get_handlers()]


if __name__ == "__main__":
    asyncio.set_event_loop(asyncio.new_event_loop())
    app = Voila(
        ip="127.0.0.1", port=urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"]).port, base_url=PREFIX, open_browser=False,
        notebook_path=str(Path(__file__).parent / "stock.ipynb"), identity_provider_class=Identity, port_retries=0,
    )  # fmt: skip
    app.config.VoilaConfiguration.preheat_kernel = True
    app.config.VoilaConfiguration.default_pool_size = 1
    app.initialize([])
    app.start()
