"""A store tried: whether all that the platform does with one can be done with this."""

from __future__ import annotations

import secrets
from contextlib import suppress

from gristmill.errors import GristmillError, StoreFailed
from gristmill.stores.base import Store

__all__ = ["try_out"]

_DATA = b"well"


def try_out(store: Store) -> None:
    """Write, read, sign and delete a small object, begin an upload and drop it; raises what the store refuses."""
    key = f"doctor/{secrets.token_hex(8)}"
    store.put_bytes(key, _DATA)
    try:
        if store.read(key) != _DATA:
            raise StoreFailed("What the store gives back is not what it was given.", cure="Do not use it.")
        store.sign_get(key, seconds=60)
        token = store.begin(key)
        store.abort(key, token)
    except BaseException:
        with suppress(GristmillError):  # the first refusal is the one to be told
            store.delete(key)
        raise
    store.delete(key)
