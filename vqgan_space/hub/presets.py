"""Sets known by name: those that ship, a folder each under ``vqgan_space/weights``, and public
repos of the Hugging Face Hub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"


@dataclass(frozen=True)
class Preset:
    """A VQGAN that others published.

    What is said here was read on the repos' pages. None of their weights has been loaded by this
    project yet, but folders of random weights in each layout have.

    Attributes:
        name: what it is called here.
        repo_id: user/repo.
        revision: a commit; "main" where none is known in full.
        subfolder: where in the repo; empty: at its root.
        is_safetensors: whether its weights can be read without unpickling. Others are not offered,
            and are said to need the command line.
        megabytes: of the file that is downloaded; None: unknown.
        factor: pixels of a side that a code stands for.
        codes: size of the codebook.
        license: as the repo's page states it; None: it states none.
        trained_on: the pictures.
    """

    name: str
    repo_id: str
    revision: str
    subfolder: str
    is_safetensors: bool
    megabytes: int | None
    factor: int
    codes: int
    license: str | None
    trained_on: str


PRESETS = (
    Preset(
        "amused-512",
        "amused/amused-512",
        "7e77e3efc7465346c2fb725aff80cf0ed6942576",
        "vqvae",
        True,
        293,
        16,
        8192,
        "openrail++",
        "LAION-2B, by aMUSEd (arXiv 2401.01808)",
    ),
    Preset(
        "amused-256",
        "amused/amused-256",
        "09b6259bf96dbe6d70a852b70812420fe02df55e",
        "vqvae",
        True,
        293,
        16,
        8192,
        "openrail++",
        "LAION-2B, by aMUSEd (arXiv 2401.01808)",
    ),
    Preset(
        "ldm-vq-f16",
        "ktrk115/ldm-vq-f16",
        "5c75040731fb76dcc51d268c4ca6374fe80f7e95",
        "",
        True,
        278,
        16,
        16384,
        None,
        "OpenImages, by latent-diffusion (arXiv 2112.10752)",
    ),
    Preset(
        "ldm-celebahq-256",
        "CompVis/ldm-celebahq-256",
        "f02a06614b65f926d42d57928a0e328313d241a9",
        "vqvae",
        False,
        None,
        4,
        8192,
        "apache-2.0",
        "CelebA-HQ, by latent-diffusion (arXiv 2112.10752)",
    ),
    Preset(
        "vq-diffusion-ithq",
        "microsoft/vq-diffusion-ithq",
        "592fb834c52ac855cba5f9ca31253438f8c86bb4",
        "vqvae",
        False,
        None,
        8,
        4096,
        "mit",
        "ITHQ, by VQ-Diffusion (arXiv 2205.16007)",
    ),
    Preset(
        "taming-f16-1024",
        "xvjiarui/taming-vq-f16-n1024",
        "f61ca369a6ac0fc3f45f335395320dee65b5a296",
        "",
        False,
        289,
        16,
        1024,
        None,
        "ImageNet, by taming-transformers (arXiv 2012.09841)",
    ),
    Preset(
        "taming-f16-16384",
        "xvjiarui/taming-vq-f16-n16384",
        "main",
        "",
        False,
        304,
        16,
        16384,
        None,
        "ImageNet, by taming-transformers (arXiv 2012.09841)",
    ),
    Preset(
        "taming-gumbel-f8",
        "neggles/vaedump",
        "115a6c7eb8a93cf3114544421f1dbe1b725a99e7",
        "taming/vq-gumbel-f8-8192",
        False,
        377,
        8,
        8192,
        None,
        "OpenImages, by taming-transformers (arXiv 2012.09841)",
    ),
    Preset(
        "vqgan-f16-16384-cc3m",
        "boris/vqgan_f16_16384",
        "main",
        "",
        False,
        None,
        16,
        16384,
        None,
        "ImageNet, then CC3M and YFCC, for DALL-E mini",
    ),
)


def list_presets(*, readable: bool = True) -> list[Preset]:
    """Public repos, those alone that can be read without unpickling unless told otherwise."""
    return [preset for preset in PRESETS if preset.is_safetensors or not readable]


def find_preset(name: str) -> Preset | None:
    """The preset of that name, or None."""
    return next((preset for preset in PRESETS if preset.name == name), None)


def list_models() -> list[str]:
    """Names of the models that ship, the first being what the app starts with.

    VQGANs come before VQ-VAEs, and f8 before f16.
    """
    vqgans, vqvaes = (
        [path.parent.parent.name for path in WEIGHTS.glob(f"*/{kind}/config.json")]
        for kind in ("vqgan", "vqvae")
    )
    return sorted(vqgans, key=_numbers) + sorted(vqvaes, key=_numbers)


def _numbers(name: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", name)] or [0]


def shipped_folder(name: str) -> Path | None:
    """Folder of the trained set of that name, or None where nothing by that name ships."""
    return WEIGHTS / name if name in list_models() else None
