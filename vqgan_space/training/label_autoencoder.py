"""What a label-map VQGAN is while it is trained: the model and its training quantizer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.models.quantizers import Quantized, Quantizer


class LabelAutoencoder(nn.Module):
    """The model with its training quantizers: one module for one wrapper that shares gradients.

    Args:
        model: what is trained.
        quantizer: of its codes.
        details: of its detail codes, where it has them. Then the codes stay what they are, and
            their details and the decoder learn.
        codes_stay: the same where it has none: the decoder alone learns.
        drop_details: share of the label maps that are decoded without their details, so that codes
            alone go on to mean something.
    """

    def __init__(
        self,
        model: LabelVQGAN,
        quantizer: Quantizer,
        details: Quantizer | None = None,
        codes_stay: bool = False,
        drop_details: float = 0.0,
    ) -> None:
        super().__init__()
        self.model, self.quantizer, self.details = model, quantizer, details
        self.codes_stay = codes_stay or details is not None
        self.drop_details = drop_details
        model.quantize.requires_grad_(False)  # it only receives the finished codebook
        if self.codes_stay:
            for part in (model.encoder, model.quant_conv, quantizer):
                part.requires_grad_(False)

    @property
    def learning(self) -> Quantizer:
        """The quantizer whose codes learn, where any do."""
        return self.quantizer if self.details is None else self.details

    def train(self, mode: bool = True) -> LabelAutoencoder:
        """Codes that have to stay keep their quantizer from learning too."""
        super().train(mode)
        if self.codes_stay:
            self.quantizer.eval()
        return self

    @torch.no_grad()
    def give_codebooks(self, model: LabelVQGAN) -> None:
        """Hand what was learnt to a model."""
        model.codebook.copy_(self.quantizer.codebook)
        if self.details is not None and model.details is not None:
            model.details.codebook.copy_(self.details.codebook)

    def forward(
        self, label_maps: Tensor, classes: Tensor, quantise: bool
    ) -> tuple[Tensor, Tensor, Quantized]:
        """Logits of ``classes``, latents (or details) as compared (B, D, h, w), and what their
        quantizer made of them."""
        latents = self.model.encode(label_maps).latents
        found = self.quantizer(latents)
        if self.details is None:
            latents = self.quantizer.normalise(latents)
            with self.model.only(classes):
                logits = self.model.decode_latents(found.latents if quantise else latents)
            return logits, latents, found
        known = found.latents.detach()
        details = self.model.encode_details(label_maps, known)
        found = self.details(details)
        details = self.details.normalise(details)
        shown = found.latents if quantise else details
        keep = torch.rand(len(shown), 1, 1, 1, device=shown.device) >= self.drop_details
        with self.model.only(classes):
            logits = self.model.decode_latents(known, shown * keep)
        return logits, details, found


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
    kept = {k: v for k, v in model.state_dict().items() if not k.startswith("decoder.")}
    return _changed(model, kept, decoder_channels=channels)


def with_details(model: LabelVQGAN, count: int) -> LabelVQGAN:
    """The same model with untrained detail codes, which change little at first."""
    return _changed(model, model.state_dict(), detail_codes=count)


def _changed(model: LabelVQGAN, weights: dict[str, Tensor], **options: Any) -> LabelVQGAN:
    config = {name: value for name, value in model.config.items() if name[0] != "_"}
    fresh = LabelVQGAN(**config | options)
    fresh.load_state_dict(weights, strict=False)
    return fresh
