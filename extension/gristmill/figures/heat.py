"""Where the model looks.

Where networks have most of the say, each place of a picture is lit up by what it adds to the answer's score, going by
the score's gradient at the network's own maps. For other candidates each part of the picture is blurred in turn, and
the answer's probability watched: that holds for any of them, but asks the model many times. Both are bounded: a few
pictures, as time allows.
"""

from __future__ import annotations

import base64
import io
import tempfile
import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gristmill import pictures
from gristmill.figures.answers import Answers
from gristmill.figures.figure import Figure
from gristmill.wording import count, share, shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["picture_heat"]

_SIDE, _CELLS = 112, 7  # pixels, and parts a side
_MOST = 8


def picture_heat(
    predictor: Any, test: pd.DataFrame, answers: Answers, picture: str, *, time_limit: float, most: int = _MOST
) -> Figure:
    """The worst errors and the surest right answers, with the parts lit up that the answer hangs on."""
    until, title = time.monotonic() + time_limit, "Where the model looks"
    paths = [str(path) for path in test.reset_index(drop=True)[picture]]
    chosen = [
        (index, path)
        for index in _chosen(answers, most)
        if time_limit > 0 and _opens(path := paths[int(answers.rows[index])])
    ]
    shown, caption = _by_gradient(predictor, answers, chosen) or _by_blurring(
        predictor, answers, chosen, picture, until
    )
    if not shown:
        return Figure(title=title, caption="There was no time left to look into this.", body="", part="heat", wide=True)
    told = f"{count(len(shown), 'held-out picture')}, errors first. {caption}"
    told += " Where that is not the thing itself but its background, the model has learned the wrong lesson."
    body = f'<div class="gm-gallery">{"".join(shown)}</div>'
    return Figure(title=title, caption=told, body=body, part="heat", wide=True)


def _opens(path: str) -> bool:
    try:
        pictures.size_of(path)
    except pictures.PictureUnreadable:
        return False
    return True


def _by_gradient(predictor: Any, answers: Answers, chosen: Sequence[tuple[int, str]]) -> tuple[list[str], str] | None:
    """The pictures as the networks behind the answers see them; None where those have little of the say."""
    from gristmill.engines.pictures import gaze

    if not chosen:
        return None
    codes = answers.prediction[[index for index, _ in chosen]]
    found = gaze(predictor, [Path(path) for _, path in chosen], codes)
    if found is None:
        return None
    heat, says = found
    shown = [_drawn(answers, *one, hot) for one, hot in zip(chosen, heat, strict=True)]
    whole = sum(says.values())
    networks = ", ".join(f"{name} ({share(say, 0)} of the say)" for name, say in says.items())
    by = f"the answer is {next(iter(says))}'s" if len(says) == 1 and whole > 0.99 else f"seen by {networks}"
    return shown, f"Red is what speaks for the answer, going by the network's gradients; {by}."


def _by_blurring(
    predictor: Any, answers: Answers, chosen: Sequence[tuple[int, str]], column: str, until: float
) -> tuple[list[str], str]:
    """The pictures with the parts lit up that the answer hangs on, as many as there is time for."""
    shown: list[str] = []
    longest = 0.0
    for index, path in chosen:
        before = time.monotonic()
        if before + 1.2 * longest > until:
            break
        heat = _heat(predictor, pictures.pixels(path, _SIDE), int(answers.prediction[index]), column)
        shown.append(_drawn(answers, index, path, heat, f"<br>up to {share(float(heat.max()), 0)} of it"))
        longest = max(longest, time.monotonic() - before)
    return shown, "Red is what the answer hangs on: blur it, and the model is less sure."


def _chosen(answers: Answers, most: int) -> list[int]:
    """The errors of which the model was surest, at most half; then right answers of different classes."""
    if answers.probabilities is None:
        return []
    claimed = answers.probabilities[np.arange(len(answers)), answers.prediction]
    order = np.argsort(-claimed, kind="stable")
    right = answers.prediction == answers.truth
    wrong = [int(index) for index in order if not right[index]][: most // 2]
    firsts: dict[int, int] = {}
    for index in order:
        if right[index]:
            firsts.setdefault(int(answers.truth[index]), int(index))
    return [*wrong, *firsts.values()][:most]


def _drawn(answers: Answers, index: int, path: str, heat: NDArray[np.float64], more: str = "") -> str:
    truth, said = answers.classes[answers.truth[index]], answers.classes[answers.prediction[index]]
    words = f"{Path(path).name}: {truth}" + ("" if truth == said else f", called {said}")
    called = "" if truth == said else f"<br>called {escape(shorten(said, 24))}"
    return (
        f"<figure>{_picture(_lit(pictures.pixels(path, _SIDE), heat), words)}"
        f"<figcaption><strong>{escape(shorten(truth, 24))}</strong>{called}{more}"
        "</figcaption></figure>"
    )


def _heat(predictor: Any, whole: NDArray[np.uint8], code: int, column: str) -> NDArray[np.float64]:
    """By how much the answer's probability falls when each part is blurred, as a share of it."""
    import pandas as pd
    from PIL import Image, ImageFilter

    part = _SIDE // _CELLS
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/whole.png"]
        Image.fromarray(whole).save(files[0])
        ground = np.asarray(Image.fromarray(whole).filter(ImageFilter.GaussianBlur(_SIDE / 6)))
        for row in range(_CELLS):
            for place in range(_CELLS):
                covered = whole.copy()
                top, left = max(0, row * part - part // 2), max(0, place * part - part // 2)
                cover = slice(top, (row + 1) * part + part // 2), slice(left, (place + 1) * part + part // 2)
                covered[cover] = ground[cover]
                files.append(f"{folder}/{row}-{place}.png")
                Image.fromarray(covered).save(files[-1])
        asked = predictor.predict_proba(pd.DataFrame({column: files}), as_multiclass=True)
    shares = asked.iloc[:, code].to_numpy(dtype=float)
    fall = np.maximum(0.0, shares[0] - shares[1:]) / max(shares[0], 1e-9)
    heat: NDArray[np.float64] = fall.reshape(_CELLS, _CELLS)
    return heat


def _lit(whole: NDArray[np.uint8], heat: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The picture in grey, the hot parts red."""
    from PIL import Image

    strength = (255 * heat / max(float(heat.max()), 0.05)).astype(np.uint8)
    smooth = np.asarray(Image.fromarray(strength).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC), dtype=float) / 255
    grey = np.repeat(whole.mean(axis=2, keepdims=True), 3, axis=2) * 0.8 + 30
    blend = 0.7 * smooth[..., None]
    lit: NDArray[np.uint8] = ((1 - blend) * grey + blend * np.array([235.0, 60.0, 40.0])).clip(0, 255).astype(np.uint8)
    return lit


def _picture(pixels: NDArray[np.uint8], words: str) -> str:
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "JPEG", quality=75)
    source = base64.b64encode(held.getvalue()).decode()
    return (
        f'<img class="gm-picture" width="{_SIDE}" height="{_SIDE}" loading="lazy" '
        f'src="data:image/jpeg;base64,{source}" alt="{escape(words)}" title="{escape(words)}">'
    )
