"""Write the model card of a trained set: on what and how it was trained, what was measured."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .load import locate
from .parts import find_parts

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

TAGS = ("vqgan", "vector-quantization", "image-tokenizer", "image-reconstruction", "vqgan-space")
PIPELINE = "image-to-image"
# What loads a set by its name in a card's example.
_LOADS = r"((?:\w*load\w*|from_pretrained)\(\s*)"
# What the trainers' figures are called to a reader, with their units.
_NAMES = {"psnr": ("PSNR", " dB"), "ssim": ("SSIM", ""), "usage": ("share of codes used", "")}
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")


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
    hardware: str = ""
    """On what it was trained, and for how long."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Every option of the training, for who wants to repeat it."""
    base_model: str | None = None
    """Repo of the Hub that its training started from or that it works on top of."""
    tags: Sequence[str] = TAGS
    """What the Hub lists it under."""
    pipeline: str = PIPELINE
    """The Hub's name for what it does."""
    library: str = "diffusers"
    """What loads its weights."""


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
        library_name=facts.library,
        pipeline_tag=facts.pipeline,
        tags=["vqvae" if tag == "vqgan" and is_vqvae else tag for tag in facts.tags],
        datasets=list(facts.datasets) or None,
        base_model=facts.base_model,
        model_name=facts.name,
        eval_results=_results(facts) or None,
    )
    card = ModelCard(f"---\n{data.to_yaml()}\n---\n\n{_text(folder, facts)}")
    path = folder / "README.md"
    card.save(path)
    return path


def bare_card(folder: str | Path, repo_id: str) -> str:
    """A card for a set that has none: its parts, how to load them, and where they are from.

    Raises:
        ValueError: the folder holds no set.
    """
    from huggingface_hub import ModelCardData

    folder = Path(folder)
    parts = find_parts(folder)
    if not parts:
        raise ValueError(f"{folder} holds no trained set to write a card for.")
    name = repo_id.split("/")[-1]
    data = ModelCardData(library_name="diffusers", tags=["vqgan-space"], model_name=name)
    rows = [
        f"| `{'/' if part == '.' else part + '/'}` | {kind} | "
        f"{_parameters(folder / part) / 1e6:.1f} M |"
        for part, kind in parts.items()
    ]
    lines = ["| folder | model | parameters |", "| --- | --- | --- |", *rows]
    loads = f'vqgan_space.load("{repo_id}")'
    if (folder / "synthesizer.json").is_file():
        loads = f'vqgan_space.hub.load_synthesizer("{repo_id}")'
    body = ["A trained set for vqgan-space.", "\n".join(lines)]
    if any(kind in ("VQGAN", "VQModel", "VQVAE") for kind in parts.values()):
        body += ["## Use", f"```python\nimport vqgan_space.hub\n\nmodel = {loads}\n```"]
    return f"---\n{data.to_yaml()}\n---\n\n# {name}\n\n" + "\n\n".join(body) + "\n"


def card_for(text: str, name: str, repo_id: str) -> str:
    """A card whose example loads the set from the repo instead of by the name it was trained as."""
    return re.sub(rf'{_LOADS}"{re.escape(name)}"', rf'\g<1>"{repo_id}"', text)


def _named(facts: CardFacts) -> dict[str, str]:
    """The figures as a reader sees them; a perceptual one by what measured it."""
    names = _NAMES | {"perceptual": (facts.figures.get("perceptual_name", "perceptual"), "")}
    shown = {}
    for figure, value in facts.figures.items():
        name, unit = names.get(figure, (figure, ""))
        if figure != "perceptual_name":
            shown[name] = f"{value}{unit}"
    return shown


def _results(facts: CardFacts) -> list[EvalResult]:
    """The figures that are numbers, as the Hub's evaluation results."""
    from huggingface_hub import EvalResult

    found = {name: _NUMBER.match(str(value)) for name, value in facts.figures.items()}
    return [
        EvalResult(
            task_type=facts.pipeline,
            dataset_type=facts.datasets[0] if facts.datasets else "imagefolder",
            dataset_name=facts.measured_on or "held-out pictures",
            metric_type=re.sub("[^a-z0-9]+", "_", name.lower()).strip("_"),
            metric_name=name,
            metric_value=float(number[0].replace(",", "")),
        )
        for name, number in found.items()
        if number
    ]


def _text(folder: Path, facts: CardFacts) -> str:
    parts = [f"# {facts.name}", facts.description or _description(folder)]
    if facts.samples:
        parts.append(f"![{facts.samples_show}]({facts.samples})")
    parts += ["## Use", f"```python\n{facts.example or _example(facts)}\n```"]
    if not facts.description and _config(folder)["_class_name"] in ("VQGAN", "VQModel"):
        place = locate(folder).name
        parts += ["With diffusers alone:", f"```python\n{_plain_example(facts, place)}\n```"]
    if facts.figures:
        rows = "\n".join(f"| {name} | {value} |" for name, value in _named(facts).items())
        on = f" on {facts.measured_on}" if facts.measured_on else ""
        parts += ["## Figures", f"Measured{on}.", f"| figure | value |\n| --- | --- |\n{rows}"]
    parts += ["## Training", facts.trained_on, facts.trained_how]
    if facts.hardware:
        parts.append(facts.hardware)
    parts.append(f"```\n{facts.command}\n```")
    if facts.options:
        rows = "\n".join(f"| {name} | `{value}` |" for name, value in facts.options.items())
        table = f"| option | value |\n| --- | --- |\n{rows}"
        parts.append(f"<details><summary>All options</summary>\n\n{table}\n\n</details>")
    return "\n\n".join(parts) + "\n"


def _description(folder: Path) -> str:
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
    parameters = _parameters(locate(folder))
    return (
        f"{kind} that turns a picture of {side} x {side} pixels into {side // factor} x "
        f"{side // factor} codes out of a codebook of {config['num_vq_embeddings']} vectors of "
        f"{dim} numbers, and back. {parameters / 1e6:.1f} M parameters. It is {is_what}."
    )


def _parameters(folder: Path) -> int:
    """How many numbers the weights of a model's folder are."""
    from safetensors import safe_open

    parameters = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "np") as file:
            names = file.keys()
            parameters += sum(math.prod(file.get_slice(name).get_shape()) for name in names)
    return parameters


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


def _plain_example(facts: CardFacts, place: str) -> str:
    source = facts.repo_id or facts.name
    return f"""\
from diffusers import VQModel

model = VQModel.from_pretrained("{source}", subfolder="{place}")
pictures = model(pictures).sample  # (B, 3, H, W) in [-1, 1], through codes and back"""
