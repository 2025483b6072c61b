"""Gristmill on JupyterHub: one file of configuration, a login of its own, and `gristmill up`, which starts it all.

    settings.py        what the environment says
    configuring.py     the hub, put together from the files below
    proxy.py           what people reach comes through it
    roles.py           who may do what
    services.py        the API and the wizard behind the proxy
    spawning.py        people's own servers: processes.py, containers.py
    login/             who people are
    pages/, look/      the hub's own pages, in the wizard's look
    up.py, parts.py    all parts started, watched over and ended
    commands.py        `gristmill up` and `gristmill admit`

What stands here sees the API, records, errors and the hosts of `gristmill`, and nothing else of it.
"""

from __future__ import annotations

from gristmill_hub.configuring import configure
from gristmill_hub.settings import HubSettings

__all__ = ["HubSettings", "configure"]
