"""Crops of pictures that are kept decoded, on an accelerator where there is one, so that no step of
a small VQGAN's training waits for files or for drawn scenes."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from .datasets import decode, vivid_colours


class CropsInMemory(Dataset):
    """Random resized square crops, endless, each determined by its number alone, as batches.

    A share of them, spread evenly, are of drawn scenes, whose pixels may weigh more where rare
    things stand. What ``DataLoader`` hands on is pictures (B, 3, size, size) in [-1, 1] with their
    pixels' weights (B, 1, size, size), 1 for every pixel of the other pictures.

    Args:
        pictures: (3, H, W) each, uint8, all on one device.
        scenes: (N, 3, H, W) uint8, on the same device.
        label_maps: of the scenes, (N, H, W) uint8.
        share: of the scenes, 0 to 1.
        size: side of a crop in pixels.
        scale: the share of the shorter side that a crop's side covers, (least, most).
        vivid: the share of crops of ``pictures`` with shuffled channels and stronger colours, as
            ``RandomCrops`` has it.
        class_weights: (256,), the weight of a pixel of each class; None: 1 for all.
        seed: of order, crops and flips.
    """

    def __init__(
        self,
        pictures: Sequence[Tensor],
        scenes: Tensor,
        label_maps: Tensor,
        *,
        share: float = 0.5,
        size: int = 128,
        scale: tuple[float, float] = (0.5, 1.0),
        vivid: float = 0.0,
        class_weights: Tensor | None = None,
        seed: int = 0,
    ) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"the share of scenes must be from 0 to 1, not {share}")
        if (share < 1 and not len(pictures)) or (share > 0 and not len(scenes)):
            raise ValueError("there are no pictures to train from")
        self.pictures, self.scenes, self.label_maps = pictures, scenes, label_maps
        self.share, self.size, self.scale, self.vivid = share, size, scale, vivid
        weights = torch.ones(256) if class_weights is None else class_weights
        self.class_weights = weights.to(scenes.device)
        self.seed = seed
        # The orders of two epochs of either kind, since the batch at their border asks for both.
        self._order = functools.lru_cache(maxsize=4)(self._draw_order)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        crops, weights = self.__getitems__([number])
        return crops[0], weights[0]

    def __getitems__(self, numbers: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Crops (B, 3, size, size) and their weights (B, 1, size, size)."""
        crops, weights = zip(*map(self._crop, numbers), strict=True)
        return torch.cat(crops), torch.cat(weights)

    @property
    def together(self) -> dict:
        """Options of a ``DataLoader`` that takes the batches as they are."""
        return {"num_workers": 0, "collate_fn": _as_it_is}

    def _draw_order(self, kind: int, epoch: int, count: int) -> np.ndarray:
        return np.random.default_rng((self.seed, kind, epoch)).permutation(count)

    def _crop(self, number: int) -> tuple[Tensor, Tensor]:
        before, after = (int((number + k) * self.share) for k in (0, 1))
        drawn = after > before
        source = self.scenes if drawn else self.pictures
        epoch, place = divmod(before if drawn else number - before, len(source))
        index = int(self._order(int(drawn), epoch, len(source))[place])
        rng = np.random.default_rng((self.seed, int(drawn), epoch, place))
        picture = source[index]
        height, width = picture.shape[1:]
        side = max(round(min(height, width) * rng.uniform(*self.scale)), 1)
        top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        window = slice(top, top + side), slice(left, left + side)
        to = (self.size, self.size)
        crop = picture[:, *window][None].float() / 127.5 - 1  # (1, 3, side, side)
        if side != self.size:
            crop = F.interpolate(crop, to, mode="bicubic", antialias=True)
        weights = crop.new_ones(1, 1, *to)
        if drawn:
            ids = self.label_maps[index][window].long()
            weights = self.class_weights[ids][None, None]  # (1, 1, side, side)
            weights = F.interpolate(weights, to, mode="nearest")
        if rng.random() < 0.5:
            crop, weights = crop.flip(3), weights.flip(3)
        if not drawn and rng.random() < self.vivid:
            crop = vivid_colours(crop, rng)
        return crop.clamp(-1, 1), weights


def _as_it_is(batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return batch


class _Decoded(Dataset):
    def __init__(self, pictures: Sequence) -> None:
        self.pictures = pictures

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(np.array(decode(self.pictures[index]))).permute(2, 0, 1)


def decode_all(pictures: Sequence, device: torch.device, workers: int = 0) -> list[Tensor]:
    """What ``find_pictures`` gives, decoded: (3, H, W) uint8 each.

    Args:
        device: where they are kept; 1,000 of 288 x 400 pixels take 346 MB.
        workers: processes that decode; 0: this one.
    """
    loader = DataLoader(_Decoded(pictures), batch_size=None, num_workers=workers)
    return [picture.to(device, copy=True).contiguous() for picture in loader]
