"""Zoom and pan between the frames of a guided video."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Camera:
    """How far the view moves from one frame to the next.

    Attributes:
        zoom: above 1 the view comes nearer.
        right, down: how far it goes, of the picture's sides.
        turn: degrees counter-clockwise.
        every: after how many steps it moves.
    """

    zoom: float = 1.0
    right: float = 0.0
    down: float = 0.0
    turn: float = 0.0
    every: int = 1

    def __post_init__(self) -> None:
        """Raises ``ValueError`` where a number is out of its range."""
        if not 0.5 <= self.zoom <= 2:
            raise ValueError(f"The zoom must be from 0.5 to 2, got {self.zoom:g}.")
        if not max(abs(self.right), abs(self.down)) <= 0.5:
            raise ValueError("The camera goes at most half a picture at a time.")
        if not abs(self.turn) <= 90 or self.every < 1:
            raise ValueError("The camera turns at most 90 degrees, every step or less often.")

    @property
    def moves(self) -> bool:
        """Whether anything changes."""
        return (self.zoom, self.right, self.down, self.turn) != (1.0, 0.0, 0.0, 0.0)

    def move(self, pictures: Tensor) -> Tensor:
        """What (B, 3, H, W) look like after one move; beyond their borders they are mirrored."""
        height, width = pictures.shape[-2:]
        angle = math.radians(self.turn)
        cos, sin = math.cos(angle) / self.zoom, math.sin(angle) / self.zoom
        # Coordinates from -1 to 1 along sides of different lengths.
        view = torch.tensor(
            [
                [cos, -sin * height / width, 2 * self.right],
                [sin * width / height, cos, 2 * self.down],
            ],
            device=pictures.device,
        )
        views = view.expand(len(pictures), 2, 3)
        grid = F.affine_grid(views, list(pictures.shape), align_corners=False)
        return F.grid_sample(
            pictures, grid, mode="bicubic", padding_mode="reflection", align_corners=False
        )
