"""A world that can be drawn, labelled and described without end.

``scene(seed)`` draws a landscape, its label map in COCO-Stuff ids less one, and its captions. The
same seed gives the same scene at every size, only finer. ``Scenes`` and ``SceneStream`` are data
sets of them; ``python -m vqgan_space.data.scenes`` writes them to a folder.
"""

from __future__ import annotations

from .attributes import OBJECTS, WEIGHTS, Attributes
from .dataset import HELD_OUT, Scenes, SceneStream
from .scene import Batch, Scene, batch, scene

__all__ = [
    "HELD_OUT",
    "OBJECTS",
    "WEIGHTS",
    "Attributes",
    "Batch",
    "Scene",
    "SceneStream",
    "Scenes",
    "batch",
    "scene",
]
