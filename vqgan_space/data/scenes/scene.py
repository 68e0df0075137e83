"""One scene, or a batch of them, from seeds and wishes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .attributes import Attributes, draw_attributes
from .captioning.captions import captions
from .draw import Painter, finish

if TYPE_CHECKING:
    from torch import Tensor

SMALLEST, TALLEST, WIDEST = 64, 512, 2048


@dataclass(frozen=True)
class Scene:
    """A landscape.

    Attributes:
        picture: RGB.
        label_map: (H, W) uint8, ids of COCO-Stuff less one (``vqgan_space.data.labels``).
        caption: the short one, a phrase.
        long_caption: two to four sentences.
        attributes: what is there.
    """

    picture: Image.Image
    label_map: NDArray[np.uint8]
    caption: str
    long_caption: str
    attributes: Attributes


@dataclass(frozen=True)
class Batch:
    """Scenes of one size.

    Attributes:
        pictures: (B, H, W, 3) uint8.
        label_maps: (B, H, W) uint8.
        captions, long_captions: B each.
        attributes: B.
    """

    pictures: NDArray[np.uint8]
    label_maps: NDArray[np.uint8]
    captions: list[str]
    long_captions: list[str]
    attributes: list[Attributes]

    def tensors(self) -> tuple[Tensor, Tensor]:
        """Pictures (B, 3, H, W) in [-1, 1] and label maps (B, H, W) of int64."""
        import torch

        pictures = torch.from_numpy(self.pictures).permute(0, 3, 1, 2)
        pictures = pictures.contiguous().float() / 127.5 - 1
        return pictures, torch.from_numpy(self.label_maps).long()


def scene(seed: int, size: int | tuple[int, int] = 256, **wishes: Any) -> Scene:
    """The scene of a seed.

    Args:
        seed: 0 or more; the same seed and wishes, the same scene at every size of one aspect.
        size: side of a square in pixels, or (height, width): height 64 to 512, width 64 to 2048.
        wishes: attributes to ask for: ``season="winter", time="dusk", objects=["spruce"]``, and
            ``without=["road"]`` for objects that must not be there (``Attributes`` and
            ``OBJECTS`` list what there is).

    Raises:
        ValueError: a size or seed out of range, an unknown wish, or wishes that contradict each
            other.
    """
    picture, label_map, attributes = render(seed, size, **wishes)
    text = captions(attributes, seed)
    return Scene(Image.fromarray(picture), label_map, text.short, text.long, attributes)


def batch(seeds: Iterable[int], size: int | tuple[int, int] = 256, **wishes: Any) -> Batch:
    """The scenes of some seeds as arrays; arguments as ``scene`` has them."""
    seeds = list(seeds)
    if not seeds:
        raise ValueError("A batch of scenes needs at least one seed.")
    drawn = [render(seed, size, **wishes) for seed in seeds]
    texts = [captions(one[2], seed) for one, seed in zip(drawn, seeds, strict=True)]
    return Batch(
        pictures=np.stack([one[0] for one in drawn]),
        label_maps=np.stack([one[1] for one in drawn]),
        captions=[text.short for text in texts],
        long_captions=[text.long for text in texts],
        attributes=[one[2] for one in drawn],
    )


def render(
    seed: int, size: int | tuple[int, int], **wishes: Any
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Attributes]:
    """Picture (H, W, 3), label map (H, W) and attributes of a seed's scene, without captions."""
    height, width = (size, size) if isinstance(size, int) else size
    if not (SMALLEST <= height <= TALLEST and SMALLEST <= width <= WIDEST):
        raise ValueError(
            f"A scene is {SMALLEST} to {TALLEST} pixels high and {SMALLEST} to {WIDEST} wide, "
            f"not {height} x {width}."
        )
    if seed < 0:
        raise ValueError(f"A scene's seed is 0 or more, not {seed}.")
    attributes = draw_attributes(seed, **wishes)
    canvas = Painter(seed, attributes, height, width).paint()
    planes = finish(canvas) * np.float32(255) + np.float32(0.5)
    picture = np.ascontiguousarray(planes.astype(np.uint8).transpose(1, 2, 0))
    return picture, canvas.labels, attributes
