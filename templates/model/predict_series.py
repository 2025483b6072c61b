"""Forecast with the model beside this script: python predict.py -o forecast.csv

Series go on from where training ended. With a file of newer rows, from where those end: python predict.py new.csv -o
forecast.csv. --set horizon=N gives fewer steps. Needs AutoGluon and nothing else; see requirements.txt.
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
    parser.add_argument("data", type=Path, nargs="?", help="newer rows: CSV, Parquet or Excel, as the training file")
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
    history, future, wanted = gathered(data, told)
    found = asked(history, future, told)
    found = found[found["item_id"].isin(wanted)].groupby("item_id", sort=False).head(steps)
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
    """The history of every series on one grid that ends for all at once, what is known ahead, and who is asked for."""
    import pandas as pd
    import series  # from gristmill/tasks: puts rows in order just as training did

    panel = told["panel"]
    step = series.Step(**panel["step"])
    values = [told["target"], *told["known"]]
    rows = pd.read_parquet(HERE / "model" / "context.parquet")
    wanted = list(dict.fromkeys(rows["item_id"]))
    if data is not None:
        newer = even_rows(data, told, step)
        wanted = list(dict.fromkeys(newer["item_id"]))
        rows = pd.concat([rows[rows["item_id"].isin(wanted)], newer], ignore_index=True)
        rows = rows.drop_duplicates(["item_id", "timestamp"], keep="last")
    grid = series.Panel(("item_id",), "timestamp", step)
    history, future = series.told_apart(series.even(rows, grid, values), told["target"])
    return series.latest_context(history, grid, most=2_500), future, wanted


def even_rows(data, told, step):
    """The rows of a file, in the shape and on the grid that training has used."""
    import reading  # beside this file: reads just as training did
    import series

    panel, shape = told["panel"], series.Shape(**told["shape"])
    rows = series.melted(reading.read(data, told["form"]), shape)
    needed = [*panel["items"], panel["time"], told["target"], *told["known"]]
    lacking = [name for name in needed if name not in rows.columns]
    if lacking:
        raise ValueError(
            f"{data.name} lacks {', '.join(lacking)}. Add what is missing; newer rows look as the old ones."
        )
    called = zip(series.item_names(rows, panel["items"]), rows[panel["items"]].to_numpy().tolist(), strict=True)
    told["names"] = told["names"] | dict(called)
    grid = series.Panel(tuple(panel["items"]), panel["time"], step)
    found = series.even(rows, grid, [told["target"], *told["known"]])
    if not len(found):
        raise ValueError(f"{data.name} has no rows to go on from.")
    return found


def asked(history, future, told):
    """The predictor's answers: item_id, timestamp, prediction and quantiles."""
    import series

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from autogluon.timeseries import TimeSeriesDataFrame, TimeSeriesPredictor

        predictor = TimeSeriesPredictor.load(str(HERE / "model"), require_version_match=False)
        series.ready_for(predictor.model_names())
        frame = TimeSeriesDataFrame(history[["item_id", "timestamp", told["target"], *told["known"]]])
        known = ahead(predictor, frame, future, told) if told["known"] else None
        answers = predictor.predict(frame, known_covariates=known).reset_index()
    quantiles = [name for name in answers.columns if name not in ("item_id", "timestamp", "mean")]
    return answers.rename(columns={"mean": "prediction", **{name: f"quantile.{name}" for name in quantiles}})


def ahead(predictor, frame, future, told):
    """What is known of the steps to forecast; ValueError where something is not."""
    from autogluon.timeseries import TimeSeriesDataFrame

    steps = predictor.make_future_data_frame(frame)
    steps = steps.merge(future[["item_id", "timestamp", *told["known"]]], on=["item_id", "timestamp"], how="left")
    for name in told["known"]:
        if steps[name].isna().any():
            row = steps[steps[name].isna()].iloc[0]
            raise ValueError(
                f"The forecast needs '{name}' for all {told['horizon']} steps ahead; the first that lacks it is "
                f"{row['timestamp']} of {row['item_id']}. Give such rows in a file, with '{told['target']}' empty."
            )
    return TimeSeriesDataFrame(steps)


def named(found, told):
    """The answers under the columns of the person's own table."""
    items, time = told["panel"]["items"], told["panel"]["time"]
    rows = found.copy()
    for at, name in enumerate(items):
        rows.insert(at, name, [told["names"][item][at] for item in rows["item_id"]])
    way = told["form"].get("dates", {}).get(time, "ISO8601")
    moments = rows["timestamp"]
    if time in told["form"].get("integers", ()):
        moments = moments.dt.year
    elif "%" in way:  # written as the training file writes it
        moments = moments.dt.strftime(way)
    rows.insert(len(items), time, moments)
    return rows.drop(columns=["item_id", "timestamp"])


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
