"""Gristmill on JupyterHub: spawners, roles, services and login. A later release builds them here.

What stands here sees the API and the hosts of `gristmill`, and nothing else of it.
"""
