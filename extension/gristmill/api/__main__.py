"""`python -m gristmill.api docs`: writes the API's description, and the table of who may do what."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gristmill.api.app import routed
from gristmill.api.openapi import document, renewed

if __name__ == "__main__":
    app, docs = routed(""), Path(sys.argv[1])
    text = json.dumps(document(app), indent=1, sort_keys=True, ensure_ascii=False)
    (docs / "openapi.json").write_text(text + "\n", encoding="utf-8")
    page = docs / "api.md"
    page.write_text(renewed(page.read_text(encoding="utf-8"), app), encoding="utf-8")
