"""Frames as a strip and as a video that any browser plays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from PIL import Image

BT709 = 1
LIMITED_RANGE = 1


def write_video(frames: Iterable[Image.Image], path: str | Path, fps: int = 12) -> Path:
    """Write an MP4 (H.264, yuv420p, index at the front): what every browser plays.

    H.264 in yuv420p has even sides only: an odd side gets its last row or column twice.

    Raises:
        ValueError: no frames, frames of different sizes, or a rate below 1.
    """
    if fps < 1:
        raise ValueError(f"A video has at least 1 frame a second, got {fps}.")
    frames = list(frames)
    _check_frames(frames)
    width, height = (side + side % 2 for side in frames[0].size)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = _add_stream(container, fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        # Written down, because players guess the colours of small untagged videos differently.
        stream.codec_context.colorspace = BT709
        stream.codec_context.color_primaries = BT709
        stream.codec_context.color_trc = BT709
        stream.codec_context.color_range = LIMITED_RANGE
        for picture in frames:
            frame = av.VideoFrame.from_ndarray(_even(picture), format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return Path(path)


def strip(frames: Iterable[Image.Image], gap: int = 4) -> Image.Image:
    """Frames of one size side by side on white, ``gap`` pixels apart.

    Raises:
        ValueError: no frames, or frames of different sizes.
    """
    frames = list(frames)
    _check_frames(frames)
    width, height = frames[0].size
    picture = Image.new("RGB", (len(frames) * (width + gap) - gap, height), "white")
    for i, frame in enumerate(frames):
        picture.paste(frame, (i * (width + gap), 0))
    return picture


def _add_stream(container: av.container.OutputContainer, fps: int) -> VideoStream:
    # PyAV is built with either encoder.
    if "libx264" in av.codecs_available:
        return container.add_stream("libx264", rate=fps, options={"crf": "16"})
    stream = container.add_stream("libopenh264", rate=fps, options={"b": "4M"})
    assert isinstance(stream, VideoStream)
    return stream


def _even(picture: Image.Image) -> np.ndarray:
    pixels = np.asarray(picture.convert("RGB"))  # (H, W, 3)
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _check_frames(frames: Sequence[Image.Image]) -> None:
    if not frames:
        raise ValueError("There are no frames to show.")
    if len({frame.size for frame in frames}) > 1:
        raise ValueError("All frames must have one size: fit the pictures first.")
