"""A sentence encoder: a text in, a few hundred numbers that say what it means out. Its weights are never trained here.

Texts are read in batches of like length, so that little is padded. What was encoded is remembered by the text's hash,
in memory and, where a folder is given, on disk: the second candidate that asks gets its answers for nothing, and so
does a run that is taken up again.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from gristmill.weights import TEXT, WeightsMissing, find

__all__ = ["Encoder", "EncoderMissing", "encoder_of", "readable", "weights_of"]

_REMEMBERED = 50_000  # texts: 75 MB
_MOST_WORKERS = 8
_COUNTED, _TIMED = 500, 64  # texts whose tokens are counted, and that are encoded, to know how long all will take


class EncoderMissing(RuntimeError):
    """There are no weights of that name here."""


def weights_of(name: str) -> Path:
    """Where an encoder's weights lie: those of that name in the registry, or else in a folder."""
    try:
        folder = Path(name) if (Path(name) / "config.json").is_file() else find(name, TEXT).place()
    except WeightsMissing as error:
        raise EncoderMissing(str(error)) from None
    readable(folder)
    return folder


def readable(folder: Path) -> None:
    """EncoderMissing where the folder holds no encoder that can be read here."""
    name = folder.name
    lacking = [file for file in ("config.json", "tokenizer.json", "model.safetensors") if not (folder / file).is_file()]
    if lacking:
        raise EncoderMissing(f"The sentence encoder {name!r} lacks {' and '.join(lacking)}.")
    needed = [library for library in ("tokenizers", "safetensors") if find_spec(library) is None]
    if needed:
        raise EncoderMissing(f"Sentence encoders need more: `pip install {' '.join(needed)}` brings it.")
    kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    if kind != "bert":
        raise EncoderMissing(f"The sentence encoder {name!r} is of the kind {kind}; only those of BERT's are read.")


@cache
def encoder_of(name: str) -> Encoder:
    """The encoder of that name, loaded once in a process."""
    return Encoder(weights_of(name))


class Encoder:
    """An encoder, and all that it has read lately."""

    def __init__(self, folder: Path) -> None:
        import torch

        from .bert import Bert, Tokens

        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        # Half the digits, and up to three times the pace, where the processor reckons with them.
        self._halves = self.device.type == "cuda" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))
        self._batch = 256 if self.device.type == "cuda" else 32
        self._tokens = Tokens(folder)
        self._model = Bert.load(folder).to(self.device)
        self.width = self._model.width
        self._known: dict[bytes, np.ndarray] = {}
        self._recalled: set[str] = set()

    def encode(
        self, texts: Sequence[str], *, tokens: int, folder: str = "", until: float = float("inf")
    ) -> np.ndarray | None:
        """A row of numbers for each text, from its first `tokens`; None if that is not done by `until`.

        `folder` is where encodings are kept; one that is not there, as on another machine, is no trouble.
        """
        keys = [blake2b(f"{tokens}:{text}".encode(errors="replace"), digest_size=16).digest() for text in texts]
        self._recall(folder)
        if len(self._known) > _REMEMBERED + len(texts):
            self._known.clear()
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        made: list[bytes] = []
        for some, rows in self._encoded(missing, tokens):
            self._known.update(zip(some, rows, strict=True))
            made += some
            if time.monotonic() > until:
                break
        self._note(folder, made)
        if len(made) < len(missing):
            return None
        return np.stack([self._known[key] for key in keys]) if keys else np.zeros((0, self.width), np.float32)

    def seconds(self, texts: Sequence[str], depths: Sequence[int]) -> list[float]:
        """About how long all of `texts` would take, for each number of tokens that may be read of each."""
        drawn = [texts[place] for place in np.random.default_rng(0).permutation(len(texts))[:_COUNTED]]
        drawn.sort(key=len)
        self._tokens.cut_at(max(depths))
        lengths = self._tokens.lengths(drawn)
        middle = slice(max(0, (len(drawn) - _TIMED) // 2), (len(drawn) + _TIMED) // 2)
        some = {str(place).encode(): text for place, text in enumerate(drawn[middle])}
        taken = 0.0
        for _ in range(2):  # the first time pays for what all others find prepared
            before = time.perf_counter()
            for _ in self._encoded(some, max(depths)):
                pass
            taken = time.perf_counter() - before
        pace = taken / max(1, lengths[middle].sum())
        return [float(pace * np.minimum(lengths, depth).mean() * len(texts)) for depth in depths]

    def _encoded(self, texts: dict[bytes, str], tokens: int) -> Iterator[tuple[list[bytes], np.ndarray]]:
        """The texts' keys and rows, batch by batch, texts of like length together.

        Each worker reckons on one processor by itself: processors that share a batch wait for each other at every step,
        and on a busy machine that takes several times as long.
        """
        import torch

        order = sorted(texts, key=lambda key: len(texts[key]))
        batches = [order[place : place + self._batch] for place in range(0, len(order), self._batch)]
        self._tokens.cut_at(tokens)
        processors = torch.get_num_threads()
        workers = 1 if self.device.type == "cuda" else min(processors, _MOST_WORKERS)
        pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
        waiting: deque[tuple[list[bytes], Future[np.ndarray]]] = deque()
        try:
            for keys in batches:
                waiting.append((keys, pool.submit(self._rows, [texts[key] or " " for key in keys])))
                if len(waiting) > workers:
                    done, rows = waiting.popleft()
                    yield done, rows.result()
            while waiting:
                done, rows = waiting.popleft()
                yield done, rows.result()
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(processors)

    def _rows(self, texts: list[str]) -> np.ndarray:
        import torch

        ids, mask = self._tokens(texts)
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=self._halves):
            rows: np.ndarray = self._model(ids.to(self.device), mask.to(self.device)).float().cpu().numpy()
        return rows

    def _recall(self, folder: str) -> None:
        """Take in what other processes, or earlier ones, have left in the folder."""
        for path in sorted(Path(folder).glob("*.npz")) if folder else ():
            if str(path) in self._recalled:
                continue
            self._recalled.add(str(path))
            with np.load(path) as kept:
                if kept["rows"].shape[1] == self.width:
                    self._known.update(zip(map(bytes, kept["keys"]), kept["rows"], strict=True))

    def _note(self, folder: str, keys: list[bytes]) -> None:
        if not folder or not keys or not Path(folder).is_dir():
            return
        path = Path(folder) / f"{time.time_ns()}.npz"
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            arrays: dict[str, Any] = {"keys": np.array([np.frombuffer(key, np.uint8) for key in keys])}
            np.savez(file, rows=np.stack([self._known[key] for key in keys]), **arrays)
        part.rename(path)  # whole or not there
        self._recalled.add(str(path))
