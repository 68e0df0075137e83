"""Any picture in, the right pixels or one sentence out."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms, ImageDraw

from vqgan_space import images


def encoded(picture: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


def png16(pixels: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel, which Pillow itself does not write in colour."""
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        checksum = zlib.crc32(kind + data)
        file += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
    return file


def profile_with_red_and_green_swapped() -> bytes:
    """A matrix profile (ICC.1, version 2) of sRGB's primaries, red and green exchanged."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    gamma = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    name = b"desc\0\0\0\0" + struct.pack(">I", 8) + b"swapped\0" + bytes(80)
    tags = {
        b"desc": name,
        b"cprt": b"text\0\0\0\0none",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"gXYZ": xyz(0.4361, 0.2225, 0.0139),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        b"rTRC": gamma,
        b"gTRC": gamma,
        b"bTRC": gamma,
    }
    table, body = struct.pack(">I", len(tags)), b""
    for key, data in tags.items():
        table += key + struct.pack(">2I", 132 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = struct.pack(">I", 128 + len(table) + len(body))
    header = size + bytes(4) + b"\x02\x10\0\0mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    header += struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    return header + table + body


def one_sentence(error: pytest.ExceptionInfo[ValueError]) -> bool:
    message = str(error.value)
    return message.endswith(".") and message.count(". ") == 0 and "\n" not in message


@pytest.mark.parametrize("source", ["path", "string", "bytes", "image"])
def test_opens_a_picture_from_anywhere(source: str, photo: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    photo.save(path)
    given = {"path": path, "string": str(path), "bytes": path.read_bytes(), "image": photo}[source]
    opened = images.open_picture(given)
    assert opened.mode == "RGB"
    assert opened.tobytes() == photo.tobytes()


@pytest.mark.parametrize(
    "data", [b"", b"not a picture at all", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg></svg>", b"\x89PNG"]
)
def test_what_is_no_picture_is_refused_in_one_sentence(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="not a picture that can be read: choose") as error:
        images.open_picture(path)
    assert one_sentence(error)


def test_no_picture_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Choose a picture first"):
        images.open_picture(None)
    with pytest.raises(ValueError, match=r"no file gone\.png") as error:
        images.open_picture(tmp_path / "gone.png")
    assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_truncated_picture_is_refused_in_one_sentence(file_format: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), file_format)
    with pytest.raises(ValueError, match=r"damaged or ends too early|not a picture") as error:
        images.open_picture(data[: len(data) // 2])
    assert one_sentence(error)


def test_a_picture_of_144_megapixels_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = encoded(Image.new("1", (12000, 12000)), "PNG")
    assert len(data) < 100_000

    def decode(self: object) -> None:
        raise AssertionError("decoded a pixel")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    with pytest.warns(Image.DecompressionBombWarning), pytest.raises(ValueError) as error:
        images.open_picture(data)
    assert "12000 x 12000" in str(error.value) and "50 megapixels" in str(error.value)
    assert one_sentence(error)


def test_a_picture_beyond_pillows_own_limit_gets_a_sentence_too() -> None:
    data = encoded(Image.new("1", (20000, 20000)), "PNG")
    with pytest.raises(ValueError, match="too large: make it smaller than 50 megapixels") as error:
        images.open_picture(data)
    assert one_sentence(error)


def test_one_pixel_becomes_one_cell() -> None:
    opened = images.open_picture(encoded(Image.new("RGB", (1, 1), (10, 200, 30)), "PNG"))
    assert opened.size == (1, 1)
    fitted = images.fit(opened, 8)
    assert fitted.size == (8, 8)
    assert fitted.getcolors() == [(64, (10, 200, 30))]


def test_cmyk_keeps_its_colours() -> None:
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # no cyan, full magenta and yellow: red
    for file_format in ("JPEG", "TIFF"):
        red, green, blue = images.open_picture(encoded(cmyk, file_format)).getpixel((8, 8))
        assert red > 245 and green < 10 and blue < 10


def test_16_bit_grey_is_scaled_not_cut() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, 0)
    expected = (ramp / 257).round()
    for file_format in ("PNG", "TIFF"):
        opened = images.open_picture(encoded(Image.fromarray(ramp), file_format))
        assert opened.mode == "RGB"
        assert np.abs(np.asarray(opened)[..., 0] - expected).max() <= 1


def test_16_bit_colour_is_scaled_not_cut() -> None:
    pixels = np.zeros((4, 256, 3), dtype=np.uint16)
    pixels[..., 0] = np.linspace(0, 65535, 256)
    pixels[..., 1] = 65535
    opened = np.asarray(images.open_picture(png16(pixels))).astype(int)
    assert np.abs(opened - (pixels / 257).round()).max() <= 1


def test_16_bit_colour_with_alpha_lies_on_white() -> None:
    pixels = np.zeros((2, 2, 4), dtype=np.uint16)
    pixels[0, 0] = (65535, 0, 0, 65535)
    opened = images.open_picture(png16(pixels))
    assert opened.getpixel((0, 0)) == (255, 0, 0)
    assert opened.getpixel((1, 1)) == (255, 255, 255)


def test_float_tiff_of_0_to_1_is_scaled() -> None:
    ramp = np.linspace(0, 1, 64, dtype=np.float32)[None].repeat(2, 0)
    opened = np.asarray(images.open_picture(encoded(Image.fromarray(ramp), "TIFF")))
    assert opened[0, 0, 0] == 0 and opened[0, -1, 0] == 255 and opened[0, 32, 0] == 130


def test_transparent_palette_lies_on_white() -> None:
    picture = Image.new("P", (8, 8), 0)
    picture.putpalette([0, 0, 0, 0, 0, 255])
    picture.putpixel((3, 2), 1)
    for file_format in ("PNG", "GIF"):
        opened = images.open_picture(encoded(picture, file_format, transparency=0))
        assert opened.getpixel((0, 0)) == (255, 255, 255)
        assert opened.getpixel((3, 2)) == (0, 0, 255)


def test_half_transparency_is_mixed_with_white() -> None:
    for mode, colour in (("RGBA", (0, 0, 0, 128)), ("LA", (0, 128))):
        opened = images.open_picture(encoded(Image.new(mode, (4, 4), colour), "PNG"))
        assert opened.getpixel((1, 1)) == (127, 127, 127)


@pytest.mark.parametrize("mode", ["1", "L"])
def test_black_and_white_and_grey(mode: str) -> None:
    picture = Image.new(mode, (4, 4), 0)
    picture.putpixel((1, 0), 255)
    opened = images.open_picture(encoded(picture, "PNG"))
    assert opened.getpixel((1, 0)) == (255, 255, 255)
    assert opened.getpixel((0, 0)) == (0, 0, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(orientation: int) -> None:
    upright = Image.new("RGB", (48, 32), "white")
    ImageDraw.Draw(upright).rectangle((0, 0, 15, 15), fill="red")  # top left
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = upright
    for step in undo.get(orientation, []):
        stored = stored.transpose(step)
    exif = Image.Exif()
    exif[0x0112] = orientation
    opened = images.open_picture(encoded(stored, "JPEG", exif=exif, quality=95))
    assert opened.size == (48, 32)
    red, green, _ = opened.getpixel((4, 4))
    assert red > 200 and green < 80
    assert min(opened.getpixel((40, 4))) > 200 and min(opened.getpixel((4, 28))) > 200


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_lose_the_picture() -> None:
    picture = Image.new("RGB", (16, 8), "green")
    opened = images.open_picture(encoded(picture, "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"))
    assert opened.size == (16, 8)


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "green", "blue")]
    for file_format in ("GIF", "WEBP", "PNG"):
        options = {"lossless": True} if file_format == "WEBP" else {}
        data = encoded(
            frames[0], file_format, save_all=True, append_images=frames[1:], duration=50, **options
        )
        assert Image.open(io.BytesIO(data)).n_frames == 3
        assert images.open_picture(data).getpixel((8, 8)) == (255, 0, 0)


def test_a_colour_profile_is_applied_and_left_behind(tmp_path: Path) -> None:
    profile = profile_with_red_and_green_swapped()
    for file_format in ("PNG", "TIFF"):
        data = encoded(Image.new("RGB", (4, 4), "red"), file_format, icc_profile=profile)
        opened = images.open_picture(data)
        red, green, blue = opened.getpixel((0, 0))
        assert red < 10 and green > 245 and blue < 10
    saved = images.save_png(opened, tmp_path / "out.png", {})
    assert "icc_profile" not in Image.open(saved).info


def test_a_profile_that_does_not_fit_is_passed_over() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (lab, b"broken"):
        data = encoded(Image.new("RGB", (4, 4), "red"), "PNG", icc_profile=profile)
        assert images.open_picture(data).getpixel((0, 0)) == (255, 0, 0)


def test_a_camera_photo_opens(shared: Path) -> None:
    path = sorted((shared / "data" / "photos" / "val").glob("*.jpg"))[0]
    opened = images.open_picture(path)
    assert opened.tobytes() == Image.open(path).convert("RGB").tobytes()


@pytest.mark.parametrize(
    ("size", "factor", "expected"),
    [
        ((256, 256), 16, (256, 256)),
        ((4000, 3000), 16, (512, 384)),
        ((3000, 4000), 8, (384, 512)),
        ((300, 200), 16, (304, 192)),
        ((10000, 3), 8, (512, 8)),
        ((5, 7), 16, (16, 16)),
        ((511, 511), 16, (512, 512)),
    ],
)
def test_fit(size: tuple[int, int], factor: int, expected: tuple[int, int]) -> None:
    assert images.fit(Image.new("RGB", size), factor).size == expected


def test_fit_keeps_to_a_limit_that_the_factor_does_not_divide() -> None:
    assert images.fit(Image.new("RGB", (900, 900)), 16, longest=250).size == (240, 240)
    with pytest.raises(ValueError, match="at least 16 pixels"):
        images.fit(Image.new("RGB", (9, 9)), 16, longest=8)


def test_fit_leaves_pixels_alone_where_the_size_is_right(photo: Image.Image) -> None:
    assert images.fit(photo, 16).tobytes() == photo.tobytes()


def test_fit_pair_gives_one_size_without_stretching() -> None:
    wide = Image.new("RGB", (128, 64))
    tall = Image.new("RGB", (100, 200), "white")
    ImageDraw.Draw(tall).ellipse((30, 80, 70, 120), fill="black")  # round, in the middle
    first, second = images.fit_pair(wide, tall, 16)
    assert first.size == second.size == (128, 64)
    dark = np.asarray(second.convert("L")) < 128
    columns, rows = dark.any(0).sum(), dark.any(1).sum()
    assert abs(columns - rows) <= 1


def test_center_crop_takes_the_middle() -> None:
    picture = Image.new("RGB", (300, 100), "white")
    picture.paste("red", (100, 0, 200, 100))
    cropped = images.center_crop(picture, 100)
    assert cropped.size == (100, 100)
    assert cropped.getcolors() == [(10000, (255, 0, 0))]
    assert images.center_crop(picture, 64).size == (64, 64)


def test_to_tensor_and_back_loses_nothing(photo: Image.Image) -> None:
    mirrored = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    tensor = images.to_tensor([photo, mirrored])
    assert tensor.shape == (2, 3, 64, 96) and tensor.dtype == torch.float32
    assert tensor.min() >= -1 and tensor.max() <= 1
    assert tensor[0, 0, 0, 0] == -1 and tensor[0, 0, 0, -1] == 1  # red: from left to right
    back = images.to_pictures(tensor)
    assert [p.tobytes() for p in back] == [photo.tobytes(), mirrored.tobytes()]


def test_to_pictures_clamps_and_rounds() -> None:
    values = torch.tensor([-3.0, 3.0, 0.0034]).view(1, 1, 1, 3).expand(1, 3, 1, 3)
    picture = images.to_pictures(values)[0]
    assert [picture.getpixel((x, 0))[0] for x in range(3)] == [0, 255, 128]


def test_a_batch_of_different_sizes_is_refused() -> None:
    with pytest.raises(ValueError, match="one size"):
        images.to_tensor([Image.new("RGB", (8, 8)), Image.new("RGB", (8, 16))])
    with pytest.raises(ValueError, match="at least one"):
        images.to_tensor([])


def test_settings_travel_in_the_png(photo: Image.Image, tmp_path: Path) -> None:
    settings = {"seed": 4294967295, "how": "blocks", "block": 4, "model": "mein Träger"}
    path = images.save_png(photo, tmp_path / "result.png", settings)
    assert images.read_settings(path) == settings
    assert Image.open(path).convert("RGB").tobytes() == photo.tobytes()
    with Image.open(path) as picture:
        assert '"seed": 4294967295' in picture.info["vqgan-space"]


def test_a_png_without_settings_says_so(photo: Image.Image, tmp_path: Path) -> None:
    photo.save(tmp_path / "plain.png")
    (tmp_path / "no.png").write_bytes(b"no picture")
    for name in ("plain.png", "no.png"):
        with pytest.raises(ValueError, match="carries no settings"):
            images.read_settings(tmp_path / name)
