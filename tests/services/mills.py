"""What a Mill under test is made of, where nothing is to be executed."""

from __future__ import annotations

from gristmill.dispatch import Dispatcher
from gristmill.errors import NotPossible

__all__ = ["NobodyAnswers", "Notepad"]


class Notepad(Dispatcher):
    """Writes down what it is told; nobody comes."""

    def __init__(self) -> None:
        self.hints: list[str] = []

    def hint(self, run_id: str) -> None:
        self.hints.append(run_id)

    def nudge(self) -> None: ...


class NobodyAnswers(Dispatcher):
    """Cannot tell anybody."""

    def hint(self, run_id: str) -> None:
        del run_id
        raise NotPossible("No worker stays alive on this machine.")

    def nudge(self) -> None: ...
