"""The set that a prior is trained for: its other parts, a fresh prior for them, samples of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from vqgan_space.data.codes import CodesData, CodesInfo
from vqgan_space.generation.choice import Choice
from vqgan_space.generation.masked import sample_masked
from vqgan_space.generation.sampling import sample
from vqgan_space.generation.synthesizer import Condition, Prior, Synthesizer
from vqgan_space.hub.load import load, locate
from vqgan_space.models.conditions import ClassCondition, VectorCondition
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.models.masked_prior import MaskedPrior
from vqgan_space.models.pixelsnail import PixelSNAIL
from vqgan_space.models.prior import CausalPrior
from vqgan_space.models.sizes import PRIOR_SIZES
from vqgan_space.models.vqgan import VQGAN

# A plain git push to the Hub takes files of up to 10 MB.
SHARD = "9MB"
Architecture = Literal["masked", "causal", "pixelsnail"]


@dataclass(frozen=True)
class Parts:
    """What a prior works with.

    Attributes:
        info: what its codes are.
        vqgan_name: name or folder of the model that made them.
        condition: what makes the condition's codes; None: there is none.
        codebook: of the VQGAN, (K, D).
    """

    info: CodesInfo
    vqgan_name: str
    condition: Condition | None
    codebook: Tensor


def load_parts(info: CodesInfo, vqgan: str | None, label_vqgan: Path | None) -> Parts:
    """The parts for codes as they are described.

    Raises:
        ValueError: one is missing, or made other codes than these.
    """
    name = vqgan or info.vqgan
    codebook = load(name).codebook.detach().float().clone()
    have = len(codebook)
    if have != info.num_codes:
        raise ValueError(f"{name} has {have} codes, but the data were made with {info.num_codes}.")
    condition: Condition | None = None
    if info.condition == "class":
        condition = ClassCondition(info.num_conditions)
    elif info.condition == "vector":
        condition = VectorCondition(info.vector_dim)
    elif info.condition == "grid":
        if label_vqgan is None:
            raise ValueError("Name the set that made the label maps' codes with --label-vqgan.")
        labels: LabelVQGAN = LabelVQGAN.from_pretrained(
            label_vqgan, subfolder="label_vqgan", torch_dtype=torch.float16
        )
        condition, have = labels, len(labels.codebook)
        if have != info.num_conditions:
            raise ValueError(
                f"{label_vqgan} has {have} codes, but the data were made with "
                f"{info.num_conditions}."
            )
    return Parts(info, name, condition, codebook)


def build_prior(
    architecture: Architecture,
    info: CodesInfo,
    *,
    size: str,
    dropout: float = 0.0,
    start_from: Path | None = None,
) -> Any:
    """A fresh or, with ``start_from``, a trained prior; PixelSNAIL as large as the causal one.

    Raises:
        ValueError: no size of that name, or a causal prior for vectors.
    """
    kind: Any = {"masked": MaskedPrior, "causal": CausalPrior, "pixelsnail": PixelSNAIL}[
        architecture
    ]
    if start_from is not None:
        return kind.from_pretrained(start_from, subfolder="prior", torch_dtype=torch.float32)
    if size not in PRIOR_SIZES:
        raise ValueError(f"size {size!r} is not one of {', '.join(PRIOR_SIZES)}")
    height, width = info.grid
    shared: dict[str, Any] = dict.fromkeys(("embd_pdrop", "resid_pdrop", "attn_pdrop"), dropout)
    shared |= PRIOR_SIZES[size]
    if architecture == "masked":
        return MaskedPrior(
            num_codes=info.num_codes,
            height=height,
            width=width,
            condition=info.condition,
            num_conditions=info.num_conditions,
            vector_dim=info.vector_dim,
            **shared,
        )
    if info.condition == "vector":
        raise ValueError("A causal prior reads codes: condition a masked one on vectors.")
    front = height * width if info.condition == "grid" else 1
    transformer = {
        "vocab_size": max(info.num_codes, info.num_conditions),
        "block_size": front + height * width,
        **shared,
    }
    if architecture == "causal":
        return CausalPrior(**transformer)
    options: dict[str, Any] = {
        "num_codes": info.num_codes,
        "height": height,
        "width": width,
        "condition": info.condition,
        "num_conditions": info.num_conditions,
        "dropout": dropout,
    }
    return PixelSNAIL(channels=_equal_width(transformer, options), **options)


def _equal_width(transformer: dict[str, Any], options: dict[str, Any]) -> int:
    """The width at which PixelSNAIL is as large as a causal prior of these options."""
    with torch.device("meta"):
        wanted = sum(p.numel() for p in CausalPrior(**transformer).parameters())
        sizes = {
            channels: sum(p.numel() for p in PixelSNAIL(channels=channels, **options).parameters())
            for channels in range(8, 768, 4)
        }
    return min(sizes, key=lambda channels: abs(sizes[channels] - wanted))


@torch.no_grad()
def start_from_codebooks(prior: Any, parts: Parts) -> None:
    """Give codes that look alike embeddings that are alike, by a random projection of codebooks.

    From random embeddings each code would be learnt by itself, and a small data set shows most of
    them rarely.
    """
    pairs = [(prior.code_emb.weight, parts.codebook), (prior.head.weight, parts.codebook)]
    if isinstance(parts.condition, VQGAN):
        pairs.append((prior.condition_emb.weight, parts.condition.codebook.detach().float()))
    for weight, codebook in pairs:
        projection = torch.randn(codebook.shape[1], weight.shape[1]) / codebook.shape[1] ** 0.5
        spread = (codebook - codebook.mean(0)) / codebook.std()
        is_head = weight is prior.head.weight
        weight[: len(codebook)] = (0.02 if is_head else 0.2) * spread @ projection


def save_parts(
    folder: Path, parts: Parts, prior: Any, pkeep: float, refer_to_vqgan: bool = False
) -> None:
    """Write a set that ``Synthesizer.from_pretrained`` loads, in half precision."""
    if isinstance(prior, PixelSNAIL):  # a baseline to measure, which no set samples from
        prior.save_pretrained(folder / "prior")
        return
    half = type(prior).from_config(prior.config)
    half.load_state_dict(prior.state_dict())
    vqgan = VQGAN.from_pretrained(locate(parts.vqgan_name), torch_dtype=torch.float16)
    synthesizer = Synthesizer(
        vqgan, parts.condition, half.half(), pkeep=pkeep, window=parts.info.grid
    )
    named = parts.vqgan_name if refer_to_vqgan else None
    more: dict[str, Any] = {"classes": parts.info.seen, "max_shard_size": SHARD}
    more["clip_name"] = parts.info.clip or None
    synthesizer.save_pretrained(folder, vqgan_name=named, **more)


@torch.inference_mode()
def sample_grid(parts: Parts, prior: Prior, held_out: CodesData, columns: int) -> Tensor:
    """Pictures in [0, 1], (3 * columns, 3, H, W): held-out pictures as their codes give them, and
    below each two samples for its condition."""
    vqgan = load(parts.vqgan_name)
    codes = held_out.codes[:columns]
    condition = held_out.measured_condition(slice(0, len(codes)))
    rows = [codes]
    for variant in range(2):
        seeds = [1000 * variant + n for n in range(len(codes))]
        if isinstance(prior, MaskedPrior):
            size = parts.info.grid
            rows.append(sample_masked(prior, condition, size, seed=seeds, choice=Choice(top_p=0.9)))
            continue
        front = torch.zeros(len(codes), 1, dtype=torch.int64) if condition is None else condition
        front = front[:, None] if front.ndim == 1 else front
        size = parts.info.grid
        how = {"seed": seeds, "num_codes": parts.info.num_codes, "choice": Choice(top_p=0.9)}
        rows.append(sample(prior, front, size, size, **how))
    pictures = [vqgan.decode_codes(each).clamp(-1, 1) for each in rows]
    return torch.cat(pictures).add(1).div(2)
