"""taming's VQModels as ours: yaml to configuration, names of weights to diffusers'."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ...models.label_vqgan import LabelVQGAN
from ...models.vqgan import VQGAN

LABELS, GUMBEL = "VQSegmentationModel", "GumbelVQ"
# The second last is latent-diffusion's name for a VQModel that its diffusion model reads.
FIRST_STAGES = ("VQModel", "VQNoDiscModel", "EMAVQ", LABELS, "VQModelInterface", GUMBEL)
# Weights of training alone: losses with their discriminators, the EMA codebook's averages, and the
# random colours that label maps were shown in.
DROPPED = re.compile(r"loss\..*|colorize|quantize\.embedding\.(cluster_size|embed_avg)")
DDCONFIG = {
    "double_z", "z_channels", "resolution", "in_channels", "out_ch", "ch", "ch_mult",
    "num_res_blocks", "attn_resolutions", "dropout", "resamp_with_conv",
}  # fmt: skip
_RENAMED = (
    (re.compile(r"encoder\.down\.(\d+)\.block\."), r"encoder.down_blocks.\1.resnets."),
    (re.compile(r"encoder\.down\.(\d+)\.attn\."), r"encoder.down_blocks.\1.attentions."),
    (re.compile(r"encoder\.down\.(\d+)\.downsample\."), r"encoder.down_blocks.\1.downsamplers.0."),
    (re.compile(r"(up_blocks\.\d+)\.block\."), r"\1.resnets."),
    (re.compile(r"(up_blocks\.\d+)\.attn\."), r"\1.attentions."),
    (re.compile(r"(up_blocks\.\d+)\.upsample\."), r"\1.upsamplers.0."),
    (re.compile(r"\.mid\.block_1\."), ".mid_block.resnets.0."),
    (re.compile(r"\.mid\.block_2\."), ".mid_block.resnets.1."),
    (re.compile(r"\.mid\.attn_1\."), ".mid_block.attentions.0."),
    (re.compile(r"coder\.norm_out\."), "coder.conv_norm_out."),
    (re.compile(r"\.nin_shortcut\."), ".conv_shortcut."),
    (re.compile(r"(attentions\.\d+)\.norm\."), r"\1.group_norm."),
    (re.compile(r"(attentions\.\d+)\.([qkv])\."), r"\1.to_\2."),
    (re.compile(r"(attentions\.\d+)\.proj_out\."), r"\1.to_out.0."),
    (re.compile(r"^quantize\.embed\."), "quantize.embedding."),
)
_UP = re.compile(r"decoder\.up\.(\d+)\.")


def first_stage_from_taming(
    kind: str, params: Mapping[str, Any], state: Mapping[str, Tensor]
) -> VQGAN:
    """A ``VQGAN``, or of label maps a ``LabelVQGAN``, in float32, eval mode, with taming's weights.

    Args:
        kind: class name of the yaml's ``target``, one of ``FIRST_STAGES``.
        params: ``params`` of the yaml.
        state: the state dict, without a prefix.

    Raises:
        ValueError: an unknown kind or parameter, unknown or missing weights, or other sizes than
            the yaml's.
    """
    if kind not in FIRST_STAGES:
        raise ValueError(f"{kind!r} is none of taming's first stages: {', '.join(FIRST_STAGES)}.")
    config = configuration(kind, params)
    model = LabelVQGAN(**config) if kind == LABELS else VQGAN(**config)
    levels = len(config["block_out_channels"])
    converted = {
        rename(key, levels): value for key, value in state.items() if not DROPPED.fullmatch(key)
    }
    names = {rename(key, levels): key for key in state}
    expected = model.state_dict()
    if unknown := sorted(names[key] for key in set(converted) - set(expected)):
        raise ValueError(f"The yaml describes a {kind} without the weights {_some(unknown)}.")
    if missing := sorted(set(expected) - set(converted)):
        raise ValueError(f"The checkpoint lacks weights of its {kind}: {_some(missing)}.")
    for name, value in expected.items():
        given = converted[name]
        if "attentions" in name and given.ndim == 4:
            given = converted[name] = given[:, :, 0, 0]  # a 1x1 convolution is a linear layer
        if given.shape != value.shape:
            raise ValueError(
                f"{names[name]} is {tuple(given.shape)}, but the yaml describes "
                f"{tuple(value.shape)}: take the yaml that belongs to this checkpoint."
            )
    model.load_state_dict({name: value.float() for name, value in converted.items()})
    return model.eval()


def configuration(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """VQModel's options for a yaml's ``params``.

    Raises:
        ValueError: one is missing, unknown, or asks for what there is not.
    """
    dd = params.get("ddconfig")
    needed = {"z_channels", "resolution", "in_channels", "out_ch", "ch", "ch_mult"}
    needed |= {"num_res_blocks", "attn_resolutions"}
    if not isinstance(dd, Mapping) or not {"embed_dim", "n_embed"} <= set(params):
        raise ValueError(f"The yaml of a {kind} must give ddconfig, embed_dim and n_embed.")
    if missing := sorted(needed - set(dd)):
        raise ValueError(f"The yaml's ddconfig lacks {_some(missing)}.")
    if unknown := sorted(set(dd) - DDCONFIG):
        raise ValueError(f"The yaml's ddconfig has unknown parameters: {_some(unknown)}.")
    if dd.get("double_z") or not dd.get("resamp_with_conv", True):
        raise ValueError("A VQModel has double_z: false and resamp_with_conv: true.")
    levels = range(len(dd["ch_mult"]))
    attends = [dd["resolution"] // 2**level in dd["attn_resolutions"] for level in levels]
    return {
        "in_channels": dd["in_channels"],
        "out_channels": dd["out_ch"],
        "block_out_channels": tuple(dd["ch"] * factor for factor in dd["ch_mult"]),
        "down_block_types": tuple(
            "AttnDownEncoderBlock2D" if there else "DownEncoderBlock2D" for there in attends
        ),
        "up_block_types": tuple(
            "AttnUpDecoderBlock2D" if there else "UpDecoderBlock2D" for there in attends[::-1]
        ),
        "layers_per_block": dd["num_res_blocks"],
        "latent_channels": dd["z_channels"],
        "sample_size": dd["resolution"],
        "num_vq_embeddings": params["n_embed"],
        "vq_embed_dim": params["embed_dim"],
        "norm_num_groups": 32,
    } | ({"gumbel": True} if kind == GUMBEL else {})


def rename(key: str, levels: int) -> str:
    """taming's name of a weight to diffusers'; up levels are counted from the other end there."""
    key = _UP.sub(lambda up: f"decoder.up_blocks.{levels - 1 - int(up[1])}.", key)
    for pattern, name in _RENAMED:
        key = pattern.sub(name, key)
    return key


def _some(names: list[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
