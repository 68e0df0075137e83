"""Permuters: taming-transformers' orders, their inverses, sizes they don't exist for."""

from __future__ import annotations

import pytest
import torch

from vqgan_space.models.permuters import ORDERS, Permuter

# What taming-transformers' permuter.py gives for a grid of 4 x 4.
TAMING = {
    "identity": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    "subsample": [0, 2, 8, 10, 1, 3, 9, 11, 4, 6, 12, 14, 5, 7, 13, 15],
    "z-curve": [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15],
    "spiral-out": [9, 5, 6, 10, 14, 13, 12, 8, 4, 0, 1, 2, 3, 7, 11, 15],
    "spiral-in": [15, 11, 7, 3, 2, 1, 0, 4, 8, 12, 13, 14, 10, 6, 5, 9],
    "random": [3, 13, 7, 2, 6, 10, 4, 1, 14, 0, 15, 9, 8, 12, 11, 5],
    "alternate": [0, 1, 2, 3, 7, 6, 5, 4, 8, 9, 10, 11, 15, 14, 13, 12],
}


@pytest.mark.parametrize("name", ORDERS)
def test_the_order_is_taming_s(name: str) -> None:
    assert Permuter(name, 4, 4).forward_index.tolist() == TAMING[name]


@pytest.mark.parametrize("name", ORDERS)
def test_the_inverse_undoes_it(name: str) -> None:
    permuter = Permuter(name, 16, 16)
    codes = torch.randint(1000, (2, 256), generator=torch.Generator().manual_seed(0))
    assert torch.equal(permuter.inverse(permuter.forward(codes)), codes)
    assert permuter.forward(codes)[0].tolist() == codes[0][permuter.forward_index].tolist()
    assert sorted(permuter.forward_index.tolist()) == list(range(256))


def test_orders_of_grids_that_are_not_square() -> None:
    assert Permuter("alternate", 2, 3).forward_index.tolist() == [0, 1, 2, 5, 4, 3]
    assert Permuter("z-curve", 2, 3).forward_index.tolist() == [0, 1, 3, 4, 2, 5]


@pytest.mark.parametrize(
    "name, height, width, message",
    [
        ("zigzag", 4, 4, "no order 'zigzag'"),
        ("subsample", 6, 6, "power of 2, not 6 x 6"),
        ("subsample", 4, 8, "not 4 x 8"),
        ("spiral-out", 5, 5, "even side, not 5 x 5"),
        ("spiral-in", 4, 6, "not 4 x 6"),
        ("identity", 0, 4, "at least 1 x 1"),
    ],
)
def test_sizes_that_an_order_does_not_have(
    name: str, height: int, width: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Permuter(name, height, width)
