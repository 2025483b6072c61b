"""The platform in a terminal: rich where a person looks on, plain lines in a pipe, one JSON object for a machine.

Exit codes
----------
0    done
1    a fault of Gristmill's own (GRISTMILL_DEBUG=1 shows where), or whoever read the output has gone
2    the command is wrong, or names what is not there
3    the data was rejected, or something about it needs a yes first
4    the run failed, or the platform could not do its part
5    the run was cancelled
130  interrupted before there was anything to stop
"""

from __future__ import annotations

from gristmill.cli.account import signing_in
from gristmill.cli.main import run

__all__ = ["run", "signing_in"]
