"""Retrieval: how often a text finds its own picture among others."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vqgan_space.data.captions import Captioned
from vqgan_space.models.clip import CLIP


def recall(queries: Tensor, gallery: Tensor, at: Sequence[int] = (1, 10)) -> dict[int, float]:
    """Share of queries (N, D) whose own row of the gallery (N, D) is among the best k, by k.

    Rows are unit vectors; a tie counts as a miss half of the time.
    """
    scores = queries.double() @ gallery.double().T  # (N, N)
    own = scores.diagonal()[:, None]
    better = (scores > own).sum(dim=1).double()
    ties = ((scores == own).sum(dim=1) - 1).double()
    rank = better + ties / 2
    return {k: float((rank < k).double().mean()) for k in at}


@torch.inference_mode()
def measure_retrieval(
    clip: CLIP, pictures: Tensor, captions: Sequence[Sequence[str]], batch_size: int = 32
) -> dict[str, float]:
    """R@1 and R@10 among N pictures (N, 3, H, W) uint8, from the shortest and the longest caption.

    And back, from a picture to its longest caption.
    """
    embedded = torch.cat(
        [
            clip.embed_pictures(part.to(clip.device).float() / 127.5 - 1)
            for part in pictures.split(batch_size)
        ]
    )
    figures: dict[str, float] = {}
    texts = {"captions": [c[-1] for c in captions], "short captions": [c[0] for c in captions]}
    for name, chosen in texts.items():
        vectors = torch.cat(
            [
                clip.embed_texts(chosen[start : start + batch_size])
                for start in range(0, len(chosen), batch_size)
            ]
        )
        found = recall(vectors, embedded)
        figures |= {f"{name} to pictures: R@{k}": share for k, share in found.items()}
        if name == "captions":
            back = recall(embedded, vectors)
            figures |= {f"pictures to {name}: R@{k}": share for k, share in back.items()}
    return figures


@torch.inference_mode()
def best_pictures(
    clip: CLIP, data: Captioned, queries: int, best: int
) -> tuple[Tensor, tuple[str, ...]]:
    """For the shortest captions of the first pictures, those that fit best, to be looked at.

    Returns:
        Pictures (queries * best, 3, S, S) in [0, 1], the best first, and the captions.
    """
    pictures = data.pictures.float() / 255
    embedded = torch.cat([clip.embed_pictures(part * 2 - 1) for part in pictures.split(32)])
    texts = tuple(said[0] for said in data.captions[:queries])
    scores = clip.embed_texts(texts) @ embedded.T  # (queries, N)
    order = scores.argsort(dim=1, descending=True)[:, :best]
    return pictures[order.flatten()], texts
