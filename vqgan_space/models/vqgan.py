"""VQGAN: a diffusers ``VQModel`` with the codes as its everyday currency.

Esser et al., *Taming Transformers for High-Resolution Image Synthesis* (arXiv 2012.09841), eq. 2:
a picture is encoded to latents, each latent is replaced by its nearest codebook vector, and the
decoder paints the picture from those. Nothing is added to the weights: what is saved here loads as
a plain ``diffusers.VQModel``, and the other way round.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, Self

import torch
from diffusers.models.autoencoders.vae import DecoderOutput, VectorQuantizer
from diffusers.models.autoencoders.vq_model import VQEncoderOutput, VQModel
from torch import Tensor, nn

from . import fast
from .codes_model import CodesModel
from .quantizers import nearest_codes


class NearestCode(VectorQuantizer):
    """diffusers' ``VectorQuantizer`` with float32 distances and exact codebook rows as its output.

    ``forward`` keeps diffusers' return value, ``(quantised, loss, (perplexity, None, codes))``,
    with codes flat (B*h*w,). The value of ``quantised`` is the codebook row to the last bit
    (diffusers' ``z + (q - z)`` is not), its gradient passes straight through to the latents.
    """

    def choose(self, z: Tensor) -> Tensor:
        """Codes (B, h, w) of latents (B, D, h, w)."""
        return nearest_codes(z, self.embedding.weight)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor, tuple[None, None, Tensor]]:
        codes = self.choose(z)
        quantised = self.embedding(codes).permute(0, 3, 1, 2).contiguous()  # (B, D, h, w)
        z = z.to(quantised.dtype)
        loss = (quantised - z.detach()).square().mean()
        loss = loss + self.beta * (quantised.detach() - z).square().mean()
        if z.requires_grad:
            quantised = quantised.detach() + (z - z.detach())
        return quantised, loss, (None, None, codes.flatten())


class LikeliestCode(NearestCode):
    """The quantizer of a Gumbel VQGAN: a linear layer scores the codes, the best one is taken.

    Jang et al., *Categorical Reparameterization with Gumbel-Softmax* (arXiv 1611.01144); the noise
    and the soft mixture of training are left out.
    """

    def __init__(self, size: int, dim: int, **options: Any) -> None:
        super().__init__(size, dim, **options)
        self.proj = nn.Conv2d(dim, size, 1)

    def choose(self, z: Tensor) -> Tensor:
        """Codes (B, h, w) of latents (B, D, h, w)."""
        return self.proj(z.to(self.proj.weight.dtype)).argmax(dim=1)


class VQGAN(CodesModel, VQModel):
    """A ``VQModel`` that speaks in codes: pictures -> codes (B, h, w) -> pictures.

    The configuration is diffusers' own, with ``gumbel=True`` for a model whose codes are chosen by
    a linear layer instead of by distance (which plain diffusers does not know). Pictures are float
    tensors (B, 3, H, W) in [-1, 1] whose sides are multiples of ``factor``; codes are int64
    (B, H / factor, W / factor) in [0, K).
    """

    config: Any
    encoder: Any
    decoder: Any
    quant_conv: nn.Conv2d
    post_quant_conv: nn.Conv2d
    quantize: NearestCode

    def __init__(self, *args: Any, gumbel: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        size, dim = self.config.num_vq_embeddings, self.quantize.vq_embed_dim
        quantizer = LikeliestCode if gumbel else NearestCode
        self.quantize = quantizer(size, dim, beta=0.25, legacy=False)
        if gumbel:
            self.register_to_config(gumbel=True)

    @property
    def factor(self) -> int:
        """How many pixels of a side one code stands for (8, 16)."""
        return 2 ** (len(self.config.block_out_channels) - 1)

    @property
    def codebook(self) -> Tensor:
        """The codebook, (K, D)."""
        return self.quantize.embedding.weight

    def prepare_inference(
        self, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
    ) -> Self:
        """Eval mode, on ``device``, with encoder and decoder in ``dtype``.

        ``None`` picks bfloat16 where the processor multiplies it natively, else float32. The two
        1x1 convolutions about the codebook and the codebook itself stay in float32, so that the
        choice of codes does not depend on rounding; inputs and outputs stay float32 as well.
        """
        if dtype is None:
            dtype = torch.bfloat16 if has_native_bfloat16(device) else torch.float32
        self.eval().requires_grad_(False).to(device)
        fast.use_fast_blocks(self)
        fast.cast(self.encoder, self.decoder, dtype)
        self.encoder.to(memory_format=torch.channels_last)
        self.decoder.to(memory_format=torch.channels_last)
        return self

    def encode(self, x: Tensor, return_dict: bool = True) -> Any:
        """Pictures (B, 3, H, W) to a ``VQEncoderOutput``, ``.latents`` (B, D, h, w) unquantised."""
        self._check_images(x)
        hidden = self.encoder(x.to(self.encoder.conv_in.weight.dtype))
        latents = self.quant_conv(hidden.to(self.quant_conv.weight.dtype))
        return VQEncoderOutput(latents=latents) if return_dict else (latents,)

    def decode(
        self,
        h: Tensor,
        force_not_quantize: bool = False,
        return_dict: bool = True,
        shape: tuple[int, ...] | None = None,
    ) -> DecoderOutput | tuple[Tensor, Tensor]:
        """diffusers' ``decode``: latents (B, D, h, w), quantised first unless told not to."""
        loss = h.new_zeros(h.shape[0])
        if not force_not_quantize:
            h, loss, _ = self.quantize(h)
        elif self.config.lookup_from_codebook:
            h = self.quantize.get_codebook_entry(h, shape)
        sample = self.decode_latents(h)
        output = DecoderOutput(sample=sample, commit_loss=loss)
        return output if return_dict else (sample, loss)

    def _choose(self, latents: Tensor) -> Tensor:
        return self.quantize.choose(latents)

    def decode_latents(self, latents: Tensor) -> Tensor:
        """Latents (B, D, h, w), decoded as they are: pictures (B, 3, H, W), about [-1, 1]."""
        hidden = self.post_quant_conv(latents.to(self.post_quant_conv.weight.dtype))
        conditioning = latents if self.config.norm_type == "spatial" else None
        sample = self.decoder(hidden.to(self.decoder.conv_in.weight.dtype), conditioning)
        return sample.to(hidden.dtype)


def take_options(model: type[VQModel], **more: Any) -> None:
    """Gives a model VQModel's options and, after them, ``more`` with these defaults.

    diffusers reads a model's options off its constructor's signature.
    """
    constructor: Any = model.__init__
    functools.update_wrapper(constructor, VQModel.__init__)
    signature = inspect.signature(VQModel.__init__)
    extra = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value)
        for name, value in more.items()
    ]
    constructor.__signature__ = signature.replace(
        parameters=[*signature.parameters.values(), *extra]
    )


take_options(VQGAN, gumbel=False)


def has_native_bfloat16(device: str | torch.device) -> bool:
    """Whether bfloat16 is multiplied in hardware there (AVX512-BF16 or AMX; any recent GPU)."""
    if torch.device(device).type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capability = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capability.get("avx512_bf16") or capability.get("amx_bf16"))


def last_layer(model: VQGAN) -> nn.Parameter:
    """The weight of the decoder's last convolution, where the adaptive weight is measured."""
    return model.decoder.conv_out.weight
