"""Predict pictures with the model beside this script: python predict.py pictures/ -o predictions.csv

Takes a folder, a ZIP, a list (CSV or Parquet) with the training list's column of paths, or a single picture. Needs
AutoGluon and nothing else; see requirements.txt. Pictures are predicted a few hundred at a time, so that there may be
any number of them. One that cannot be opened has no prediction, and is named.
"""

import argparse
import csv
import gc
import json
import shutil
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

AT_ONCE = 256
MOST_BYTES = 100_000_000  # of one picture in a ZIP
KNOWN = ("picture", "path", "file", "image", "filename", "file_name", "img")  # what lists call that column


def main() -> int:
    parser = argparse.ArgumentParser(description="Predict pictures.")
    parser.add_argument("data", type=Path, help="a folder, a ZIP, a list of paths, or a picture")
    parser.add_argument("-o", "--output", type=Path, required=True, help="where to write (.csv or .parquet)")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            count = predict(found(arguments.data, Path(scratch)), arguments.output)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 3
    print(count)
    return 0


def predict(pairs, output: Path) -> int:
    """Write a row for each (name, path) to `output`; how many there were."""
    import pandas as pd

    from gristmill.pictures import faults_of, unanswered

    schema = json.loads((HERE / "schema.json").read_text(encoding="utf-8"))
    predictor, column = load(), schema["columns"][0]["name"]
    part = output.with_name(output.name + ".part")
    tables, answered, unread = [], 0, {}
    for start in range(0, len(pairs), AT_ONCE):
        share = pairs[start : start + AT_ONCE]
        faults = faults_of(dict(share))
        unread |= faults
        sound = [str(path) for name, path in share if name not in faults]
        answered += len(sound)
        rows = pd.DataFrame({"file": [name for name, _ in share], "prediction": None})
        if sound:
            shares = predictor.predict_proba(pd.DataFrame({column: sound}), as_multiclass=True)
            at = [place for place, (name, _) in enumerate(share) if name not in faults]
            rows.loc[at, "prediction"] = predictor.predict_from_proba(shares).astype(str).to_numpy()
            for label in shares.columns:
                rows.loc[at, f"probability.{label}"] = shares[label].to_numpy()
        tables.append(rows)
    if not answered:
        raise ValueError(f"None of the pictures can be opened. {next(iter(unread.values()))}")
    for sentence in unanswered(unread):
        print(sentence, file=sys.stderr)
    whole = pd.concat(tables, ignore_index=True)
    try:
        if output.suffix.lower() == ".parquet":
            whole.to_parquet(part, index=False)
        else:
            whole.to_csv(part, index=False, quoting=csv.QUOTE_MINIMAL)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    return len(whole)


def load():
    """The predictor beside this script, with its models kept in memory."""
    gc.disable()  # nothing that is loaded here is ever garbage: a tenth of the loading would be spent looking
    from autogluon.tabular import TabularPredictor
    from autogluon.tabular.predictor import predictor as inner

    # AutoGluon asks for the versions of all that is installed, to warn of what differs: a quarter of a second. Those
    # that matter stand in requirements.txt.
    told = json.loads((HERE / "model" / "metadata.json").read_text(encoding="utf-8"))
    inner.get_autogluon_metadata = lambda: told
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predictor = TabularPredictor.load(
            str(HERE / "model"), verbosity=0, require_version_match=False, require_py_version_match=False
        )
        predictor.persist(max_memory=None)
    gc.freeze()
    gc.enable()
    return predictor


def found(data: Path, scratch: Path):
    """The pictures in `data`: each one's name as its owner knows it, and where it lies."""
    from gristmill.pictures import is_picture

    if data.is_dir():
        pairs = [
            (path.relative_to(data).as_posix(), path)
            for path in sorted(data.rglob("*"))
            if is_picture(path) and path.is_file() and not path.name.startswith(".")
        ]
    elif zipfile.is_zipfile(data):
        pairs = unpacked(data, scratch)
    elif is_picture(data):
        pairs = [(data.name, data)]
    else:
        pairs = listed(data)
    if not pairs:
        raise ValueError(f"{data.name} has no pictures to predict (JPEG, PNG, GIF, BMP, WebP, TIFF or PPM).")
    return pairs


def unpacked(archive: Path, scratch: Path):
    """The pictures of a ZIP, under numbers: no name from inside it becomes a path."""
    from gristmill.pictures import is_picture

    pairs = []
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            name = member.filename
            hidden = any(part.startswith(".") and part.strip(".") for part in name.split("/"))
            if member.is_dir() or not is_picture(name) or name.startswith("__MACOSX/") or hidden:
                continue
            if member.file_size > MOST_BYTES:
                raise ValueError(f"{name} in {archive.name} has more than {MOST_BYTES // 1_000_000} MB.")
            path = scratch / f"{len(pairs)}{Path(name).suffix.lower()}"
            with opened.open(member) as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
            pairs.append((name, path))
    return pairs


def listed(data: Path):
    """The pictures that a list names, beside it or by their whole path."""
    schema = json.loads((HERE / "schema.json").read_text(encoding="utf-8"))
    column = schema["columns"][0]["name"]
    rows = table(data)
    known = [name for name in rows.columns if str(name).strip().lower() in (column.lower(), *KNOWN)]
    if not known:
        raise ValueError(f"{data.name} has no column '{column}' with the paths of pictures.")
    names = [str(value).strip().replace("\\", "/") for value in rows[known[0]] if str(value).strip()]
    pairs = [(name, data.parent / name) for name in names]
    gone = [name for name, path in pairs if not path.is_file()]
    if gone:
        raise ValueError(
            f"{data.name} names {len(gone):,} of {len(pairs):,} pictures that are not there, such as {gone[0]}. Paths "
            "are taken from the folder in which the list lies."
        )
    return pairs


def table(data: Path):
    """The rows of a list; a list without a header is one of paths."""
    import pandas as pd

    from gristmill.pictures import is_picture

    try:
        if data.suffix.lower() == ".parquet":
            return pd.read_parquet(data)
        lines = data.read_text(encoding="utf-8-sig").splitlines()
        delimiter = max(",;\t|", key=(lines or [""])[0].count)
        header = None if lines and any(is_picture(value) for value in lines[0].split(delimiter)) else 0
        rows = pd.read_csv(data, dtype=str, sep=delimiter, header=header, keep_default_na=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError):
        raise ValueError(f"{data.name} is no folder, no ZIP, no picture and no list of pictures.") from None
    if header is None:
        first = next(name for name in rows.columns if is_picture(str(rows[name].iloc[0])))
        rows = rows.rename(columns={first: "picture"})
    return rows


if __name__ == "__main__":
    sys.exit(main())
