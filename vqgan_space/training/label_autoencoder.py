"""What a label-map VQGAN is while it is trained: the model, its training quantizer, its loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vqgan_space.data.labels import NO_CLASS
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.models.partitions import find_patterns, squares_with_edges
from vqgan_space.models.quantizers import Quantized, Quantizer

from .label_losses import binary_loss, class_loss


@dataclass
class LabelStep:
    """What a batch came to: scalars, and the latents (B, D, h, w) that were quantised.

    error: of the label maps. accuracy: share of the pixels that are right. found: what the
    quantizer made of the latents.
    """

    error: Tensor
    accuracy: Tensor
    found: Quantized
    latents: Tensor


class LabelAutoencoder(nn.Module):
    """The model with its training quantizer: one module for one wrapper that shares gradients.

    Args:
        model: what is trained.
        quantizer: of its codes.
        codes_stay: whether encoder and codes stay what they are.
        loss: "classes" or "binary", see ``label_losses``.
        balance: of ``class_loss``.
    """

    def __init__(
        self,
        model: LabelVQGAN,
        quantizer: Quantizer,
        codes_stay: bool = False,
        loss: str = "classes",
        balance: float = 0.0,
    ) -> None:
        super().__init__()
        self.model, self.quantizer, self.codes_stay = model, quantizer, codes_stay
        self.loss, self.balance = loss, balance
        model.quantize.requires_grad_(False)  # it only receives the finished codebook
        if codes_stay:
            for part in (model.encoder, model.quant_conv, quantizer):
                part.requires_grad_(False)

    def train(self, mode: bool = True) -> LabelAutoencoder:
        """Codes that have to stay keep their quantizer from learning too."""
        super().train(mode)
        if self.codes_stay:
            self.quantizer.eval()
        return self

    @torch.no_grad()
    def give_codebook(self, model: LabelVQGAN) -> None:
        """Hand what was learnt, or found, and is no parameter to a model."""
        model.codebook.copy_(self.quantizer.codebook)
        if self.model.details is not None and model.details is not None:
            model.details.patterns.copy_(self.model.details.patterns)

    def forward(self, label_maps: Tensor, classes: Tensor, quantise: bool) -> LabelStep:
        """Label maps (B, H, W), compared over ``classes`` (N,) alone."""
        latents = self.model.encode(label_maps).latents
        found = self.quantizer(latents)
        latents = self.quantizer.normalise(latents)
        decoded = found.latents if quantise else latents
        with self.model.only(classes):
            if self.model.details is None:
                error, accuracy = self._whole(decoded, label_maps, classes)
            else:
                error, accuracy = self._with_details(decoded, label_maps, classes)
        return LabelStep(error, accuracy, found, latents)

    def _whole(self, latents: Tensor, label_maps: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.model.decode_latents(latents)
        targets = among(label_maps, classes)
        if self.loss == "binary":
            error = binary_loss(logits.float(), targets)
        else:
            error = class_loss(logits, targets, self.balance)
        return error, (logits.argmax(1) == targets).float().mean()

    def _with_details(
        self, latents: Tensor, label_maps: Tensor, classes: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Patterns are found and not learnt: what has to be learnt is which classes their parts
        have, and, for codes without details, what the decoder said before, once a square of
        ``patch_size`` pixels."""
        details = self.model.details
        assert details is not None
        with torch.no_grad():
            patterns = details.find(label_maps)
            asked, pixels = details.classes_asked(label_maps, patterns)
        hidden, logits = self.model.decode_in_steps(latents)
        of_parts = details(hidden, logits, patterns, classes).permute(0, 3, 1, 2, 4)
        targets = among(asked, classes)  # (B, 2h, 2w, PARTS)
        error = class_loss(of_parts.flatten(3), targets.flatten(2), self.balance, pixels.flatten(2))
        right = ((of_parts.argmax(1) == targets) * pixels).sum() / label_maps.numel()
        middle = self.model.patch_size // 2
        cells = label_maps[:, middle :: self.model.patch_size, middle :: self.model.patch_size]
        plain = class_loss(logits, among(cells, classes), self.balance)
        return error + plain, right


def among(label_maps: Tensor, classes: Tensor) -> Tensor:
    """Ids as places among ``classes`` (N,), which has them all; 255 stays."""
    places = torch.full((NO_CLASS + 1,), NO_CLASS, device=label_maps.device)
    places[classes] = torch.arange(len(classes), device=label_maps.device)
    return places[label_maps]


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


def patterns_of(label_maps: Sequence[np.ndarray], count: int, side: int, seed: int) -> Tensor:
    """Patterns (count, side * side) of the squares with edges in at most 2,000 label maps (H, W),
    each cut from its upper left corner."""
    partitions = []
    for label_map in label_maps[:2000]:
        height, width = (length // side * side for length in label_map.shape)
        cropped = torch.from_numpy(np.ascontiguousarray(label_map[:height, :width]))
        partitions.append(squares_with_edges(cropped[None], side))
    return find_patterns(torch.cat(partitions), count, seed=seed)


def with_details(model: LabelVQGAN, patterns: Tensor) -> LabelVQGAN:
    """The same model with details: patterns (K, S * S), whose classes nothing tells yet."""
    finer = _changed(model, model.state_dict(), detail_codes=len(patterns))
    assert finer.details is not None
    finer.details.patterns.copy_(patterns)
    return finer


def _changed(model: LabelVQGAN, weights: dict[str, Tensor], **options: Any) -> LabelVQGAN:
    config = {name: value for name, value in model.config.items() if name[0] != "_"}
    fresh = LabelVQGAN(**config | options)
    fresh.load_state_dict(weights, strict=False)
    return fresh
