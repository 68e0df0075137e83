"""The CVAE: the article's shapes and sizes, what conditions do, and one batch learnt by heart."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vqgan_space.models.cvae import CVAE
from vqgan_space.training.vae_losses import kl_divergence, reconstruction_loss

SMALL = {"channels": (8, 8, 16), "latent_dim": 8}


def linear(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


def convolution(inputs: int, outputs: int, kernel: int) -> int:
    return inputs * outputs * kernel**2 + outputs


def count(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def clothes() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(8, 1, 7, 7, generator=generator).round()
    return pictures.repeat_interleave(4, 2).repeat_interleave(4, 3), torch.arange(8)


def test_the_grey_network_has_the_articles_sizes() -> None:
    convolutions = convolution(1, 32, 3) + convolution(32, 64, 3) + convolution(64, 128, 3)
    transposed = convolution(128, 64, 2) + convolution(64, 32, 3) + convolution(32, 1, 3)
    features, latent = 128 * 4 * 4, 128
    plain = convolutions + transposed
    concat = 10 * 32 + 2 * linear(features + 32, latent) + linear(latent + 32, features)
    add = 10 * 2048 + 10 * latent + 2 * linear(features, latent) + linear(latent, features)
    assert count(CVAE(condition="concat")) == plain + concat
    assert count(CVAE(condition="add")) == plain + add
    none = 2 * linear(features, latent) + linear(latent, features)
    assert count(CVAE(condition=None)) == plain + none
    assert count(CVAE(latent_dim=512, condition=None)) - plain == (
        2 * linear(features, 512) + linear(512, features)
    )


def test_the_colour_network_has_the_articles_sizes() -> None:
    channels, features = (3, 32, 64, 128, 256, 512), 512 * 4 * 4
    down = sum(convolution(i, o, 4) + 2 * o for i, o in pairwise(channels))
    up = (512, 256, 128, 64, 32, 16)
    back = sum(convolution(i, o, 4) + 2 * o for i, o in pairwise(up))
    joined = linear(512, 1024) + 2 * linear(features + 1024, 512) + linear(512 + 512, features)
    with torch.device("meta"):
        model = CVAE(size=128, text_dim=512)
    assert count(model) == down + back + convolution(16, 3, 3) + joined


@pytest.mark.parametrize("size", [64, 128, 256])
@pytest.mark.parametrize("condition", ["concat", "add", None])
def test_colour_pictures_go_through_4_x_4_positions(size: int, condition: str | None) -> None:
    levels = {64: 4, 128: 5, 256: 6}[size]
    model = CVAE(
        size=size, text_dim=6, condition=condition, channels=[4] * levels, latent_dim=5,
        condition_width=7,
    ).eval()  # fmt: skip
    pictures, texts = torch.rand(2, 3, size, size), torch.randn(2, 6)
    assert model.encoder(pictures).shape == (2, 4, 4, 4)
    found = model(pictures, texts)
    assert found.mean.shape == found.logvar.shape == (2, 5)
    assert found.sample.shape == (2, 3, size, size)
    assert found.sample.min() >= 0 and found.sample.max() <= 1


def test_grey_pictures_shrink_and_grow_as_the_article_has_it() -> None:
    model = CVAE()
    sides = [28]
    x = torch.rand(1, 1, 28, 28)
    for layer in model.encoder[::2]:
        x = layer(x)
        sides.append(x.shape[-1])
    for layer in model.decoder[::2]:
        x = layer(x)
        sides.append(x.shape[-1])
    assert sides == [28, 14, 7, 4, 7, 14, 28]


@pytest.mark.parametrize("condition", ["concat", "add", None])
def test_one_batch_is_learnt_by_heart(condition: str | None) -> None:
    pictures, labels = clothes()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = CVAE(condition=condition, **SMALL)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        for _ in range(160):
            found = model(pictures, labels)
            loss = reconstruction_loss(found.logits, pictures).mean()
            loss = loss + 0.01 * kl_divergence(found.mean, found.logvar).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    mean, _ = model.encode(pictures, labels)
    assert (model.decode(mean, labels) - pictures).abs().mean() < 0.03


@pytest.mark.parametrize("condition", ["concat", "add"])
def test_the_condition_reaches_both_sides(condition: str) -> None:
    model = CVAE(condition=condition, **SMALL).eval()
    picture = torch.rand(1, 1, 28, 28).expand(2, -1, -1, -1)
    mean, _ = model.encode(picture, torch.tensor([1, 2]))
    assert not torch.allclose(mean[0], mean[1])
    first, second = model.decode(torch.zeros(2, 8), torch.tensor([1, 2]))
    assert not torch.allclose(first, second)


def test_the_plain_vae_needs_no_condition_and_reads_none() -> None:
    model = CVAE(condition=None, **SMALL).eval()
    latents = torch.randn(2, 8)
    assert torch.equal(model.decode(latents), model.decode(latents, torch.tensor([1, 2])))


def test_logvar_is_clamped() -> None:
    model = CVAE(**SMALL)
    torch.nn.init.constant_(model.logvar.bias, 1e6)
    _, logvar = model.encode(torch.rand(1, 1, 28, 28), torch.tensor([0]))
    assert (logvar == 20).all()
    torch.nn.init.constant_(model.logvar.bias, -1e6)
    assert (model.encode(torch.rand(1, 1, 28, 28), torch.tensor([0]))[1] == -30).all()


@pytest.mark.parametrize("options", [{}, {"condition": "add"}, {"text_dim": 5, "text_width": 3}])
def test_it_comes_back_from_disk(tmp_path: Path, options: dict[str, int | str]) -> None:
    model = CVAE(**SMALL, **options).eval()
    model.save_pretrained(tmp_path)
    again = CVAE.from_pretrained(tmp_path, low_cpu_mem_usage=False).eval()
    given = torch.randn(3, 5) if "text_dim" in options else torch.tensor([0, 4, 9])
    latents = torch.randn(3, 8)
    assert torch.equal(again.decode(latents, given), model.decode(latents, given))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 32}, "one of 28, 64, 128, 256"),
        ({"condition": "both"}, '"concat", "add" or None'),
        ({"size": 64, "channels": (8, 8)}, "64 pixels take 4 channels"),
    ],
)
def test_what_there_is_not_is_refused(options: dict[str, int | str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CVAE(**options)


def test_inputs_of_another_shape_are_refused() -> None:
    model = CVAE(**SMALL)
    with pytest.raises(ValueError, match=r"\(B, 1, 28, 28\)"):
        model.encode(torch.rand(1, 3, 28, 28), torch.tensor([0]))
    with pytest.raises(ValueError, match=r"classes of shape \(1,\), got None"):
        model.decode(torch.zeros(1, 8))
    with pytest.raises(ValueError, match="from 0 to 9"):
        model.decode(torch.zeros(1, 8), torch.tensor([10]))
    with pytest.raises(ValueError, match=r"\(B, 8\)"):
        model.decode(torch.zeros(1, 9), torch.tensor([0]))
