"""Weights from a model hub, fetched once into a folder. The only place that speaks to one, and no run does."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from .registry import WeightsMissing

__all__ = ["fetched"]

_WANTED = ("*.json", "*.txt", "*.safetensors", "README.md", "LICENSE*", "*/config.json")
_UNWANTED = ("onnx/*", "openvino/*", "coreml/*", "tf_model*", "flax_model*")
_PATIENCE = 10.0  # seconds for the hub to answer


def fetched(repository: str, into: Path) -> str:
    """Fetch a repository's weights into the folder `into`; the licence that its card names."""
    try:
        from huggingface_hub import HfApi, snapshot_download
        from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars
    except ImportError:
        raise WeightsMissing("Fetching weights needs huggingface-hub: pip install huggingface-hub.") from None
    (enable_progress_bars if sys.stderr.isatty() else disable_progress_bars)()
    try:
        HfApi().model_info(repository, timeout=_PATIENCE)  # one question, so that no answer is known at once
        snapshot_download(
            repository, local_dir=into, allow_patterns=list(_WANTED), ignore_patterns=list(_UNWANTED), max_workers=2
        )
    except Exception as error:  # whatever the hub's library raises of networks, proxies and missing repositories
        raise WeightsMissing(f"{repository} could not be fetched from the model hub: {_said(error)}.") from error
    card = into / "README.md"
    said = card.read_text("utf-8", "replace") if card.is_file() else ""
    named = re.search(r"^license:\s*(\S+)", said, re.MULTILINE)
    return named[1] if named else "unknown: its card names none"


def _said(error: BaseException) -> str:
    if type(error).__name__ == "LocalEntryNotFoundError":  # its word for a file that it could neither fetch nor find
        error = error.__cause__ or error
    kind = type(error).__name__.removeprefix("LocalEntryNotFound")
    if "NotFound" in kind or "Gated" in kind or "Validation" in kind:
        return "there is none of that name, or it is not open to all"
    if "Disk" in kind or getattr(error, "errno", None) == 28:
        return "the disk is full"
    return f"it cannot be reached from here ({kind})"
