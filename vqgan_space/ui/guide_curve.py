"""Loss and similarity over the steps, as a drawing that the page shows while it grows."""

from __future__ import annotations

import html
from collections.abc import Sequence

WIDTH, HEIGHT = 600, 120


def curve_html(
    similarity: Sequence[float], loss: Sequence[float], steps: int, losses: dict[str, float]
) -> str:
    """Two lines, each on a scale of its own, and the last losses by their prompts.

    Args:
        similarity, loss: one value a step so far.
        steps: how many there will be.
        losses: the last of each prompt.
    """
    if not similarity:
        return ""
    drawn = "".join(
        f'<path class="{name}" d="{_path(values, max(steps, len(values)))}"/>'
        for name, values in (("similarity", similarity), ("loss", loss))
    )
    rows = "".join(
        f"<li><span>{html.escape(name)}</span> {value:.3f}</li>" for name, value in losses.items()
    )
    label = (
        f"Similarity, now {similarity[-1]:.3f}, at first {similarity[0]:.3f}; "
        f"loss, now {loss[-1]:.3f}, at first {loss[0]:.3f}"
    )
    return f"""
<section class="guide-curve">
  <p><span class="similarity">Similarity {similarity[-1]:.3f}</span>
     <span class="loss">Loss {loss[-1]:.3f}</span></p>
  <svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img"
       aria-label="{html.escape(label)}">{drawn}</svg>
  <ul aria-label="Loss by prompt">{rows}</ul>
</section>"""


def _path(values: Sequence[float], steps: int) -> str:
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    points = [
        (WIDTH * at / max(steps - 1, 1), HEIGHT - 6 - (HEIGHT - 12) * (value - low) / span)
        for at, value in enumerate(values)
    ]
    if len(points) == 1:
        points.append((points[0][0] + 1, points[0][1]))
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
