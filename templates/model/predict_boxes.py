"""Find the things in pictures with the model beside this script: python predict.py pictures.zip -o boxes.json

Takes a folder, a ZIP, one picture, or a list of pictures (a .txt or .csv with a path a line). Writes a JSON list with
an entry a thing: {file_name, category, bbox: [x, y, width, height] in pixels, score}, picture by picture, the surest
first. Things of which the model is not at all sure are listed, too: choose by score. See requirements.txt for what it
needs.
"""

import argparse
import json
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def main() -> int:
    parser = argparse.ArgumentParser(description="Find the things in pictures.")
    parser.add_argument("data", type=Path, help="a folder, a ZIP, a picture, or a .txt or .csv that lists pictures")
    parser.add_argument("-o", "--output", type=Path, required=True, help="a .json file")
    arguments = parser.parse_args()
    try:
        count = predict_all(arguments.data, arguments.output)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        print(error, file=sys.stderr)
        return 3
    print(count)
    return 0


def predict_all(data: Path, output: Path) -> int:
    """Write what is found in each picture of `data`; how many pictures there were."""
    from gristmill.engines.dense.gathering import collect, refuse_broken

    with tempfile.TemporaryDirectory(dir=output.absolute().parent) as scratch:
        pictures = collect(data, Path(scratch) / "given")
        if not pictures:
            raise ValueError(f"{data.name} holds no picture.")
        refuse_broken(pictures)
        predictor = load()
        found = []
        for name, path in pictures.items():
            found += [{"file_name": name} | thing for thing in predictor.predict([path])[0]]
        part = output.with_name(output.name + ".part")
        part.write_text(json.dumps(found, indent=1), encoding="utf-8")
        part.replace(output)
    return len(pictures)


def load():
    """The predictor beside this script."""
    from gristmill.engines.dense import DetectionPredictor

    return DetectionPredictor.load(HERE / "model")


if __name__ == "__main__":
    sys.exit(main())
