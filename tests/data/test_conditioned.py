"""Pictures with conditions by number: each once an epoch, varied alike whenever asked for."""

from __future__ import annotations

import pytest
import torch

from vqgan_space.data.conditioned import ConditionedPictures

PICTURES = (torch.arange(5)[:, None, None, None] * 40).expand(-1, 1, 8, 8).to(torch.uint8)
LABELS = torch.arange(5)[:, None]


def test_an_epoch_shows_every_picture_with_its_condition() -> None:
    data = ConditionedPictures(PICTURES, LABELS, flip=False)
    items = data.__getitems__(range(5, 10))
    assert sorted(int(label) for _, label in items) == [0, 1, 2, 3, 4]
    for picture, label in items:
        assert torch.allclose(picture, torch.full((1, 8, 8), int(label) * 40 / 255))


def test_an_item_is_the_same_alone_and_in_a_batch() -> None:
    pictures = torch.randint(0, 256, (5, 1, 28, 28), dtype=torch.uint8)
    data = ConditionedPictures(pictures, LABELS, vary=1, seed=3)
    batch = data.__getitems__([3, 11, 4])
    alone, label = ConditionedPictures(pictures, LABELS, vary=1, seed=3)[11]
    assert torch.allclose(batch[1][0], alone, atol=1e-6) and batch[1][1] == label
    assert alone.min() >= 0 and alone.max() <= 1


def test_pictures_are_mirrored_half_of_the_time() -> None:
    picture = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    picture[..., :4] = 255
    data = ConditionedPictures(picture, LABELS[:1])
    left = [bool(item[0, 0, 0] > 0.5) for item, _ in data.__getitems__(range(200))]
    assert 70 < sum(left) < 130


def test_variations_move_but_do_not_lose_a_picture() -> None:
    picture = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    picture[..., 8:20, 8:20] = 255
    varied = [
        item for item, _ in ConditionedPictures(picture, LABELS[:1], vary=1).__getitems__(range(40))
    ]
    areas = torch.stack([item.sum() for item in varied])
    assert (areas > 100).all() and (areas < 190).all() and areas.std() > 3
    columns = torch.stack([item[0].sum(0).argmax() for item in varied])
    assert len(columns.unique()) > 1


def test_one_of_several_conditions_is_taken() -> None:
    texts = [torch.eye(3)] * 5
    data = ConditionedPictures(PICTURES, texts)
    chosen = torch.stack([condition for _, condition in data.__getitems__(range(60))])
    assert chosen.shape == (60, 3) and (chosen.sum(0) > 8).all()


def test_pictures_without_conditions_are_refused() -> None:
    with pytest.raises(ValueError, match="5 pictures need as many"):
        ConditionedPictures(PICTURES, LABELS[:3])
