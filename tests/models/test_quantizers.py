"""Training quantizers: against vector-quantize-pytorch, and what it doesn't have by hand."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from vector_quantize_pytorch import VectorQuantize

from vqgan_space.models.quantizers import (
    EMAQuantizer,
    StraightThroughQuantizer,
    nearest_codes,
    usage_statistics,
)

SIZE, DIM = 32, 4


def latents(seed: int, batch: int = 2) -> torch.Tensor:
    return torch.randn(batch, DIM, 6, 5, generator=torch.Generator().manual_seed(seed))


def oracle(quantizer: EMAQuantizer | StraightThroughQuantizer, **options: object) -> VectorQuantize:
    """vector-quantize-pytorch's quantizer with the same codebook."""
    theirs = VectorQuantize(
        dim=DIM,
        codebook_size=SIZE,
        commitment_weight=quantizer.beta,
        accept_image_fmap=True,
        use_cosine_sim=quantizer.unit_length,
        rotation_trick=quantizer.rotation,
        threshold_ema_dead_code=0,
        decay=0.9,
        **options,
    )
    theirs._codebook.embed.data.copy_(quantizer.codebook.detach()[None])
    if "embed_avg" in dict(theirs._codebook.named_buffers()):
        theirs._codebook.embed_avg.copy_(quantizer.codebook.detach()[None])
        theirs._codebook.cluster_size.fill_(1.0)
    return theirs.train()


@pytest.mark.parametrize("unit_length", [False, True])
def test_moving_averages_are_vector_quantize_pytorchs(unit_length: bool) -> None:
    torch.manual_seed(0)
    ours = EMAQuantizer(SIZE, DIM, decay=0.9, unit_length=unit_length)
    ours.set_codebook(ours.normalise(torch.randn(1, DIM, 1, SIZE)).squeeze().T)
    theirs = oracle(ours)
    for step in range(4):
        z = latents(step)
        quantised, codes, loss = theirs(z)
        found = ours(z)
        assert torch.equal(found.codes, codes)
        torch.testing.assert_close(found.latents, quantised)
        if not unit_length:  # theirs commits to the unnormalised latents there
            torch.testing.assert_close(found.loss, loss.squeeze())
        torch.testing.assert_close(ours.codebook, theirs._codebook.embed[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rotation", [False, True])
def test_gradients_to_the_encoder_are_vector_quantize_pytorchs(rotation: bool) -> None:
    torch.manual_seed(0)
    ours = EMAQuantizer(SIZE, DIM, rotation=rotation).eval()
    ours.set_codebook(torch.randn(SIZE, DIM))
    theirs = oracle(ours).train()
    direction = latents(9)
    gradients = []
    for quantizer in (ours, theirs):
        z = latents(1).requires_grad_()
        output = quantizer(z)
        quantised = output.latents if quantizer is ours else output[0]
        (quantised * direction).sum().backward()
        gradients.append(z.grad)
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-3, atol=1e-4)


def test_beta_stands_on_the_commitment_term() -> None:
    quantizer = StraightThroughQuantizer(SIZE, DIM, beta=0.25)
    quantizer.set_codebook(torch.randn(SIZE, DIM))
    z = latents(0).requires_grad_()
    quantizer(z).loss.backward()
    assert z.grad is not None and quantizer.weight.grad is not None
    codes = nearest_codes(z.detach(), quantizer.codebook)
    error = (z - quantizer.codebook[codes].permute(0, 3, 1, 2)).detach()
    torch.testing.assert_close(z.grad, 0.25 * 2 * error / error.numel())
    pulled = torch.zeros(SIZE, DIM).index_add_(
        0, codes.flatten(), -2 * error.permute(0, 2, 3, 1).reshape(-1, DIM) / error.numel()
    )
    torch.testing.assert_close(quantizer.weight.grad, pulled)


def test_values_are_codebook_rows_exactly() -> None:
    for rotation in (False, True):
        quantizer = StraightThroughQuantizer(SIZE, DIM, rotation=rotation)
        quantizer.set_codebook(torch.randn(SIZE, DIM))
        found = quantizer(latents(0) * 100)
        rows = quantizer.codebook[found.codes].permute(0, 3, 1, 2)
        if rotation:
            torch.testing.assert_close(found.latents, rows, rtol=1e-3, atol=1e-4)
        else:
            assert torch.equal(found.latents, rows)


def test_unit_length_codes_export_to_a_plain_codebook() -> None:
    """The Euclidean nearest of an unnormalised latent is the cosine nearest."""
    torch.manual_seed(0)
    quantizer = EMAQuantizer(SIZE, DIM, unit_length=True).eval()
    z = latents(3, batch=8) * torch.rand(8, 1, 6, 5) * 20
    cosine = torch.einsum("bdhw,kd->bhwk", F.normalize(z, dim=1), quantizer.codebook).argmax(-1)
    assert torch.equal(nearest_codes(z, quantizer.codebook), cosine)
    assert torch.equal(quantizer(z).codes, cosine)


def test_k_means_finds_the_clusters_and_dead_codes_are_revived() -> None:
    torch.manual_seed(0)
    centres = torch.randn(SIZE, DIM) * 10
    rows = centres.repeat(40, 1) + 0.01 * torch.randn(SIZE * 40, DIM)
    quantizer = EMAQuantizer(SIZE, DIM, revive_below=0.1)
    z = rows.T.reshape(1, DIM, 40, SIZE)
    assert quantizer(z).usage < 0.7  # the random start leaves codes unused
    quantizer.start_from(rows, iterations=20)
    assert quantizer(z).usage > 0.7
    for _ in range(60):
        found = quantizer(z)
    assert found.usage > 0.95
    assert found.perplexity > 0.7 * SIZE


def test_without_revival_dead_codes_stay_dead() -> None:
    torch.manual_seed(0)
    quantizer = EMAQuantizer(SIZE, DIM, decay=0.5)
    quantizer.set_codebook(
        torch.cat([torch.randn(SIZE // 2, DIM), torch.full((SIZE // 2, DIM), 99.0)])
    )
    for step in range(20):
        usage = quantizer(latents(step, batch=8)).usage
    assert usage <= 0.5


def test_k_means_says_how_many_latents_it_needs() -> None:
    with pytest.raises(ValueError, match="at least 32 latents, got 7"):
        EMAQuantizer(SIZE, DIM).start_from(torch.randn(7, DIM))


def test_evaluation_changes_nothing() -> None:
    quantizer = EMAQuantizer(SIZE, DIM, revive_below=0.5).eval()
    before = {name: value.clone() for name, value in quantizer.state_dict().items()}
    quantizer(latents(0))
    assert all(torch.equal(before[name], value) for name, value in quantizer.state_dict().items())


def test_nearest_codes_are_the_nearest_also_in_half_precision_and_many_rows() -> None:
    torch.manual_seed(0)
    codebook = torch.randn(100, 6)
    z = torch.randn(3, 6, 64, 64)
    rows = z.permute(0, 2, 3, 1).reshape(-1, 6)
    expected = torch.cdist(rows.double(), codebook.double()).argmin(1).view(3, 64, 64)
    assert torch.equal(nearest_codes(z, codebook), expected)
    half = z.bfloat16()
    assert torch.equal(nearest_codes(half, codebook), nearest_codes(half.float(), codebook))


def test_perplexity_of_even_and_single_use() -> None:
    perplexity, usage = usage_statistics(torch.full((8,), 5))
    assert perplexity.item() == pytest.approx(8) and usage == 1
    perplexity, usage = usage_statistics(torch.tensor([7, 0, 0, 0]))
    assert perplexity.item() == pytest.approx(1) and usage == 0.25


def test_wrong_width_is_named() -> None:
    with pytest.raises(ValueError, match=r"\(B, 4, h, w\), got \(2, 3, 6, 5\)"):
        EMAQuantizer(SIZE, DIM)(torch.zeros(2, 3, 6, 5))
