"""Sets of a second stage by name: masked and causal priors, what is missing, what does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from vqgan_space.generation.synthesizer import Synthesizer
from vqgan_space.hub import list_priors, list_synthesizers, load_synthesizer, presets
from vqgan_space.models.conditions import ClassCondition, VectorCondition
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.models.masked_prior import MaskedPrior
from vqgan_space.models.prior import CausalPrior
from vqgan_space.models.sizes import LABEL_VQGAN_SIZES, PRIOR_SIZES, VQGAN_SIZES
from vqgan_space.models.vqgan import VQGAN

SMALL = PRIOR_SIZES["tiny"]


def models() -> tuple[VQGAN, LabelVQGAN]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        labels = LabelVQGAN(in_channels=182, out_channels=182, **LABEL_VQGAN_SIZES["tiny"])
        torch.nn.init.normal_(labels.codebook, std=0.5)
        return VQGAN(**VQGAN_SIZES["tiny"]).eval(), labels.eval()


def masked(kind: str = "grid", **options: int) -> MaskedPrior:
    given = {"num_codes": 64, "height": 4, "width": 4, "condition": kind, **SMALL, **options}
    return MaskedPrior(**given).eval()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set with a masked and a causal prior, as the one that ships is laid out."""
    folder = tmp_path_factory.mktemp("sets") / "tiny-scenes"
    vqgan, labels = models()
    causal = CausalPrior(vocab_size=64, block_size=32, **SMALL)
    Synthesizer(vqgan, labels, causal).save_pretrained(folder, prior_folder="causal_prior")
    Synthesizer(vqgan, labels, masked(num_conditions=64)).save_pretrained(folder)
    return folder


LABELS = torch.arange(16).view(1, 4, 4).repeat_interleave(8, 1).repeat_interleave(8, 2)


def test_both_priors_of_a_set_sample(folder: Path) -> None:
    assert list_priors(folder) == ["prior", "causal_prior"]
    for prior, is_masked in (("prior", True), ("causal_prior", False)):
        synthesizer = load_synthesizer(folder, prior, dtype=torch.float32)
        assert synthesizer.is_masked == is_masked and synthesizer.window == (4, 4)
        steps = list(synthesizer.sample_steps(LABELS, seed=5, steps=3))
        assert steps[-1].known.all() and len(steps) == (4 if is_masked else 17)
        again = load_synthesizer(folder, prior, dtype=torch.float32)
        assert torch.equal(again.sample(LABELS, seed=5, steps=3), steps[-1].codes)
        assert synthesizer.decode(steps[-1].codes).shape == (1, 3, 32, 32)


def test_a_masked_prior_needs_no_condition_and_makes_any_size(folder: Path) -> None:
    synthesizer = load_synthesizer(folder)
    assert synthesizer.sample(None, (4, 4), seed=1).shape == (1, 4, 4)
    wide = LABELS.repeat(1, 1, 3)
    assert synthesizer.sample(wide, steps=2).shape == (1, 4, 12)
    with pytest.raises(ValueError, match="no order"):
        synthesizer.logits(torch.zeros(1, 4, 4).long(), torch.zeros(1, 16).long())


def test_a_set_may_name_the_vqgan_that_ships(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vqgan, labels = models()
    weights = tmp_path / "weights"
    vqgan.save_pretrained(weights / "vqgan-f8" / "vqgan")
    together = Synthesizer(vqgan, labels, masked(num_conditions=64))
    together.save_pretrained(weights / "tiny", vqgan_name="vqgan-f8")
    assert not (weights / "tiny" / "vqgan").exists()
    monkeypatch.setattr(presets, "WEIGHTS", weights)
    assert list_synthesizers() == ["tiny"]
    found = load_synthesizer("tiny", dtype=torch.float32)
    assert torch.equal(found.vqgan.codebook, vqgan.codebook)


def test_classes_and_vectors_come_through_saving(tmp_path: Path) -> None:
    vqgan, _ = models()
    classes = masked("class", num_conditions=3)
    Synthesizer(vqgan, ClassCondition(3), classes).save_pretrained(tmp_path / "classes")
    found = load_synthesizer(tmp_path / "classes")
    assert found.sample(torch.tensor([0, 2]), steps=2).shape == (2, 4, 4)
    with pytest.raises(ValueError, match="0 to 2"):
        found.sample(torch.tensor([3]))
    vectors = masked("vector", vector_dim=5)
    Synthesizer(vqgan, VectorCondition(5), vectors).save_pretrained(tmp_path / "vectors")
    found = load_synthesizer(tmp_path / "vectors")
    assert found.sample(torch.randn(2, 5), steps=2).shape == (2, 4, 4)
    with pytest.raises(ValueError, match=r"\(B, 5\)"):
        found.sample(torch.randn(2, 4))


def test_parts_that_do_not_belong_together_are_refused() -> None:
    vqgan, labels = models()
    with pytest.raises(ValueError, match="64 codes, but its prior was trained on 32"):
        Synthesizer(vqgan, labels, masked(num_codes=32, num_conditions=64))
    with pytest.raises(ValueError, match="'class', not 'grid'"):
        Synthesizer(vqgan, labels, masked("class", num_conditions=3))
    causal = CausalPrior(vocab_size=64, block_size=32, **SMALL)
    with pytest.raises(ValueError, match="vectors to a masked one"):
        Synthesizer(vqgan, VectorCondition(5), causal)


def test_what_is_missing_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no second stage called 'nothing'"):
        load_synthesizer("nothing")
    with pytest.raises(ValueError, match=r"no synthesizer\.json"):
        load_synthesizer(tmp_path)
    with pytest.raises(ValueError, match="has no 'other', but prior, causal_prior"):
        load_synthesizer(folder, "other")
    config = json.loads((folder / "synthesizer.json").read_text())
    (tmp_path / "synthesizer.json").write_text(json.dumps(config | {"vqgan": "nowhere"}))
    (tmp_path / "prior").mkdir()
    (tmp_path / "prior" / "config.json").write_text('{"_class_name": "Sequential"}')
    with pytest.raises(ValueError, match="no model called 'nowhere'"):
        load_synthesizer(tmp_path)
    (tmp_path / "synthesizer.json").write_text("{")
    with pytest.raises(ValueError, match="is no JSON"):
        load_synthesizer(tmp_path)
