"""Crops of pictures that stay decoded, with weights where rare things stand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from vqgan_space.data.crops_in_memory import CropsInMemory, decode_all
from vqgan_space.data.datasets import find_pictures
from vqgan_space.data.labelled import rarity_weights

GREY, WHITE = 128, 255


def crops(**options: object) -> CropsInMemory:
    """Grey pictures of several sizes, and white scenes of two classes, one above the other."""
    pictures = [torch.full((3, 20 + n, 40), GREY, dtype=torch.uint8) for n in range(3)]
    scenes = torch.full((2, 3, 32, 32), WHITE, dtype=torch.uint8)
    label_maps = torch.zeros(2, 32, 32, dtype=torch.uint8)
    label_maps[:, 16:] = 7
    return CropsInMemory(pictures, scenes, label_maps, **{"size": 16} | options)


def test_the_share_of_scenes_is_kept_and_batches_are_their_items() -> None:
    data = crops(share=0.25)
    numbers = range(40)
    loader = DataLoader(data, 8, sampler=numbers, **data.together)
    pictures, weights = (torch.cat(parts) for parts in zip(*loader, strict=True))
    assert pictures.shape == (40, 3, 16, 16) and weights.shape == (40, 1, 16, 16)
    assert sum(bool((picture > 0.9).all()) for picture in pictures) == 10
    assert torch.equal(pictures[13], data[13][0])


def test_the_same_number_is_the_same_crop_and_others_differ(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    kept = decode_all(find_pictures(tmp_path), torch.device("cpu"))
    assert np.array_equal(kept[0].permute(1, 2, 0).numpy(), noise)
    nothing = torch.zeros(0, 3, 8, 8), torch.zeros(0, 8, 8)
    one, same = (CropsInMemory(kept, *nothing, share=0, size=16, vivid=0.5) for _ in range(2))
    assert torch.equal(one[5][0], same[5][0])
    assert not torch.equal(one[5][0], one[6][0])
    assert one[5][0].abs().max() <= 1


def test_pixels_weigh_as_their_classes_do_and_flips_take_them_along() -> None:
    class_weights = torch.ones(256)
    class_weights[7] = 4
    data = crops(share=1, scale=(1, 1), class_weights=class_weights)
    _, weights = data[0]
    assert (weights[0, :8] == 1).all() and (weights[0, 8:] == 4).all()
    _, plain = crops(share=0, class_weights=class_weights)[0]
    assert (plain == 1).all()


def test_rare_classes_weigh_more_and_an_average_pixel_one() -> None:
    label_maps = torch.zeros(1, 10, 10, dtype=torch.uint8)
    label_maps[0, 0] = 3
    weights = rarity_weights(label_maps, 0.5)
    assert weights[3] / weights[0] == pytest.approx(3)
    assert weights[label_maps.int()].mean() == pytest.approx(1)
    assert (rarity_weights(label_maps, 0.0)[[0, 3]] == 1).all()
    assert rarity_weights(label_maps, 1.0, most=2)[3] == 2


def test_no_pictures_and_odd_shares_are_errors() -> None:
    nothing = torch.zeros(0, 3, 8, 8), torch.zeros(0, 8, 8)
    with pytest.raises(ValueError, match="no pictures to train from"):
        CropsInMemory([], *nothing, share=0)
    with pytest.raises(ValueError, match="no pictures to train from"):
        CropsInMemory([torch.zeros(3, 8, 8)], *nothing, share=0.5)
    with pytest.raises(ValueError, match="from 0 to 1, not 2"):
        crops(share=2)
