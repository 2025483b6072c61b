"""Predict the rows of a file with the model beside this script: python predict.py new.csv -o predictions.csv

Needs AutoGluon and nothing else; see requirements.txt. Rows are read, predicted and written piece by piece, so that a
file may be larger than memory.
"""

import argparse
import contextlib
import gc
import json
import sys
import types
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def main() -> int:
    parser = argparse.ArgumentParser(description="Predict the rows of a file.")
    parser.add_argument(
        "data",
        type=Path,
        help="CSV, Parquet or Excel, with the training columns; texts, or a table with pictures, in a folder or ZIP",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="where to write (.csv or .parquet)")
    parser.add_argument("--progress", type=Path, help="a file that says how many rows are done, while they are")
    arguments = parser.parse_args()
    try:
        rows = predict_file(arguments.data, arguments.output, arguments.progress)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 3
    print(rows)
    return 0


def predict_file(data: Path, output: Path, progress: Path | None = None) -> int:
    """Write `data`'s rows with their predictions to `output`; how many there were."""
    schema = json.loads((HERE / "schema.json").read_text(encoding="utf-8"))
    predictor = load()
    part = output.with_name(output.name + ".part")
    rows = 0
    try:
        with Writer(part, output.suffix.lower(), schema) as writer, opened(data, schema) as (table, find):
            for batch in rows_of(table, schema):
                check(batch, schema, data)
                writer.write(answered(predictor, batch, schema, find))
                rows += len(batch)
                if progress is not None:
                    progress.write_text(str(rows))
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    if not rows:
        raise ValueError(f"{data.name} has no rows to predict.")
    return rows


def opened(data, schema):
    """The table to predict, and what finds the picture that a row names, where the model takes pictures, too."""
    if not any(column["kind"] == "picture" for column in schema["columns"]):
        return contextlib.nullcontext((data, None))
    from reading.attached import attached

    return attached(data)


def rows_of(data, schema):
    """A table's rows, batch by batch; or a row a text of a folder or a ZIP, where the model takes texts alone."""
    import reading  # beside this file: reads just as training did

    is_listing = schema["form"]["format"] != "csv" and data.suffix.lower() == ".txt"
    if not (data.is_dir() or data.suffix.lower() == ".zip" or is_listing):
        yield from reading.batches(data, schema["form"])
        return
    if [column["kind"] for column in schema["columns"]] != ["text"]:
        raise ValueError(f"{data.name} is no table: give a CSV, Parquet or Excel file with the training columns.")
    yield from texts_of(data, schema["columns"][0]["name"])


def texts_of(data, column):
    """The texts of a folder or a ZIP, some hundreds at a time; a file that is no text is named, and left out."""
    import pandas as pd
    from reading.plain import texts_in

    held = []
    for name, text in texts_in(data):
        if text is None or not text.strip():
            print(f"No prediction: {name} is {'empty' if text is not None else 'no text'}.", file=sys.stderr)
            continue
        held.append((name, text.strip()))
        if len(held) == 500:
            yield pd.DataFrame(held, columns=["file", column])
            held = []
    if held:
        yield pd.DataFrame(held, columns=["file", column])


def load():
    """The predictor beside this script, with its models kept in memory."""
    gc.disable()  # nothing that is loaded here is ever garbage: a tenth of the loading would be spent looking
    # fastai's progress bar loads a whole web framework to draw itself in notebooks, and draws nothing here.
    for name in ("fasthtml", "fasthtml.common"):
        sys.modules.setdefault(name, types.ModuleType(name))
    # catboost's widget loads IPython to plot in notebooks; catboost is ready for its absence.
    sys.modules.setdefault("catboost.widget", None)
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
        stand_in(predictor)
        predictor.persist(max_memory=None)  # weighing the models first takes longer than loading them
    gc.freeze()
    gc.enable()
    return predictor


def stand_in(predictor):
    """Where networks/ holds the model's neural candidates in NumPy, have these answer: torch and fastai load slowly."""
    if (HERE / "networks").is_dir():
        with contextlib.suppress(ImportError):  # without the code for it the originals in model/ answer
            from gristmill.engines import compiled

            compiled.stand_in(predictor, HERE / "networks")


def check(batch, schema, data):
    """Refuse rows that lack a column the model was trained with, naming every one."""
    missing = [column["name"] for column in schema["columns"] if column["name"] not in batch.columns]
    if missing:
        raise ValueError(
            f"{data.name} lacks {len(missing)} of the {len(schema['columns'])} columns that the model was trained "
            f"with: {', '.join(missing[:10])}{', …' if len(missing) > 10 else ''}. Add them; they may be empty."
        )


def answered(predictor, batch, schema, find=None):
    """The batch with a column `prediction` and, for classes, `probability.<class>` each."""
    rows = batch.reset_index(drop=True)
    features = rows[[column["name"] for column in schema["columns"]]]
    pictures = [column["name"] for column in schema["columns"] if column["kind"] == "picture"]
    features = features.assign(**{name: [find(value) for value in features[name]] for name in pictures})
    if not len(rows):
        return rows
    if schema["classes"] is None:
        return rows.assign(prediction=predictor.predict(features).to_numpy())
    probabilities = predictor.predict_proba(features, as_multiclass=True)
    answers = {"prediction": predictor.predict_from_proba(probabilities).to_numpy()}
    answers |= {f"probability.{label}": probabilities[label].to_numpy() for label in probabilities.columns}
    return rows.assign(**answers)


def as_read(rows, integers):
    """Integers beside gaps are floats to pandas: made integers again, so that 1988 is not written as 1988.0."""
    floats = [name for name in integers if rows[name].dtype.kind == "f" and (rows[name].dropna() % 1 == 0).all()]
    return rows.astype(dict.fromkeys(floats, "Int64"))


class Writer:
    """Writes batches to Parquet, or to CSV in the form of the training file: what opens the one opens the other."""

    def __init__(self, path, suffix, schema):
        self.path, self.suffix, self.form, self.file, self.begun = path, suffix, schema["form"], None, False
        self.integers = [column["name"] for column in schema["columns"] if column["kind"] == "integer"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.file is not None:
            self.file.close()

    def write(self, rows):
        if self.suffix == ".parquet":
            self._write_parquet(rows)
        else:
            if self.file is None:
                self.file = self.path.open("w", encoding=self.form["encoding"], newline="", errors="replace")
            as_read(rows, self.integers).to_csv(
                self.file, index=False, header=not self.begun, sep=self.form["delimiter"], decimal=self.form["decimal"]
            )
        self.begun = True

    def _write_parquet(self, rows):
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(rows, preserve_index=False)
        if self.file is None:
            self.file = pq.ParquetWriter(self.path, table.schema)
        self.file.write_table(table.cast(self.file.schema))


if __name__ == "__main__":
    sys.exit(main())
