"""Draw masks for pictures with the model beside this script: python predict.py pictures.zip -o masks.zip

Takes a folder, a ZIP, one picture, or a list of pictures (a .txt or .csv with a path a line). Writes an index PNG for
each picture, of its size and under its name, into a folder or, where the output's name ends in .zip, into a ZIP. See
requirements.txt for what it needs.
"""

import argparse
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def main() -> int:
    parser = argparse.ArgumentParser(description="Draw masks for pictures.")
    parser.add_argument("data", type=Path, help="a folder, a ZIP, a picture, or a .txt or .csv that lists pictures")
    parser.add_argument("-o", "--output", type=Path, required=True, help="a folder, or a file that ends in .zip")
    arguments = parser.parse_args()
    try:
        count = predict_all(arguments.data, arguments.output)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        print(error, file=sys.stderr)
        return 3
    print(count)
    return 0


def predict_all(data: Path, output: Path) -> int:
    """Write a mask for each picture in `data`; how many there were."""
    from gristmill.engines.dense.gathering import collect, refuse_broken

    with tempfile.TemporaryDirectory(dir=output.absolute().parent) as scratch:
        pictures = collect(data, Path(scratch) / "given")
        if not pictures:
            raise ValueError(f"{data.name} holds no picture.")
        refuse_broken(pictures)
        predictor = load()
        drawn = Path(scratch) / "drawn"
        for name, path in named(pictures).items():
            target = drawn / name
            target.parent.mkdir(parents=True, exist_ok=True)
            draw(predictor, path, target)
        hand_over(drawn, output)
    return len(pictures)


def load():
    """The predictor beside this script."""
    from gristmill.engines.dense import SegmentationPredictor

    return SegmentationPredictor.load(HERE / "model")


def draw(predictor, picture: Path, target: Path) -> None:
    """The mask of one picture."""
    from gristmill.pictures import load as load_picture

    predictor.legend.write(predictor.predict_picture(load_picture(picture)), target)


def named(pictures: dict[str, Path]) -> dict[str, Path]:
    """The pictures by their masks' names: their own with the ending .png; both endings where two would be alike."""
    masks = {}
    for name, path in pictures.items():
        wanted = PurePosixPath(name).with_suffix(".png").as_posix()
        if wanted in masks:
            wanted = f"{name}.png"
        masks[wanted.removeprefix("../").lstrip("/")] = path
    return {name.replace("../", ""): path for name, path in masks.items()}


def hand_over(drawn: Path, output: Path) -> None:
    """The masks in their place, whole or not at all."""
    if output.suffix.lower() == ".zip":
        part = output.with_name(output.name + ".part")
        with zipfile.ZipFile(part, "w") as archive:
            for path in sorted(drawn.rglob("*.png")):
                archive.write(path, path.relative_to(drawn))
        part.replace(output)
        return
    if output.is_file():
        raise ValueError(f"{output.name} is a file; name a folder, or a file that ends in .zip.")
    shutil.copytree(drawn, output, dirs_exist_ok=True)


if __name__ == "__main__":
    sys.exit(main())
