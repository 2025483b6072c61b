"""A hub as a `Client`: the use cases of the Mill, asked for over HTTP.

Routes and bodies are those of the hub's OpenAPI. The files are named as those of `mill/` are, where the same is done.
"""

from gristmill.client.hub.calling import Asker
from gristmill.client.hub.hub import Hub

__all__ = ["Asker", "Hub"]
