"""Figures of a reconstruction: plain numbers for the API, cards and steps for the page."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..generation.reconstruct import Reconstruction


def figures(result: Reconstruction) -> dict[str, Any]:
    """What the API returns beside the picture; None for what such a picture has no figure for."""
    return {
        "psnr_db": _finite(result.psnr, 3),
        "ssim": _finite(result.ssim, 4),
        "perceptual": _finite(result.perceptual, 4),
        "perceptual_name": result.perceptual_name,
        "latents_shape": list(result.latents_shape),
        "codes_shape": list(result.codes.shape),
        "bits": result.bits,
        "compression_ratio": round(result.ratio, 1),
        "codes_used": result.usage.used,
        "perplexity": round(result.usage.perplexity, 1),
    }


def figures_html(result: Reconstruction) -> str:
    """The measures as a list of cards."""
    channels, height, width = result.latents_shape
    width_px, height_px = result.original.size
    perceptual = result.perceptual_name[:1].upper() + result.perceptual_name[1:]
    cards = [
        ("PSNR", _shown(result.psnr, "{:.2f} dB"), "higher is closer"),
        ("SSIM", _shown(result.ssim, "{:.3f}"), "1 is the same"),
        (perceptual, _shown(result.perceptual, "{:.3f}"), "0 is the same"),
        (
            "Latents",
            f"{channels} &times; {height} &times; {width}",
            f"of {width_px} &times; {height_px} pixels",
        ),
        ("Codes", f"{result.bits:,} bits", f"{height} &times; {width} indices"),
        ("Compression", f"{result.ratio:,.0f} : 1", "against 24 bits a pixel"),
    ]
    items = "".join(
        f"<div><dt>{html.escape(name)}</dt><dd>{value}<small>{note}</small></dd></div>"
        for name, value, note in cards
    )
    return f'<dl class="figures">{items}</dl>'


def steps_html(result: Reconstruction) -> str:
    """What happened to this picture, one step after the other."""
    items = "".join(
        f"<li><strong>{html.escape(step.title)}</strong> {html.escape(step.sentence)}</li>"
        for step in result.steps
    )
    return f'<ol class="steps">{items}</ol>'


def _finite(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None


def _shown(value: float, form: str) -> str:
    return "n/a" if math.isnan(value) else form.format(value)
