"""Videos that browsers play, and strips of frames."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from vqgan_space.generation.video import strip, write_video


def test_a_video_is_what_every_browser_plays(photo: Image.Image, tmp_path: Path) -> None:
    frames = [photo.rotate(angle) for angle in (0, 90, 180, 270, 0)]
    path = write_video(frames, tmp_path / "video.mp4", fps=10)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 10
        assert (stream.width, stream.height) == photo.size
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    assert len(decoded) == 5
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # it plays before it is loaded whole


def test_colours_and_order_survive(tmp_path: Path) -> None:
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (128, 128, 128)]
    frames = [Image.new("RGB", (64, 48), colour) for colour in colours]
    path = write_video(frames, tmp_path / "video.mp4")
    with av.open(str(path)) as container:
        for frame, colour in zip(container.decode(video=0), colours, strict=True):
            shown = frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
            assert np.abs(shown.mean((0, 1)) - colour).max() < 4


def test_odd_sides_become_even(tmp_path: Path) -> None:
    path = write_video([Image.new("RGB", (33, 17), "red")] * 2, tmp_path / "video.mp4")
    with av.open(str(path)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (34, 18)


def test_bad_frames_are_refused(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16)), Image.new("RGB", (16, 24))]
    for call in (strip, lambda f: write_video(f, tmp_path / "video.mp4")):
        with pytest.raises(ValueError, match="no frames"):
            call([])
        with pytest.raises(ValueError, match="one size"):
            call(frames)
    with pytest.raises(ValueError, match="at least 1 frame a second"):
        write_video(frames[:1], tmp_path / "video.mp4", fps=0)


def test_a_strip_shows_all_frames_in_order() -> None:
    frames = [Image.new("RGB", (10, 8), colour) for colour in ("red", "lime", "blue")]
    picture = strip(iter(frames), gap=2)
    assert picture.size == (34, 8)
    row = [picture.getpixel((x, 4)) for x in (5, 10, 17, 29)]
    assert row == [(255, 0, 0), (255, 255, 255), (0, 255, 0), (0, 0, 255)]
