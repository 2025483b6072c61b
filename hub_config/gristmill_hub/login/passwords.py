"""What a password has to be: long enough, and not what is tried first. Nothing else makes it safer."""

from __future__ import annotations

__all__ = ["LEAST", "MOST", "fault_in"]

LEAST, MOST = 10, 256
_FEWEST_SIGNS = 5
_TRIED_FIRST = ("password", "passwort", "qwerty", "qwertz", "letmein", "welcome", "iloveyou", "gristmill", "jupyter")
_ROWS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")


def fault_in(password: str, name: str) -> str:
    """Why this cannot be the password of somebody of this name; nothing if it can."""
    if len(password) < LEAST:
        return f"Take at least {LEAST} characters. A few words in a row are easy to remember."
    if len(password) > MOST:
        return f"Take {MOST} characters at most."
    low = password.lower()
    if len(set(low)) < _FEWEST_SIGNS or any(low in row for row in _ROWS):
        return "This would be guessed soon: it repeats itself, or is a row of keys."
    if low.strip("0123456789!?.,-_ ") in (*_TRIED_FIRST, *(word * 2 for word in _TRIED_FIRST)):
        return "This is one of the first that are tried. Take a few words in a row."
    if name and low.replace(name.lower(), "") in ("", *"0123456789", "123", "1234", "12345"):
        return "This is your name. Take something that others do not know of you."
    return ""
