"""The discriminator's side of a VQGAN's training, and what the VQGAN gets to hear from it."""

from __future__ import annotations

import torch
from accelerate import Accelerator  # type: ignore[import-untyped]
from torch import Tensor, nn

from vqgan_space.models.discriminator import PatchDiscriminator

from . import losses


class Adversary:
    """A PatchGAN with its optimiser (Esser et al., arXiv 2012.09841, eq. 5 to 7).

    Args:
        accelerator: what the training runs on.
        width: of the discriminator.
        lr: its highest learning rate.
        clip: the largest norm of its gradient.
        adaptive: whether its loss is weighed against the reconstruction's at the last layer.
        matching: weight of the feature matching loss.
        lecam: weight of the LeCAM regularisation.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        *,
        width: int = 64,
        lr: float = 2e-4,
        clip: float = 1.0,
        adaptive: bool = True,
        matching: float = 0.0,
        lecam: float = 0.0,
    ) -> None:
        self.accelerator, self.lr, self.clip = accelerator, lr, clip
        self.adaptive, self.matching, self.weight_of_lecam = adaptive, matching, lecam
        self.raw = PatchDiscriminator(width=width).to(accelerator.device)
        self.lecam = losses.LeCAM().to(accelerator.device)
        optimizer = torch.optim.AdamW(self.raw.parameters(), lr, betas=(0.5, 0.9), weight_decay=0.0)
        self.critic, self.optimizer = accelerator.prepare(self.raw, optimizer)
        accelerator.register_for_checkpointing(self.lecam)

    def judge(
        self, output: Tensor, images: Tensor, reconstruction: Tensor, last_layer: nn.Parameter
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The VQGAN's adversarial loss, to be weighed, with its parts.

        Args:
            output: reconstructions of ``images``, both (B, 3, H, W) in [-1, 1].
            reconstruction: the loss of all else.
            last_layer: the decoder's last weights, at which both losses' gradients are compared.
        """
        self.raw.requires_grad_(False)
        seen = self.raw.features(output)
        parts = {"generator": losses.generator_loss(self.raw.head(seen[-1]))}
        loss = parts["generator"]
        if self.adaptive:
            ours, theirs = (
                self.accelerator.reduce(
                    torch.autograd.grad(part, last_layer, retain_graph=True)[0], "mean"
                )
                for part in (reconstruction, loss)
            )
            parts["adaptive"] = losses.adaptive_weight(ours, theirs)
            loss = parts["adaptive"] * loss
        if self.matching:
            matching = losses.feature_matching_loss(seen, self.raw.features(images))
            parts["matching"] = self.matching * matching
        return loss, parts

    def learn(self, images: Tensor, output: Tensor, share_of_lr: float) -> float:
        """One step of the discriminator on pictures and their reconstructions; its loss."""
        self.raw.requires_grad_(True)
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * share_of_lr
        with self.accelerator.autocast():
            real, fake = self.critic(torch.cat([images, output.detach()])).chunk(2)
            loss = losses.discriminator_hinge_loss(real, fake)
            if self.weight_of_lecam:
                means = torch.stack([real.mean(), fake.mean()]).detach()
                self.lecam.update(*self.accelerator.reduce(means, "mean"))
                loss = loss + self.weight_of_lecam * self.lecam(real, fake)
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.raw.parameters(), self.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.item()
