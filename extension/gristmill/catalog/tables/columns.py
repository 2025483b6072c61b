"""What the tables' columns are: the kinds of values that they keep, and the columns that many tables share."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Column, Dialect, Double, ForeignKey, Index, MetaData, Text
from sqlalchemy.types import TypeDecorator

from gristmill.errors import UsageError
from gristmill.records import encode

__all__ = ["Encoded", "Number", "Word", "id_", "in_store", "metadata", "must", "only_where", "owner", "pages", "refers"]

_LONG = 16_000  # letters of a text that is not kept: what is made of it takes ten times as much memory


class Encoded(TypeDecorator[Any]):
    """A record, or a container of records, as JSON text.

    What never changes is read again and again: the last so many (`kept`) are not made anew, unless they are long; so
    nobody may change what they are given.
    """

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any, *, kept: int = 0) -> None:
        super().__init__()
        self.kind = kind
        self.kept = kept
        self._decoder = msgspec.json.Decoder(kind)  # made once: looking at what `kind` is takes longer than to read
        self._read = functools.lru_cache(kept)(self._decoder.decode)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's signature
        if value is None:
            return None
        # JSON has no NaN: where a number must stand, the row could be written and never be read again.
        try:
            text = encode(value)
            self._decoder.decode(text)
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            raise UsageError("The catalog cannot keep this value as JSON.", cause=str(error)) from error
        return text.decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002  SQLAlchemy's signature
        if value is None:
            return None
        return self._read(value) if self.kept and len(value) <= _LONG else self._decoder.decode(value)


class Word(TypeDecorator[Any]):
    """One word of a fixed set."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind
        self._known: dict[str, StrEnum] = {word.value: word for word in kind}

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's signature
        return None if value is None else str(self.kind(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002  SQLAlchemy's signature
        return None if value is None else self._known.get(value) or self.kind(value)


class Number(TypeDecorator[float]):
    """A float. SQLite turns NaN into NULL, so it is made NULL everywhere."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:  # noqa: ARG002  as above
        return None if value is None or math.isnan(value) else value


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def id_() -> Column[Any]:
    return Column("id", Text, primary_key=True)


def refers(name: str, to: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Text, ForeignKey(to), nullable=nullable)


def must(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


def owner() -> Column[Any]:
    """Who made it; what was there before there were people is the local person's."""
    return Column("owner", Text, nullable=False, server_default="local")


def in_store() -> Column[Any]:
    """The store that its bytes lie in; none for the platform's own. Rows of stores stay, so nothing holds them."""
    return Column("store_id", Text)


def pages(*leading: Iterable[str]) -> list[Index]:
    """An index for the pages of each way to narrow a list: newest first, ties by id."""
    return [Index(None, *columns, "created_at", "id") for columns in leading]


def only_where(condition: str) -> dict[str, Any]:
    """What makes an index one of the rows only of which that is so.

    Migrations make it so. SQLAlchemy has it as an option of each dialect, and loads all of one that is named here.
    """
    return {"info": {"where": condition}}
