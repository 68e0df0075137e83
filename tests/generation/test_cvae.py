"""Pictures from a CVAE: by seed, of words and texts, along latents, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from vqgan_space.generation.cvae import (
    busiest_latents,
    check_caption,
    from_sprite,
    morph,
    reconstruct,
    sample_classes,
    sample_embedding,
    sample_text,
    sheet,
    similarity,
    to_images,
    walk_grid,
)
from vqgan_space.generation.seeds import variant_seeds
from vqgan_space.models.cvae import CVAE


def small(**options: object) -> CVAE:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return CVAE(**{"channels": (4, 4, 8), "latent_dim": 6} | options).eval()


def of_texts(**options: object) -> CVAE:
    return small(**{"size": 64, "channels": (4, 4, 4, 8), "text_dim": 5} | options)


class Words:
    """Stands in for a CLIP: a text's embedding says how long it is."""

    dim = 5

    def embed_long_text(self, text: str) -> Tensor:
        return torch.full((5,), len(text) / 10)


def pixels(pictures: list[Image.Image]) -> np.ndarray:
    return np.stack([np.asarray(picture) for picture in pictures])


@pytest.mark.parametrize("condition", ["concat", "add", None])
def test_a_picture_depends_on_its_class_and_seed_alone(condition: str | None) -> None:
    model = small(condition=condition)
    several = pixels(sample_classes(model, [7, 4, 7], seed=3))
    assert several.shape == (3, 28, 28)
    seeds = variant_seeds(3, 3)
    alone = pixels(sample_classes(model, [7], seed=[seeds[2]]))
    assert np.abs(alone[0].astype(int) - several[2]).max() <= 1
    assert not np.array_equal(several[0], several[2])


def test_temperature_is_the_spread_of_z() -> None:
    model = small()
    cold = pixels(sample_classes(model, [7, 7], temperature=0))
    assert np.array_equal(cold[0], cold[1])
    spreads = [
        pixels(sample_classes(model, [7] * 16, temperature=t)).std(axis=0).mean() for t in (0.5, 2)
    ]
    assert spreads[0] < spreads[1]


def test_a_text_makes_so_many_pictures() -> None:
    model = of_texts()
    made = sample_text(model, " a boat ", 3, seed=5, encoder=Words())
    assert pixels(made).shape == (3, 64, 64, 3)
    first = sample_embedding(model, Words().embed_long_text("a boat"), [5])
    assert np.abs(pixels(first)[0].astype(int) - pixels(made)[0]).max() <= 1
    other = sample_text(model, "a much longer text", 1, seed=5, encoder=Words())
    assert not np.array_equal(pixels(other)[0], pixels(made)[0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Write a caption"),
        ("  ", "Write a caption"),
        ("x" * 5000, "5,000 characters"),
        ("зимний вечер", "Latin letters"),
        ("🌲❄️", "Latin letters"),
    ],
)
def test_captions_that_can_not_be_read_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_caption(text)


def test_a_walk_changes_two_latents_and_no_other() -> None:
    model = small()
    rows = walk_grid(model, 3, (1, 4), side=5, reach=2)
    assert len(rows) == 5 and all(len(row) == 5 for row in rows)
    latents = torch.zeros(1, 6)
    latents[0, 1], latents[0, 4] = 2, -1
    expected = pixels(to_images(model.decode(latents, torch.tensor([3]))))[0]
    assert np.abs(pixels([rows[1][4]])[0].astype(int) - expected).max() <= 1
    middle = pixels(sample_classes(model, [3], temperature=0))[0]
    assert np.abs(pixels([rows[2][2]])[0].astype(int) - middle).max() <= 1
    for dimensions in ((1, 1), (0, 6), (-1, 2)):
        with pytest.raises(ValueError, match="two different latents from 0 to 5"):
            walk_grid(model, 3, dimensions)


def test_the_busiest_latents_are_those_that_change_most() -> None:
    model = small()
    with torch.no_grad():
        model.from_latents.weight[:, :6] *= torch.tensor([0.1, 0.1, 9, 0.1, 5, 0.1])
    assert set(busiest_latents(model, 2)) == {2, 4}


@pytest.mark.parametrize("condition", ["concat", "add"])
def test_a_morph_begins_and_ends_with_its_words(condition: str) -> None:
    model = small(condition=condition)
    way = pixels(morph(model, 7, 9, steps=5, seed=4)).astype(int)
    ends = pixels(sample_classes(model, [7, 9], seed=[4, 4])).astype(int)
    assert np.abs(way[0] - ends[0]).max() <= 1 and np.abs(way[-1] - ends[1]).max() <= 1
    assert not np.array_equal(way[2], way[0])
    with pytest.raises(ValueError, match="two pictures or more"):
        morph(model, 7, 9, steps=1)
    with pytest.raises(ValueError, match="Only a model of classes"):
        morph(small(condition=None), 7, 9)


def test_a_reconstruction_is_of_the_mean() -> None:
    model, pictures, labels = small(), torch.rand(2, 1, 28, 28), torch.tensor([1, 2])
    mean, _ = model.encode(pictures, labels)
    assert torch.equal(reconstruct(model, pictures, labels), model.decode(mean, labels))
    assert similarity(pictures, pictures) == pytest.approx(1)
    assert similarity(1 - pictures, pictures) < 0.5


def test_a_sprite_comes_apart_row_by_row(tmp_path: Path) -> None:
    shades = [[10, 20, 30], [40, 50, 60]]
    sprite = Image.new("L", (84, 56))
    for y, row in enumerate(shades):
        for x, shade in enumerate(row):
            sprite.paste(shade, (28 * x, 28 * y, 28 * x + 28, 28 * y + 28))
    found = from_sprite(sprite)
    assert found.shape == (6, 1, 28, 28)
    assert (found[:, 0, 3, 27] * 255).round().tolist() == [10, 20, 30, 40, 50, 60]


def test_a_sheet_holds_all_its_pictures() -> None:
    rows = [[Image.new("L", (28, 28), shade) for shade in (10, 90)] for _ in range(3)]
    result = sheet(rows, 56, gap=4)
    assert result.size == (116, 176)
    assert result.getpixel((5, 5)) == 10 and result.getpixel((115, 175)) == 90


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="texts, not of classes"):
        sample_classes(of_texts(), [1])
    with pytest.raises(ValueError, match="classes, not of texts"):
        sample_embedding(small(), torch.zeros(5), [0])
    with pytest.raises(ValueError, match="texts of 5 numbers, but this CLIP has 4"):
        sample_embedding(of_texts(), torch.zeros(4), [0])


def test_numbers_out_of_range_are_refused() -> None:
    model = small()
    with pytest.raises(ValueError, match="1 to 64 pictures, not 65"):
        sample_classes(model, [1] * 65)
    with pytest.raises(ValueError, match="from 0 to 2, not 3"):
        sample_classes(model, [1], temperature=3)
    with pytest.raises(ValueError, match="0 to 9"):
        sample_classes(model, [10])
    with pytest.raises(ValueError, match="2 pictures take 2 seeds"):
        sample_classes(model, [1, 2], seed=[4])
