"""Named sizes of the architectures: keyword arguments of their classes."""

from __future__ import annotations

from typing import Any


def _vqgan(widths: tuple[int, ...], **options: Any) -> dict[str, Any]:
    return {
        "block_out_channels": widths,
        "down_block_types": ("DownEncoderBlock2D",) * len(widths),
        "up_block_types": ("UpDecoderBlock2D",) * len(widths),
        **options,
    }


VQGAN_SIZES: dict[str, dict[str, Any]] = {
    # What ships: wide where the picture is small, for a processor without an accelerator. Groups
    # hold at least four channels: normalising the last layer's channels one by one would take away
    # every picture's own brightness and colour.
    "f16": _vqgan(
        (16, 32, 64, 128, 160),
        norm_num_groups=4,
        latent_channels=64,
        num_vq_embeddings=1024,
        vq_embed_dim=8,
        sample_size=256,
    ),
    "f8": _vqgan(
        (16, 32, 64, 128),
        norm_num_groups=4,
        latent_channels=64,
        num_vq_embeddings=4096,
        vq_embed_dim=8,
        sample_size=256,
    ),
    # To try a script out, not to look at.
    "tiny": _vqgan(
        (8, 8, 16, 16),
        norm_num_groups=4,
        latent_channels=16,
        num_vq_embeddings=64,
        vq_embed_dim=4,
        sample_size=32,
    ),
    # CompVis/taming-transformers' vqgan_imagenet_f16_1024, 72M parameters.
    "taming-f16": {
        **_vqgan(
            (128, 128, 256, 256, 512),
            layers_per_block=2,
            latent_channels=256,
            num_vq_embeddings=1024,
            vq_embed_dim=256,
            sample_size=256,
        ),
        "down_block_types": ("DownEncoderBlock2D",) * 4 + ("AttnDownEncoderBlock2D",),
        "up_block_types": ("AttnUpDecoderBlock2D",) + ("UpDecoderBlock2D",) * 4,
    },
}

# Of label-map VQGANs: in and out a channel for each class, and nothing to paint.
LABEL_VQGAN_SIZES: dict[str, dict[str, Any]] = {
    "f16": {
        **_vqgan(
            (64, 128, 192),
            norm_num_groups=16,
            latent_channels=128,
            num_vq_embeddings=2048,
            vq_embed_dim=32,
            sample_size=256,
        ),
        "patch_size": 4,
    },
    "tiny": _vqgan(
        (8, 8, 16, 16),
        norm_num_groups=4,
        latent_channels=16,
        num_vq_embeddings=64,
        vq_embed_dim=4,
        sample_size=32,
    ),
}

# Of priors: layers, heads and width.
PRIOR_SIZES: dict[str, dict[str, int]] = {
    "tiny": {"n_layer": 2, "n_head": 2, "n_embd": 32},
    "micro": {"n_layer": 4, "n_head": 4, "n_embd": 96},
    "mini": {"n_layer": 4, "n_head": 4, "n_embd": 128},
    "compact": {"n_layer": 5, "n_head": 4, "n_embd": 192},
    "modest": {"n_layer": 5, "n_head": 4, "n_embd": 256},
    "small": {"n_layer": 6, "n_head": 4, "n_embd": 256},
    "medium": {"n_layer": 12, "n_head": 8, "n_embd": 512},
    # CompVis/taming-transformers' transformers for S-FLCKR, DRIN and faces, 305M parameters.
    "taming": {"n_layer": 24, "n_head": 16, "n_embd": 1024},
}

# Of CLIPs, as open_clip configures them: small ones for a narrow world of pictures and few words.
CLIP_SIZES: dict[str, dict[str, Any]] = {
    "resnet": {
        "embed_dim": 256,
        "vision_cfg": {"image_size": 128, "layers": [2, 2, 2, 2], "width": 16, "patch_size": None},
        "text_cfg": {"context_length": 77, "width": 160, "heads": 4, "layers": 3},
    },
    "vit": {
        "embed_dim": 128,
        "vision_cfg": {"image_size": 128, "layers": 4, "width": 192, "patch_size": 16},
        "text_cfg": {"context_length": 77, "width": 128, "heads": 4, "layers": 2},
    },
    "tiny": {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None},
        "text_cfg": {"context_length": 77, "width": 32, "heads": 2, "layers": 1},
    },
}
