"""Tables that hold texts or pictures beside numbers and words: what AutoGluon is told of them, and what reads them.

The candidates themselves are in multimodal/, which is loaded only for such a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from gristmill.engines.multimodal import Seen

__all__ = ["Quick", "named", "special_columns", "with_encodings"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Quick:
    """Candidates on what frozen networks see, as AutoGluon's `hyperparameters`; empty where nothing can be read."""

    sentence: str
    hyperparameters: dict[Any, Any] = field(default_factory=dict)


def special_columns(train: pd.DataFrame, target: str, texts: Sequence[str], pictures: Sequence[str]) -> dict[str, Any]:
    """What `fit` is to know of columns that are no mere categories; nothing where there are none."""
    if not texts and not pictures:
        return {}
    from autogluon.common.features.feature_metadata import FeatureMetadata
    from autogluon.features.generators import AutoMLPipelineFeatureGenerator

    kinds = {name: ["text"] for name in texts} | {name: ["image_path"] for name in pictures}
    return {
        "feature_metadata": FeatureMetadata.from_df(train.drop(columns=target)).add_special_types(kinds),
        "feature_generator": AutoMLPipelineFeatureGenerator(enable_raw_text_features=bool(texts)),
    }


def named(rows: pd.DataFrame, pictures: Sequence[str], folder: Path) -> pd.DataFrame:
    """The rows with their pictures called as the table calls them: no report shows paths of the machine it is from."""
    place = f"{folder / 'data'}/"

    def short(path: object) -> object:
        return path.removeprefix(place) if isinstance(path, str) else path

    return rows.assign(**{name: rows[name].map(short) for name in pictures})


def with_encodings(rows: pd.DataFrame, seen: Seen, folder: Path, *, seconds: float) -> Quick:
    """Read the texts of all `rows`, if `seconds` allow, and say which candidates are to learn from what was read."""
    from gristmill.engines.backbones import WeightsMissing, load
    from gristmill.engines.multimodal import SeenBoosted, SeenLinear
    from gristmill.engines.texts import encode_ahead

    settings: dict[str, Any] = {"weights": seen.weights, "side": seen.side}
    told = []
    if seen.texts:
        encoded = encode_ahead(rows[list(seen.texts)], seen.encoder, folder, seconds=seconds)
        told.append(encoded.sentence)
        if not encoded.ready:
            return Quick(sentence=" ".join(told))
        settings |= {name: value for name, value in encoded.settings.items() if name != "ag_args"}
    if seen.pictures:
        try:
            load(seen.weights)
        except WeightsMissing as error:
            return Quick(sentence=" ".join([*told, f"The pictures were not looked at: {error}"]))
        told.append(f"{seen.weights} looks at the pictures of {len(rows):,} rows, {seen.side} pixels wide.")
    return Quick(sentence=" ".join(told), hyperparameters={SeenLinear: settings, SeenBoosted: settings})
