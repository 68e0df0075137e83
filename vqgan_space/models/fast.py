"""The same encoder and decoder with less work: what `VQGAN.prepare_inference` switches on.

Three rewrites of diffusers' blocks, each the same function of the same weights up to rounding:

- an upsampling block (nearest neighbour, then a 3x3 convolution) reads every input pixel several
  times through the copies that the upsampling made. Taps that meet the same input pixel are summed
  beforehand, which leaves a 2x2 convolution for each of the four output phases: 4 products where
  there were 9, and no enlarged copy of the input;
- a residual block adds in place and leaves out the division by a scale of one;
- attention stays in channels-last memory, so that the convolutions after it do too.

And a choice of what to keep in float32 when the rest runs in bfloat16, where the maps are small and
rounding costs most. Parameters, their names and shapes stay as they were. Blocks in training mode
run diffusers' own code.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import Attention
from diffusers.models.autoencoders.vae import Decoder, Encoder
from diffusers.models.resnet import ResnetBlock2D, ResnetBlockCondNorm2D
from diffusers.models.upsampling import Upsample2D
from torch import Tensor, nn

# Which of the three rows of a 3x3 kernel each row of an output phase's 2x2 kernel sums:
# the even phase sees the input rows (i - 1, i), the odd phase (i, i + 1).
PHASE_ROWS = torch.tensor(
    [[[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]], [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]]
)  # (phase, row of 2, row of 3)


def use_fast_blocks(model: nn.Module) -> None:
    """Switch every block of ``model`` that has a faster equal to it, in place."""
    for module in model.modules():
        if type(module) is ResnetBlock2D and _is_plain_resnet(module):
            module.__class__ = FastResnetBlock
        elif type(module) is Upsample2D and _is_plain_upsample(module):
            module.__class__ = FastUpsample
        elif isinstance(module, Attention) and _is_plain_attention(module):
            module.set_processor(ChannelsLastAttention())


def cast(encoder: Encoder, decoder: Decoder, dtype: torch.dtype) -> None:
    """Cast encoder and decoder to ``dtype`` where that pays, in place.

    The decoder's first blocks see the smallest maps, and every later block magnifies their
    rounding: its input and middle stay in float32, and so do the normalisations and the sums of
    the residual blocks before the two largest resolutions. That is one percent of the time and a
    third of the error.
    """
    kept: set[nn.Module] = set()
    if all(_casts_its_input(module) for module in decoder.modules()):
        kept.update(decoder.conv_in.modules(), decoder.mid_block.modules())
        for block in decoder.up_blocks[:-2]:
            kept.update(module for module in block.modules() if isinstance(module, nn.GroupNorm))
    for module in (*encoder.modules(), *decoder.modules()):
        if next(module.children(), None) is None:
            module.to(torch.float32 if module in kept else dtype)


class FastResnetBlock(ResnetBlock2D):
    """``x + conv(silu(norm(conv(silu(norm(x))))))``, added in place.

    The normalisations and the sum run in the type of the normalisations' parameters, the
    convolutions in that of theirs.
    """

    def forward(self, input_tensor: Tensor, temb: Tensor | None, *args: Any, **kw: Any) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        if self.training or temb is not None:
            return super().forward(input_tensor, temb, *args, **kw)
        stream, inner = self.norm1.weight.dtype, self.conv1.weight.dtype
        shortcut = input_tensor = input_tensor.to(stream)
        hidden = self.conv1(F.silu(self.norm1(input_tensor), inplace=True).to(inner))
        hidden = self.conv2(F.silu(self.norm2(hidden.to(stream)), inplace=True).to(inner))
        if self.conv_shortcut is not None:
            shortcut = self.conv_shortcut(input_tensor.to(inner))
        return hidden.to(stream).add_(shortcut)


class FastUpsample(Upsample2D):
    """Nearest-neighbour upsampling by two and a 3x3 convolution, as four 2x2 convolutions."""

    _folded: tuple[tuple[Any, ...], Tensor, Tensor | None] | None = None

    def forward(
        self, hidden_states: Tensor, output_size: int | None = None, *args: Any, **kw: Any
    ) -> Tensor:
        """(B, C, h, w) -> (B, C', 2h, 2w)."""
        if self.training or output_size is not None:
            return super().forward(hidden_states, output_size, *args, **kw)
        batch, _, height, width = hidden_states.shape
        weight, bias = self._folded_parameters()
        hidden_states = hidden_states.to(weight.dtype)
        phases = F.conv2d(hidden_states, weight, bias, padding=1)  # (B, 4*C', h+1, w+1)
        channels = phases.shape[1] // 4
        result = torch.empty(
            (batch, channels, 2 * height, 2 * width),
            dtype=phases.dtype,
            device=phases.device,
            memory_format=torch.channels_last,
        )
        for index, phase in enumerate(phases.split(channels, dim=1)):  # (B, C', h+1, w+1)
            row, column = divmod(index, 2)
            result[:, :, row::2, column::2] = phase[
                :, :, row : row + height, column : column + width
            ]
        return result

    def _folded_parameters(self) -> tuple[Tensor, Tensor | None]:
        """The folded weight (4*C', C, 2, 2) and bias (4*C',), made anew when a weight changes."""
        weight, bias = self.conv.weight, self.conv.bias
        if weight.requires_grad and torch.is_grad_enabled():
            return fold_upsample(weight, bias)
        key = tuple(_state(parameter) for parameter in (weight, bias) if parameter is not None)
        if self._folded is None or self._folded[0] != key:
            # Not as inference tensors: gradients with respect to the latents pass through here.
            with torch.inference_mode(False), torch.no_grad():
                self._folded = (key, *fold_upsample(weight, bias))
        return self._folded[1], self._folded[2]


def _state(parameter: Tensor) -> tuple[Any, ...]:
    """What changes when the parameter is moved, cast or written to."""
    version = 0 if parameter.is_inference() else parameter._version
    return parameter.data_ptr(), version, parameter.dtype, parameter.device


def fold_upsample(weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """The 3x3 kernel after an upsampling by two, folded into one 2x2 kernel a phase.

    ``weight`` (C', C, 3, 3) -> (4*C', C, 2, 2) and ``bias`` (C',) -> (4*C',), phases in the order
    (even row, even column), (even, odd), (odd, even), (odd, odd). Sums are taken in float32.
    """
    rows = PHASE_ROWS.to(weight.device)
    folded = torch.einsum("apr,bqs,oirs->aboipq", rows, rows, weight.float())
    folded = folded.flatten(0, 2).to(weight.dtype)  # (2, 2, C', C, 2, 2) -> (4*C', C, 2, 2)
    folded = folded.contiguous(memory_format=torch.channels_last)
    return folded, None if bias is None else bias.repeat(4)


class ChannelsLastAttention:
    """Self-attention over the pixels of a channels-last map, with its residual connection."""

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
        *args: Any,
        **kw: Any,
    ) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        batch, channels, height, width = hidden_states.shape
        hidden_states = hidden_states.to(attn.group_norm.weight.dtype)
        pixels = attn.group_norm(hidden_states).permute(0, 2, 3, 1).to(attn.to_q.weight.dtype)
        pixels = pixels.reshape(batch, height * width, channels)  # (B, h, w, C) -> (B, h*w, C)
        query, key, value = (
            project(pixels).unflatten(-1, (attn.heads, -1)).transpose(1, 2)  # (B, heads, h*w, d)
            for project in (attn.to_q, attn.to_k, attn.to_v)
        )
        mixed = F.scaled_dot_product_attention(query, key, value)
        mixed = attn.to_out[0](mixed.transpose(1, 2).flatten(2))  # (B, h*w, C)
        mixed = mixed.view(batch, height, width, channels).permute(0, 3, 1, 2)
        return mixed.to(hidden_states.dtype).add_(hidden_states)


def _is_plain_resnet(block: ResnetBlock2D) -> bool:
    return (
        block.upsample is None
        and block.downsample is None
        and block.time_emb_proj is None
        and block.output_scale_factor == 1
        and isinstance(block.nonlinearity, nn.SiLU)
    )


def _is_plain_upsample(block: Upsample2D) -> bool:
    return (
        block.use_conv
        and not block.use_conv_transpose
        and block.norm is None
        and block.interpolate
        and block.name == "conv"
        and block.conv.kernel_size == (3, 3)
        and block.conv.padding == (1, 1)
    )


def _is_plain_attention(attn: Attention) -> bool:
    return (
        attn.group_norm is not None
        and attn.spatial_norm is None
        and attn.residual_connection
        and attn.rescale_output_factor == 1
        and attn.norm_q is None
        and attn.norm_k is None
    )


def _casts_its_input(module: nn.Module) -> bool:
    """False for a block of diffusers' own that would fail between parts of different types."""
    if isinstance(module, Attention):
        return isinstance(module.processor, ChannelsLastAttention)
    if isinstance(module, Upsample2D):
        return isinstance(module, FastUpsample)
    if isinstance(module, (ResnetBlock2D, ResnetBlockCondNorm2D)):
        return isinstance(module, FastResnetBlock)
    return True
