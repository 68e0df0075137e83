"""Measures of pictures synthesised from label maps: do they follow, look real, and differ?

A segmentation network reads the classes off a picture; agreement with the label map that was asked
for is measured as Isola et al. do (arXiv 1611.07004, sec. 4.1), beside the same for the real
pictures of those maps, which no synthesis should be expected to beat. Diversity is the mean
perceptual distance between pictures of one map (arXiv 1711.11586, sec. 4.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from random import Random

import torch
from torch import Tensor, nn

from vqgan_space.data.labelled import to_floats
from vqgan_space.data.scenes.attributes import OBJECTS, WEIGHTS
from vqgan_space.data.scenes.dataset import picture_tensor
from vqgan_space.data.scenes.scene import render
from vqgan_space.models.segmenter import Segmenter
from vqgan_space.training.fid import frechet_distance, frechet_name
from vqgan_space.training.metrics import to_bytes
from vqgan_space.training.segmentation_metrics import confusion, mean_iou, pixel_accuracy

SHIPPED = Path(__file__).resolve().parent.parent / "weights" / "segmenter-scenes"
FEATURES = "features of the scenes' segmenter"
# Two label maps are one and the same layout where so many of their pixels agree.
SAME_LAYOUT = 0.99

# Label maps (B, H, W) of int64 and a seed for each -> pictures (B, 3, H, W) in [-1, 1].
Painter = Callable[[Tensor, list[int]], Tensor]


@dataclass(frozen=True)
class Judgement:
    """What the segmentation network finds in a set of pictures.

    Attributes:
        matrix: confusion of the classes asked for with those found, (C, C).
        features: (N, D).
    """

    matrix: Tensor
    features: Tensor


def load_segmenter(folder: str | Path = SHIPPED) -> Segmenter:
    """A trained segmentation network, from the folder that ``train/segmentation.py`` leaves.

    Raises:
        ValueError: there is none.
    """
    try:
        model = Segmenter.from_pretrained(
            Path(folder) / "segmenter",
            use_safetensors=True,
            low_cpu_mem_usage=False,
            torch_dtype=torch.float32,
        )
    except OSError as error:
        raise ValueError(
            f"there is no segmentation network in {folder}: train one with train/segmentation.py"
        ) from error
    return model.eval().requires_grad_(False).to(memory_format=torch.channels_last)


@torch.inference_mode()
def paint(painter: Painter, label_maps: Tensor, seed: int = 0, batch: int = 8) -> Tensor:
    """A picture for every label map (N, H, W), map n with the seed ``seed + n``.

    Returns:
        (N, 3, H, W) uint8.
    """
    parts = []
    for start in range(0, len(label_maps), batch):
        asked = label_maps[start : start + batch].long()
        seeds = [seed + start + index for index in range(len(asked))]
        parts.append(to_bytes(painter(asked, seeds)).cpu())
    return torch.cat(parts)


@torch.inference_mode()
def judge(segmenter: Segmenter, pictures: Tensor, label_maps: Tensor, batch: int = 8) -> Judgement:
    """Classes found in pictures (N, 3, H, W), uint8, against label maps (N, H, W)."""
    classes = segmenter.config.num_classes
    matrix = torch.zeros(classes, classes, dtype=torch.int64)
    features = []
    for part, asked in zip(pictures.split(batch), label_maps.split(batch), strict=True):
        images = to_floats(part.to(segmenter.device))
        matrix += confusion(asked, segmenter.label_maps(images).cpu(), classes)
        features.append(segmenter.features(images).cpu())
    return Judgement(matrix, torch.cat(features))


def compare(synthesised: Judgement, real: Judgement, reference: Judgement) -> dict[str, float]:
    """The figures of synthesised pictures beside those of the real ones of the same label maps.

    Args:
        synthesised, real: of the same label maps.
        reference: of other real pictures, many of them; only its features count.

    Returns:
        Pixel accuracy and mean IoU of both, the ratio of the latter, and both sets' Frechet
        distance to ``reference``: that of the real ones is what so few pictures cost.
    """
    asked, found = mean_iou(real.matrix), mean_iou(synthesised.matrix)
    name = frechet_name(FEATURES)
    return {
        "pixel accuracy": pixel_accuracy(synthesised.matrix),
        "pixel accuracy of real pictures": pixel_accuracy(real.matrix),
        "mean IoU": found,
        "mean IoU of real pictures": asked,
        "mean IoU over that of real pictures": found / asked,
        name: frechet_distance(synthesised.features, reference.features),
        f"{name} of real pictures": frechet_distance(real.features, reference.features),
    }


@torch.inference_mode()
def mean_distance(perceptual: nn.Module, pictures: Tensor) -> float:
    """Mean perceptual distance over all pairs of pictures (N, 3, H, W), uint8, N >= 2."""
    images = to_floats(pictures)
    pairs = list(combinations(range(len(images)), 2))
    if not pairs:
        raise ValueError("a distance between pictures needs two of them or more")
    distances = [perceptual(images[a : a + 1], images[b : b + 1]) for a, b in pairs]
    return torch.cat(distances).mean().item()


def relit(seed: int, size: int, count: int) -> tuple[Tensor, Tensor] | None:
    """A scene at other times of day and in other seasons, its layout kept.

    A time or season can move what is there, clouds above all, which makes it another label map: of
    all that can be asked for, those are taken that agree with the scene's in ``SAME_LAYOUT`` of the
    pixels. So the layout is the same but for a hundredth.

    Args:
        seed: of the scene.
        size: side in pixels.
        count: how many pictures, the scene itself included.

    Returns:
        Pictures (count, 3, size, size), uint8, and the scene's label map (size, size); None where
        the scene has not so many.
    """
    picture, label_map, attributes = render(seed, size)
    fixed = attributes.to_dict()
    objects = fixed.pop("objects")
    wishes = {"objects": objects, "without": [name for name in OBJECTS if name not in objects]}
    lights = [(time, season) for time in WEIGHTS["time"] for season in WEIGHTS["season"]]
    lights.remove((attributes.time, attributes.season))
    Random(seed).shuffle(lights)
    found = [to_bytes(picture_tensor(picture))]
    for time, season in lights:
        if len(found) == count:
            break
        try:
            other, layout, _ = render(
                seed, size, **fixed | {"time": time, "season": season}, **wishes
            )
        except ValueError:  # a rule of the scenes is against it: snow in summer, say
            continue
        if (layout == label_map).mean() >= SAME_LAYOUT:
            found.append(to_bytes(picture_tensor(other)))
    if len(found) < count:
        return None
    return torch.stack(found), torch.from_numpy(label_map)


def relit_scenes(seeds: Sequence[int], size: int, variants: int) -> Iterator[tuple[Tensor, Tensor]]:
    """``relit`` of those scenes that have so many variants."""
    for seed in seeds:
        scene = relit(seed, size, variants)
        if scene is not None:
            yield scene


def measure_diversity(
    painter: Painter,
    scenes: Sequence[tuple[Tensor, Tensor]],
    perceptual: nn.Module,
    seed: int = 0,
) -> dict[str, float]:
    """Mean perceptual distance between pictures of one label map, synthesised and real.

    Args:
        painter: paints them.
        scenes: for each label map (H, W) its real pictures (V, 3, H, W), uint8: ``relit``'s. As
            many are painted.
        perceptual: a distance with a ``name`` (``training.perceptual``).
        seed: of the first picture.

    Raises:
        ValueError: no scenes, or one picture alone of a map.
    """
    if not scenes:
        raise ValueError("diversity needs one label map at least that has several real pictures")
    synthesised, real = 0.0, 0.0
    for pictures, label_map in scenes:
        maps = label_map.expand(len(pictures), -1, -1)
        synthesised += mean_distance(perceptual, paint(painter, maps, seed)) / len(scenes)
        real += mean_distance(perceptual, pictures) / len(scenes)
    name = f"diversity, {perceptual.name}"
    return {
        name: synthesised,
        f"{name}, of re-lit real scenes": real,
        f"{name}, over that of re-lit real scenes": synthesised / real,
    }
