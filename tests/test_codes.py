"""Codes files: they come back as they were, and nothing else comes in."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from vqgan_space.codes import Codes, check_codes, load_codes, save_codes


def make(**changes: object) -> Codes:
    fields: dict[str, object] = {
        "grid": np.arange(6).reshape(2, 3),
        "model": "vqgan-f8",
        "revision": "0123456789ab",
        "num_codes": 1024,
        "factor": 8,
    }
    return Codes(**(fields | changes))  # type: ignore[arg-type]


def archive(path: Path, **members: bytes | np.ndarray) -> Path:
    """An .npz of the members of a good one, some of them replaced."""
    good = {
        "grid": np.zeros((2, 2), np.int64),
        "model": np.array("m"),
        "revision": np.array("r"),
        "num_codes": np.array(8),
        "factor": np.array(8),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, value in (good | members).items():
            if not isinstance(value, bytes):
                buffer = io.BytesIO()
                np.save(buffer, value)
                value = buffer.getvalue()
            file.writestr(f"{name}.npy", value)
    return path


def test_codes_come_back_as_they_were(tmp_path: Path) -> None:
    codes = make(grid=np.random.default_rng(0).integers(0, 1024, (32, 20)), model="ä/größe")
    loaded = load_codes(save_codes(codes, tmp_path / "codes.npz"))
    assert np.array_equal(loaded.grid, codes.grid) and loaded.grid.dtype == np.int64
    assert (loaded.model, loaded.revision) == (codes.model, codes.revision)
    assert (loaded.num_codes, loaded.factor) == (1024, 8)
    assert loaded.tensor().dtype == torch.int64 and loaded.tensor().shape == (32, 20)


def test_a_transposed_grid_comes_back(tmp_path: Path) -> None:
    grid = np.arange(6).reshape(2, 3).T
    assert np.array_equal(load_codes(save_codes(make(grid=grid), tmp_path / "c.npz")).grid, grid)


def test_numpy_reads_the_file_without_pickle(tmp_path: Path) -> None:
    path = save_codes(make(), tmp_path / "codes.npz")
    with np.load(path, allow_pickle=False) as file:
        assert file["grid"].tolist() == [[0, 1, 2], [3, 4, 5]]
        assert str(file["model"]) == "vqgan-f8"


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04 broken", b"\x93NUMPY"])
def test_what_is_no_codes_file_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "codes.npz"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="not a file of codes: choose"):
        load_codes(path)


def test_a_pickle_inside_is_never_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (ran,)

    trap = np.array([[Trap()]], dtype=object)
    for members in ({"grid": trap}, {"grid": pickle.dumps(Trap())}):
        with pytest.raises(ValueError, match="not a file of codes"):
            load_codes(archive(tmp_path / "codes.npz", **members))
    assert not ran.exists()


def test_a_large_grid_is_refused_by_its_header(tmp_path: Path) -> None:
    path = archive(tmp_path / "bomb.npz", grid=np.zeros((1, 20_000_000), np.int64))
    assert path.stat().st_size < 300_000
    with pytest.raises(ValueError, match="1 x 20000000 codes: at most 256 x 256"):
        load_codes(path)


def test_a_header_that_promises_more_than_there_is(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((200, 200), np.int64))
    with pytest.raises(ValueError, match="not a file of codes"):
        load_codes(archive(tmp_path / "short.npz", grid=buffer.getvalue()[:500]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grid", np.zeros((2, 2), np.float32)),
        ("grid", np.zeros((2, 2, 2), np.int64)),
        ("grid", np.zeros((0, 2), np.int64)),
        ("model", np.array("x" * 5000)),
        ("num_codes", np.array(-1)),
        ("num_codes", np.array("many")),
        ("factor", np.array(0)),
    ],
)
def test_members_of_another_kind_are_refused(name: str, value: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a file of codes"):
        load_codes(archive(tmp_path / "codes.npz", **{name: value}))


def test_a_missing_member_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "codes.npz", grid=np.zeros((2, 2), np.int64))
    with pytest.raises(ValueError, match="not a file of codes"):
        load_codes(tmp_path / "codes.npz")


@pytest.mark.parametrize("index", [-1, 8])
def test_an_index_out_of_range_is_named(index: int, tmp_path: Path) -> None:
    grid = np.array([[0, index]])
    with pytest.raises(ValueError, match=f"index {index}, outside 0 to 7"):
        load_codes(archive(tmp_path / "codes.npz", grid=grid))


def test_a_name_that_a_browser_would_render_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="plain characters"):
        load_codes(archive(tmp_path / "codes.npz", model=np.array("<img src=x>")))


def test_codes_of_another_model_name_it() -> None:
    with pytest.raises(ValueError, match=r"by the model 'vqgan-f8' \(revision 0123456789ab\)"):
        check_codes(make(), "vqgan-f16", "ba9876543210", 1024)


def test_codes_of_other_weights_under_the_same_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"revision 0123456789ab.*revision ba9876543210"):
        check_codes(make(), "vqgan-f8", "ba9876543210", 1024)


def test_the_same_weights_under_another_name_are_accepted() -> None:
    check_codes(make(), "my-folder", "0123456789ab", 1024)
    check_codes(make(revision=""), "vqgan-f8", "0123456789ab", 1024)


def test_codes_beyond_this_codebook_are_refused() -> None:
    with pytest.raises(ValueError, match="index 5, but the codebook of 'vqgan-f8' ends at 4"):
        check_codes(make(), "vqgan-f8", "0123456789ab", 5)


def test_save_refuses_what_load_would_refuse(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="index 2000"):
        save_codes(make(grid=np.array([[2000]])), tmp_path / "codes.npz")
    with pytest.raises(ValueError, match="256 x 256"):
        save_codes(make(grid=np.zeros((257, 1), np.int64)), tmp_path / "codes.npz")
    assert not (tmp_path / "codes.npz").exists()
