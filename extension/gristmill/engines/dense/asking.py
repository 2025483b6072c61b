"""What the script in an archive of a dense model does, whatever it answers: its command line, pictures and words."""

from __future__ import annotations

import argparse
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from ...pictures import faults_of, unanswered
from .gathering import collect

__all__ = ["ask"]

Answer = Callable[[dict[str, Path], Path], None]  # pictures by their names, and an empty folder to write to


def ask(what: str, output: str, answer: Answer, hand_over: Callable[[Path, Path], None]) -> int:
    """Answer what the command line names; the exit code: 3 for data that cannot be answered.

    `answer` writes into a scratch folder, and `hand_over` brings it from there to the output. Pictures that cannot be
    opened are left out and named on stderr, as long as there are others.
    """
    parser = argparse.ArgumentParser(description=f"{what}.")
    parser.add_argument("data", type=Path, help="a folder, a ZIP, a picture, or a .txt or .csv that lists pictures")
    parser.add_argument("-o", "--output", type=Path, required=True, help=output)
    arguments = parser.parse_args()
    data, target = arguments.data, arguments.output.absolute()
    try:
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            pictures = _sound(collect(data, Path(scratch) / "given"), data.name)
            answers = Path(scratch) / "answers"
            answers.mkdir()
            answer(pictures, answers)
            hand_over(answers, target)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        print(error, file=sys.stderr)
        return 3
    print(len(pictures))
    return 0


def _sound(pictures: dict[str, Path], given: str) -> dict[str, Path]:
    """Those that can be opened; ValueError where there is none."""
    if not pictures:
        raise ValueError(f"{given} holds no picture.")
    faults = faults_of(pictures)
    if len(faults) == len(pictures):
        raise ValueError(f"None of the pictures can be opened. {next(iter(faults.values()))}")
    for sentence in unanswered(faults):
        print(sentence, file=sys.stderr)
    return {name: path for name, path in pictures.items() if name not in faults}
