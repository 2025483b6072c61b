"""Every use case, one method each: the embedded platform, and what the API puts on the wire.

The methods are those of `client.Client`, so whatever speaks to a Mill speaks to a hub in the same words. Each asks the
gate who may see and do what, and each that changes or hands out something is written into the audit trail.
"""

from gristmill.mill.mill import Mill
from gristmill.mill.parts import Parts

__all__ = ["Mill", "Parts"]
