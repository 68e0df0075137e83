"""What a guided run can start from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from painting_sets import painting_set
from PIL import Image

from vqgan_space.generation.guidance import parse_prompts
from vqgan_space.generation.guidance.prompts import Prompt
from vqgan_space.generation.guidance.start import (
    best,
    candidate_seeds,
    check_size,
    draft_embedding,
    draft_steps,
    from_codes,
    from_noise,
    from_picture,
    gradient,
)
from vqgan_space.generation.synthesizer import Synthesizer
from vqgan_space.models.clip import CLIP
from vqgan_space.models.conditions import VectorCondition
from vqgan_space.models.masked_prior import MaskedPrior
from vqgan_space.models.vqgan import VQGAN


def draft_set(vqgan: VQGAN, dim: int) -> Synthesizer:
    """An untrained set that makes drafts of embeddings."""
    options: dict[str, Any] = {"n_layer": 1, "n_head": 2, "n_embd": 16}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        prior = MaskedPrior(num_codes=64, condition="vector", vector_dim=dim, **options)
        for parameter in prior.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    return Synthesizer(vqgan, VectorCondition(dim), prior.eval(), window=(16, 16))


def test_noise_is_made_of_codes_and_repeats(tiny_vqgan: VQGAN) -> None:
    first, second = from_noise(tiny_vqgan, (4, 6), [1, 2])
    assert first.shape == (8, 4, 6) and not torch.equal(first, second)
    assert torch.equal(from_noise(tiny_vqgan, (4, 6), [2])[0], second)
    codes = tiny_vqgan.nearest_codes(first[None])
    torch.testing.assert_close(tiny_vqgan.lookup(codes)[0], first)


def test_a_picture_is_cropped_and_encoded(tiny_vqgan: VQGAN, photo: Image.Image) -> None:
    latents = from_picture(tiny_vqgan, photo, (8, 8), count=2)
    assert latents.shape == (2, 8, 8, 8) and torch.equal(latents[0], latents[1])
    middle = photo.crop((16, 0, 80, 64))
    torch.testing.assert_close(latents[:1], from_picture(tiny_vqgan, middle, (8, 8)))
    with pytest.raises(ValueError, match="no pixels"):
        from_picture(tiny_vqgan, Image.new("RGB", (0, 5)), (8, 8))


def test_codes_are_looked_up(tiny_vqgan: VQGAN) -> None:
    codes = torch.arange(12).view(3, 4)
    assert torch.equal(tiny_vqgan.nearest_codes(from_codes(tiny_vqgan, codes, 2))[1], codes)


def test_colours_and_gradients() -> None:
    picture = np.asarray(gradient("white", "#0000ff", (5, 3)))
    assert picture.shape == (5, 3, 3)
    assert picture[0, 0].tolist() == [255, 255, 255] and picture[4, 2].tolist() == [0, 0, 255]
    assert (picture[2] == [128, 128, 255]).all()
    with pytest.raises(ValueError, match="no colour 'skyish'"):
        gradient("skyish", "white", (5, 3))


def test_the_best_of_several_is_the_one_that_clip_prefers(tiny_vqgan: VQGAN, clip: CLIP) -> None:
    seeds = candidate_seeds([7, 8], 4)
    assert seeds[0] == 7 and seeds[4] == 8 and len(set(seeds)) == 8
    candidates = from_noise(tiny_vqgan, (8, 8), seeds)
    chosen = best(tiny_vqgan, [clip], parse_prompts("a lake"), candidates, 4)
    assert chosen.shape == (2, 8, 8, 8)
    pictures = tiny_vqgan.decode_codes(tiny_vqgan.nearest_codes(candidates)).clamp(-1, 1)
    scores = clip.embed_pictures(pictures) @ clip.embed_texts(["a lake"])[0]
    for row in range(2):
        index = 4 * row + int(scores[4 * row : 4 * row + 4].argmax())
        assert torch.equal(chosen[row], candidates[index])


def test_a_draft_follows_its_prompt(tiny_vqgan: VQGAN, clip: CLIP) -> None:
    synthesizer = draft_set(tiny_vqgan, clip.dim)

    def drafted(*prompts: Prompt) -> torch.Tensor:
        embedding = draft_embedding(synthesizer, clip, prompts)
        *_, last = draft_steps(synthesizer, embedding, (16, 16), [3, 4], steps=3)
        assert last.known.all()
        return last.codes

    lake = drafted(Prompt("a lake"))
    assert lake.shape == (2, 16, 16) and not torch.equal(lake[0], lake[1])
    assert torch.equal(lake, drafted(Prompt("a lake", 5.0)))
    assert not torch.equal(lake, drafted(Prompt("a boat")))
    assert not torch.equal(lake, drafted(Prompt("a lake"), Prompt("people", -0.8)))
    with pytest.raises(ValueError, match=f"this CLIP makes {clip.dim}"):
        draft_embedding(draft_set(tiny_vqgan, 5), clip, [Prompt("a lake")])
    plain = Synthesizer(tiny_vqgan, None, _unconditional(), window=(16, 16))
    assert draft_embedding(plain, clip, [Prompt("a lake")]) is None
    *_, last = draft_steps(plain, None, (16, 16), [0], steps=2)
    assert last.known.all()
    with pytest.raises(ValueError, match="makes no drafts"):
        draft_steps(painting_set(masked=False, condition="none"), None, (16, 16), [0])


def _unconditional() -> MaskedPrior:
    return MaskedPrior(num_codes=64, condition="none", n_layer=1, n_head=2, n_embd=16)


def test_sizes_are_checked(tiny_vqgan: VQGAN) -> None:
    assert check_size(tiny_vqgan, (64, 96)) == (8, 12)
    for size in ((0, 64), (60, 64), (64, 1024)):
        with pytest.raises(ValueError, match="multiples of 8 up to 512"):
            check_size(tiny_vqgan, size)
