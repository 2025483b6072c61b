"""JupyterHub as Gristmill runs it. `gristmill up` starts it; docs/hub.md says what the environment may set.

What else a hub may have set can be set below: see https://jupyterhub.readthedocs.io.
"""

from gristmill_hub import configure

configure(get_config())  # type: ignore[name-defined]  # noqa: F821  # JupyterHub puts it there
