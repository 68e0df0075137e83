"""The grid of codes as a picture that answers: point at a cell, or walk with the arrow keys.

Equal codes have equal colours. The cell under the pointer shows its place, its index and how often
that index is used, and every other cell falls back, so that its equals stand out.
"""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

if TYPE_CHECKING:
    from torch import Tensor

_SCRIPT = Path(__file__).with_name("codes_view.js")
_BAR_HEIGHT = 96


def codes_view(elem_id: str) -> gr.HTML:
    """An empty view; ``codes_html`` is its value."""
    return gr.HTML(
        "", elem_id=elem_id, js_on_load=_SCRIPT.read_text("utf-8"), apply_default_css=False
    )


def codes_html(codes: Tensor, num_codes: int) -> str:
    """The view of ``codes`` (h, w) of a codebook of ``num_codes``: the grid, and bars of usage."""
    from ..generation.codes_picture import code_colours, codes_picture, usage

    height, width = codes.shape
    found = usage(codes, num_codes)
    counts = found.counts.tolist()
    colours = ["#" + bytes(colour).hex() for colour in code_colours(num_codes)]
    indices = ",".join(str(code) for code in codes.flatten().tolist())  # raster order
    label = (
        f"Grid of codes, {height} rows of {width}. The arrow keys move from cell to cell, "
        "and the line below tells each cell's index."
    )
    return f"""
<section class="codes-view" data-width="{width}" data-height="{height}" data-codes="{indices}">
  <div class="codes-grid" tabindex="0" role="group" aria-label="{html.escape(label)}"
       style="aspect-ratio: {width} / {height}; --proportion: {width / height:.4f}">
    <img alt="" src="{_data_uri(codes_picture(codes, num_codes, cell=1))}">
    <svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">
      <path class="others" fill-rule="evenodd"></path><rect class="cursor" width="1" height="1"/>
    </svg>
  </div>
  <p class="codes-readout" role="status">Point at a cell to see its index.</p>
  <div class="codes-usage">
    <p>{found.used:,} of {num_codes:,} codes appear in this picture,
       perplexity {found.perplexity:.0f}. Each bar is a code, the most frequent first.</p>
    {_bars(counts, colours)}
  </div>
</section>"""


def _bars(counts: list[int], colours: list[str]) -> str:
    ranked = sorted((-count, code) for code, count in enumerate(counts) if count)
    top = -ranked[0][0]
    bars = "".join(
        f'<rect data-code="{code}" x="{place}" width="1" fill="{colours[code]}"'
        f' y="{_BAR_HEIGHT * (1 + minus / top):.1f}" height="{_BAR_HEIGHT * -minus / top:.1f}"/>'
        for place, (minus, code) in enumerate(ranked)
    )
    label = f"Usage: the most frequent code, {ranked[0][1]}, fills {top} cells"
    return f"""
    <div class="bars"><span aria-hidden="true">{top}</span>
    <svg viewBox="0 0 {len(ranked)} {_BAR_HEIGHT}" preserveAspectRatio="none"
         role="img" aria-label="{label}">{bars}</svg></div>"""


def _data_uri(picture: object) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")  # type: ignore[attr-defined]
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
