"""Logs: one event a line, for people (GRISTMILL_LOG=text) or for machines (GRISTMILL_LOG=json), with the run's id.

Every module logs under `gristmill.…` and gives what is known of an event as `extra`: run, who, request, delivery.
`about(run=…)` adds it to all that is logged inside. Whatever looks like a secret is struck out of every line, a
traceback's included, as the last thing before it is written.
"""

from __future__ import annotations

import functools
import json
import logging
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, TextIO

from gristmill.errors import UsageError

__all__ = ["about", "struck_out", "write_logs"]

_ABOUT: ContextVar[Mapping[str, object]] = ContextVar("about", default=MappingProxyType({}))
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
# What a secret looks like, what is left of it, and words of which one must be there: to look for words takes no time.
_SECRETS = (
    (("token", "bearer", "basic"), re.compile(r"(?i)\b(token|bearer|basic)([ =:]+)(?=\S{8})[^\s\"',;&]+"), r"\1\2***"),
    (("://",), re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]+@"), r"\1:***@"),
    (
        ("password=", "passwd=", "secret=", "signature=", "sig=", "key=", "x-amz-"),
        re.compile(r"(?i)\b(password|passwd|secret|signature|sig|\w*_?key|X-Amz-[A-Za-z-]+)=[^\s&\"',;]+"),
        r"\1=***",
    ),
    (("whsec_",), re.compile(r"\bwhsec_[\w-]+"), "whsec_***"),
)


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Say of all that is logged inside what it is about."""
    before = _ABOUT.set({**_ABOUT.get(), **facts})
    try:
        yield
    finally:
        _ABOUT.reset(before)


def write_logs(form: str, to: TextIO | None = None) -> None:
    """Have this process write its log to stderr, as `text` or as `json`."""
    forms: dict[str, type[logging.Formatter]] = {"text": _Line, "json": _Json}
    if form not in forms:
        raise UsageError(f"GRISTMILL_LOG is {form!r}.", cure="Give text or json, or leave it out.")
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(forms[form]())
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # no form tells of them
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("gristmill").setLevel(logging.INFO)


def struck_out(text: str) -> str:
    """A text without what looks like a secret."""
    small = text.casefold()
    for words, pattern, instead in _SECRETS:
        if any(word in small for word in words):
            text = pattern.sub(instead, text)
    return text


class _Line(logging.Formatter):
    """For people: time, level, what it is about, message; a traceback below."""

    def format(self, record: logging.LogRecord) -> str:
        known = " ".join(f"{name}={value}" for name, value in _facts(record).items())
        head = " ".join(filter(None, (_at(record), record.levelname, record.name, known)))
        # A line is one event: what somebody named a thing must not look like another.
        message = record.getMessage()
        if not message.isprintable():
            message = "".join(letter if letter.isprintable() else " " for letter in message)
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return struck_out(f"{head}: {message}{trace}")


class _Json(logging.Formatter):
    """For machines: one object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"at": _at(record), "level": record.levelname.lower(), "logger": record.name}
        line |= {"message": record.getMessage()} | _facts(record)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        clean = {name: struck_out(value) if isinstance(value, str) else value for name, value in line.items()}
        return json.dumps(clean, default=str, ensure_ascii=False)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    given = {name: value for name, value in vars(record).items() if name not in _USUAL}
    return {name: value for name, value in {**_ABOUT.get(), **given}.items() if value not in (None, "")}


def _at(record: logging.LogRecord) -> str:
    return f"{_second(int(record.created))}.{int(record.msecs):03}Z"


@functools.lru_cache(maxsize=2)
def _second(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
