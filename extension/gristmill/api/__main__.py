"""`python -m gristmill.api docs/openapi.json`: writes the API's description."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gristmill.api.app import routed
from gristmill.api.openapi import document

if __name__ == "__main__":
    text = json.dumps(document(routed("")), indent=1, sort_keys=True, ensure_ascii=False)
    Path(sys.argv[1]).write_text(text + "\n", encoding="utf-8")
