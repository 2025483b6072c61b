"""The wizard's service as it is, with a small page in place of the wizard, and rounds that come every second."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from gristmill_widgets.service import hardened
from gristmill_widgets.service.settings import ServiceSettings

if __name__ == "__main__":
    hardened.NOTEBOOK = Path(__file__).parent / "greeting.ipynb"
    hardened.SCRIPTS += (Path(__file__).parent,)
    hardened.serve(replace(ServiceSettings.of(os.environ), recheck=1.0))
