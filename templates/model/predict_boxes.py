"""Find the things in pictures with the model beside this script: python predict.py pictures.zip -o boxes.json

Takes a folder, a ZIP, one picture, or a list of pictures (a .txt or .csv with a path a line). Writes a JSON list with
an entry a thing: {file_name, category, bbox: [x, y, width, height] in pixels, score}, picture by picture, the surest
first. Things of which the model is not at all sure are listed, too: choose by score. A picture that cannot be opened is
named and left out. See requirements.txt for what it needs.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def main() -> int:
    from gristmill.engines.dense.asking import ask

    return ask("Find the things in pictures", "a .json file", find, hand_over)


def find(pictures: dict[str, Path], folder: Path) -> None:
    """What is found in each picture, as one file."""
    predictor = load()
    found = []
    for name, path in pictures.items():
        found += [{"file_name": name} | thing for thing in predictor.predict([path])[0]]
    (folder / "found.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


def load():
    """The predictor beside this script."""
    from gristmill.engines.dense import DetectionPredictor

    return DetectionPredictor.load(HERE / "model")


def hand_over(folder: Path, output: Path) -> None:
    """The list in its place, whole or not at all."""
    (folder / "found.json").replace(output)


if __name__ == "__main__":
    sys.exit(main())
