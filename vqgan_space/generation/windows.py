"""Which part of a canvas a prior sees when it samples a code: the sliding window.

*Taming Transformers* (arXiv 2012.09841), sec. 3.3, fig. 3. A canvas larger than the window is
sampled row by row, each code at the middle of its window, or off it near the canvas's borders. A
window with a stride moves on every so many columns and rows and serves the codes in between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from torch import Tensor

from vqgan_space.models.permuters import Permuter
from vqgan_space.models.prior import KeyValueCache

Position = tuple[int, int]  # row and column on the canvas
Size = tuple[int, int]  # height and width in codes


class Windows:
    """The windows of a canvas.

    Args:
        size: height and width of the canvas, in codes.
        window: the largest window; along a smaller canvas it is as large as that.
        stride: by how many codes it moves; 1 is exactly what taming-transformers does.
        permuter: the order of the codes where it is not row by row; such a window does not slide.

    Raises:
        ValueError: a stride that would leave codes outside their window, or a canvas of another
            size than the order's.
    """

    def __init__(
        self, size: Size, window: Size, stride: int = 1, permuter: Permuter | None = None
    ) -> None:
        if min(size) < 1:
            raise ValueError(f"A picture has at least 1 x 1 codes, not {size[0]} x {size[1]}.")
        if permuter is not None and size != (permuter.height, permuter.width):
            raise ValueError(
                f"A prior with the order {permuter.name!r} makes {permuter.height} x "
                f"{permuter.width} codes, not {size[0]} x {size[1]}."
            )
        if permuter is not None:
            window = size
        self.size, self.permuter = size, permuter
        self.window = (min(size[0], window[0]), min(size[1], window[1]))
        self.slides = self.window != size
        for length, side in zip(size, self.window, strict=True):
            if stride < 1 or (length > side and stride > side - side // 2):
                raise ValueError(
                    f"The stride of a window of {side} codes is 1 to {side - side // 2}, "
                    f"got {stride}."
                )
        self._rows = _starts(size[0], self.window[0], stride)
        self._columns = _starts(size[1], self.window[1], stride)

    def origin(self, position: Position) -> Position:
        """The upper left corner of the window in which the code at ``position`` is sampled."""
        return self._rows[position[0]], self._columns[position[1]]

    def local_index(self, position: Position) -> int:
        """How many codes of that window are read before the one at ``position``."""
        top, left = self.origin(position)
        index = (position[0] - top) * self.window[1] + position[1] - left
        return index if self.permuter is None else int(self.permuter.inverse_index[index])

    def read(self, canvas: Tensor, origin: Position) -> Tensor:
        """The window's codes in the order in which they are read: (B, h, w) -> (B, n)."""
        codes = self.crop(canvas, origin)
        return codes if self.permuter is None else self.permuter.forward(codes)

    def crop(self, canvas: Tensor, origin: Position) -> Tensor:
        """The window's codes row by row: (B, h, w) -> (B, n)."""
        (top, left), (height, width) = origin, self.window
        return canvas[:, top : top + height, left : left + width].flatten(1)  # (B, h'*w')

    def order(self) -> list[Position]:
        """All positions in the order in which they are sampled."""
        height, width = self.size
        raster = range(height * width)
        flat = raster if self.permuter is None else self.permuter.forward_index.tolist()
        return [divmod(index, width) for index in flat]

    def wavefronts(self) -> list[list[Position]]:
        """All positions in groups, each of which needs codes of earlier groups only.

        Row by row only. A row follows the one above as soon as that has passed the right end of
        its window.
        """
        level: dict[Position, int] = {}
        groups: list[list[Position]] = []
        for row, column in self.order():
            right = self._columns[column] + self.window[1] - 1
            n = 1 + max(level.get((row, column - 1), -1), level.get((row - 1, right), -1))
            level[row, column] = n
            groups += [[] for _ in range(n + 1 - len(groups))]
            groups[n].append((row, column))
        return groups


def _starts(length: int, side: int, stride: int) -> list[int]:
    return [
        min(max((i - side // 2) // stride * stride, 0), length - side)  # the middle of the window
        for i in range(length)
    ]


class WindowCaches:
    """A cache of keys and values for each window that is used more than once.

    Windows come back row after row. Where there is not room for all, the one used last gives way:
    it is the one that will be needed again latest.

    Args:
        make: makes an empty cache.
        limit: how many there may be.
        uses: how often each window will be used.
    """

    def __init__(
        self, make: Callable[[], KeyValueCache], limit: int, uses: Counter[Position]
    ) -> None:
        self._make, self._limit, self._uses = make, max(limit, 1), Counter(uses)
        self._live: dict[Position, KeyValueCache] = {}  # the one used last at its end
        self._free: list[KeyValueCache] = []

    def once_only(self, window: Position) -> bool:
        """Whether nothing read for this window now will serve again."""
        return self._uses[window] <= 1 and window not in self._live

    def use(self, window: Position) -> KeyValueCache:
        """The window's cache with what it has read so far; counts as one use."""
        cache = self._live.pop(window, None)
        if cache is None:
            cache = self._room()
            cache.reset()
        self._uses[window] -= 1
        if self._uses[window] > 0:
            self._live[window] = cache
        else:
            self._free.append(cache)
        return cache

    def _room(self) -> KeyValueCache:
        if self._free:
            return self._free.pop()
        if len(self._live) >= self._limit:
            return self._live.popitem()[1]
        return self._make()
