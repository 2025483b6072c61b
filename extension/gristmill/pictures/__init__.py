"""Pictures: opened safely whatever their form, looked over before anything is learned from them.

This folder imports nothing of gristmill and knows itself by relative imports only: it is copied into each model archive
whose model takes pictures, so that predictions open them as training did. Pillow is imported where it is used.
"""

from __future__ import annotations

from .checking import Look, check, faults_of, unanswered
from .opening import ENDINGS, MOST_PIXELS, PictureUnreadable, is_picture, load, pixels, size_of

__all__ = [
    "ENDINGS", "MOST_PIXELS", "Look", "PictureUnreadable", "check", "faults_of", "is_picture", "load", "pixels",
    "size_of", "unanswered",
]  # fmt: skip
