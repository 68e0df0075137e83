"""What a contrastive training sees: pictures in many sizes and qualities, each with one text."""

from __future__ import annotations

import functools

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset

from vqgan_space.models.clip import sentences

from .captions import Captioned


class CaptionedCrops(Dataset):
    """Random crops with a caption, endless, each determined by its number alone.

    Item n is picture ``order(epoch)[n mod N]`` of epoch ``n // N``. Its crop, quality and caption
    are drawn from (seed, n), so that a resumed run goes on exactly where it stopped. Some crops are
    shrunk and enlarged again, and some get noise: a CLIP that guides a decoder is shown pictures
    that are neither sharp nor clean. Captions are whole ones, all of a picture's together, or one
    of their sentences.

    Args:
        data: what ``load_captioned`` gives.
        size: side of a crop in pixels.
        scale: the share of a picture's side that a crop covers, (least, most).
        spoil: share of crops that are made worse.
        seed: of order, crops and captions.
    """

    def __init__(
        self,
        data: Captioned,
        size: int,
        scale: tuple[float, float] = (0.7, 1.0),
        spoil: float = 0.3,
        seed: int = 0,
    ) -> None:
        if not len(data):
            raise ValueError("there are no pictures to train from")
        self.data, self.size, self.scale = data, size, scale
        self.spoil, self.seed = spoil, seed
        # The orders of two epochs, since the batch at their border asks for both.
        self._order = functools.lru_cache(maxsize=2)(self._draw_order)

    def _draw_order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng((self.seed, epoch)).permutation(len(self.data))

    def __getitem__(self, number: int) -> dict[str, Tensor | str]:
        epoch, place = divmod(number, len(self.data))
        index = int(self._order(epoch)[place])
        random = np.random.default_rng((self.seed, epoch, place, 2))
        return {
            "picture": self._crop(self.data.pictures[index], random),
            "text": choose_text(self.data.captions[index], random),
        }

    def _crop(self, picture: Tensor, random: np.random.Generator) -> Tensor:
        side = round(min(picture.shape[1:]) * random.uniform(*self.scale))
        top, left = (int(random.integers(s - side + 1)) for s in picture.shape[1:])
        crop = picture[None, :, top : top + side, left : left + side].float() / 127.5 - 1
        if random.random() < self.spoil:
            worse = round(self.size * random.uniform(0.25, 0.8))
            crop = F.interpolate(crop, (worse, worse), mode="bilinear", antialias=True)
        if crop.shape[-1] != self.size:
            crop = F.interpolate(crop, (self.size, self.size), mode="bilinear", antialias=True)
        if random.random() < self.spoil:
            noise = random.standard_normal(crop.shape, dtype=np.float32)
            crop = crop + float(random.uniform(0, 0.2)) * torch.from_numpy(noise)
        if random.random() < 0.5:
            crop = crop.flip(3)
        return crop[0]


def choose_text(captions: tuple[str, ...], random: np.random.Generator) -> str:
    """One caption (half of the time the longest), all of them together, or a sentence of one."""
    kind = random.random()
    if kind < 0.5:
        return captions[-1]
    if kind < 0.75 or len(captions) == 1:
        return captions[int(random.integers(len(captions)))]
    if kind < 0.85:
        return ". ".join(caption.rstrip(".") for caption in captions)
    parts = sentences(captions[int(random.integers(len(captions)))])
    return parts[int(random.integers(len(parts)))]
