"""VQ-VAE (van den Oord et al., arXiv 1711.00937): the small one, for pictures of 32 x 32 pixels.

Two strided convolutions take a picture to a quarter of its side, a residual stack works on there,
each latent is replaced by its nearest codebook vector, and the decoder mirrors all that. There is
no normalisation and no attention: with 128 channels it is under a million weights.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.autoencoders.vae import DecoderOutput
from diffusers.models.autoencoders.vq_model import VQEncoderOutput
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from .codes_model import CodesModel
from .vqgan import NearestCode


class ResidualStack(nn.Module):
    """Blocks of ReLU, 3x3, ReLU, 1x1 without biases, each added to its input; a ReLU at the end."""

    def __init__(self, channels: int, residual_channels: int, blocks: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(),
                nn.Conv2d(channels, residual_channels, 3, padding=1, bias=False),
                nn.ReLU(),
                nn.Conv2d(residual_channels, channels, 1, bias=False),
            )
            for _ in range(blocks)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, channels, h, w) to the same shape."""
        for block in self.blocks:
            hidden = hidden + block(hidden)
        return hidden.relu()


class VQVAE(CodesModel, ModelMixin, ConfigMixin):
    """A VQ-VAE that speaks in codes; every code stands for 4 x 4 pixels.

    Args:
        in_channels: channels of a picture.
        hidden_channels: h, of the convolutions; half as many at half the side.
        residual_channels: r, inside a residual block.
        num_residual_blocks: n, in the encoder and in the decoder.
        vq_embed_dim: D, numbers a latent.
        num_vq_embeddings: K, size of the codebook.
        sample_size: side in pixels of the pictures it was trained on. Other sizes work, since it
            is convolutional, but far larger ones hold nothing that it has learnt.
    """

    config: Any
    encoder: Any
    quant_conv: nn.Conv2d
    quantize: NearestCode
    decoder: Any

    @register_to_config
    def __init__(
        self,
        in_channels: int = 3,
        hidden_channels: int = 128,
        residual_channels: int = 32,
        num_residual_blocks: int = 2,
        vq_embed_dim: int = 64,
        num_vq_embeddings: int = 512,
        sample_size: int = 32,
    ) -> None:
        super().__init__()
        half, full = hidden_channels // 2, hidden_channels
        self.encoder = nn.Sequential(
            nn.Conv2d(in_channels, half, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(half, full, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(full, full, 3, padding=1),
            ResidualStack(full, residual_channels, num_residual_blocks),
        )
        self.quant_conv = nn.Conv2d(full, vq_embed_dim, 1)
        self.quantize = NearestCode(num_vq_embeddings, vq_embed_dim, beta=0.25, legacy=False)
        self.decoder = nn.Sequential(
            nn.Conv2d(vq_embed_dim, full, 3, padding=1),
            ResidualStack(full, residual_channels, num_residual_blocks),
            nn.ConvTranspose2d(full, half, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(half, in_channels, 4, stride=2, padding=1),
        )

    @property
    def factor(self) -> int:
        """How many pixels of a side one code stands for: 4, by two strided convolutions."""
        return 4

    @property
    def codebook(self) -> Tensor:
        """The codebook, (K, D)."""
        return self.quantize.embedding.weight

    @property
    def longest(self) -> int:
        """Four times the side that it was trained on."""
        return 4 * self.config.sample_size

    def prepare_inference(
        self, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
    ) -> Self:
        """Eval mode, on ``device``, with encoder and decoder in ``dtype``; None is float32.

        It is so small that a narrower format would only cost exactness. The 1x1 convolution before
        the codebook, the codebook, inputs and outputs are float32 whatever it is.
        """
        self.eval().requires_grad_(False).to(device)
        for part in (self.encoder, self.decoder):
            part.to(dtype or torch.float32).to(memory_format=torch.channels_last)
        return self

    def encode(self, x: Tensor, return_dict: bool = True) -> Any:
        """Pictures (B, 3, H, W) to a ``VQEncoderOutput``, ``.latents`` (B, D, h, w) unquantised."""
        self._check_images(x)
        hidden = self.encoder(x.to(self.encoder[0].weight.dtype))  # (B, h, H/4, W/4)
        latents = self.quant_conv(hidden.to(self.quant_conv.weight.dtype))
        return VQEncoderOutput(latents=latents) if return_dict else (latents,)

    def decode_latents(self, latents: Tensor) -> Tensor:
        """Latents (B, D, h, w), decoded as they are: pictures (B, 3, H, W), about [-1, 1]."""
        return self.decoder(latents.to(self.decoder[0].weight.dtype)).to(latents.dtype)

    def forward(
        self, sample: Tensor, return_dict: bool = True
    ) -> DecoderOutput | tuple[Tensor, Tensor]:
        """Pictures (B, 3, H, W) to their reconstruction and the loss of eq. 3's last two terms."""
        quantised, loss, _ = self.quantize(self.encode(sample).latents)
        output = self.decode_latents(quantised)
        return DecoderOutput(sample=output, commit_loss=loss) if return_dict else (output, loss)
