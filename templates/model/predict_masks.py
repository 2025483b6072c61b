"""Draw masks for pictures with the model beside this script: python predict.py pictures.zip -o masks.zip

Takes a folder, a ZIP, one picture, or a list of pictures (a .txt or .csv with a path a line). Writes an index PNG for
each picture, of its size and under its name, into a folder or, where the output's name ends in .zip, into a ZIP; a
single one also into a file whose name ends in .png. A picture that cannot be opened is named and left out. See
requirements.txt for what it needs.
"""

import shutil
import sys
import zipfile
from pathlib import Path, PurePosixPath

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def main() -> int:
    from gristmill.engines.dense.asking import ask

    return ask("Draw masks for pictures", "a folder, or a file ending in .zip or, for one mask, .png", draw, hand_over)


def draw(pictures: dict[str, Path], folder: Path) -> None:
    """The mask of each picture."""
    predictor = load()
    for name, path in named(pictures).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        predictor.legend.write(predictor.predict([path])[0], target)


def load():
    """The predictor beside this script."""
    from gristmill.engines.dense import SegmentationPredictor

    return SegmentationPredictor.load(HERE / "model")


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
    kind, part = output.suffix.lower(), output.with_name(output.name + ".part")
    if kind == ".png":
        first, *others = drawn.rglob("*.png")
        if others:
            raise ValueError(f"{1 + len(others)} masks are no single picture: name a folder, or a file ending in .zip.")
        shutil.copyfile(first, part)
    elif kind == ".zip":
        with zipfile.ZipFile(part, "w") as archive:
            for path in sorted(drawn.rglob("*.png")):
                archive.write(path, path.relative_to(drawn))
    else:
        into_folder(drawn, output)
        return
    part.replace(output)


def into_folder(drawn: Path, output: Path) -> None:
    """The masks in a folder that is new or empty."""
    if output.is_file():
        raise ValueError(f"{output.name} is a file; name a folder, or a file that ends in .zip.")
    if output.is_dir() and any(output.iterdir()):
        raise ValueError(f"The folder {output.name} is not empty: name an empty or a new one.")
    shutil.copytree(drawn, output, dirs_exist_ok=True)


if __name__ == "__main__":
    sys.exit(main())
