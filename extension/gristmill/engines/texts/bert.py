"""BERT, read-only in a hundred lines: what most sentence encoders are.

The library they are usually loaded with takes longer to import than a short run has for its texts, and brings in all it
knows of pictures and sound. The modules are named so that a checkpoint's weights load as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Bert", "Tokens"]


class Bert(nn.Module):
    """Token ids in, one row of numbers a text out."""

    def __init__(self, config: dict[str, Any], *, first_token: bool = False) -> None:
        super().__init__()
        self.width = int(config["hidden_size"])
        self.first_token = first_token  # some encoders say it all in the first token, most in the mean of all
        self.embeddings = _Embeddings(config)
        self.encoder = _Layers(config)

    @classmethod
    def load(cls, folder: Path) -> Bert:
        """The encoder that lies in `folder`, as sentence encoders are published."""
        from safetensors.torch import load_file

        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        pooling = folder / "1_Pooling" / "config.json"
        pooled = json.loads(pooling.read_text(encoding="utf-8")) if pooling.is_file() else {}
        model = cls(config, first_token=bool(pooled.get("pooling_mode_cls_token")))
        weights = {name.removeprefix("bert."): value for name, value in load_file(folder / "model.safetensors").items()}
        model.load_state_dict({name: weights[name] for name in model.state_dict()})
        return model.eval()

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        states = self.encoder(self.embeddings(ids), mask[:, None, None, :].bool())
        if self.first_token:
            return functional.normalize(states[:, 0], dim=1)
        shares = mask.unsqueeze(-1).to(states.dtype)
        return functional.normalize((states * shares).sum(1) / shares.sum(1).clamp(min=1), dim=1)


class Tokens:
    """Texts to token ids, padded to the longest of a batch."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer  # type: ignore[import-untyped]

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_padding()

    def cut_at(self, most: int) -> None:
        """Read no more than the first `most` tokens of a text from now on."""
        self._tokenizer.enable_truncation(most)

    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        read = self._tokenizer.encode_batch(list(texts))
        return torch.tensor([text.ids for text in read]), torch.tensor([text.attention_mask for text in read])

    def lengths(self, texts: Sequence[str]) -> np.ndarray:
        """How many tokens each text has, as it is cut."""
        return np.array([len(self._tokenizer.encode(text).ids) for text in texts])


class _Embeddings(nn.Module):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        width = config["hidden_size"]
        self.word_embeddings = nn.Embedding(config["vocab_size"], width)
        self.position_embeddings = nn.Embedding(config["max_position_embeddings"], width)
        self.token_type_embeddings = nn.Embedding(config["type_vocab_size"], width)
        self.LayerNorm = nn.LayerNorm(width, eps=config["layer_norm_eps"])

    def forward(self, ids: Tensor) -> Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)
        types = self.token_type_embeddings.weight[0]
        states: Tensor = self.LayerNorm(self.word_embeddings(ids) + self.position_embeddings(places) + types)
        return states


class _Layers(nn.Module):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.layer = nn.ModuleList(_Layer(config) for _ in range(config["num_hidden_layers"]))

    def forward(self, states: Tensor, seen: Tensor) -> Tensor:
        for layer in self.layer:
            states = layer(states, seen)
        return states


class _Layer(nn.Module):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        width, inner = config["hidden_size"], config["intermediate_size"]
        self.attention = _Attention(config)
        self.intermediate = _Wide(width, inner)
        self.output = _Added(inner, config)

    def forward(self, states: Tensor, seen: Tensor) -> Tensor:
        states = self.attention(states, seen)
        result: Tensor = self.output(self.intermediate(states), states)
        return result


class _Attention(nn.Module):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.self = _Looking(config)
        self.output = _Added(config["hidden_size"], config)

    def forward(self, states: Tensor, seen: Tensor) -> Tensor:
        result: Tensor = self.output(self.self(states, seen), states)
        return result


class _Looking(nn.Module):
    """Each token looks at all others of its text."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        width = config["hidden_size"]
        self.heads = config["num_attention_heads"]
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))

    def forward(self, states: Tensor, seen: Tensor) -> Tensor:
        rows, length, width = states.shape
        query, key, value = (
            part(states).view(rows, length, self.heads, width // self.heads).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        looked = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        return looked.transpose(1, 2).reshape(rows, length, width)


class _Wide(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, inner)

    def forward(self, states: Tensor) -> Tensor:
        return functional.gelu(self.dense(states))


class _Added(nn.Module):
    """What a part has found is added to what it was given."""

    def __init__(self, into: int, config: dict[str, Any]) -> None:
        super().__init__()
        self.dense = nn.Linear(into, config["hidden_size"])
        self.LayerNorm = nn.LayerNorm(config["hidden_size"], eps=config["layer_norm_eps"])

    def forward(self, found: Tensor, given: Tensor) -> Tensor:
        result: Tensor = self.LayerNorm(self.dense(found) + given)
        return result
