"""t-SNE of the latents of a set's CVAEs (van der Maaten & Hinton, JMLR 2008), for the app to draw.

    python train/cvae_tsne.py --set runs/fashion-cvae --data fashion_mnist

Means of the latents of labelled pictures, by scikit-learn with a fixed seed, are written as
``tsne.json`` beside each variant's weights, with how far each class keeps to itself.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from sklearn.manifold import TSNE
from sklearn.neighbors import KNeighborsClassifier

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.idx import load_labelled
from vqgan_space.hub.cvaes import list_variants, load_cvae

NEIGHBOURS = 10


@dataclass
class Options:
    """What is projected."""

    set: Path
    """Folder of a set of CVAEs of classes."""
    data: str
    """Folder of IDX files, parquet file or Hub data set with labels; all of it is projected."""
    perplexity: float = 30.0
    seed: int = 0


def same_class_neighbours(latents: np.ndarray, labels: np.ndarray) -> float:
    """The share of pictures whose ten nearest others in the latents are mostly of their class."""
    finder = KNeighborsClassifier(NEIGHBOURS).fit(latents, labels)
    nearest = finder.kneighbors(return_distance=False)  # (N, 10), each without itself
    votes = labels[nearest]
    mostly = [np.bincount(vote).argmax() for vote in votes]
    return float((np.array(mostly) == labels).mean())


def main(options: Options) -> None:
    parts = [load_labelled(options.data, split) for split in ("train", "test")]
    pictures = torch.cat([part.pictures for part in parts]).float() / 255
    labels = torch.cat([part.labels for part in parts])
    for variant in list_variants(options.set):
        model = load_cvae(options.set, variant.folder)
        with torch.inference_mode():
            given = zip(pictures.split(256), labels.split(256), strict=True)
            means = torch.cat([model.encode(part, label)[0] for part, label in given]).numpy()
        placed = TSNE(2, perplexity=options.perplexity, random_state=options.seed, init="pca")
        x, y = placed.fit_transform(means).T
        share = same_class_neighbours(means, labels.numpy())
        record = {
            "x": [round(float(value), 2) for value in x],
            "y": [round(float(value), 2) for value in y],
            "label": labels.tolist(),
            "same class nearby": round(share, 4),
        }
        path = options.set / variant.folder / "tsne.json"
        path.write_text(json.dumps(record) + "\n")
        print(f"{variant.folder}: {len(labels)} pictures, class told by neighbours {share:.1%}")


if __name__ == "__main__":
    main(tyro.cli(Options))
