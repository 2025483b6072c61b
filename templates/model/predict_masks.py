"""Draw masks for pictures with the model beside this script: python predict.py pictures.zip -o masks.zip

Takes a folder, a ZIP, one picture, or a list of pictures (a .txt or .csv with a path a line). Writes an index PNG for
each picture, of its size and under its name, into a folder or, where the output's name ends in .zip, into a ZIP. See
requirements.txt for what it needs.
"""

import argparse
import csv
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

MOST_BYTES = 200_000_000  # of one picture in a ZIP, unpacked


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


def collect(data: Path, scratch: Path) -> dict[str, Path]:
    """The pictures by the name that each shall be known by."""
    from gristmill.pictures import is_picture

    if data.is_dir():
        found = {path.relative_to(data).as_posix(): path for path in sorted(data.rglob("*")) if path.is_file()}
        return {name: path for name, path in found.items() if is_picture(name) and not hidden(name)}
    if is_picture(data):
        return {data.name: data}
    if zipfile.is_zipfile(data):
        return unpack(data, scratch)
    return listed(data)


def unpack(data: Path, scratch: Path) -> dict[str, Path]:
    """The pictures of a ZIP, each in a file of our own naming: no name in it can lead anywhere."""
    from gristmill.pictures import is_picture

    scratch.mkdir()
    found = {}
    with zipfile.ZipFile(data) as archive:
        for number, member in enumerate(archive.infolist()):
            name = "/".join(
                part for part in member.filename.replace("\\", "/").split("/") if part not in ("", ".", "..")
            )
            if member.is_dir() or not is_picture(name) or hidden(name):
                continue
            if member.file_size > MOST_BYTES:
                raise ValueError(f"{name} in {data.name} is larger than {MOST_BYTES // 1_000_000} MB.")
            path = scratch / f"{number}{PurePosixPath(name).suffix}"
            with archive.open(member) as packed, path.open("wb") as file:
                shutil.copyfileobj(packed, file)
            found[name] = path
    return found


def listed(data: Path) -> dict[str, Path]:
    """The pictures that a list names, by paths from the list's own folder."""
    from gristmill.pictures import is_picture

    if data.suffix.lower() not in (".txt", ".csv"):
        raise ValueError(f"{data.name} is neither a folder, a ZIP, a picture nor a list (.txt, .csv) of pictures.")
    with data.open(encoding="utf-8-sig", newline="") as file:
        cells = [next((cell.strip() for cell in row if is_picture(cell.strip())), "") for row in csv.reader(file)]
    paths = [Path(cell) for cell in cells if cell]
    found = {path.name if path.is_absolute() else path.as_posix(): data.parent / path for path in paths}
    missing = [name for name, path in found.items() if not path.is_file()]
    if missing:
        raise ValueError(f"{data.name} names {missing[0]}, which is not there.")
    return found


def hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def refuse_broken(pictures: dict[str, Path]) -> None:
    """Before any mask is drawn: a picture that cannot be opened is named."""
    from gristmill.pictures import check

    names = {path: name for name, path in pictures.items()}
    broken = [look for look in check(list(names)) if look.fault]
    if broken:
        what = broken[0].fault.replace(broken[0].path.name, names[broken[0].path])
        more = f" So are {len(broken) - 1} more." if broken[1:] else ""
        raise ValueError(f"{what}{more} Take it out, or save it again.")


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
