"""What the platform can be asked, from a program, a terminal or a notebook, whoever answers.

`Client` is the list of use cases. A Mill in this process carries them out itself; `hub.Hub` asks a hub to, over HTTP.
`connecting` finds out which of the two it is, and `connection` dresses it for a notebook, in `handles`.
"""

from gristmill.client.protocol import Client

__all__ = ["Client"]
