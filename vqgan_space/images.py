"""Pictures in and out: any picture file -> RGB -> tensor (B, 3, H, W) in [-1, 1], and back.

Uploads come from anyone, so ``open_picture`` reads raster formats only (no formats that run a
program, such as EPS), looks at the size before it decodes a pixel, and turns whatever goes wrong
into a ``ValueError`` of one sentence.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageCms, ImageOps, PngImagePlugin
from torch import Tensor

MAX_PIXELS = 50_000_000
METADATA_KEY = "vqgan-space"
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "PPM", "JPEG2000", "ICO", "QOI")

_UNREADABLE = (
    "This file is not a picture that can be read: choose a PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF."
)
_DAMAGED = (
    "This picture is damaged or ends too early: save or download it again, then try once more."
)


def open_picture(source: str | Path | bytes | Image.Image | None) -> Image.Image:
    """Any picture as RGB, upright, 8 bits a channel, in sRGB, without metadata.

    Rotates as EXIF says, takes the first frame of an animation, puts transparent pictures on
    white, scales 16 bit grey to 8 bit, and converts CMYK and pictures with a colour profile.

    Args:
        source: a path, the bytes of a file, or a PIL image.

    Raises:
        ValueError: not a picture, truncated, or more than 50 megapixels, in one sentence.
    """
    if source is None:
        raise ValueError("Choose a picture first.")
    picture = source if isinstance(source, Image.Image) else _open_file(source)
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise ValueError(
            f"This picture of {width} x {height} pixels is too large: make it smaller than "
            f"{MAX_PIXELS // 1_000_000} megapixels first."
        )
    if not width or not height:
        raise ValueError(_UNREADABLE)
    try:
        picture.load()
        picture = _to_rgb(_upright(picture))
    except Exception as error:  # a decoder may raise anything on a damaged file
        raise ValueError(_DAMAGED) from error
    picture.info = {}  # a colour profile left here would be written into the next PNG
    return picture


def fit(picture: Image.Image, factor: int, longest: int = 512) -> Image.Image:
    """The whole picture, resized so that both sides are multiples of ``factor``.

    The aspect ratio is kept to the nearest multiple. The longer side is at most ``longest``; a
    smaller picture is enlarged only to the next multiple, a side shorter than ``factor`` to it.

    Raises:
        ValueError: ``longest`` is less than ``factor``.
    """
    if longest < factor:
        raise ValueError(f"The longer side must be at least {factor} pixels, got {longest}.")
    scale = min(1.0, longest / max(picture.size))
    width, height = (
        factor * min(longest // factor, max(1, round(side * scale / factor)))
        for side in picture.size
    )
    return _resize(picture, width, height)


def fit_pair(
    first: Image.Image, second: Image.Image, factor: int, longest: int = 512
) -> tuple[Image.Image, Image.Image]:
    """Two pictures at one size: ``first`` as by ``fit``, ``second`` cropped centrally to match."""
    first = fit(first, factor, longest)
    if second.size == first.size:
        return first, second.convert("RGB")
    return first, ImageOps.fit(second.convert("RGB"), first.size, Image.Resampling.LANCZOS)


def enlarge_pixels(picture: Image.Image, fold: int) -> Image.Image:
    """Every pixel as a square of ``fold`` x ``fold`` of them."""
    if fold == 1:
        return picture
    size = (fold * picture.width, fold * picture.height)
    return picture.resize(size, Image.Resampling.NEAREST)


def center_crop(picture: Image.Image, size: int) -> Image.Image:
    """The central square: the shorter side resized to ``size``, then size x size pixels."""
    if size < 1:
        raise ValueError(f"The size of a crop must be at least 1 pixel, got {size}.")
    scale = size / min(picture.size)
    width, height = (max(size, round(side * scale)) for side in picture.size)
    left, top = (width - size) // 2, (height - size) // 2
    return _resize(picture, width, height).crop((left, top, left + size, top + size))


def to_tensor(pictures: Image.Image | Sequence[Image.Image]) -> Tensor:
    """One picture or several of one size as float32 (B, 3, H, W) in [-1, 1].

    Raises:
        ValueError: no picture, or pictures of different sizes.
    """
    batch = [pictures] if isinstance(pictures, Image.Image) else list(pictures)
    sizes = {picture.size for picture in batch}
    if len(sizes) != 1:
        raise ValueError(
            "The pictures of a batch must have one size: fit or crop them first."
            if batch
            else "A batch needs at least one picture."
        )
    pixels = np.stack([np.asarray(picture.convert("RGB")) for picture in batch])  # (B, H, W, 3)
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().float() / 127.5 - 1


def to_pictures(images: Tensor) -> list[Image.Image]:
    """Tensors (B, 3, H, W), about [-1, 1], as 8 bit pictures: clamped and rounded.

    Raises:
        ValueError: another shape.
    """
    if images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(f"images must be (B, 3, H, W), got {tuple(images.shape)}")
    scaled = (images.detach().float() + 1) * 127.5
    pixels = scaled.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)  # (B, H, W, 3)
    return [Image.fromarray(image) for image in pixels.cpu().numpy()]


def save_png(picture: Image.Image, path: str | Path, settings: dict[str, Any]) -> Path:
    """Write a PNG that carries the settings (JSON) it was made with in a text chunk."""
    metadata = PngImagePlugin.PngInfo()
    metadata.add_text(METADATA_KEY, json.dumps(settings))
    picture.save(path, format="PNG", pnginfo=metadata)
    return Path(path)


def read_settings(path: str | Path) -> dict[str, Any]:
    """The settings that ``save_png`` wrote.

    Raises:
        ValueError: the picture carries none.
    """
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            settings = json.loads(picture.info[METADATA_KEY])
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(
            "This picture carries no settings: choose a PNG that was saved here."
        ) from error
    if not isinstance(settings, dict):
        raise ValueError("The settings in this picture are damaged: choose another PNG.")
    return settings


def _open_file(source: str | Path | bytes) -> Image.Image:
    # Only formats this Pillow was built with: it raises a KeyError on any other name.
    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]
    try:
        # Held in memory, so that no file stays open and none can change while it is read.
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
        return Image.open(io.BytesIO(data), formats=formats)
    except FileNotFoundError as error:
        raise ValueError(f"There is no file {Path(str(error.filename)).name}.") from error
    except Image.DecompressionBombError as error:
        raise ValueError(
            "This picture is too large: make it smaller than "
            f"{MAX_PIXELS // 1_000_000} megapixels first."
        ) from error
    except Exception as error:  # a decoder may raise anything on a damaged header
        raise ValueError(_UNREADABLE) from error


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # damaged EXIF says nothing about the pixels: show them as stored
        return picture


def _to_rgb(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith(("I", "F")):
        picture = _eight_bit(picture)
    elif picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.new("RGBA", layer.size, "white")
        picture.alpha_composite(layer)
        picture = picture.convert("RGB")
    if profile and picture.mode in ("RGB", "CMYK", "L"):
        picture = _to_srgb(picture, profile)
    return picture.convert("RGB")


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits an integer, or float, as 8 bit grey ("L")."""
    values = np.asarray(picture).astype(np.float64)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    if picture.mode.startswith("I;16"):
        full = 65535.0
    elif picture.mode == "F" and values.max() <= 1.0:
        full = 1.0
    else:  # no header says what is white here: the smallest usual range that holds the values
        full = next((top for top in (255.0, 65535.0) if values.max() <= top), values.max())
    return Image.fromarray((values / full * 255).round().clip(0, 255).astype(np.uint8))


def _to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return picture
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return picture  # a profile of another colour space, or a damaged one
    return converted if converted is not None else picture


def _resize(picture: Image.Image, width: int, height: int) -> Image.Image:
    picture = picture.convert("RGB")
    if picture.size == (width, height):
        return picture
    # The gap lets a very large picture be shrunk by whole factors first.
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
