"""Synthesizer: taming-transformers' own figures, saving and loading, conditions, errors."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from vqgan_space.generation.synthesizer import Synthesizer
from vqgan_space.hub.taming import load
from vqgan_space.models.conditions import (
    ClassCondition,
    CoordinateCondition,
    condition_from_dict,
)
from vqgan_space.models.permuters import Permuter
from vqgan_space.models.prior import CausalPrior
from vqgan_space.models.vqgan import VQGAN

# The key of the condition in each fixture.
CONDITIONS = {
    "transformer_segmentation": "labels",
    "transformer_class": "class_labels",
    "transformer_unconditional": None,
    "transformer_coord": "coords",
}


@functools.cache
def imported(folder: Path) -> Synthesizer:
    synthesizer = load(folder)
    assert isinstance(synthesizer, Synthesizer)
    return synthesizer


@pytest.fixture(params=CONDITIONS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=["imported", "saved", "prepared"])
def synthesizer(
    request: pytest.FixtureRequest, shared: Path, tmp_path: Path, name: str
) -> Synthesizer:
    """The set as it is imported, as it is saved and loaded again, and prepared for inference."""
    original = imported(shared / "fixtures" / "taming" / name)
    if request.param == "imported":
        return original
    original.save_pretrained(tmp_path)
    loaded = Synthesizer.from_pretrained(tmp_path)
    return loaded.prepare_inference(dtype=torch.float32) if request.param == "prepared" else loaded


@pytest.fixture
def golden(shared: Path, name: str) -> dict[str, Tensor]:
    return load_file(shared / "fixtures" / "taming" / name / "io.safetensors")


def relative(got: Tensor, expected: Tensor) -> float:
    return ((got - expected).abs().max() / expected.abs().max()).item()


def test_it_gives_what_taming_gives(
    synthesizer: Synthesizer, golden: dict[str, Tensor], name: str
) -> None:
    key = CONDITIONS[name]
    condition = golden[key] if key else golden["image"]
    front = synthesizer.condition_codes(condition)
    assert torch.equal(front, golden["c_indices"])
    codes = golden["z_indices"].view(2, 16, 16)
    assert relative(synthesizer.logits(codes, front), golden["logits"]) < 1e-4

    greedy = synthesizer.sample(condition, (16, 16), temperature=0)
    assert torch.equal(greedy.flatten(1), golden["greedy_indices"])
    assert relative(synthesizer.decode(greedy), golden["greedy_image"]) < 1e-4

    upper = torch.zeros(16, 16, dtype=torch.bool)
    upper[:8] = True
    completed = synthesizer.sample(condition, (16, 16), top_k=1, known=codes, known_region=upper)
    assert torch.equal(completed.flatten(1), golden["completion_indices"])


@pytest.mark.parametrize("name", ["transformer_segmentation"], indirect=True)
def test_a_wide_canvas_is_taming_s(synthesizer: Synthesizer, golden: dict[str, Tensor]) -> None:
    codes = synthesizer.sample(golden["wide_labels"], temperature=0)
    assert torch.equal(codes, golden["wide_greedy_indices"])


def tiny(vqgan: VQGAN, condition: object, **options: object) -> Synthesizer:
    """A set with an untrained prior that reads 4 x 4 codes after the condition's."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        front = 16 if isinstance(condition, (VQGAN, CoordinateCondition)) else 1
        prior = CausalPrior(vocab_size=64, block_size=front + 15, n_layer=1, n_head=2, n_embd=16)
        for parameter in prior.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    return Synthesizer(vqgan, condition, prior.eval(), **options)  # type: ignore[arg-type]


def test_a_start_code_serves_as_many_pictures_as_there_are_seeds(tiny_vqgan: VQGAN) -> None:
    synthesizer = tiny(tiny_vqgan, None, sos=5)
    assert synthesizer.window == (4, 4)
    assert synthesizer.condition_codes(None).tolist() == [[5]]
    codes = synthesizer.sample(seed=[1, 2, 3])
    assert codes.shape == (3, 4, 4)
    assert torch.equal(codes[1:2], synthesizer.sample(seed=2))
    assert synthesizer.decode(codes).shape == (3, 3, 32, 32)
    assert synthesizer.sample(size=(6, 5)).shape == (1, 6, 5)
    *_, last = synthesizer.sample_steps(seed=2)
    assert torch.equal(last.codes, codes[1:2]) and last.fraction == 1


def test_a_picture_can_be_the_condition(tiny_vqgan: VQGAN) -> None:
    pictures = torch.rand(2, 3, 40, 48, generator=torch.Generator().manual_seed(0)) * 2 - 1
    synthesizer = tiny(tiny_vqgan, tiny_vqgan)
    front = tiny_vqgan.encode_codes(pictures)
    assert torch.equal(synthesizer.condition_codes(pictures), front.flatten(1))
    assert synthesizer.sample(pictures).shape == (2, 5, 6)
    small = tiny(tiny_vqgan, tiny_vqgan, downsample_cond_size=32)
    shrunk = torch.nn.functional.interpolate(pictures, size=(32, 32))
    assert torch.equal(small.condition_codes(pictures), tiny_vqgan.encode_codes(shrunk).flatten(1))


def test_coordinates_are_those_of_the_whole_canvas(tiny_vqgan: VQGAN) -> None:
    synthesizer = tiny(tiny_vqgan, CoordinateCondition(63, 8))
    whole = torch.arange(40 * 48).view(1, 1, 40, 48) / (40 * 48)
    front = torch.nn.functional.avg_pool2d(whole, 8)
    assert torch.equal(synthesizer.condition_codes(whole), (63 * front).round().long().flatten(1))
    given = synthesizer.sample(whole, (5, 6), seed=4)
    assert torch.equal(synthesizer.sample(size=(5, 6), seed=4), given)


def test_without_kept_codes_one_pass_is_enough(tiny_vqgan: VQGAN) -> None:
    pictures = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    synthesizer = tiny(tiny_vqgan, tiny_vqgan, pkeep=0.0)
    front = synthesizer.condition_codes(pictures)
    expected = synthesizer.logits(front.view(1, 4, 4), front).argmax(-1)
    assert torch.equal(synthesizer.sample(pictures, temperature=0).flatten(1), expected)
    with pytest.raises(ValueError, match="pkeep 0"):
        tiny(tiny_vqgan, ClassCondition(3), pkeep=0.0).sample(1)


@pytest.mark.parametrize(
    "options",
    [
        {"pkeep": 0.5, "permuter": Permuter("spiral-in", 4, 4)},
        {"sos": 3, "window": (2, 8)},
        {"condition": "first stage", "downsample_cond_size": 32},
        {"condition": CoordinateCondition(63, 8)},
        {"condition": ClassCondition(10)},
    ],
)
def test_saving_keeps_everything(
    tiny_vqgan: VQGAN, tmp_path: Path, options: dict[str, object]
) -> None:
    options = {"condition": None} | options
    if options["condition"] == "first stage":
        options["condition"] = tiny_vqgan
    condition = options["condition"]
    before = tiny(tiny_vqgan, **options)
    before.save_pretrained(tmp_path)
    after = Synthesizer.from_pretrained(tmp_path)
    for name in ("pkeep", "permuter", "window", "downsample_cond_size"):
        assert getattr(after, name) == getattr(before, name)
    if condition is tiny_vqgan:
        assert after.condition is after.vqgan
    else:
        assert after.condition == before.condition
    given = {ClassCondition: 7}.get(type(condition))
    if condition is tiny_vqgan:
        given = torch.zeros(1, 3, 32, 32)
    assert torch.equal(after.sample(given, seed=1), before.sample(given, seed=1))


def test_logits_of_a_permuted_prior_are_row_by_row(tiny_vqgan: VQGAN) -> None:
    synthesizer = tiny(tiny_vqgan, ClassCondition(4), permuter=Permuter("spiral-out", 4, 4))
    front = synthesizer.condition_codes([2])
    codes = synthesizer.sample([2], temperature=0)
    logits = synthesizer.logits(codes, front)
    assert torch.equal(logits.argmax(-1).view(1, 4, 4), codes)


def damage(folder: Path, **changes: object) -> None:
    path = folder / "synthesizer.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    "harm, message",
    [
        (lambda f: (f / "synthesizer.json").unlink(), "can't be loaded as a Synthesizer"),
        (lambda f: (f / "synthesizer.json").write_text("{"), "can't be loaded"),
        (lambda f: (f / "synthesizer.json").write_text("[]"), "can't be loaded"),
        (lambda f: (f / "prior" / "config.json").unlink(), "can't be loaded"),
        (lambda f: next((f / "prior").glob("*.safetensors")).write_bytes(b"no"), "can't be"),
        (lambda f: damage(f, condition={"kind": "smell"}), "no condition of the kind 'smell'"),
        (lambda f: damage(f, condition={"kind": "class"}), "num_classes"),
        (lambda f: damage(f, permuter={"name": "zigzag", "size": [4, 4]}), "no order 'zigzag'"),
    ],
)
def test_a_damaged_folder_is_refused(
    tiny_vqgan: VQGAN, tmp_path: Path, harm: object, message: str
) -> None:
    tiny(tiny_vqgan, ClassCondition(4)).save_pretrained(tmp_path)
    harm(tmp_path)
    with pytest.raises(ValueError, match=message):
        Synthesizer.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    "condition, given, message",
    [
        (ClassCondition(4), 4, "0 to 3, got 4..4"),
        (ClassCondition(4), None, "Name a class, 0 to 3"),
        (ClassCondition(4), torch.tensor([0.5]), "whole numbers"),
        (CoordinateCondition(63, 8), torch.zeros(1, 1, 12, 8), "multiples of 8, got 12 x 8"),
        (CoordinateCondition(63, 8), torch.full((1, 1, 8, 8), 2.0), r"in \[0, 1\]"),
        (CoordinateCondition(63, 8), torch.zeros(1, 8, 8), r"are \(B, 1, H, W\)"),
        (CoordinateCondition(63, 8), "left", "must be a tensor"),
    ],
)
def test_a_condition_of_another_kind_is_named(
    tiny_vqgan: VQGAN, condition: object, given: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        tiny(tiny_vqgan, condition).sample(given)


def test_conditions_read_only_their_own_numbers() -> None:
    assert condition_from_dict({"kind": "class", "num_classes": 3}) == ClassCondition(3)
    with pytest.raises(ValueError, match="num_classes"):
        condition_from_dict({"kind": "class", "num_classes": "3"})
