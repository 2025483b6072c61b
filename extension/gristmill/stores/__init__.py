"""Object storage: the only place that knows where bytes lie.

A store keeps objects under keys that read like relative paths (`runs/run-1/model.zip`), whole or not at all, and signs
URLs with which a browser sends or fetches one object without further ado. Which store a URL means is found in the
entry-point group `gristmill.stores`, by the URL's scheme: `file:`, `s3:`, `gs:` and `az:` are registered there like any
stranger's.

An installation has one store of its own, and a project may have another: `Shelf` knows which of them a thing lies in.
"""

from __future__ import annotations

from gristmill.stores.base import Part, Store, Stored
from gristmill.stores.registry import open_store
from gristmill.stores.shelf import Shelf

__all__ = ["Part", "Shelf", "Store", "Stored", "open_store"]
