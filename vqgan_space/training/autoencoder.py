"""What a VQGAN is while it is trained: the model, its training quantizer, its averaged weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from diffusers.training_utils import EMAModel
from torch import Tensor, nn

from vqgan_space.models.quantizers import Quantized, Quantizer
from vqgan_space.models.vqgan import VQGAN


class Autoencoder(nn.Module):
    """The VQGAN with its training quantizer: one module for one wrapper that shares gradients.

    A linear probe beside the decoder reads the mean colour of a cell off its latent. Its loss makes
    the encoder write colour into the latents, which the decoder alone asks for late: as long as the
    latents hold no green, nothing is gained by painting it, and the other way round.

    Args:
        decoder_only: train the decoder alone. Pictures keep their codes, and the priors over them
            their worth.
    """

    def __init__(self, vqgan: VQGAN, quantizer: Quantizer, decoder_only: bool = False) -> None:
        super().__init__()
        self.vqgan, self.quantizer, self.decoder_only = vqgan, quantizer, decoder_only
        self.probe = nn.Conv2d(quantizer.dim, 3, 1)
        vqgan.quantize.requires_grad_(False)  # it only receives the finished codebook
        if decoder_only:
            self.requires_grad_(False)
            for part in (vqgan.post_quant_conv, vqgan.decoder):
                part.requires_grad_(True)

    def train(self, mode: bool = True) -> Autoencoder:
        """A codebook that stays is not updated by what it sees."""
        super().train(mode)
        if self.decoder_only:
            self.quantizer.eval()
        return self

    def forward(self, images: Tensor, quantise: bool) -> tuple[Tensor, Tensor, Tensor, Quantized]:
        """Reconstructions, mean colours (B, 3, h, w), the latents as compared (B, D, h, w), and
        what the quantizer made of them."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.decoder_only):
            latents = self.vqgan.encode(images).latents
        found = self.quantizer(latents)
        latents = self.quantizer.normalise(latents)
        passed = found.latents if quantise else latents
        return self.vqgan.decode_latents(passed), self.probe(passed), latents, found


@contextmanager
def averaged(model: Autoencoder, ema: EMAModel) -> Iterator[VQGAN]:
    """The VQGAN with the averaged weights and the quantizer's codebook, for as long as it lasts."""
    ema.store(model.vqgan.parameters())
    ema.copy_to(model.vqgan.parameters())
    model.vqgan.codebook.data.copy_(model.quantizer.codebook.detach())
    try:
        yield model.vqgan.eval()
    finally:
        ema.restore(model.vqgan.parameters())
        model.train()
