"""PixelSNAIL: what a code may see, what it is conditioned on, saving."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vqgan_space.models.pixelsnail import PixelSNAIL

SMALL = {"num_codes": 6, "height": 5, "width": 4, "channels": 8, "num_blocks": 2, "num_gated": 1}


def model(**options: object) -> PixelSNAIL:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return PixelSNAIL(**SMALL, **options).eval()


def test_logits_depend_on_every_earlier_code_and_on_no_other() -> None:
    net = model()
    codes = torch.randint(0, 6, (1, 5, 4))
    with torch.no_grad():
        before = net(codes).flatten(1, 2)[0]
        for position in range(20):
            changed = codes.clone().flatten()
            changed[position] = (changed[position] + 1) % 6
            after = net(changed.view(1, 5, 4)).flatten(1, 2)[0]
            differs = (after - before).abs().amax(1) > 1e-6
            assert not differs[: position + 1].any()
            assert differs[position + 1 :].all()


@pytest.mark.parametrize("kind", ["grid", "class"])
def test_the_condition_is_seen(kind: str) -> None:
    net = model(condition=kind, num_conditions=3)
    codes = torch.randint(0, 6, (2, 5, 4))
    shape = (2, 5, 4) if kind == "grid" else (2,)
    with torch.no_grad():
        one, other = (net(codes, torch.full(shape, n)) for n in (0, 2))
    assert one.shape == (2, 5, 4, 6)
    assert (one - other).abs().amax(-1).min() > 1e-6
    with pytest.raises(ValueError, match="give it just that"):
        net(codes)


def test_smaller_grids_fit_and_larger_ones_are_refused() -> None:
    assert model()(torch.zeros(1, 2, 3, dtype=torch.int64)).shape == (1, 2, 3, 6)
    with pytest.raises(ValueError, match="at most 5 x 4"):
        model()(torch.zeros(1, 6, 4, dtype=torch.int64))


def test_saving_and_loading_gives_the_same_logits(tmp_path: Path) -> None:
    net = model()
    net.save_pretrained(tmp_path)
    loaded = PixelSNAIL.from_pretrained(tmp_path).eval()
    codes = torch.randint(0, 6, (1, 5, 4))
    assert torch.equal(net(codes), loaded(codes))
