"""What can be wrong with series."""

from __future__ import annotations


class SeriesError(ValueError):
    """Series cannot be used as they are: what is wrong and where, and what to do about it."""

    def __init__(self, code: str, what: str, cure: str) -> None:
        super().__init__(f"{what} {cure}")
        self.code, self.what, self.cure = code, what, cure
