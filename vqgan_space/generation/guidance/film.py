"""The way to a guided picture as files: a GIF, and its frames, each with its settings."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image


def write_gif(frames: Sequence[Image.Image], path: str | Path, fps: int = 12) -> Path:
    """Write an endless GIF; all frames share the colours of the last, so that nothing flickers.

    Raises:
        ValueError: no frames, or a rate out of 1 to 50 a second.
    """
    if not frames:
        raise ValueError("There are no frames to show.")
    if not 1 <= fps <= 50:
        raise ValueError(f"A GIF has 1 to 50 frames a second, got {fps}.")
    # Colours of the start, the middle and the end: those that the way passes through.
    chosen = [frames[at].convert("RGB") for at in (0, len(frames) // 2, len(frames) - 1)]
    width, height = chosen[0].size
    sample = Image.new("RGB", (3 * width, height))
    for place, frame in enumerate(chosen):
        sample.paste(frame, (place * width, 0))
    palette = sample.quantize(256, Image.Quantize.MEDIANCUT)
    dither = Image.Dither.FLOYDSTEINBERG
    indexed = [frame.convert("RGB").quantize(palette=palette, dither=dither) for frame in frames]
    indexed[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=indexed[1:],
        duration=round(1000 / fps),
        loop=0,
        disposal=1,
    )
    return Path(path)


def write_archive(frames: Sequence[Path], path: str | Path) -> Path:
    """Write PNG files, which carry their settings, into a ZIP in their order."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number, frame in enumerate(frames):
            archive.write(frame, f"frame-{number:04d}.png")
    return Path(path)


def thin(frames: list[Path], most: int) -> list[Path]:
    """At most about ``most`` of the frames, evenly, the last one among them."""
    while len(frames) > most:
        frames = [*frames[:-1:2], frames[-1]]
    return frames
