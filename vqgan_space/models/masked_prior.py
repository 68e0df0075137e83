"""The masked prior: the causal prior's blocks without the causal mask, which fill in any code.

Chang et al., *MaskGIT: Masked Generative Image Transformer* (arXiv 2202.04200), sec. 3: some codes
of a picture are hidden, and the transformer says what each of them is, given the others on all
sides. Codes sit on a grid, so positions are rows and columns, and a depthwise convolution (Chu et
al., *Conditional Positional Encodings*, arXiv 2102.10882) shows each code its neighbours at once. A
condition with a code for every code of the picture, such as a label map's, is added in place
instead of being put in front: half as much to read, and nothing to learn about what lies where.
"""

from __future__ import annotations

from typing import Any, Literal, Self

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from .prior import Block, CastLinear, cast_blocks, initialise
from .vqgan import has_native_bfloat16

ConditionKind = Literal["grid", "class", "vector", "none"]
# Positions that a vector is spread over in front of the codes.
VECTOR_POSITIONS = 4


class MaskedPrior(ModelMixin, ConfigMixin):
    """Hidden codes of a grid from those that are known, and from a condition.

    Args:
        num_codes: K, the size of the codebook; the index K stands for a hidden code.
        height, width: of the largest grid.
        condition: ``grid``: a code for each code of the picture; ``class``: one number;
            ``vector``: a row of floats, such as a text's embedding; ``none``.
        num_conditions: how many codes or classes the condition has.
        vector_dim: length of the vector.
        n_layer, n_head, n_embd: layers, heads, width.
        embd_pdrop, resid_pdrop, attn_pdrop: dropout of embeddings, branches and attention.
    """

    config: Any
    blocks: Any

    @register_to_config
    def __init__(
        self,
        *,
        num_codes: int,
        height: int = 16,
        width: int = 16,
        condition: ConditionKind = "none",
        num_conditions: int = 0,
        vector_dim: int = 0,
        n_layer: int = 8,
        n_head: int = 8,
        n_embd: int = 256,
        embd_pdrop: float = 0.0,
        resid_pdrop: float = 0.0,
        attn_pdrop: float = 0.0,
    ) -> None:
        super().__init__()
        if n_embd % n_head:
            raise ValueError(f"The width {n_embd} must be a multiple of the {n_head} heads.")
        self.code_emb = nn.Embedding(num_codes + 1, n_embd)
        self.row_emb = nn.Parameter(torch.zeros(height, 1, n_embd))
        self.column_emb = nn.Parameter(torch.zeros(1, width, n_embd))
        self.local = nn.Conv2d(n_embd, n_embd, 5, padding=2, groups=n_embd)
        # The last condition stands for none, as guidance needs it.
        if condition in ("grid", "class"):
            self.condition_emb = nn.Embedding(num_conditions + 1, n_embd)
        elif condition == "vector":
            self.condition_proj = nn.Linear(vector_dim, VECTOR_POSITIONS * n_embd)
            self.no_condition = nn.Parameter(torch.zeros(VECTOR_POSITIONS * n_embd))
        elif condition != "none":
            raise ValueError(f"The condition is grid, class, vector or none, not {condition!r}.")
        self.drop = nn.Dropout(embd_pdrop)
        self.blocks = nn.ModuleList(
            Block(n_embd, n_head, attn_pdrop, resid_pdrop) for _ in range(n_layer)
        )
        self.norm = nn.LayerNorm(n_embd)
        self.head = CastLinear(n_embd, num_codes)
        self.apply(initialise)

    @property
    def hidden(self) -> int:
        """The index that stands for a hidden code: K."""
        return self.config.num_codes

    @property
    def window(self) -> tuple[int, int]:
        """Height and width of the largest grid."""
        return self.config.height, self.config.width

    def prepare_inference(
        self, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
    ) -> Self:
        """Eval mode, on ``device``, with the blocks' matrices in ``dtype``.

        ``None`` picks bfloat16 where the processor multiplies it natively, else float32.
        Embeddings, normalisations, sums and the head stay in float32.
        """
        if dtype is None:
            dtype = torch.bfloat16 if has_native_bfloat16(device) else torch.float32
        self.eval().requires_grad_(False).to(device)
        cast_blocks(self.blocks, dtype)
        return self

    def forward(
        self, codes: Tensor, condition: Tensor | None = None, dropped: Tensor | None = None
    ) -> Tensor:
        """Logits (B, h, w, K) of every code.

        Args:
            codes: (B, h, w), int64, K where hidden.
            condition: codes (B, h, w) for ``grid``, classes (B,), or vectors (B, D); None: without.
            dropped: bool (B,): which pictures go without their condition all the same.

        Raises:
            ValueError: another shape, a larger grid, or codes out of range.
        """
        self._check(codes, condition)
        batch, height, width = codes.shape
        x = self.code_emb(codes) + self.row_emb[:height] + self.column_emb[:, :width]
        front = self._front(condition, dropped, batch)
        if front is not None and front.ndim == 4:
            x, front = x + front, None
        x = x + self.local(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)  # (B, h, w, D)
        x = x.flatten(1, 2)  # (B, h*w, D)
        before = 0 if front is None else front.shape[1]
        if front is not None:
            x = torch.cat([front, x], dim=1)
        x = self.drop(x)
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.norm(x[:, before:]))
        return logits.unflatten(1, (height, width))  # (B, h, w, K)

    def _front(self, condition: Tensor | None, dropped: Tensor | None, batch: int) -> Tensor | None:
        """The condition's embedding: (B, h, w, D) to add in place, or (B, n, D) to put in front."""
        kind, device = self.config.condition, self.row_emb.device
        if kind == "none":
            return None
        if kind == "vector":
            nothing = self.no_condition.expand(batch, -1)  # (B, n*D)
            if condition is None:
                front = nothing
            else:
                front = self.condition_proj(condition.to(self.no_condition))
                if dropped is not None:
                    front = torch.where(dropped[:, None], nothing, front)
            return front.unflatten(1, (VECTOR_POSITIONS, -1))  # (B, n, D)
        nothing_index = self.config.num_conditions
        if condition is None:
            shape = (batch, 1, 1) if kind == "grid" else (batch,)
            condition = torch.full(shape, nothing_index, device=device)
        elif dropped is not None:
            keep = dropped.view(-1, *[1] * (condition.ndim - 1))
            condition = condition.masked_fill(keep, nothing_index)
        front = self.condition_emb(condition)
        return front if kind == "grid" else front[:, None]  # (B, h, w, D) or (B, 1, D)

    def _check(self, codes: Tensor, condition: Tensor | None) -> None:
        if codes.ndim != 3 or codes.dtype != torch.int64 or not codes.numel():
            raise ValueError(
                f"codes must be int64 (B, h, w), got {codes.dtype} {tuple(codes.shape)}"
            )
        height, width = self.window
        if codes.shape[1] > height or codes.shape[2] > width:
            raise ValueError(
                f"The prior reads at most {height} x {width} codes, got {codes.shape[1]} x "
                f"{codes.shape[2]}: take overlapping windows."
            )
        if codes.min() < 0 or codes.max() > self.hidden:
            raise ValueError(
                f"codes must be in 0..{self.hidden}, got {int(codes.min())}..{int(codes.max())}"
            )
        if condition is None:
            return
        kind = self.config.condition
        expected = {
            "grid": tuple(codes.shape),
            "class": (len(codes),),
            "vector": (len(codes), self.config.vector_dim),
        }.get(kind)
        if expected is None:
            raise ValueError("This prior takes no condition.")
        if tuple(condition.shape) != expected:
            raise ValueError(f"The condition must be {expected}, got {tuple(condition.shape)}.")
        if kind != "vector" and not (
            condition.min() >= 0 and condition.max() <= self.config.num_conditions
        ):
            raise ValueError(
                f"Conditions must be in 0..{self.config.num_conditions - 1}, "
                f"got {int(condition.min())}..{int(condition.max())}."
            )
