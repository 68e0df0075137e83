"""Edits of codes: what moves, what stays, and that a seed repeats."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from vqgan_space.generation import edits
from vqgan_space.generation.brightness import code_brightness
from vqgan_space.generation.seeds import MAX_SEED
from vqgan_space.models.vqgan import VQGAN


@pytest.fixture
def codes() -> Tensor:
    """A grid of 6 x 9 codes in which every code is another one."""
    return torch.arange(54).view(6, 9)


@pytest.mark.parametrize("how", edits.SHUFFLES)
def test_every_shuffle_repeats_and_leaves_its_input_alone(
    how: str, codes: Tensor, tiny_vqgan: VQGAN
) -> None:
    before = codes.clone()
    results = [
        edits.shuffle(codes, how, seed=seed, model=tiny_vqgan, block=2) for seed in (5, 5, 6)
    ]
    assert torch.equal(codes, before)
    assert results[0].shape == codes.shape and results[0].dtype == torch.int64
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2]) is (how not in edits.RANDOM)


@pytest.mark.parametrize("how", [how for how in edits.SHUFFLES if how != "random codes"])
def test_every_shuffle_but_random_codes_keeps_how_often_a_code_occurs(
    how: str, tiny_vqgan: VQGAN
) -> None:
    codes = torch.arange(54).view(6, 9) % 5
    shuffled = edits.shuffle(codes, how, seed=1, model=tiny_vqgan, block=2, swap=(7, 8))
    assert shuffled.flatten().bincount().tolist() == codes.flatten().bincount().tolist()


def test_shuffle_all_moves_cells_across_rows(codes: Tensor) -> None:
    shuffled = edits.shuffle_all(codes, seed=0)
    assert (shuffled != codes).float().mean() > 0.8
    assert (shuffled // 9 != codes // 9).float().mean() > 0.5


def test_rows_and_columns_stay_whole(codes: Tensor) -> None:
    rows = edits.shuffle_rows(codes, seed=1)
    assert not torch.equal(rows, codes)
    assert sorted(rows.tolist()) == codes.tolist()
    columns = edits.shuffle_columns(codes, seed=1)
    assert not torch.equal(columns, codes)
    assert sorted(columns.T.tolist()) == codes.T.tolist()


def test_blocks_stay_whole_and_the_rest_stays_in_place(codes: Tensor) -> None:
    # 1 x 2 blocks; 2 rows and 1 column are left over.
    results = [edits.shuffle_blocks(codes, 4, seed=seed) for seed in range(8)]
    left, right = codes[:4, :4].tolist(), codes[:4, 4:8].tolist()
    orders = [(r[:4, :4].tolist(), r[:4, 4:8].tolist()) for r in results]
    assert (right, left) in orders
    assert all(order in ((left, right), (right, left)) for order in orders)
    assert all(torch.equal(r[4:], codes[4:]) for r in results)
    assert all(torch.equal(r[:, 8], codes[:, 8]) for r in results)


def test_small_blocks_keep_their_inside(codes: Tensor) -> None:
    shuffled = edits.shuffle_blocks(codes, 3, seed=0)
    assert not torch.equal(shuffled, codes)
    found, wanted = (
        {
            tuple(grid[row : row + 3, column : column + 3].flatten().tolist())
            for row in (0, 3)
            for column in (0, 3, 6)
        }
        for grid in (shuffled, codes)
    )
    assert found == wanted


@pytest.mark.parametrize("block", [0, 7])
def test_a_block_that_does_not_fit_is_refused(block: int, codes: Tensor) -> None:
    with pytest.raises(ValueError, match=f"1 to 6 cells a side in a grid of 6 x 9, got {block}"):
        edits.shuffle_blocks(codes, block, seed=0)


@pytest.mark.parametrize(("share", "moved"), [(0.0, 0), (0.25, 14), (0.5, 27), (1.0, 54)])
def test_just_that_share_of_the_cells_changes(share: float, moved: int, codes: Tensor) -> None:
    shuffled = edits.shuffle_share(codes, share, seed=3)
    assert int((shuffled != codes).sum()) == moved


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_from_0_to_1(share: float, codes: Tensor) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        edits.shuffle_share(codes, share, seed=0)


def test_sort_by_index() -> None:
    codes = torch.tensor([[3, 1, 2], [1, 0, 3]])
    assert edits.sort_by_index(codes).tolist() == [[0, 1, 1], [2, 3, 3]]


@torch.inference_mode()
def test_sort_by_brightness_goes_from_dark_to_bright(tiny_vqgan: VQGAN) -> None:
    codes = torch.randint(64, (4, 5), generator=torch.Generator().manual_seed(0))
    ordered = edits.sort_by_brightness(codes, tiny_vqgan).flatten()
    images = tiny_vqgan.decode_codes(ordered.view(-1, 1, 1).expand(-1, 2, 2)).clamp(-1, 1)
    weights = torch.tensor([0.2126, 0.7152, 0.0722]).view(3, 1, 1)
    brightness = ((images + 1) / 2 * weights).sum(1).mean((1, 2)).tolist()
    assert brightness[-1] > brightness[0]
    assert all(a <= b + 1e-5 for a, b in itertools.pairwise(brightness))
    assert len(ordered.unique_consecutive()) == len(codes.unique())


def test_brightness_is_computed_once(tiny_vqgan: VQGAN, monkeypatch: pytest.MonkeyPatch) -> None:
    first = code_brightness(tiny_vqgan)
    assert first.shape == (64,) and first.isfinite().all()
    assert first.min() >= 0 and first.max() <= 1

    def decode(codes: Tensor) -> Tensor:
        raise AssertionError("decoded again")

    monkeypatch.setattr(tiny_vqgan, "decode_codes", decode, raising=True)
    assert torch.equal(
        code_brightness(tiny_vqgan, torch.tensor([[5], [9]])), first[[5, 9]].view(2, 1)
    )


def test_swap_exchanges_two_codes_everywhere() -> None:
    codes = torch.tensor([[1, 2, 3], [2, 1, 1]])
    assert edits.swap_codes(codes, 1, 2, num_codes=4).tolist() == [[2, 1, 3], [1, 2, 2]]
    with pytest.raises(ValueError, match="no code 4: this codebook has 0 to 3"):
        edits.swap_codes(codes, 1, 4, num_codes=4)


def test_random_codes_cover_the_codebook() -> None:
    codes = edits.random_codes(40, 50, 64, seed=0)
    assert codes.shape == (40, 50)
    assert codes.unique().tolist() == list(range(64))


def test_crosses() -> None:
    a, b = torch.zeros(4, 6, dtype=torch.int64), torch.ones(4, 6, dtype=torch.int64)
    assert edits.cross(a, b, "left-right").tolist() == [[0, 0, 0, 1, 1, 1]] * 4
    assert edits.cross(a, b, "top-bottom").tolist() == [[0] * 6] * 2 + [[1] * 6] * 2
    assert edits.cross(a, b, "checkerboard").tolist() == [[0, 1] * 3, [1, 0] * 3] * 2
    assert edits.cross(a, b, "checkerboard", cell=2).tolist() == (
        [[0, 0, 1, 1, 0, 0]] * 2 + [[1, 1, 0, 0, 1, 1]] * 2
    )
    for share in (0, 0.25, 1):
        crossed = edits.cross(a, b, "random", share=share, seed=1)
        assert int(crossed.sum()) == share * 24
    assert not torch.equal(edits.cross(a, b, "random", seed=1), edits.cross(a, b, "random", seed=2))


@pytest.mark.parametrize("how", edits.CROSSES)
def test_a_cross_takes_each_cell_from_its_own_place(how: str, codes: Tensor) -> None:
    other = codes + 100
    crossed = edits.cross(codes, other, how, seed=4)
    assert torch.equal(crossed % 100, codes)
    assert 0 < int((crossed >= 100).sum()) < crossed.numel()


def test_bad_crosses_are_refused(codes: Tensor) -> None:
    with pytest.raises(ValueError, match="6 x 9 and 9 x 6: bring them to one size"):
        edits.cross(codes, codes.T)
    with pytest.raises(ValueError, match="no cross 'diagonal': choose one of checkerboard,"):
        edits.cross(codes, codes, "diagonal")
    with pytest.raises(ValueError, match="at least 1 cell"):
        edits.cross(codes, codes, cell=0)


def test_an_unknown_shuffle_lists_what_there_is(codes: Tensor) -> None:
    with pytest.raises(ValueError, match="no shuffle 'spin': choose one of all, rows, columns,"):
        edits.shuffle(codes, "spin")
    with pytest.raises(ValueError, match="needs the model"):
        edits.shuffle(codes, "sort by brightness")


def test_what_is_no_grid_is_refused() -> None:
    for bad in (torch.zeros(2, 2), torch.zeros(1, 2, 2).long(), torch.zeros(0, 2).long()):
        with pytest.raises(ValueError, match="codes must be int64"):
            edits.shuffle(bad, "all")


def test_a_variants_own_seed_makes_it_again(codes: Tensor) -> None:
    variants = list(edits.shuffle_variants(codes, "all", 6, seed=42))
    seeds = [seed for seed, _ in variants]
    assert seeds[0] == 42 and len(set(seeds)) == 6
    for seed, variant in variants:
        ((again, made),) = edits.shuffle_variants(codes, "all", 1, seed=seed)
        assert again == seed and torch.equal(made, variant)
        assert torch.equal(edits.shuffle(codes, "all", seed=seed), variant)
    assert len({tuple(variant.flatten().tolist()) for _, variant in variants}) == 6


def test_more_variants_begin_with_the_same_ones() -> None:
    assert edits.variant_seeds(7, 9)[:4] == edits.variant_seeds(7, 4)
    assert all(0 <= seed <= MAX_SEED for seed in edits.variant_seeds(MAX_SEED, 50))
    with pytest.raises(ValueError, match="at least one variant"):
        edits.variant_seeds(7, 0)


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 1.5, None, True])
def test_a_bad_seed_is_refused(seed: object, codes: Tensor) -> None:
    with pytest.raises(ValueError, match="whole number from 0 to 4294967295"):
        edits.shuffle(codes, "all", seed=seed)  # type: ignore[arg-type]
