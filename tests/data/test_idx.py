"""IDX files as MNIST's, packed or not, tables with labels, and files that are none."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vqgan_space.data.idx import load_labelled, read_idx


def idx(array: np.ndarray) -> bytes:
    sides = b"".join(side.to_bytes(4, "big") for side in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sides + array.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures = np.arange(3 * 28 * 28).reshape(3, 28, 28) % 256
    for split in ("train", "t10k"):
        (tmp_path / f"{split}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(pictures)))
        (tmp_path / f"{split}-labels-idx1-ubyte").write_bytes(idx(np.array([7, 0, 9])))
    return tmp_path


def test_a_folder_of_idx_files_is_read(folder: Path) -> None:
    for split in ("train", "test"):
        found = load_labelled(folder, split)
        assert found.pictures.shape == (3, 1, 28, 28) and found.pictures.dtype == torch.uint8
        assert found.labels.tolist() == [7, 0, 9] and len(found) == 3
        assert found.pictures[1, 0, 0, 5] == (28 * 28 + 5) % 256


def test_fashion_mnist_is_what_it_should_be(shared: Path) -> None:
    train = load_labelled(shared / "data" / "fashion_mnist")
    test = load_labelled(shared / "data" / "fashion_mnist", "test")
    assert (len(train), len(test)) == (720, 90)
    assert train.labels.bincount().tolist() == [72] * 10
    # A trouser is dark in its middle column's foot, a bag is not empty there.
    assert train.pictures[train.labels == 1, 0, 27, 14].float().mean() < 60


def test_a_parquet_file_is_read_as_the_hub_has_it(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    pictures = [Image.new("L", (28, 28), shade) for shade in (10, 200)]
    encoded = []
    for picture in pictures:
        file = io.BytesIO()
        picture.save(file, "png")
        encoded.append({"bytes": file.getvalue(), "path": None})
    table = datasets.Dataset.from_dict({"image": encoded, "label": [3, 8]})
    table.cast_column("image", datasets.Image()).to_parquet(tmp_path / "train.parquet")
    found = load_labelled(tmp_path / "train.parquet")
    assert found.labels.tolist() == [3, 8]
    assert found.pictures[:, 0, 5, 5].tolist() == [10, 200]


def test_files_that_are_no_idx_are_refused(folder: Path, tmp_path: Path) -> None:
    whole = gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes())
    cases = {"short": whole[:-1], "png": b"\x89PNG and more", "empty": b""}
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ValueError, match="cut short" if name == "short" else "not an IDX"):
            read_idx(tmp_path / name)
    (tmp_path / "bad.gz").write_bytes(b"no gzip")
    with pytest.raises(ValueError, match="can't be read"):
        read_idx(tmp_path / "bad.gz")


def test_what_is_missing_is_said(folder: Path, tmp_path: Path) -> None:
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(ValueError, match="no t10k-labels-idx1-ubyte"):
        load_labelled(folder, "test")
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(np.array([1, 2])))
    with pytest.raises(ValueError, match=r"\(2,\) labels"):
        load_labelled(folder)
