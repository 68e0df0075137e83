"""What a masked prior would write in place of some codes: latents near to it look natural.

CLIP's gradient alone finds patterns that no picture has. The prior knows which codes pictures
have: some of them are hidden, at random and anew in every step, and the latents there are pulled
towards the codebook vectors that the prior expects, as denoisers pull elsewhere (Poole et al.,
*DreamFusion*, arXiv 2209.14988, sec. 3).
"""

from __future__ import annotations

import torch
from torch import Tensor

from vqgan_space.models.masked_prior import MaskedPrior

# Share of the codes that are hidden, at least and at most.
_HIDDEN = (0.3, 0.9)


class Naturalness:
    """Expected latents of hidden codes.

    Args:
        prior: of the VQGAN's codes.
        codebook: (K, D).
        condition: a vector (1, D'), for a prior that reads one; None: without a condition.
        guidance: how far the condition is followed.
    """

    def __init__(
        self,
        prior: MaskedPrior,
        codebook: Tensor,
        condition: Tensor | None = None,
        guidance: float = 3.0,
    ) -> None:
        if prior.hidden != codebook.shape[0]:
            raise ValueError(
                f"The prior was trained on {prior.hidden} codes, the VQGAN has "
                f"{codebook.shape[0]}: choose a set of this VQGAN."
            )
        self.prior, self.codebook = prior, codebook.detach().float()
        self.condition, self.guidance = condition, guidance

    @torch.no_grad()
    def expected(self, codes: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """What the prior expects where codes are hidden.

        Args:
            codes: (h, w). Of a grid larger than the prior's window a part at random is looked at.
            generator: on the CPU.

        Returns:
            Latents (D, h, w), zeros where nothing is hidden, and where it is: bool (h, w).
        """
        height, width = (
            min(side, most) for side, most in zip(codes.shape, self.prior.window, strict=True)
        )
        top = int(torch.randint(codes.shape[0] - height + 1, (), generator=generator))
        left = int(torch.randint(codes.shape[1] - width + 1, (), generator=generator))
        part = (slice(top, top + height), slice(left, left + width))
        low, high = _HIDDEN
        share = low + (high - low) * torch.rand((), generator=generator)
        hidden = torch.rand(height, width, generator=generator) < share
        hidden = hidden.to(codes.device)
        logits = self._logits(codes[part].masked_fill(hidden, self.prior.hidden)[None])
        region = torch.zeros(codes.shape, dtype=torch.bool, device=codes.device)
        region[part] = hidden
        latents = torch.zeros(
            codes.shape[0], codes.shape[1], self.codebook.shape[1], device=codes.device
        )
        latents[region] = logits[0][hidden].softmax(dim=-1) @ self.codebook  # (N, D)
        return latents.permute(2, 0, 1), region

    def _logits(self, codes: Tensor) -> Tensor:
        """(1, h, w) -> (1, h, w, K), guided by the condition."""
        if self.condition is None:
            return self.prior(codes).float()
        both = self.condition.to(codes.device).expand(2, -1)
        dropped = torch.tensor([False, True], device=codes.device)
        with_it, without = self.prior(codes.expand(2, -1, -1), both, dropped).float()
        return (without + self.guidance * (with_it - without))[None]
