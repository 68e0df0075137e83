"""Publishing a set: what is sent, what is not sent twice, and what is said when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from hub_client import point_at
from hub_server import Hub
from huggingface_hub import ModelCard
from safetensors.torch import save_file
from torch import ones

from vqgan_space.hub.__main__ import main
from vqgan_space.hub.card import CardFacts, write_card
from vqgan_space.hub.push import push_set
from vqgan_space.hub.taming.__main__ import main as convert
from vqgan_space.models.vqgan import VQGAN

FACTS = CardFacts(
    "tiny", trained_on="Nothing.", trained_how="Not at all.", command="python train/vqgan.py"
)


@pytest.fixture
def folder(tmp_path: Path, tiny_vqgan: VQGAN) -> Path:
    """A trained set in several files, with what a training leaves beside it."""
    folder = tmp_path / "tiny"
    tiny_vqgan.save_pretrained(folder / "vqgan", max_shard_size="60KB")
    for extra in (
        "checkpoint/model.safetensors",
        "checkpoint.new/config.json",
        "logs/events.json",
        "samples/grid.png",
        "vqgan/optimizer.bin",
        "training.json",
        "step-000100.png",
    ):
        (folder / extra).parent.mkdir(exist_ok=True)
        (folder / extra).write_bytes(b"...")
    write_card(folder, FACTS)
    return folder


def shards(folder: Path) -> list[str]:
    return sorted(f"vqgan/{path.name}" for path in (folder / "vqgan").glob("*.safetensors"))


def test_weights_configuration_card_and_samples_are_published_and_nothing_else(
    hub: Hub, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["push", str(folder), "ann/doors", "--private"])
    assert capsys.readouterr().out.strip() == f"{hub.address}/ann/doors"
    assert len(shards(folder)) > 1
    assert sorted(hub.repos["ann/doors"]) == sorted(
        [
            "README.md",
            "samples/grid.png",
            "vqgan/config.json",
            "vqgan/diffusion_pytorch_model.safetensors.index.json",
            *shards(folder),
        ]
    )
    assert hub.closed == {"ann/doors": "private"}


def test_the_cards_example_names_the_repo(hub: Hub, folder: Path) -> None:
    push_set(folder, "ann/doors")
    card = ModelCard(hub.repos["ann/doors"]["README.md"].decode())
    assert 'vqgan_space.load("ann/doors")' in card.text
    assert 'VQModel.from_pretrained("ann/doors", subfolder="vqgan")' in card.text
    assert 'load("tiny")' in (folder / "README.md").read_text(), "the folder is left as it was"


def test_a_second_push_of_the_same_makes_no_commit(hub: Hub, folder: Path) -> None:
    for _ in range(2):
        push_set(folder, "ann/doors")
    assert len(hub.commits["ann/doors"]) == 1
    (folder / "samples" / "grid.png").write_bytes(b"another")
    push_set(folder, "ann/doors")
    assert len(hub.commits["ann/doors"]) == 2
    assert len(hub.asked("PUT")) == len(shards(folder)), "weights went once"


def test_an_interrupted_upload_goes_on_with_what_is_missing(hub: Hub, folder: Path) -> None:
    hub.fail("PUT", status=400)  # one of the shards
    with pytest.raises(ValueError, match=r"the set stays in .*, try again with"):
        push_set(folder, "ann/doors")
    assert not hub.commits.get("ann/doors"), "half a set is never there to load"
    first = set(hub.large)
    assert len(first) == len(shards(folder)) - 1
    hub.requests.clear()
    push_set(folder, "ann/doors")
    assert [request[-64:] for request in hub.asked("PUT")] == list(set(hub.large) - first)
    assert set(shards(folder)) <= set(hub.repos["ann/doors"])


def test_shards_of_an_earlier_larger_model_do_not_stay(
    hub: Hub, folder: Path, tiny_vqgan: VQGAN
) -> None:
    push_set(folder, "ann/doors")
    for path in (folder / "vqgan").iterdir():
        path.unlink()
    tiny_vqgan.save_pretrained(folder / "vqgan")
    push_set(folder, "ann/doors")
    weights = [path for path in hub.repos["ann/doors"] if "safetensors" in path]
    assert weights == ["vqgan/diffusion_pytorch_model.safetensors"]


def test_a_name_that_another_model_has_is_not_overwritten(hub: Hub, folder: Path) -> None:
    hub.repos["ann/bert"] = {"config.json": b"{}", "model/pytorch_model.bin": b"..."}
    with pytest.raises(ValueError, match="another model in ann/bert already: choose another name"):
        push_set(folder, "ann/bert")
    assert sorted(hub.repos["ann/bert"]) == ["config.json", "model/pytorch_model.bin"]


def test_a_set_without_a_card_gets_one(hub: Hub, folder: Path) -> None:
    (folder / "README.md").unlink()
    push_set(folder, "ann/doors")
    card = ModelCard(hub.repos["ann/doors"]["README.md"].decode())
    assert card.data.library_name == "diffusers"
    assert "| `vqgan/` | VQGAN |" in card.text and 'load("ann/doors")' in card.text


def test_open_clips_own_layout_is_published_too(hub: Hub, tmp_path: Path) -> None:
    save_file({"weight": ones(2)}, tmp_path / "open_clip_model.safetensors")
    for name in ("open_clip_config.json", "tokenizer.json", "training.json"):
        (tmp_path / name).write_text("{}")
    push_set(tmp_path, "ann/clip")
    assert sorted(hub.repos["ann/clip"]) == [
        "README.md",
        "open_clip_config.json",
        "open_clip_model.safetensors",
        "tokenizer.json",
    ]


@pytest.mark.parametrize("name", ["segmentation_f16", "transformer_class"])
def test_converted_checkpoints_are_published_whole(
    hub: Hub, name: str, shared: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    source = shared / "fixtures" / "taming" / name
    convert([str(source), str(out), "--push-to-hub", "ann/converted"])
    written = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert set(hub.repos["ann/converted"]) == written


@pytest.mark.parametrize(
    ("token", "repo_id", "reason"),
    [
        ("", "ann/doors", "log in with `hf auth login`"),
        ("hf_wrong", "ann/doors", "does not know the token"),
        ("hf_read", "ann/doors", "may not write to ann/doors"),
        ("hf_right", "bob/doors", "may not write to bob/doors: the name is another's"),
        ("hf_right", "doors", "use user/repo"),
    ],
)
def test_what_a_token_may_not_do_is_said_with_the_command_to_try_again(
    hub: Hub, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    token: str, repo_id: str, reason: str,
) -> None:  # fmt: skip
    hub.repos["bob/doors"] = {}
    point_at(hub, tmp_path / "home", monkeypatch, token)
    with pytest.raises(SystemExit) as caught:
        main(["push", str(folder), repo_id])
    said = str(caught.value)
    assert reason in said and "\n" not in said
    assert f"push {folder} {repo_id}`" in said


@pytest.mark.parametrize(
    ("pattern", "status", "reason"),
    [
        ("/commit/", 500, r"failed at ann/doors \(error 500\)"),
        ("/preupload/", 409, "refused ann/doors"),
        ("batch", 503, r"error 503"),
    ],
)
def test_a_failing_hub_is_one_sentence(
    hub: Hub, folder: Path, pattern: str, status: int, reason: str
) -> None:
    hub.fail(pattern, status=status, times=None)
    with pytest.raises(ValueError, match=reason) as caught:
        push_set(folder, "ann/doors")
    assert "\n" not in str(caught.value) and "try again with" in str(caught.value)


def test_no_network_is_one_sentence(
    hub: Hub, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.address = "http://127.0.0.1:9"
    point_at(hub, tmp_path / "home", monkeypatch)
    with pytest.raises(ValueError, match="can't be reached to publish ann/doors; the set stays in"):
        push_set(folder, "ann/doors")


def test_a_folder_without_a_set_is_refused(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "vqgan").mkdir()
    (tmp_path / "vqgan" / "config.json").write_text('{"_class_name": "VQModel"}')
    (tmp_path / "vqgan" / "diffusion_pytorch_model.bin").write_bytes(b"pickled")
    with pytest.raises(ValueError, match="holds no trained set: expected folders such as vqgan/"):
        push_set(tmp_path, "ann/doors")
    assert not hub.requests
