"""The setting `tune`: whether a run searches hyperparameters once its first candidates are trained, and how."""

from __future__ import annotations

from gristmill.errors import UsageError

__all__ = ["searcher"]

_WORDS = {"": "", "false": "", "no": "", "off": "", "true": "bayes", "yes": "bayes", "on": "bayes"}
_SEARCHERS = ("bayes", "random")


def searcher(tune: object) -> str:
    """The searcher that the setting asks for: bayes, random, or "" for no search."""
    word = str(tune).strip().lower()
    if tune is None or word in _WORDS:
        return _WORDS.get(word, "")
    if word in _SEARCHERS:
        return word
    raise UsageError(
        f"tune cannot be {tune!r}.",
        cure="Say tune=true to search hyperparameters, tune=random or tune=bayes to say how, or leave it out.",
    )
