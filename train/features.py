"""Train the small classifier whose features stand in for LPIPS where VGG can't be had.

    python train/features.py --data data/cifar10/train.parquet --val data/cifar10/test.parquet

Data: a parquet file in the column layout of the Hub's uoft-cs/cifar10 (img, label).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.datasets import decode, to_unit_range
from vqgan_space.models.features import FeatureNet


@dataclass
class Options:
    """What to train on, for how long, and where to."""

    data: Path
    """Parquet file to train on."""
    val: Path
    """Parquet file to measure the accuracy on."""
    out: Path = Path("vqgan_space/weights/features-cifar10")
    """Folder for the trained network."""
    epochs: int = 12
    batch_size: int = 128
    lr: float = 4e-3
    seed: int = 0


def load(path: Path) -> tuple[Tensor, Tensor]:
    """Pictures (N, 3, 32, 32) in [-1, 1] and labels (N,)."""
    import datasets

    table = datasets.load_dataset("parquet", data_files=str(path), split="train")
    table = table.cast_column("img", datasets.Image(decode=False))
    pictures = torch.stack([to_unit_range(decode(item)) for item in table["img"]])
    return pictures, torch.tensor(table["label"])


def augment(images: Tensor) -> Tensor:
    """Random shift by up to 4 pixels, flip, contrast and brightness, one draw a batch."""
    top, left = torch.randint(0, 9, (2,)).tolist()
    side = images.shape[-1]
    images = F.pad(images, (4, 4, 4, 4), mode="reflect")[:, :, top : top + side, left : left + side]
    if torch.rand(()) < 0.5:
        images = images.flip(3)
    gain, offset = torch.rand(2, len(images), 1, 1, 1) - 0.5
    return images * (1 + 0.4 * gain) + 0.3 * offset


@torch.inference_mode()
def accuracy(model: FeatureNet, images: Tensor, labels: Tensor) -> float:
    """Share of pictures whose class is found."""
    model.eval()
    found = [model(part).argmax(1) for part in images.split(500)]
    return (torch.cat(found) == labels).float().mean().item()


def main(options: Options) -> None:
    torch.manual_seed(options.seed)
    images, labels = load(options.data)
    val_images, val_labels = load(options.val)
    model = FeatureNet()
    steps = options.epochs * (len(images) // options.batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.lr, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.lr, total_steps=steps)
    bar = tqdm(total=steps)
    for epoch in range(options.epochs):
        model.train()
        order = torch.randperm(len(images)).split(options.batch_size)
        for chosen in order[: len(images) // options.batch_size]:
            logits = model(augment(images[chosen]))
            loss = F.cross_entropy(logits, labels[chosen], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            bar.update()
            bar.set_postfix(loss=f"{loss.item():.3f}")
        tqdm.write(f"epoch {epoch + 1}: accuracy {accuracy(model, val_images, val_labels):.4f}")
    model.half().save_pretrained(options.out)
    print(f"saved to {options.out}")


if __name__ == "__main__":
    main(tyro.cli(Options))
