"""Write the model card of a trained set: on what and how it was trained, what was measured."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .load import locate

TAGS = ("vqgan", "vector-quantization", "image-tokenizer", "image-reconstruction")


@dataclass(frozen=True)
class CardFacts:
    """What a card says that can't be read off the weights."""

    name: str
    """Its title, as in "vqgan-f16"."""
    trained_on: str
    """The pictures: what, how many, from where, under which licence. One or more sentences."""
    trained_how: str
    """Steps, batch size, losses, hardware and time. One or more sentences."""
    command: str
    """The exact command of the training."""
    figures: Mapping[str, str] = field(default_factory=dict)
    """Measured figures with their units, as in {"PSNR": "19.7 dB"}."""
    measured_on: str = ""
    """Which pictures the figures were measured on, and at which size."""
    samples: str | None = None
    """Picture of samples, a path inside the folder."""
    samples_show: str = "Held-out pictures and their reconstructions"
    """What that picture shows."""
    repo_id: str | None = None
    """user/repo, for the example's sake."""
    license: str = "mit"
    datasets: Sequence[str] = ()
    """Data sets of the Hub, by id."""
    description: str = ""
    """What it is, for a set that is more than one VQGAN; empty: read off its configuration."""
    example: str = ""
    """Python that uses it, likewise."""


def write_card(folder: str | Path, facts: CardFacts) -> Path:
    """Write ``README.md`` into a trained set's folder and return its path.

    Raises:
        ValueError: the folder holds no VQGAN, or the picture of samples is not in it.
    """
    from huggingface_hub import ModelCard, ModelCardData

    folder = Path(folder)
    if facts.samples and not (folder / facts.samples).is_file():
        raise ValueError(f"The card's picture {facts.samples} is not in {folder}.")
    is_vqvae = not facts.description and _config(folder)["_class_name"] == "VQVAE"
    data = ModelCardData(
        license=facts.license,
        library_name="diffusers",
        pipeline_tag="image-to-image",
        tags=["vqvae" if tag == "vqgan" and is_vqvae else tag for tag in TAGS],
        datasets=list(facts.datasets) or None,
        model_name=facts.name,
    )
    card = ModelCard(f"---\n{data.to_yaml()}\n---\n\n{_text(folder, facts)}")
    path = folder / "README.md"
    card.save(path)
    return path


def _text(folder: Path, facts: CardFacts) -> str:
    parts = [f"# {facts.name}", facts.description or _description(folder)]
    if facts.samples:
        parts.append(f"![{facts.samples_show}]({facts.samples})")
    parts += ["## Use", f"```python\n{facts.example or _example(facts)}\n```"]
    if facts.figures:
        rows = "\n".join(f"| {name} | {value} |" for name, value in facts.figures.items())
        on = f" on {facts.measured_on}" if facts.measured_on else ""
        parts += ["## Figures", f"Measured{on}.", f"| figure | value |\n| --- | --- |\n{rows}"]
    parts += ["## Training", facts.trained_on, facts.trained_how, f"```\n{facts.command}\n```"]
    return "\n\n".join(parts) + "\n"


def _description(folder: Path) -> str:
    from safetensors import safe_open

    config = _config(folder)
    if config["_class_name"] == "VQVAE":
        kind = "A VQ-VAE ([van den Oord et al.](https://arxiv.org/abs/1711.00937))"
        side, factor, dim = config["sample_size"], 4, config["vq_embed_dim"]
        is_what = "a `vqgan_space.models.vqvae.VQVAE`"
    else:
        kind = "A VQGAN ([Esser et al.](https://arxiv.org/abs/2012.09841))"
        side, factor = 256, 2 ** (len(config["block_out_channels"]) - 1)
        dim = config["vq_embed_dim"] or config["latent_channels"]
        is_what = "a diffusers `VQModel`"
    parameters = 0
    for path in locate(folder).glob("*.safetensors"):
        with safe_open(path, "np") as file:
            names = file.keys()
            parameters += sum(math.prod(file.get_slice(name).get_shape()) for name in names)
    return (
        f"{kind} that turns a picture of {side} x {side} pixels into {side // factor} x "
        f"{side // factor} codes out of a codebook of {config['num_vq_embeddings']} vectors of "
        f"{dim} numbers, and back. {parameters / 1e6:.1f} M parameters. It is {is_what}."
    )


def _config(folder: Path) -> dict[str, Any]:
    return json.loads((locate(folder) / "config.json").read_text())


def _example(facts: CardFacts) -> str:
    source = facts.repo_id or facts.name
    return f"""\
import vqgan_space
from vqgan_space.images import fit, open_picture, to_pictures, to_tensor

model = vqgan_space.load("{source}")
picture = fit(open_picture("photo.jpg"), model.factor, model.longest)
codes = model.encode_codes(to_tensor(picture))  # (1, h, w)
to_pictures(model.decode_codes(codes))[0].save("reconstruction.png")"""
