"""A set that a stranger names: public, from the Hub, bounded; whatever is in its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hub_client import point_at
from hub_server import Hub
from painting_sets import painting_set
from safetensors.torch import save_file
from torch import ones

from vqgan_space.hub import list_models, list_synthesizers, presets
from vqgan_space.hub.own import fetch_own
from vqgan_space.models.vqgan import VQGAN


def hold(hub: Hub, repo_id: str, folder: Path) -> None:
    files = (path for path in folder.rglob("*") if path.is_file())
    hub.repos[repo_id] = {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture
def doors(hub: Hub, tmp_path: Path, tiny_vqgan: VQGAN) -> Path:
    """The folder of ann/doors."""
    tiny_vqgan.save_pretrained(tmp_path / "tiny" / "vqgan")
    hold(hub, "ann/doors", tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.mark.parametrize("typed", ["ann/doors", " ann/doors ", "https://huggingface.co/ann/doors/"])
def test_a_repo_is_known_by_its_name_or_address(hub: Hub, doors: Path, typed: str) -> None:
    folder, parts = fetch_own(typed)
    assert parts == {"vqgan": "VQGAN"}
    assert (folder / "vqgan" / "config.json").is_file()


@pytest.mark.parametrize("name", list_models() + list_synthesizers())
def test_everything_that_ships_would_be_taken(hub: Hub, name: str) -> None:
    hold(hub, "ann/shipped", presets.WEIGHTS / name)
    assert fetch_own("ann/shipped")[1]


@pytest.mark.parametrize("typed", ["/etc", "..", "../doors", "a b/c", "", "doors", "~/doors"])
def test_nothing_but_a_repo_is_looked_for(hub: Hub, typed: str) -> None:
    with pytest.raises(ValueError, match="write it as user/repo"):
        fetch_own(typed)
    assert not hub.requests


def test_a_folder_of_that_name_is_not_looked_at(
    hub: Hub, doors: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (doors.parent / "ann" / "secret").mkdir(parents=True)
    monkeypatch.chdir(doors.parent)
    with pytest.raises(ValueError, match="no public model ann/secret"):
        fetch_own("ann/secret")


def test_pickles_scripts_and_samples_stay_where_they_are(hub: Hub, doors: Path) -> None:
    extra = ["vqgan/model.bin", "evil.py", "samples/grid.png", "vqgan/model.yaml", "big.npz"]
    hub.repos["ann/doors"] |= dict.fromkeys(extra, b"...")
    folder, _ = fetch_own("ann/doors")
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert names == {"config.json", "diffusion_pytorch_model.safetensors"}


def test_a_set_that_is_too_large_is_not_fetched(hub: Hub, doors: Path) -> None:
    with pytest.raises(ValueError, match="more than the 1e-05 GB that are loaded here"):
        fetch_own("ann/doors", max_bytes=10_000)
    assert not hub.asked("resolve")


@pytest.mark.parametrize("closed", ["private", "gated"])
def test_this_machines_token_opens_nothing_to_strangers(
    hub: Hub, doors: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    fetch_own("ann/doors")  # while it was open: it is in the cache
    hub.closed["ann/doors"] = closed
    hub.repos["ann/doors"]["README.md"] = b"a new commit"
    for home in ("home", "fresh"):
        point_at(hub, tmp_path / home, monkeypatch, "hf_right")
        if closed == "private" or home == "fresh":
            with pytest.raises(ValueError, match="There is no public model ann/doors"):
                fetch_own("ann/doors")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"num_vq_embeddings": 10**10}, "num_vq_embeddings of 10000000000 is out of bounds"),
        ({"layers_per_block": 10**6}, "layers_per_block of 1000000 is out of bounds"),
        ({"block_out_channels": [8] * 5000}, "length of block_out_channels"),
        ({"num_vq_embeddings": 10**7}, "describes .* parameters, but its weights are"),
        ({"norm_num_groups": 0}, "can't be loaded"),
    ],
)
def test_a_configuration_may_not_ask_for_more_than_the_weights_are(
    hub: Hub, doors: Path, change: dict[str, Any], reason: str
) -> None:
    config = json.loads(hub.repos["ann/doors"]["vqgan/config.json"])
    hub.repos["ann/doors"]["vqgan/config.json"] = json.dumps(config | change).encode()
    with pytest.raises(ValueError, match=reason) as caught:
        fetch_own("ann/doors")
    assert "\n" not in str(caught.value)


def test_weights_that_are_none_are_refused(hub: Hub, doors: Path) -> None:
    hub.repos["ann/doors"]["vqgan/diffusion_pytorch_model.safetensors"] = b"\x80\x04pickled"
    with pytest.raises(ValueError, match="its weights are no safetensors"):
        fetch_own("ann/doors")


def test_a_second_stage_can_not_name_a_folder_of_this_machine(hub: Hub, tmp_path: Path) -> None:
    painting_set(condition="class").save_pretrained(tmp_path / "set", vqgan_name="/etc")
    hold(hub, "ann/set", tmp_path / "set")
    with pytest.raises(ValueError, match="relies on '/etc', which is not in it"):
        fetch_own("ann/set")


def test_a_repo_without_a_set_is_refused(hub: Hub, tmp_path: Path) -> None:
    save_file({"weight": ones(2)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text('{"architectures": ["Bert"]}')
    hold(hub, "ann/bert", tmp_path)
    with pytest.raises(ValueError, match="ann/bert holds no set"):
        fetch_own("ann/bert")
