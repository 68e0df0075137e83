"""The grid of codes as a picture, and how often each code is used."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vqgan_space.generation.codes_picture import cell_at, code_colours, codes_picture, usage


@pytest.mark.parametrize("num_codes", [1, 64, 1024, 16384])
def test_every_code_has_a_colour_of_its_own(num_codes: int) -> None:
    colours = code_colours(num_codes)
    assert colours.shape == (num_codes, 3) and colours.dtype == np.uint8
    assert len(np.unique(colours, axis=0)) == num_codes


def test_a_codes_colour_does_not_depend_on_the_size_of_the_codebook() -> None:
    assert np.array_equal(code_colours(1024)[:64], code_colours(64))


def test_colours_are_far_apart() -> None:
    def nearest(colours: np.ndarray) -> np.ndarray:
        apart = np.abs(colours[:, None].astype(int) - colours[None]).sum(-1)
        return np.where(np.eye(len(colours), dtype=bool), 1000, apart).min(1)

    assert nearest(code_colours(16)).min() > 60
    assert np.median(nearest(code_colours(1024))) > 12
    colours = code_colours(1024).astype(int)
    assert np.median(np.abs(np.diff(colours, axis=0)).sum(-1)) > 120  # neighbouring indices


def test_equal_codes_have_equal_colours() -> None:
    codes = torch.tensor([[5, 9, 5], [9, 9, 1023]])
    picture = codes_picture(codes, 1024, cell=10)
    assert picture.size == (30, 20)
    pixels = np.asarray(picture)
    for row in range(2):
        for column in range(3):
            cell = pixels[10 * row : 10 * row + 10, 10 * column : 10 * column + 10]
            assert (cell == code_colours(1024)[codes[row, column]]).all()
            assert cell_at(codes, 10 * column + 9, 10 * row, cell=10) == (
                row,
                column,
                int(codes[row, column]),
            )


def test_points_outside_and_bad_codes_are_refused() -> None:
    codes = torch.tensor([[5, 9]])
    for x, y in ((-1, 0), (0, 16), (32, 0)):
        with pytest.raises(ValueError, match="outside the picture of codes"):
            cell_at(codes, x, y)
    for call in (codes_picture, usage):
        with pytest.raises(ValueError, match="0 to 8"):
            call(codes, 9)


def test_usage_counts_each_code() -> None:
    found = usage(torch.tensor([[3, 3, 0], [3, 7, 0]]), 8, top=2)
    assert found.counts.tolist() == [2, 0, 0, 3, 0, 0, 0, 1]
    assert (found.used, found.share) == (3, 3 / 8)
    assert found.top == [(3, 3), (0, 2)]
    entropy = -sum(p * math.log(p) for p in (1 / 2, 1 / 3, 1 / 6))
    assert found.perplexity == pytest.approx(math.exp(entropy), rel=1e-5)
    assert usage(torch.tensor([[3, 3]]), 8).top == [(3, 2)]
