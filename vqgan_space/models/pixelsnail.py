"""PixelSNAIL: causal convolutions and attention over a grid of codes, the transformer's baseline.

Chen et al., *PixelSNAIL: An Improved Autoregressive Generative Model* (arXiv 1712.09763), fig. 2
and 3, over codes as Razavi et al. (*VQ-VAE-2*, arXiv 1906.00446) use it, and as Esser et al.
(*Taming Transformers*, arXiv 2012.09841, sec. 4.1) measure against it. Normalisation of every
position's channels takes the place of weight normalisation.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn


class CausalConv2d(nn.Conv2d):
    """A convolution that sees nothing below, and of its own row nothing to the right.

    Args:
        kernel: height and width. ``to_the_right`` also sees the right half of the rows above its
            own, and nothing of its own row.
    """

    def __init__(
        self, dim_in: int, dim_out: int, kernel: tuple[int, int], to_the_right: bool = False
    ) -> None:
        super().__init__(dim_in, dim_out, kernel)
        height, width = kernel
        left = width // 2 if to_the_right else width - 1
        self.border = (left, width - 1 - left, height - 1, 0)

    def forward(self, x: Tensor) -> Tensor:
        """(B, D, h, w) -> (B, D', h, w)."""
        return super().forward(F.pad(x, self.border))


class ChannelNorm(nn.GroupNorm):
    """Layer normalisation of each position's channels: nothing passes between positions."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, D, h, w) -> (B, D, h, w)."""
        channels = x.permute(0, 2, 3, 1)  # (B, h, w, D)
        normed = F.layer_norm(channels, channels.shape[-1:], self.weight, self.bias, self.eps)
        return normed.permute(0, 3, 1, 2)


class GatedBlock(nn.Module):
    """x + gate(conv(elu(conv(elu(norm(x)))) + condition)): fig. 3, left."""

    def __init__(self, dim: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.norm = ChannelNorm(1, dim)
        self.conv1 = CausalConv2d(dim, dim, (kernel, kernel))
        self.condition = nn.Conv2d(dim, dim, 1)
        self.drop = nn.Dropout(dropout)
        self.conv2 = CausalConv2d(dim, 2 * dim, (kernel, kernel))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """(B, D, h, w) twice -> (B, D, h, w)."""
        hidden = self.conv1(F.elu(self.norm(x))) + self.condition(condition)
        return x + F.glu(self.conv2(self.drop(F.elu(hidden))), dim=1)


class CausalAttention(nn.Module):
    """Attention of each position to those before it and itself: fig. 3, right."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = ChannelNorm(1, dim)
        self.query = nn.Conv2d(dim, dim, 1)
        self.key_value = nn.Conv2d(2 * dim, 2 * dim, 1)
        self.proj = nn.Conv2d(dim, dim, 1)

    def forward(self, x: Tensor, previous: Tensor) -> Tensor:
        """(B, D, h, w), and the embedding of the code before each position -> (B, D, h, w).

        Keys and values hold that code itself, so that every earlier code is within reach.
        """
        height, width = x.shape[-2:]
        normed = self.norm(x)
        query = self.query(normed).flatten(2)  # (B, D, h*w)
        query = query.unflatten(1, (self.heads, -1)).transpose(-1, -2)  # (B, heads, h*w, d)
        both = self.key_value(torch.cat([normed, previous], dim=1)).flatten(2)  # (B, 2*D, h*w)
        key, value = both.unflatten(1, (2, self.heads, -1)).transpose(-1, -2).unbind(1)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        mixed = mixed.transpose(-1, -2).flatten(1, 2)  # (B, D, h*w)
        return x + self.proj(mixed.unflatten(2, (height, width)))


class PixelSNAIL(ModelMixin, ConfigMixin):
    """Logits of each code given those before it, row by row, and a condition.

    Args:
        num_codes: K.
        height, width: of the largest grid.
        condition: ``grid``: a code for each code of the picture; ``class``: one number; ``none``.
        num_conditions: how many codes or classes the condition has.
        channels: width of the network.
        num_blocks: gated blocks followed by attention, as often as this.
        num_gated: gated blocks in each of them.
        heads: of the attention.
        kernel: side of the causal convolutions.
        dropout: inside the gated blocks.
    """

    config: Any

    @register_to_config
    def __init__(
        self,
        *,
        num_codes: int,
        height: int = 16,
        width: int = 16,
        condition: Literal["grid", "class", "none"] = "none",
        num_conditions: int = 0,
        channels: int = 128,
        num_blocks: int = 3,
        num_gated: int = 3,
        heads: int = 4,
        kernel: int = 3,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if channels % heads:
            raise ValueError(f"The width {channels} must be a multiple of the {heads} heads.")
        self.code_emb = nn.Embedding(num_codes, channels)
        self.positions = nn.Parameter(torch.zeros(channels, height, width))
        self.above = CausalConv2d(channels, channels, (2, 2 * kernel - 1), to_the_right=True)
        self.before = CausalConv2d(channels, channels, (2, kernel))
        if condition in ("grid", "class"):
            self.condition_emb = nn.Embedding(num_conditions, channels)
            self.condition_conv = nn.Conv2d(channels, channels, 3, padding=1)
        elif condition != "none":
            raise ValueError(f"The condition is grid, class or none, not {condition!r}.")
        blocks: list[nn.Module] = []
        for _ in range(num_blocks):
            blocks += [GatedBlock(channels, kernel, dropout) for _ in range(num_gated)]
            blocks.append(CausalAttention(channels, heads))
        self.blocks = nn.ModuleList(blocks)
        self.norm = ChannelNorm(1, channels)
        self.head = nn.Conv2d(channels, num_codes, 1)

    def forward(self, codes: Tensor, condition: Tensor | None = None) -> Tensor:
        """Logits (B, h, w, K); those at a position depend on the codes before it alone.

        Args:
            codes: (B, h, w), int64.
            condition: codes (B, h, w) for ``grid``, classes (B,) for ``class``.

        Raises:
            ValueError: another shape, or a larger grid.
        """
        height, width = codes.shape[-2:]
        if codes.ndim != 3 or height > self.config.height or width > self.config.width:
            raise ValueError(
                f"codes must be (B, h, w) of at most {self.config.height} x {self.config.width}, "
                f"got {tuple(codes.shape)}"
            )
        embedded = self.code_emb(codes).permute(0, 3, 1, 2)  # (B, D, h, w)
        # The rows above, and what is to the left: each moved on by one, so no code sees itself.
        above = F.pad(self.above(embedded), (0, 0, 1, 0))[:, :, :-1]
        before = F.pad(self.before(embedded), (1, 0))[:, :, :, :-1]
        previous = F.pad(embedded.flatten(2), (1, 0))[:, :, :-1].unflatten(2, (height, width))
        x = above + before + self.positions[:, :height, :width]
        given = self._condition(condition, codes)
        for block in self.blocks:
            x = block(x, given if isinstance(block, GatedBlock) else previous)
        return self.head(F.elu(self.norm(x))).permute(0, 2, 3, 1)  # (B, h, w, K)

    def _condition(self, condition: Tensor | None, codes: Tensor) -> Tensor:
        """(B, D, h, w), or (1, D, 1, 1) where there is none."""
        kind = self.config.condition
        if (kind == "none") != (condition is None):
            raise ValueError(f"This prior's condition is {kind!r}: give it just that.")
        if condition is None:
            return torch.zeros(1, self.config.channels, 1, 1, device=codes.device)
        expected = tuple(codes.shape) if kind == "grid" else (len(codes),)
        if tuple(condition.shape) != expected:
            raise ValueError(f"The condition must be {expected}, got {tuple(condition.shape)}.")
        embedded = self.condition_emb(condition)
        if kind == "class":
            return embedded[:, :, None, None]
        return self.condition_conv(embedded.permute(0, 3, 1, 2))
