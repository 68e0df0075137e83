"""Data sets of scenes to train from: by number, or as a stream shared out among readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from .captioning.captions import captions
from .scene import render

# Seeds from here on are for measuring: no data set below draws from them unless told to.
HELD_OUT = 1 << 40
# Seeds of one data set: larger than any epoch.
SPAN = 1 << 24


class Scenes(Dataset):
    """Scenes by number: item n of epoch e is the same for any number of workers and processes.

    An item is a dict: ``picture`` (3, H, W) in [-1, 1], ``label_map`` (H, W) int64, ``caption``
    and ``long_caption``.

    Args:
        count: how many there are to an epoch, at most 2**24.
        size: side in pixels, or (height, width).
        seed: which scenes: data sets of different seeds share none.
        first: seed of the first scene in place of ``seed``'s; ``HELD_OUT`` for measuring.
        wishes: as ``scene`` takes them.
    """

    def __init__(
        self,
        count: int,
        size: int | tuple[int, int] = 256,
        seed: int = 0,
        first: int | None = None,
        **wishes: Any,
    ) -> None:
        if not 0 < count <= SPAN:
            raise ValueError(f"count must be from 1 to {SPAN}, not {count}")
        if first is None:
            first = seed * SPAN
            if not 0 <= first < HELD_OUT:
                raise ValueError(f"seed must be from 0 to {HELD_OUT // SPAN - 1}, not {seed}")
        self.count, self.size, self.first, self.wishes = count, size, first, wishes

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> dict[str, Any]:
        if not 0 <= number < self.count:
            raise IndexError(f"scene {number} of {self.count}")
        use_one_thread()
        seed = self.first + number
        picture, label_map, attributes = render(seed, self.size, **self.wishes)
        text = captions(attributes, seed)
        return {
            "picture": picture_tensor(picture),
            "label_map": torch.from_numpy(label_map).long(),
            "caption": text.short,
            "long_caption": text.long,
        }


class SceneStream(IterableDataset):
    """The same scenes as a stream: each reader of an epoch gets its share, none gets another's.

    Readers are the workers of every process: worker w of W in process r of R yields each scene
    whose number is w * R + r modulo W * R.

    Args:
        scenes: what to share out.
        rank, processes: which process this is, of how many.
    """

    def __init__(self, scenes: Scenes, rank: int = 0, processes: int = 1) -> None:
        if not 0 <= rank < processes:
            raise ValueError(f"rank must be from 0 to {processes - 1}, not {rank}")
        self.scenes, self.rank, self.processes = scenes, rank, processes

    def __iter__(self) -> Iterator[dict[str, Any]]:
        worker = get_worker_info()
        w, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        first = w * self.processes + self.rank
        for number in range(first, len(self.scenes), workers * self.processes):
            yield self.scenes[number]


class ScenePictures(Sequence):
    """The pictures of some scenes alone, drawn as they are asked for."""

    def __init__(self, count: int = 1 << 20, size: int = 256, first: int = 0) -> None:
        self._count, self.size, self.first = count, size, first

    @classmethod
    def held_out(cls, count: int = 256, size: int = 256) -> ScenePictures:
        """Those that the project's figures are measured on."""
        return cls(count, size, HELD_OUT)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: Any) -> Any:
        if not 0 <= number < self._count:
            raise IndexError(f"scene {number} of {self._count}")
        use_one_thread()
        picture, _, _ = render(self.first + int(number), self.size)
        return Image.fromarray(picture)


def use_one_thread() -> None:
    """In a worker of a ``DataLoader``, keeps numpy to one thread: there is a worker a core."""
    if get_worker_info() is not None:
        _limit_threads()


@cache
def _limit_threads() -> None:
    import threadpoolctl  # where pictures are drawn by several processes at once

    threadpoolctl.threadpool_limits(1, user_api="blas")


def picture_tensor(picture: Any) -> Tensor:
    """(H, W, 3) uint8 to (3, H, W) in [-1, 1]."""
    return torch.from_numpy(picture).permute(2, 0, 1).float().contiguous() / 127.5 - 1
