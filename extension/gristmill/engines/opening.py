"""Opens weights that a person has added, has them answer once, and says what they are.

    python -m gristmill.engines.opening picture|text FOLDER

Prints one JSON object: `answers` holds how many numbers a picture or a text becomes. What cannot be used is a sentence
on stderr, and the exit code 3.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

__all__ = ["REFUSED", "answers"]

REFUSED = 3


def answers(kind: str, folder: Path) -> int:
    """How many numbers the weights in `folder` make of a picture or a text; an error with a sentence if none."""
    from gristmill.weights import PICTURE, WeightsMissing

    rows: Any = None
    if kind == PICTURE:
        import numpy as np

        from gristmill.engines.backbones import normal, opened

        rows = opened(folder).pooled(normal(np.zeros((1, 64, 64, 3), dtype=np.uint8))).detach().numpy()
    else:
        from gristmill.engines.texts.encoder import Encoder, EncoderMissing, readable

        try:
            readable(folder)
            rows = Encoder(folder).encode(["A text to be read."], tokens=64)
        except EncoderMissing as error:
            raise WeightsMissing(str(error)) from None
        except Exception as error:  # whatever its library says of a broken file
            said = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(".")
            raise WeightsMissing(f"The encoder does not open: {said}.") from None
    if rows is None or not bool((rows == rows).all()):
        raise WeightsMissing("What they answer is no number: the file is broken.")
    return int(rows.shape[1])


def main(kind: str, folder: Path) -> int:
    try:
        numbers = answers(kind, folder)
    except ImportError as error:
        print(str(error) or "Something that they need is not installed.", file=sys.stderr)
        return REFUSED
    print(json.dumps({"answers": numbers}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
