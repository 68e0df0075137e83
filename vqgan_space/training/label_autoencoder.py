"""What a label-map VQGAN is while it is trained: the model and its training quantizer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.models.quantizers import Quantized, Quantizer


class LabelAutoencoder(nn.Module):
    """The model with its training quantizer: one module for one wrapper that shares gradients."""

    def __init__(self, model: LabelVQGAN, quantizer: Quantizer, decoder_only: bool = False) -> None:
        super().__init__()
        self.model, self.quantizer, self.decoder_only = model, quantizer, decoder_only
        model.quantize.requires_grad_(False)  # it only receives the finished codebook
        if decoder_only:
            for part in (model.encoder, model.quant_conv, quantizer):
                part.requires_grad_(False)

    def train(self, mode: bool = True) -> LabelAutoencoder:
        """Codes that have to stay keep their quantizer from learning too."""
        super().train(mode)
        if self.decoder_only:
            self.quantizer.eval()
        return self

    def forward(
        self, label_maps: Tensor, classes: Tensor, quantise: bool
    ) -> tuple[Tensor, Tensor, Quantized]:
        """Logits of ``classes``, latents as compared (B, D, h, w), and what the quantizer made of
        them."""
        latents = self.model.encode(label_maps).latents
        found = self.quantizer(latents)
        latents = self.quantizer.normalise(latents)
        with self.model.only(classes):
            logits = self.model.decode_latents(found.latents if quantise else latents)
        return logits, latents, found


def choose_classes(label_maps: Tensor, num_classes: int, absent: int | None) -> Tensor:
    """The classes of a batch, and ``absent`` others drawn at random (None: all of them)."""
    if absent is None:
        return torch.arange(num_classes, device=label_maps.device)
    is_there = torch.zeros(num_classes + 1, dtype=torch.bool)
    is_there[label_maps.unique().clamp(max=num_classes).cpu()] = True
    others = (~is_there[:-1]).nonzero()[:, 0]
    others = others[torch.randperm(len(others))[:absent]]
    classes = torch.cat([is_there[:-1].nonzero()[:, 0], others])
    return classes.sort().values.to(label_maps.device)


def with_fresh_decoder(model: LabelVQGAN, channels: tuple[int, ...]) -> LabelVQGAN:
    """The same encoder and codebook, and an untrained decoder."""
    config = {name: value for name, value in model.config.items() if name[0] != "_"}
    fresh = LabelVQGAN(**config | {"decoder_channels": channels})
    kept = {k: v for k, v in model.state_dict().items() if not k.startswith("decoder.")}
    fresh.load_state_dict(kept, strict=False)
    return fresh
