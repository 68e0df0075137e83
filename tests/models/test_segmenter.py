"""The segmentation network: shapes, the classes that it knows, size and speed, saving."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vqgan_space.data.scenes.ids import DRAWN
from vqgan_space.models.segmenter import Segmenter


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Segmenter(classes=DRAWN).eval()


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    return torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1


@torch.inference_mode()
def test_every_pixel_gets_a_logit_of_every_class(
    segmenter: Segmenter, pictures: torch.Tensor
) -> None:
    logits = segmenter(pictures)
    assert logits.shape == (2, 182, 64, 96)
    assert logits[:, list(DRAWN)].isfinite().all()
    others = [index for index in range(182) if index not in DRAWN]
    assert (logits[:, others] == -torch.inf).all()
    assert torch.equal(segmenter.label_maps(pictures), logits.argmax(1))


@torch.inference_mode()
def test_features_are_of_the_picture_and_not_of_its_place(segmenter: Segmenter) -> None:
    # A picture repeated side by side shows the same twice; only what lies on the seam differs.
    picture = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(1)) * 2 - 1
    other = torch.zeros(1, 3, 128, 128)
    once, twice, flat = map(segmenter.features, (picture, picture.repeat(1, 1, 1, 2), other))
    assert once.shape == (1, segmenter.config.widths[-1])
    assert (once - twice).norm() < 0.5 * (once - flat).norm()


@torch.inference_mode()
def test_a_pixel_is_judged_by_where_it_is(segmenter: Segmenter, pictures: torch.Tensor) -> None:
    # A change in one corner leaves the far one alone: logits are not shuffled about.
    changed = pictures.clone()
    changed[:, :, :2, :2] = 1
    differ = (segmenter(pictures, known_only=True) - segmenter(changed, known_only=True)).abs()
    assert differ[:, :, :2, :2].mean() > 20 * differ[:, :, -8:, -8:].mean()


def test_it_is_saved_whole_and_small(
    segmenter: Segmenter, pictures: torch.Tensor, tmp_path: Path
) -> None:
    half = Segmenter.from_config(segmenter.config)
    half.load_state_dict(segmenter.state_dict())
    half.half().save_pretrained(tmp_path)
    assert (tmp_path / "diffusion_pytorch_model.safetensors").stat().st_size < 1_500_000
    again = Segmenter.from_pretrained(tmp_path, torch_dtype=torch.float32).eval()
    with torch.inference_mode():
        expected = segmenter(pictures, known_only=True)
        assert torch.allclose(again(pictures, known_only=True), expected, atol=0.05)
    assert again.ids.tolist() == list(DRAWN)


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 1, 64, 64), (1, 3, 64, 48), (1, 3, 0, 32)])
def test_what_is_no_picture_is_an_error(segmenter: Segmenter, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must be"):
        segmenter(torch.zeros(shape))


@pytest.mark.parametrize("classes", [[], [3, 3], [-1], [182]])
def test_classes_that_are_none_are_an_error(classes: list[int]) -> None:
    with pytest.raises(ValueError, match="different ids from 0 to 181"):
        Segmenter(classes=classes)
