"""What a prior can be conditioned on besides a label map: a class, coordinates, or nothing.

*Taming Transformers* (arXiv 2012.09841), sec. 3.2: whatever it is, it becomes codes in front of the
picture's. A label map becomes codes by a ``LabelVQGAN``, a depth map or a picture by a ``VQGAN``;
those here need no weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class ClassCondition:
    """A class is its own code.

    Args:
        num_classes: how many there are.
    """

    num_classes: int

    def codes(self, condition: int | Sequence[int] | Tensor | None) -> Tensor:
        """Class numbers, one or (B,), to codes (B, 1).

        Raises:
            ValueError: none given, not whole numbers, or not of a class.
        """
        if condition is None:
            raise ValueError(f"Name a class, 0 to {self.num_classes - 1}.")
        classes = torch.as_tensor(condition)
        classes = classes[None] if classes.ndim == 0 else classes
        if classes.ndim != 1 or not len(classes) or classes.is_floating_point():
            raise ValueError(f"Classes are whole numbers (B,), got {tuple(classes.shape)}.")
        if classes.min() < 0 or classes.max() >= self.num_classes:
            raise ValueError(
                f"Classes are 0 to {self.num_classes - 1}, "
                f"got {int(classes.min())}..{int(classes.max())}."
            )
        return classes.to(torch.int64)[:, None]  # (B, 1)


@dataclass(frozen=True)
class StartCondition:
    """Nothing: one and the same code in front of every picture.

    Args:
        code: taming's ``sos_token``.
    """

    code: int = 0

    def codes(self, condition: Tensor | None = None) -> Tensor:
        """(B, 1), as many as ``condition`` has entries; (1, 1) where it is None."""
        return torch.full((1 if condition is None else len(condition), 1), self.code)


@dataclass(frozen=True)
class CoordinateCondition:
    """Where on its picture each code lies: 0 at its upper left, towards 1 at its lower right.

    Args:
        num_codes: coordinates are multiplied by this and rounded to codes.
        factor: pixels of a side that one code stands for.
    """

    num_codes: int
    factor: int

    def coordinates(self, height: int, width: int) -> Tensor:
        """The coordinates (1, 1, height, width) in [0, 1) of a whole picture, counted in pixels.

        A model that was trained on crops takes the crop of this.
        """
        numbers = torch.arange(height * width, dtype=torch.float64) / (height * width)
        return numbers.view(1, 1, height, width).float()

    def encode_codes(self, coordinates: Tensor) -> Tensor:
        """Coordinates (B, 1, H, W) in [0, 1] to codes (B, H / factor, W / factor).

        Raises:
            ValueError: another shape or range.
        """
        if coordinates.ndim != 4 or coordinates.shape[1] != 1:
            raise ValueError(f"Coordinates are (B, 1, H, W), got {tuple(coordinates.shape)}.")
        height, width = coordinates.shape[2:]
        if height % self.factor or width % self.factor or not coordinates.numel():
            raise ValueError(
                f"Both sides of the coordinates must be multiples of {self.factor}, "
                f"got {height} x {width}."
            )
        if coordinates.min() < 0 or coordinates.max() > 1:
            raise ValueError("Coordinates are in [0, 1].")
        means = F.interpolate(coordinates.float(), scale_factor=1 / self.factor, mode="area")
        return (means.clamp(0, 1) * self.num_codes).round().long().squeeze(1)  # (B, h, w)

    def codes(self, coordinates: Tensor) -> Tensor:
        """The same, flat: (B, h*w)."""
        return self.encode_codes(coordinates).flatten(1)


@dataclass(frozen=True)
class VectorCondition:
    """A row of floats, such as a text's embedding, which only a masked prior reads.

    Args:
        dim: its length, D.
    """

    dim: int

    def vectors(self, condition: Any) -> Tensor:
        """Vectors, one (D,) or (B, D), to float32 (B, D).

        Raises:
            ValueError: another shape.
        """
        if condition is None:
            raise ValueError(f"Give a vector of {self.dim} numbers.")
        vectors = torch.as_tensor(condition, dtype=torch.float32)
        vectors = vectors[None] if vectors.ndim == 1 else vectors
        if vectors.ndim != 2 or vectors.shape[1] != self.dim or not len(vectors):
            raise ValueError(f"Vectors are (B, {self.dim}), got {tuple(vectors.shape)}.")
        return vectors


PlainCondition = ClassCondition | StartCondition | CoordinateCondition | VectorCondition

KINDS: dict[str, type[PlainCondition]] = {
    "class": ClassCondition,
    "start": StartCondition,
    "coordinates": CoordinateCondition,
    "vector": VectorCondition,
}


def condition_to_dict(condition: PlainCondition) -> dict[str, Any]:
    """What JSON can hold: its kind and its numbers."""
    kind = next(kind for kind, cls in KINDS.items() if isinstance(condition, cls))
    return {"kind": kind, **asdict(condition)}


def condition_from_dict(values: dict[str, Any]) -> PlainCondition:
    """The inverse of ``condition_to_dict``.

    Raises:
        ValueError: an unknown kind, or other numbers than it has.
    """
    options = dict(values)
    cls = KINDS.get(str(options.pop("kind", "")))
    if cls is None:
        raise ValueError(f"There is no condition of the kind {values.get('kind')!r}.")
    if set(options) != set(cls.__dataclass_fields__) or not all(
        isinstance(value, int) and not isinstance(value, bool) for value in options.values()
    ):
        raise ValueError(
            f"A condition of the kind {values['kind']!r} has the whole numbers "
            f"{', '.join(cls.__dataclass_fields__)}, got {options}."
        )
    return cls(**options)
