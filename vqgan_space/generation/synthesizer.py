"""A trained set of the second stage: a VQGAN, a condition and a prior, with one ``sample``.

*Taming Transformers* (arXiv 2012.09841), fig. 2: the prior writes codes after the condition's, the
VQGAN's decoder paints them.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from vqgan_space.generation.choice import Choice
from vqgan_space.generation.given import Progress, Seed
from vqgan_space.generation.masked import sample_masked_steps
from vqgan_space.generation.sampling import sample_at_once, sample_steps
from vqgan_space.generation.windows import Size
from vqgan_space.models.conditions import (
    ClassCondition,
    CoordinateCondition,
    PlainCondition,
    StartCondition,
    VectorCondition,
)
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.models.masked_prior import MaskedPrior
from vqgan_space.models.permuters import Permuter
from vqgan_space.models.prior import CausalPrior
from vqgan_space.models.vqgan import VQGAN

Condition = LabelVQGAN | VQGAN | PlainCondition
Prior = CausalPrior | MaskedPrior


class Synthesizer:
    """Makes pictures of a condition.

    Args:
        vqgan: paints the codes.
        condition: makes the condition's codes: a ``LabelVQGAN`` of label maps, a ``VQGAN`` of
            depth maps or pictures, classes, coordinates, vectors; None: nothing, a start code.
        prior: samples the picture's codes, one after the other or, if masked, in a few steps.
        permuter: the order of the picture's codes where it is not row by row.
        pkeep: which part of the codes the prior saw in training, the rest being random ones; with
            0 it samples all codes in one pass.
        sos: the start code where there is no condition.
        downsample_cond_size: a spatial condition is first brought to a square of so many pixels;
            None or -1: it stays as it is.
        window: height and width of the grid of codes that the prior was trained on; None: the
            largest square that it can read.
    """

    def __init__(
        self,
        vqgan: VQGAN,
        condition: Condition | None,
        prior: Prior,
        permuter: Permuter | None = None,
        pkeep: float = 1.0,
        sos: int = 0,
        downsample_cond_size: int | None = None,
        window: Size | None = None,
    ) -> None:
        self.vqgan, self.prior, self.permuter, self.pkeep = vqgan, prior, permuter, pkeep
        self.condition: Condition = StartCondition(sos) if condition is None else condition
        self.downsample_cond_size = downsample_cond_size if downsample_cond_size != -1 else None
        self.given_window = window
        self._check_parts()

    def _check_parts(self) -> None:
        """Raises ``ValueError`` where prior, VQGAN and condition don't belong together."""
        if not isinstance(self.prior, MaskedPrior):
            if isinstance(self.condition, VectorCondition):
                raise ValueError("A causal prior reads codes: give vectors to a masked one.")
            return
        have, want = self.vqgan.codebook.shape[0], self.prior.hidden
        if have != want:
            raise ValueError(f"The VQGAN has {have} codes, but its prior was trained on {want}.")
        kinds: dict[type, str] = {
            ClassCondition: "class",
            StartCondition: "none",
            VectorCondition: "vector",
        }
        kind, reads = kinds.get(type(self.condition), "grid"), self.prior.config.condition
        if kind != reads:
            raise ValueError(f"The prior's condition is {reads!r}, not {kind!r}.")

    @property
    def is_masked(self) -> bool:
        """Whether the prior is a masked one, which fills in all codes in a few steps."""
        return isinstance(self.prior, MaskedPrior)

    @property
    def window(self) -> Size:
        """Height and width of the grid of codes that the prior reads at once."""
        if self.permuter is not None:
            return self.permuter.height, self.permuter.width
        if self.given_window is not None:
            return self.given_window
        if isinstance(self.prior, MaskedPrior):
            return self.prior.window
        block = self.prior.config.block_size + 1  # the last code is never read
        side = math.isqrt(block // 2 if self._is_spatial else block - 1)
        return side, side

    @property
    def _is_spatial(self) -> bool:
        return not isinstance(self.condition, (ClassCondition, StartCondition, VectorCondition))

    def prepare_inference(
        self, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
    ) -> Self:
        """All parts ready for inference, as their own ``prepare_inference`` says."""
        for part in (self.vqgan, self.condition, self.prior):
            if isinstance(part, torch.nn.Module):
                part.prepare_inference(device, dtype)
        return self

    @torch.inference_mode()
    def condition_codes(self, condition: Any) -> Tensor:
        """Codes (B, n) of a condition.

        Args:
            condition: label maps (B, H, W) of ids; pictures or depth maps (B, C, H, W) in [-1, 1];
                classes (B,) or one; coordinates (B, 1, H, W) in [0, 1]; or None where there is
                nothing to say.

        Raises:
            ValueError: not what the condition takes.
        """
        return self._condition_grid(condition, None).flatten(1)

    @torch.inference_mode()
    def logits(self, codes: Tensor, condition_codes: Tensor) -> Tensor:
        """Logits (B, h*w, V) of every code given those before it (teacher forcing).

        Args:
            codes: (B, h, w), or flat and row by row (B, h*w). So are the logits, in whichever order
                the prior reads.
            condition_codes: (B, n).

        Raises:
            ValueError: too many codes for the prior, or outside its vocabulary; or a masked prior,
                which reads codes in no order.
        """
        if isinstance(self.prior, MaskedPrior):
            raise ValueError("A masked prior reads codes in no order: call the prior itself.")
        codes, front = codes.flatten(1), condition_codes.flatten(1)
        if self.permuter is not None:
            codes = self.permuter.forward(codes)
        sequence = torch.cat([front, codes.to(front.device)], dim=1)  # (B, n + h*w)
        logits = self.prior(sequence[:, :-1])[:, front.shape[1] - 1 :]
        return logits if self.permuter is None else self.permuter.inverse(logits)

    def sample(
        self,
        condition: Any = None,
        size: Size | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: Seed = 0,
        known: Tensor | None = None,
        known_region: Tensor | None = None,
        stride: int = 1,
        steps: int = 10,
        guidance: float = 3.0,
    ) -> Tensor:
        """Sample codes (B, h, w) for a condition; ``decode`` makes pictures of them.

        Args:
            condition: as in ``condition_codes``.
            size: height and width in codes; None: the condition's, or the window's.
            temperature: divides the logits; 0 takes the likeliest code.
            top_k, top_p: how many of the likeliest codes to draw from, or of which probability.
            seed: of the first picture, or one for each. The same seed gives the same picture,
                alone or among variants.
            known, known_region: codes (B, h, w) that are given, and where: bool (h, w) or
                (B, h, w).
            stride: by how many codes the window moves on a larger canvas; 1 is exact.
            steps: in how many steps a masked prior fills in all codes.
            guidance: how far a masked prior follows the condition; 1: as it learnt.

        Raises:
            ValueError: sizes that don't fit together, or a number out of its range.
        """
        how = (temperature, top_k, top_p, seed, known, known_region, stride, steps, guidance)
        return deque(self.sample_steps(condition, size, *how), maxlen=1).pop().codes

    def sample_steps(
        self,
        condition: Any = None,
        size: Size | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: Seed = 0,
        known: Tensor | None = None,
        known_region: Tensor | None = None,
        stride: int = 1,
        steps: int = 10,
        guidance: float = 3.0,
    ) -> Iterator[Progress]:
        """The same, step by step: what is known so far, until the caller stops asking."""
        common: dict[str, Any] = {
            "choice": Choice(temperature, top_k, top_p),
            "seed": seed,
            "known": known,
            "known_region": known_region,
        }
        if isinstance(self.prior, MaskedPrior):
            given = self._masked_condition(condition, size)
            if size is None:
                size = self.window
                if given is not None and given.ndim == 3:
                    size = (given.shape[1], given.shape[2])
            common |= {"steps": steps, "guidance": guidance}
            return sample_masked_steps(self.prior, given, size, **common)
        with torch.inference_mode():
            front = self._condition_grid(condition, size)
        common |= {"permuter": self.permuter, "num_codes": self.vqgan.codebook.shape[0]}
        if size is None:
            size = (front.shape[1], front.shape[2]) if front.ndim == 3 else self.window
        if self.pkeep > 0:
            return sample_steps(self.prior, front, size, self.window, stride=stride, **common)
        if front.ndim != 3 or tuple(front.shape[1:]) != size:
            raise ValueError(
                "This prior was trained with pkeep 0 and samples in one pass: the condition must "
                f"have as many codes as the picture, {size[0]} x {size[1]}."
            )
        codes = sample_at_once(self.prior, front, **common)
        return iter([Progress(codes, torch.ones_like(codes, dtype=torch.bool))])

    def decode(self, codes: Tensor) -> Tensor:
        """Codes (B, h, w) to pictures (B, 3, H, W), about [-1, 1]."""
        with torch.inference_mode():
            return self.vqgan.decode_codes(codes.to(self.vqgan.codebook.device))

    def _masked_condition(self, condition: Any, size: Size | None) -> Tensor | None:
        """What a masked prior takes; None, where nothing is given or there is nothing to give."""
        if isinstance(self.condition, StartCondition):
            return None
        if condition is None and not isinstance(self.condition, CoordinateCondition):
            return None
        if isinstance(self.condition, VectorCondition):
            return self.condition.vectors(condition)
        with torch.inference_mode():
            codes = self._condition_grid(condition, size)
        return codes[:, 0] if isinstance(self.condition, ClassCondition) else codes

    def _condition_grid(self, condition: Any, size: Size | None) -> Tensor:
        """The condition's codes on the CPU: (B, h, w) where it is spatial, else (B, n)."""
        if isinstance(self.condition, (ClassCondition, StartCondition)):
            return self.condition.codes(condition)
        if isinstance(self.condition, VectorCondition):
            raise ValueError("Vectors have no codes.")
        if isinstance(self.condition, CoordinateCondition) and condition is None:
            height, width = size or self.window
            factor = self.condition.factor
            condition = self.condition.coordinates(height * factor, width * factor)
        if not isinstance(condition, Tensor):
            raise ValueError(
                "The condition must be a tensor: a label map, a depth map or the like."
            )
        if self.downsample_cond_size is not None:
            condition = _resize(condition, self.downsample_cond_size)
        if not isinstance(self.condition, CoordinateCondition):
            condition = condition.to(self.condition.codebook.device)
        if isinstance(self.condition, LabelVQGAN):
            return self.condition.encode_codes(condition, with_details=False).cpu()
        return self.condition.encode_codes(condition).cpu()

    def save_pretrained(self, folder: str | Path, **options: Any) -> None:
        """Write the set, as ``synthesizer_files.save`` does."""
        from vqgan_space.generation.synthesizer_files import save

        save(self, folder, **options)

    @classmethod
    def from_pretrained(cls, folder: str | Path, prior: str = "prior") -> Self:
        """Read what ``save_pretrained`` wrote; in float32, eval mode.

        Args:
            prior: folder of the prior, in a set that has several for one VQGAN and condition.

        Raises:
            ValueError: the folder holds no such set, or not all of it.
        """
        from vqgan_space.generation.synthesizer_files import read_parts

        return cls(**read_parts(folder, prior))


def _resize(condition: Tensor, side: int) -> Tensor:
    """Label maps (B, H, W) or pictures (B, C, H, W) to ``side`` x ``side``, nearest neighbour."""
    if condition.ndim == 3:
        resized = F.interpolate(condition[:, None].float(), size=(side, side))
        return resized[:, 0].to(condition.dtype)
    return F.interpolate(condition, size=(side, side))
