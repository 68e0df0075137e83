"""The label-map VQGAN: label maps to codes and back.

*Taming Transformers* (arXiv 2012.09841), sec. 3.2 and appendix B: a spatial condition gets a VQGAN
of its own, whose pictures are one-hot label maps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.vae import Decoder
from diffusers.models.autoencoders.vq_model import VQEncoderOutput
from torch import Tensor, nn

from .label_details import COARSE_BITS, LabelDetails, coarse, join, split
from .vqgan import VQGAN, take_options

NO_CLASS = 255


class LabelVQGAN(VQGAN):
    """A ``VQGAN`` with a channel for each class: in one-hot, out class logits.

    The configuration is diffusers' own, with ``in_channels`` and ``out_channels`` the number of
    classes. Label maps are (B, H, W) of integers whose sides are multiples of ``factor``: ids below
    ``num_classes``, or 255 for no class, which is zero in every channel.

    Options are added. ``patch_size``: the encoder reads the shares of the classes in squares of
    so many pixels, and the decoder's logits are enlarged as often, smoothly. Label maps are flat
    between their edges; so the layers that would otherwise be many and narrow can be few and wide.
    ``decoder_channels``: those of the decoder's blocks, where they are not the encoder's. A second
    stage reads label maps and never decodes them, so its decoder may be the smaller one.
    ``detail_codes``: how many patterns say, at twice the resolution, where edges run; see
    ``label_details`` for how a code with its details is one number all the same.
    """

    details: LabelDetails | None

    def __init__(
        self,
        *args: Any,
        patch_size: int = 1,
        decoder_channels: Sequence[int] | None = None,
        detail_codes: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if decoder_channels is not None:
            self.decoder = self._make_decoder(tuple(decoder_channels))
            self.register_to_config(decoder_channels=list(decoder_channels))
        self.encoder.conv_in = _as(ClassesIn, self.encoder.conv_in)
        self.decoder.conv_out = _as(ClassesOut, self.decoder.conv_out)
        self.encoder.conv_in.patch_size = patch_size
        self.patch_size = patch_size
        if patch_size != 1:
            self.register_to_config(patch_size=patch_size)
        self.details = None
        if detail_codes is not None:
            self.details = self._make_details(detail_codes)
            self.register_to_config(detail_codes=detail_codes)

    def _make_details(self, count: int) -> LabelDetails:
        return LabelDetails(
            count,
            wide=(self.config.get("decoder_channels") or self.config.block_out_channels)[-1],
            side=self.factor // 2,
            patch_size=self.patch_size,
            num_classes=self.num_classes,
        )

    def _make_decoder(self, channels: tuple[int, ...]) -> Decoder:
        """diffusers' decoder with other channels, and at least four of them a group."""
        config = self.config
        return Decoder(
            in_channels=config.latent_channels,
            out_channels=config.out_channels,
            up_block_types=config.up_block_types,
            block_out_channels=channels,
            layers_per_block=config.layers_per_block,
            act_fn=config.act_fn,
            norm_num_groups=min(config.norm_num_groups, max(min(channels) // 4, 1)),
            norm_type=config.norm_type,
            mid_block_add_attention=config.mid_block_add_attention,
        )

    @property
    def factor(self) -> int:
        """How many pixels of a side one code stands for."""
        return super().factor * self.patch_size

    @property
    def num_classes(self) -> int:
        """How many classes there are, C."""
        return self.config.in_channels

    def encode(self, x: Tensor, return_dict: bool = True) -> Any:
        """Label maps (B, H, W) or, one-hot, (B, C, H, W) to a ``VQEncoderOutput``."""
        if x.ndim == 4:
            return super().encode(x, return_dict)
        x = x.to(self.codebook.device)
        self._check_label_maps(x)
        latents = self.quant_conv(self.encoder(x).to(self.quant_conv.weight.dtype))
        return VQEncoderOutput(latents=latents) if return_dict else (latents,)

    def encode_codes(self, images: Tensor, with_details: bool = True) -> Tensor:
        """Label maps (B, H, W) to codes (B, h, w), int64, with details where the model has them.

        Args:
            with_details: without them codes are those of the codebook alone, as priors read them.

        Raises:
            ValueError: another shape, an id out of range, or sides that are no multiples of
                ``factor``.
        """
        self._check_label_maps(images)
        codes = super().encode_codes(images)
        if self.details is None or not with_details:
            return codes
        found = self.details.find(images.to(codes.device))
        return join(codes, found, self.config.detail_codes)

    def _check_label_maps(self, label_maps: Tensor) -> None:
        if label_maps.ndim != 3 or label_maps.is_floating_point():
            raise ValueError(
                "label maps must be integers (B, H, W), got "
                f"{label_maps.dtype} {tuple(label_maps.shape)}"
            )
        height, width = label_maps.shape[-2:]
        if height % self.factor or width % self.factor or not height or not width:
            raise ValueError(
                f"both sides of a label map must be multiples of {self.factor}, "
                f"got {height} x {width}"
            )
        known = (label_maps >= 0) & (label_maps < self.num_classes)
        wrong = label_maps[~known & (label_maps != NO_CLASS)]
        if wrong.numel():
            raise ValueError(
                f"ids must be in 0..{self.num_classes - 1}, or {NO_CLASS} for no class, "
                f"got {int(wrong[0])}"
            )

    def decode_latents(self, latents: Tensor, details: Tensor | None = None) -> Tensor:
        """Latents (B, D, h, w), decoded as they are, to class logits (B, C, H, W); with details
        (B, 2h, 2w), each a pattern's index or -1 for none, or without any."""
        if self.details is None or details is None or bool((details < 0).all()):
            return self._enlarge(super().decode_latents(latents))
        hidden, logits = self.decode_in_steps(latents)
        some = details >= 0
        details = details.clamp(min=0)
        classes = self.decoder.conv_out.classes
        of_parts = self.details(hidden, logits, details, classes).to(latents.dtype)
        painted = self.details.paint(of_parts, details)
        if bool(some.all()):
            return painted
        pixels = F.interpolate(some[:, None].float(), scale_factor=self.details.side) > 0
        return torch.where(pixels, painted, self._enlarge(logits).to(painted.dtype))

    def decode_in_steps(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """What details are read with: the decoder's features at twice the resolution of latents
        (B, D, h, w), and its logits (B, C, H / patch_size, W / patch_size)."""
        decoder = self.decoder
        hidden = self.post_quant_conv(latents.to(self.post_quant_conv.weight.dtype))
        hidden = decoder.mid_block(decoder.conv_in(hidden.to(decoder.conv_in.weight.dtype)))
        twice = hidden = decoder.up_blocks[0](hidden)
        for block in decoder.up_blocks[1:]:
            hidden = block(hidden)
        hidden = F.silu(decoder.conv_norm_out(hidden.to(decoder.conv_norm_out.weight.dtype)))
        return twice, decoder.conv_out(hidden.to(decoder.conv_out.weight.dtype))

    def _enlarge(self, logits: Tensor) -> Tensor:
        if self.patch_size == 1:
            return logits
        return F.interpolate(logits, scale_factor=self.patch_size, mode="bilinear")

    def decode_codes(self, codes: Tensor) -> Tensor:
        """Codes (B, h, w), with or without details, to class logits (B, C, H, W).

        Raises:
            ValueError: not codes, or codes that the model does not have.
        """
        if self.details is None:
            return super().decode_codes(codes)
        latents = self.lookup(coarse(codes))
        count = self.config.detail_codes
        if int(codes.max()) >> COARSE_BITS >= (count + 1) ** 4:
            raise ValueError(f"these codes have details that are not among this model's {count}")
        return self.decode_latents(latents, split(codes, count)[1])

    def label_maps(self, codes: Tensor) -> Tensor:
        """Codes (B, h, w) to the likeliest label maps (B, H, W), int64."""
        return self.decode_codes(codes).argmax(dim=1)

    @contextmanager
    def only(self, classes: Tensor) -> Iterator[None]:
        """Meanwhile decoding gives the logits of some classes (N,) alone: (B, N, H, W)."""
        self.decoder.conv_out.classes = classes
        try:
            yield
        finally:
            self.decoder.conv_out.classes = None


class ClassesIn(nn.Conv2d):
    """A convolution over one-hot label maps that takes their ids too: (B, H, W) of integers.

    A class that is not there adds nothing, so its channel is left out: of COCO-Stuff's 182 classes
    a label map has a dozen. Both are averaged over squares of ``patch_size`` pixels first.
    """

    patch_size: int = 1

    def forward(self, x: Tensor) -> Tensor:
        """Label maps (B, H, W) or (B, C, H, W) -> (B, D, H / patch_size, W / patch_size)."""
        if x.ndim == 4:
            return super().forward(F.avg_pool2d(x, self.patch_size))
        present = x[(x >= 0) & (x < self.in_channels)].unique().long()
        if not len(present):  # class 0 is on no pixel either: its channel is zero
            present = present.new_zeros(1)
        one_hot = (x[:, None] == present[:, None, None]).to(self.weight.dtype)  # (B, N, H, W)
        shares = F.avg_pool2d(one_hot, self.patch_size)
        return F.conv2d(shares, self.weight[:, present], self.bias, padding=self.padding)


class ClassesOut(nn.Conv2d):
    """A convolution to class logits, all of them or those of ``classes`` alone."""

    classes: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(B, D, H, W) -> (B, C, H, W)."""
        if self.classes is None:
            return super().forward(x)
        bias = None if self.bias is None else self.bias[self.classes]
        return F.conv2d(x, self.weight[self.classes], bias, padding=self.padding)


def _as(kind: type[nn.Conv2d], convolution: nn.Conv2d) -> nn.Conv2d:
    """The same convolution, its parameters shared, of another class."""
    twin = kind.__new__(kind)
    twin.__dict__.update(convolution.__dict__)
    return twin


take_options(LabelVQGAN, patch_size=1, decoder_channels=None, detail_codes=None)
