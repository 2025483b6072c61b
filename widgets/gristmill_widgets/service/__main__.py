"""`python -m gristmill_widgets.service`: started by the hub, which tells it in the environment where and who it is."""

from __future__ import annotations

import os
import sys

from gristmill.errors import GristmillError
from gristmill_widgets.service.settings import ServiceSettings


def main() -> int:
    """Serve until the hub ends it."""
    try:
        settings = ServiceSettings.of(os.environ)
    except GristmillError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    from gristmill_widgets.service.hardened import serve

    serve(settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
