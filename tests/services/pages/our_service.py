"""The wizard's service as it is, with a small page in place of the wizard: the service is what is tested here."""

from __future__ import annotations

import sys
from pathlib import Path

from gristmill_widgets.service import __main__, hardened

if __name__ == "__main__":
    hardened.NOTEBOOK = Path(__file__).parent / "greeting.ipynb"
    sys.exit(__main__.main())
