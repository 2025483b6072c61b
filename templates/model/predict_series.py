"""Forecast with the model beside this script: python predict.py -o forecast.csv

Series go on from where training ended. With a file of newer rows, from where those end: python predict.py new.csv -o
forecast.csv. Columns that are known ahead stand in that file, too, in rows without a value of what is forecast.
--set horizon=N gives fewer steps. Needs AutoGluon and nothing else; see requirements.txt.
"""

import argparse
import json
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "gristmill" / "tasks")]


def main() -> int:
    parser = argparse.ArgumentParser(description="Forecast how series go on.")
    parser.add_argument("data", type=Path, nargs="?", help="newer rows, and what is known of the steps ahead")
    parser.add_argument("-o", "--output", type=Path, required=True, help="where to write (.csv or .parquet)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="horizon=N: how many steps")
    arguments = parser.parse_args()
    try:
        rows = forecast(arguments.data, arguments.output, settings(arguments.set))
    except (ValueError, OSError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 3
    print(rows)
    return 0


def settings(given):
    """What was set, by name."""
    pairs = dict(one.partition("=")[::2] for one in given)
    for name in pairs:
        if name != "horizon":
            raise ValueError(f"A forecast has no setting {name!r}. It has: horizon.")
    return pairs


def forecast(data, output, chosen):
    """Write the forecast of every series to `output`; how many rows it has."""
    told = json.loads((HERE / "model" / "series.json").read_text(encoding="utf-8"))
    steps = horizon(chosen.get("horizon"), told)
    history, future, described = gathered(data, told)
    found = asked(history, future, described, told)
    found = found.groupby("item_id", sort=False).head(steps)
    write(named(found, told), output, told["form"])
    return len(found)


def horizon(wanted, told):
    """How many steps, no more than the model was trained for."""
    most = told["horizon"]
    if wanted is None:
        return most
    if not wanted.isdigit() or not 1 <= int(wanted) <= most:
        raise ValueError(
            f"The horizon {wanted} cannot be had: the model was trained to forecast {most} steps. Choose 1 to {most}, "
            "or train again with --set horizon=N."
        )
    return int(wanted)


def gathered(data, told):
    """What a forecast starts from, the file's rows over those of training.

    The history of each series that is asked for, on one grid that ends for all at once; what is known ahead, and what
    describes them.
    """
    import pandas as pd
    import series  # from gristmill/tasks: puts rows in order just as training did

    rows, described = pd.read_parquet(HERE / "model" / "context.parquet"), static(told)
    wanted = list(dict.fromkeys(rows["item_id"]))
    if data is not None:
        newer, theirs = even_rows(data, told)
        wanted = list(dict.fromkeys(newer["item_id"]))
        newer = newer.astype({name: rows[name].dtype for name in values_of(told)})
        rows = pd.concat([rows[rows["item_id"].isin(wanted)], newer], ignore_index=True)
        rows = rows.groupby(["item_id", "timestamp"], sort=False, as_index=False).last()  # of what is there at all
        if described is not None:
            described = theirs.combine_first(described)[described.columns].astype(described.dtypes)
    grid = series.Panel(("item_id",), "timestamp", series.Step(**told["panel"]["step"]))
    history, future = series.told_apart(series.even(rows, grid, values_of(told)), told["target"])
    strange = set(wanted) - set(history["item_id"])
    if strange:
        raise ValueError(
            f"{data.name} has no value of '{told['target']}' for {min(strange)}, and training has seen none. "
            "Give some of its history."
        )
    return series.latest_context(history, grid, most=2_500), future, described


def values_of(told):
    """The columns that are values in time, the target first."""
    return [told["target"], *told["known"], *told["past"]]


def static(told):
    """What describes each series, as training knew it; None where nothing does."""
    import pandas as pd

    return pd.read_parquet(HERE / "model" / "described.parquet").set_index("item_id") if told["static"] else None


def even_rows(data, told):
    """The rows of a file, in the shape and on the grid that training has used, and what describes their series."""
    import reading  # beside this file: reads just as training did
    import series

    panel, shape = told["panel"], series.Shape(**told["shape"])
    rows = series.melted(reading.read(data, told["form"]), shape)
    given = {*rows.columns, *([told["target"]] if told["known"] else [])}  # a file may tell of steps ahead only
    lacking = [name for name in (*panel["items"], panel["time"], told["target"], *told["known"]) if name not in given]
    if lacking:
        raise ValueError(
            f"{data.name} lacks {', '.join(lacking)}. Add what is missing; newer rows look as the old ones."
        )
    rows = rows.assign(**{name: None for name in (*values_of(told), *told["static"]) if name not in rows.columns})
    if rows[told["target"]].dtype == object:
        rows[told["target"]] = rows[told["target"]].astype(float)
    called = zip(series.item_names(rows, panel["items"]), rows[panel["items"]].to_numpy().tolist(), strict=True)
    told["names"] = dict(called) | told["names"]
    grid = series.Panel(tuple(panel["items"]), panel["time"], series.Step(**panel["step"]))
    found = series.even(rows, grid, values_of(told), sums=told["sums"])
    if not len(found):
        raise ValueError(f"{data.name} has no rows to go on from.")
    return found, series.described(rows, grid, told["static"])


def asked(history, future, described, told):
    """The predictor's answers: item_id, timestamp, prediction and quantiles."""
    import series

    predictor = load()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from autogluon.timeseries import TimeSeriesDataFrame

        known = None
        if told["known"]:
            steps = predictor.make_future_data_frame(
                TimeSeriesDataFrame(history[["item_id", "timestamp", told["target"]]])
            )
            known = series.coming(steps, future, told["known"])
            over = ~history["item_id"].isin(set(known["item_id"]))
            for item in dict.fromkeys(history["item_id"][over]):
                print(f"No prediction for {item}: nothing is known of the steps to come.", file=sys.stderr)
            history = history[~over]
            known = TimeSeriesDataFrame(known)
        if described is not None:
            described = described.reindex(list(dict.fromkeys(history["item_id"])))
        frame = TimeSeriesDataFrame(history[["item_id", "timestamp", *values_of(told)]], static_features=described)
        answers = predictor.predict(frame, known_covariates=known).reset_index()
    quantiles = [name for name in answers.columns if name not in ("item_id", "timestamp", "mean")]
    return answers.rename(columns={"mean": "prediction", **{name: f"quantile.{name}" for name in quantiles}})


def load():
    """The predictor beside this script."""
    import series

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from autogluon.timeseries import TimeSeriesPredictor

        predictor = TimeSeriesPredictor.load(str(HERE / "model"), require_version_match=False)
        series.ready_for(predictor.model_names())
    return predictor


def named(found, told):
    """The answers under the columns of the person's own table."""
    items, rows = told["panel"]["items"], found.copy()
    for at, name in enumerate(items):
        rows.insert(at, name, [told["names"][item][at] for item in rows["item_id"]])
    for at, (name, values) in enumerate(told_in(rows["timestamp"], told).items(), len(items)):
        rows.insert(at, name, values)
    return rows.drop(columns=["item_id", "timestamp"])


def told_in(moments, told):
    """The columns that tell the time, written as the training file writes them."""
    import series

    time, form = told["panel"]["time"], told["form"]
    columns = series.parted(moments, told["shape"]["parts"]) if told["shape"]["parts"] else {time: moments}
    for name, values in columns.items():
        way = form.get("dates", {}).get(name, "ISO8601")
        if values.dtype.kind == "M" and name in form.get("integers", ()):
            columns[name] = values.dt.strftime(told["panel"]["written"]).astype(int)
        elif values.dtype.kind == "M" and "%" in way:
            columns[name] = values.dt.strftime(way)
    return columns


def write(rows, output, form):
    """Whole or not at all; a CSV is written as the training file was."""
    part = output.with_name(output.name + ".part")
    try:
        if output.suffix.lower() == ".parquet":
            rows.to_parquet(part, index=False)
        else:
            marks = {"sep": form["delimiter"], "decimal": form["decimal"], "encoding": form["encoding"]}
            rows.to_csv(part, index=False, errors="replace", **marks)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
