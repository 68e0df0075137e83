"""What every model that speaks in codes has in common: pictures -> codes (B, h, w) -> pictures."""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor

from .quantizers import nearest_codes


class CodesModel:
    """The codes API over an encoder, a codebook and a decoder, which the model itself brings.

    Pictures are float tensors (B, 3, H, W) in [-1, 1] whose sides are multiples of ``factor``;
    codes are int64 (B, H / factor, W / factor) in [0, K).
    """

    config: Any

    @property
    def factor(self) -> int:
        """How many pixels of a side one code stands for."""
        raise NotImplementedError

    @property
    def codebook(self) -> Tensor:
        """The codebook, (K, D)."""
        raise NotImplementedError

    @property
    def longest(self) -> int:
        """The longer side, in pixels, to which a larger picture is shrunk for this model."""
        return 512

    def encode(self, x: Tensor, return_dict: bool = True) -> Any:
        """Pictures (B, 3, H, W) to a ``VQEncoderOutput``, ``.latents`` (B, D, h, w) unquantised."""
        raise NotImplementedError

    def decode_latents(self, latents: Tensor) -> Tensor:
        """Latents (B, D, h, w), decoded as they are: pictures (B, 3, H, W), about [-1, 1]."""
        raise NotImplementedError

    def prepare_inference(
        self, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
    ) -> Self:
        """Eval mode, on ``device``, with encoder and decoder in ``dtype``."""
        raise NotImplementedError

    def nearest_codes(self, latents: Tensor) -> Tensor:
        """The index of the nearest codebook vector of each latent: (B, D, h, w) -> (B, h, w)."""
        if latents.ndim != 4 or latents.shape[1] != self.codebook.shape[1]:
            raise ValueError(
                f"latents must be (B, {self.codebook.shape[1]}, h, w), got {tuple(latents.shape)}"
            )
        return self._choose(latents)

    def _choose(self, latents: Tensor) -> Tensor:
        """Codes (B, h, w) of latents (B, D, h, w): the nearest ones."""
        return nearest_codes(latents, self.codebook)

    def lookup(self, codes: Tensor) -> Tensor:
        """The codebook vectors of codes: (B, h, w) int64 -> quantised latents (B, D, h, w)."""
        self._check_codes(codes)
        return self.codebook[codes].permute(0, 3, 1, 2).contiguous()  # (B, D, h, w)

    def encode_codes(self, images: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) in [-1, 1] to codes (B, h, w), int64."""
        return self.nearest_codes(self.encode(images).latents)

    def decode_codes(self, codes: Tensor) -> Tensor:
        """Codes (B, h, w) to pictures (B, 3, H, W), about [-1, 1], not clamped.

        ``decode_codes(encode_codes(x))`` equals the reconstruction ``model(x).sample`` bit for bit.
        """
        return self.decode_latents(self.lookup(codes))

    def _check_images(self, images: Tensor) -> None:
        channels, factor = self.config.in_channels, self.factor
        if images.ndim != 4 or images.shape[1] != channels:
            raise ValueError(f"images must be (B, {channels}, H, W), got {tuple(images.shape)}")
        height, width = images.shape[-2:]
        if height % factor or width % factor or not height or not width:
            raise ValueError(
                f"both sides of a picture must be multiples of {factor}, got {height} x {width}"
            )

    def _check_codes(self, codes: Tensor) -> None:
        if codes.ndim != 3 or codes.dtype not in (torch.int64, torch.int32):
            raise ValueError(
                f"codes must be integers (B, h, w), got {codes.dtype} {tuple(codes.shape)}"
            )
        size = self.codebook.shape[0]
        if codes.numel() and (codes.min() < 0 or codes.max() >= size):
            raise ValueError(
                f"codes must be in 0..{size - 1}, got {int(codes.min())}..{int(codes.max())}"
            )
