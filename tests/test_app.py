"""The endpoints for programs, called on a running app by Gradio's own client."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image
from serving import running_app

from vqgan_space.codes import Codes, load_codes, save_codes
from vqgan_space.images import read_settings
from vqgan_space.models.vqgan import VQGAN
from vqgan_space.ui.shuffle import METHODS


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, tiny_vqgan: VQGAN) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("app")
    tiny_vqgan.save_pretrained(folder / "tiny")
    with running_app(folder, "--model", str(folder / "tiny")) as url:
        yield Client(url, download_files=folder / "got", analytics_enabled=False, verbose=False)


@pytest.fixture
def picture(tmp_path: Path, photo: Image.Image) -> str:
    path = tmp_path / "photo.png"
    photo.save(path)
    return str(path)


@pytest.fixture
def codes_file(client: Client, picture: str) -> str:
    return reconstruct(client, picture)[1]


def reconstruct(client: Client, picture: str) -> tuple[str, str, dict[str, Any]]:
    return client.predict(handle_file(picture), api_name="/reconstruct")


def shuffle(client: Client, **settings: Any) -> list[tuple[np.ndarray, str]]:
    for name in ("picture", "codes_file", "second_picture"):
        if name in settings:
            settings[name] = handle_file(settings[name])
    gallery = client.predict(**settings, api_name="/shuffle")
    return [(pixels(entry["image"]), entry["caption"]) for entry in gallery]


def pixels(path: str) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def test_reconstruct_gives_picture_codes_and_figures(client: Client, picture: str) -> None:
    result, codes_path, figures = reconstruct(client, picture)
    codes = load_codes(codes_path)
    assert pixels(result).shape == (64, 96, 3)
    assert codes.grid.shape == (8, 12) == tuple(figures["codes_shape"])
    assert codes.model == "tiny"
    assert figures["bits"] == 8 * 12 * 6  # 64 codes take 6 bits each
    assert figures["compression_ratio"] == pytest.approx(24 * 64 * 96 / figures["bits"], abs=0.1)
    assert figures["codes_used"] == len(np.unique(codes.grid))
    settings = read_settings(result)
    assert (settings["model"], settings["revision"]) == ("tiny", codes.revision)


def test_downloaded_codes_decode_to_the_same_pixels(client: Client, picture: str) -> None:
    result, codes_path, _ = reconstruct(client, picture)
    decoded = client.predict(handle_file(codes_path), api_name="/decode_codes")
    assert np.array_equal(pixels(decoded), pixels(result))


def test_a_variant_comes_again_from_the_seed_in_its_caption(client: Client, picture: str) -> None:
    variants = shuffle(client, picture=picture, how="all", seed=7, variants=3)
    seeds = [int(re.fullmatch(r"seed (\d+)", caption)[1]) for _, caption in variants]
    assert seeds[0] == 7
    assert len(set(seeds)) == 3
    assert not np.array_equal(variants[0][0], variants[2][0])
    ((again, _),) = shuffle(client, picture=picture, how="all", seed=seeds[2], variants=1)
    assert np.array_equal(again, variants[2][0])


def test_a_shuffle_carries_its_seed_and_settings(client: Client, picture: str) -> None:
    gallery = client.predict(
        picture=handle_file(picture), how="blocks", block=2, seed=5, variants=1, api_name="/shuffle"
    )
    settings = read_settings(gallery[0]["image"])
    assert settings["seed"] == 5
    assert (settings["how"], settings["block"], settings["model"]) == ("blocks", 2, "tiny")


@pytest.mark.parametrize("how", [key for _, key in METHODS if key != "cross"])
def test_every_shuffle_works_from_a_codes_file(client: Client, codes_file: str, how: str) -> None:
    result = shuffle(client, codes_file=codes_file, how=how, variants=2)
    assert len(result) == (1 if how.startswith("sort") or how == "swap" else 2)
    assert {shown.shape for shown, _ in result} == {(64, 96, 3)}


def test_left_right_cross_keeps_the_left_of_one_and_the_right_of_the_other(
    client: Client, tmp_path: Path
) -> None:
    for name, colour in (("black", 0), ("white", 255)):
        Image.new("RGB", (128, 64), (colour,) * 3).save(tmp_path / f"{name}.png")
    black, white = str(tmp_path / "black.png"), str(tmp_path / "white.png")
    ends = [load_codes(reconstruct(client, path)[1]).grid for path in (black, white)]
    ((crossed, _),) = shuffle(
        client, picture=black, second_picture=white, how="cross", cross_how="left-right"
    )
    mixed = np.concatenate([ends[0][:, :8], ends[1][:, 8:]], axis=1)
    path = save_codes(Codes(mixed, "tiny", "", 64, 8), tmp_path / "mixed.npz")
    expected = client.predict(handle_file(str(path)), api_name="/decode_codes")
    assert np.array_equal(crossed, pixels(expected))


def test_a_codes_file_can_be_crossed_with_a_picture_of_another_shape(
    client: Client, codes_file: str, tmp_path: Path
) -> None:
    Image.new("RGB", (200, 40), "green").save(tmp_path / "wide.png")
    ((crossed, _),) = shuffle(
        client, codes_file=codes_file, second_picture=str(tmp_path / "wide.png"), how="cross"
    )
    assert crossed.shape == (64, 96, 3)


def test_random_codes_need_no_picture(client: Client) -> None:
    ((made, _),) = shuffle(client, how="random codes", variants=1)
    assert made.shape == (256, 256, 3)


def test_latents_times_one_are_the_reconstruction(client: Client, picture: str) -> None:
    result, _, _ = reconstruct(client, picture)
    for order in ("before", "after"):
        same = client.predict(handle_file(picture), scale=1, order=order, api_name="/edit_latents")
        assert np.array_equal(pixels(same), pixels(result))


@pytest.mark.parametrize(
    "edit", [{"scale": 0.3}, {"scale": 1, "channel": 3, "channel_factor": 50}, {"noise": 1}]
)
def test_edited_latents_give_another_picture(
    client: Client, picture: str, edit: dict[str, Any]
) -> None:
    result, _, _ = reconstruct(client, picture)
    edited = client.predict(handle_file(picture), **edit, seed=3, api_name="/edit_latents")
    assert not np.array_equal(pixels(edited), pixels(result))
    assert read_settings(edited).items() >= (edit | {"seed": 3, "order": "before"}).items()


def test_interpolation_gives_a_strip_and_a_video(
    client: Client, picture: str, tmp_path: Path
) -> None:
    Image.new("RGB", (50, 90), "orange").save(tmp_path / "second.png")
    strip, video = client.predict(
        handle_file(picture), handle_file(str(tmp_path / "second.png")), steps=4,
        api_name="/interpolate",
    )  # fmt: skip
    first = reconstruct(client, picture)[0]
    assert np.array_equal(pixels(strip)[:, :96], pixels(first))
    assert pixels(strip).shape[1] >= 4 * 96
    path = video["video"] if isinstance(video, dict) else video
    with av.open(path) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 6
    assert frames[0].shape == (64, 96, 3)


# What bad input gets


def not_a_picture(path: Path) -> str:
    path.write_text("Not a picture at all.")
    return str(path)


def truncated(path: Path) -> str:
    Image.effect_noise((200, 200), 60).save(path)
    path.write_bytes(path.read_bytes()[:5000])
    return str(path)


def too_large(path: Path) -> str:
    Image.new("1", (12000, 12000)).save(path)
    return str(path)


@pytest.mark.parametrize(
    ("make", "says"),
    [(not_a_picture, "not a picture"), (truncated, "damaged"), (too_large, "too large")],
)
def test_a_bad_picture_gets_a_sentence_and_the_app_goes_on(
    client: Client, tmp_path: Path, picture: str, make: Callable[[Path], str], says: str
) -> None:
    with pytest.raises(Exception, match=says) as caught:
        reconstruct(client, make(tmp_path / "bad.png"))
    assert str(tmp_path) not in str(caught.value)
    assert pixels(reconstruct(client, picture)[0]).shape == (64, 96, 3)


def save_as(
    mode: str, suffix: str, **options: Any
) -> Callable[[Path], tuple[str, tuple[int, int]]]:
    def make(folder: Path) -> tuple[str, tuple[int, int]]:
        path = folder / f"odd{suffix}"
        Image.new("RGB", (80, 40), "teal").convert(mode).save(path, **options)
        return str(path), (80, 40)

    return make


def rotated(folder: Path) -> tuple[str, tuple[int, int]]:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 40), "teal").save(folder / "rotated.jpg", exif=exif)
    return str(folder / "rotated.jpg"), (40, 80)


def animated(folder: Path) -> tuple[str, tuple[int, int]]:
    frames = [Image.new("RGB", (80, 40), colour) for colour in ("teal", "red")]
    frames[0].save(folder / "animated.gif", save_all=True, append_images=frames[1:])
    return str(folder / "animated.gif"), (80, 40)


def one_pixel(folder: Path) -> tuple[str, tuple[int, int]]:
    Image.new("RGB", (1, 1), "teal").save(folder / "one.png")
    return str(folder / "one.png"), (8, 8)


@pytest.mark.parametrize(
    "make",
    [
        save_as("CMYK", ".jpg"),
        save_as("I;16", ".png"),
        save_as("P", ".png", transparency=0),
        save_as("RGBA", ".webp"),
        rotated,
        animated,
        one_pixel,
    ],
    ids=["cmyk", "16-bit", "palette", "rgba", "exif", "gif", "1x1"],
)
def test_unusual_pictures_are_read(
    client: Client, tmp_path: Path, make: Callable[[Path], tuple[str, tuple[int, int]]]
) -> None:
    path, (width, height) = make(tmp_path)
    assert pixels(reconstruct(client, path)[0]).shape == (height, width, 3)


def codes(path: Path, *, index: int = 0, revision: str = "", num_codes: int = 64) -> str:
    grid = np.full((4, 4), index, dtype=np.int64)
    return str(save_codes(Codes(grid, "someone-elses", revision, num_codes, 8), path))


def pickled(path: Path) -> str:
    np.savez(path, grid=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return str(path)


def out_of_range(path: Path) -> str:
    grid = np.full((4, 4), 9999, dtype=np.int64)
    text = {"model": "tiny", "revision": "", "num_codes": 64, "factor": 8}
    np.savez(path, grid=grid, **{name: np.array(value) for name, value in text.items()})
    return str(path)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: codes(path, revision="fedcba987654", num_codes=1024), "someone-elses"),
        (out_of_range, "9999"),
        (pickled, "not a file of codes"),
        (not_a_picture, "not a file of codes"),
    ],
    ids=["another model", "out of range", "pickle", "text"],
)
def test_a_bad_codes_file_gets_a_sentence_and_the_app_goes_on(
    client: Client, tmp_path: Path, codes_file: str, make: Callable[[Path], str], says: str
) -> None:
    path = handle_file(make(tmp_path / "bad.npz"))
    with pytest.raises(Exception, match=says):
        client.predict(path, api_name="/decode_codes")
    decoded = client.predict(handle_file(codes_file), api_name="/decode_codes")
    assert pixels(decoded).shape == (64, 96, 3)


@pytest.mark.parametrize(
    ("endpoint", "settings", "says"),
    [
        ("/reconstruct", {"picture": None}, "Choose a picture first"),
        ("/decode_codes", {"codes_file": None}, "Choose a codes file first"),
        ("/shuffle", {}, "Choose a picture or a codes file first"),
        ("/edit_latents", {"picture": None}, "Choose a picture first"),
        ("/interpolate", {"picture": None, "second_picture": None}, "Choose both pictures"),
        ("/reconstruct", {"picture": None, "model": "no-such-model"}, "tiny"),
        ("/shuffle", {"how": "random codes", "seed": None}, "Seed"),
    ],
)
def test_what_is_missing_or_unknown_is_said(
    client: Client, endpoint: str, settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(Exception, match=says):
        client.predict(**settings, api_name=endpoint)


def test_edits_that_cannot_be_say_so(client: Client, picture: str) -> None:
    with pytest.raises(Exception, match="There is no channel 70"):
        client.predict(handle_file(picture), channel=70, api_name="/edit_latents")
    with pytest.raises(Exception, match="second picture"):
        shuffle(client, picture=picture, how="cross")
    with pytest.raises(Exception, match="A block has 1 to 8"):
        shuffle(client, picture=picture, how="blocks", block=16)


def test_files_of_the_server_cannot_be_named(client: Client, picture: str) -> None:
    # By hand: Gradio's own client would send the file instead of naming it.
    file = {"path": picture, "meta": {"_type": "gradio.FileData"}}
    body = json.dumps({"data": [file, "tiny"]}).encode()
    address = f"{client.src}gradio_api/call/reconstruct"
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{address}/{event}") as answer:
        assert "event: error" in answer.read().decode()
