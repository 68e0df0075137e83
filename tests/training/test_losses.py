"""Losses by hand-made numbers."""

from __future__ import annotations

import pytest
import torch

from vqgan_space.models.discriminator import PatchDiscriminator
from vqgan_space.training import losses, metrics
from vqgan_space.training.perceptual import load_perceptual, lpips_backbone


def test_hinge_loss_by_hand() -> None:
    real, fake = torch.tensor([2.0, 0.0]), torch.tensor([-2.0, 1.0])
    assert losses.discriminator_hinge_loss(real, fake).item() == pytest.approx(0.5 * (0.5 + 1.0))
    assert losses.generator_loss(fake).item() == pytest.approx(0.5)


def test_adaptive_weight_balances_the_gradients() -> None:
    reconstruction, adversarial = torch.full((4,), 3.0), torch.full((4,), 0.5)
    assert losses.adaptive_weight(reconstruction, adversarial).item() == pytest.approx(6, rel=1e-3)
    assert losses.adaptive_weight(reconstruction, 0 * adversarial) == 1e4


def test_gradient_loss_ignores_an_offset_and_sees_a_shift() -> None:
    picture = torch.rand(1, 3, 16, 16)
    assert losses.gradient_loss(picture + 0.3, picture) < 1e-6
    assert losses.gradient_loss(picture.roll(1, 3), picture) > 0.05


def test_heavy_pixels_count_as_often_as_they_weigh() -> None:
    target = torch.zeros(1, 3, 4, 8)
    output = target.clone()
    output[..., 2:] = 0.5
    weights = torch.ones(1, 1, 4, 8)
    weights[..., 4:] = 3
    plain = losses.pixel_loss(output, target, 1.0, 2.0)
    assert plain.item() == pytest.approx(6 / 8 * (0.5 + 2 * 0.25))
    weighed = losses.pixel_loss(output, target, 1.0, 2.0, weights)
    assert weighed.item() == pytest.approx((2 + 4 * 3) / 8 * (0.5 + 2 * 0.25))
    assert losses.pixel_loss(output, target, weights=torch.ones_like(weights)).item() == (
        pytest.approx(losses.pixel_loss(output, target).item())
    )
    # The edge lies between columns 1 and 2: the heavier of the two pixels counts.
    weights[..., 2] = 3
    assert losses.gradient_loss(output, target, 1, weights).item() == pytest.approx(
        3 * losses.gradient_loss(output, target, 1).item()
    )


def test_colour_loss_ignores_brightness_and_fine_colour() -> None:
    picture = torch.rand(1, 3, 16, 16)
    assert losses.colour_loss(picture * 0 + 0.5, picture * 0) < 1e-6
    tinted = picture + torch.tensor([0.2, 0.0, -0.2])[None, :, None, None]
    assert losses.colour_loss(tinted, picture).item() == pytest.approx(0.4, rel=1e-4)
    dither = torch.zeros(1, 3, 16, 16)
    dither[:, 0, ::2], dither[:, 0, 1::2] = 0.5, -0.5
    assert losses.colour_loss(picture + dither, picture) < 1e-6


def test_pixel_loss_weights() -> None:
    a, b = torch.zeros(1, 3, 2, 2), torch.full((1, 3, 2, 2), 0.5)
    assert losses.pixel_loss(a, b, l1=2, l2=4).item() == pytest.approx(2 * 0.5 + 4 * 0.25)


def test_lecam_penalises_a_discriminator_that_runs_away() -> None:
    lecam = losses.LeCAM(decay=0.5)
    for _ in range(30):
        lecam.update(torch.tensor(0.5), torch.tensor(-0.5))
    calm = lecam(torch.tensor([-0.6]), torch.tensor([0.6]))
    wild = lecam(torch.tensor([3.0]), torch.tensor([-3.0]))
    assert calm == 0 and wild.item() == pytest.approx(2 * 3.5**2, rel=1e-3)


def test_a_discriminator_learns_to_tell_and_has_patches_of_70_pixels() -> None:
    torch.manual_seed(0)
    critic = PatchDiscriminator(width=8)
    real, fake = torch.rand(4, 3, 64, 64), torch.zeros(4, 3, 64, 64)
    optimizer = torch.optim.Adam(critic.parameters(), 1e-3)
    for _ in range(15):
        loss = losses.discriminator_hinge_loss(critic(real), critic(fake))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.5
    assert critic(torch.zeros(1, 3, 70, 70)).shape == (1, 1, 6, 6)


def test_feature_distance_orders_what_an_eye_orders() -> None:
    distance = load_perceptual("features")
    torch.manual_seed(0)
    picture = torch.nn.functional.interpolate(torch.rand(1, 3, 8, 8) * 2 - 1, size=64)
    slightly = (picture + 0.03 * torch.randn_like(picture)).clamp(-1, 1)
    other = torch.nn.functional.interpolate(torch.rand(1, 3, 8, 8) * 2 - 1, size=64)
    values = [distance(x, picture).item() for x in (picture, slightly, other)]
    assert values[0] == 0 and 0 < values[1] < 0.5 * values[2]
    assert "CIFAR-10" in distance.name
    assert not distance.train().net.training


def test_lpips_is_never_silently_replaced() -> None:
    if lpips_backbone():
        assert "LPIPS" in load_perceptual("auto").name
    else:
        with pytest.raises(ValueError, match="not on this machine"):
            load_perceptual("lpips")
        assert "LPIPS" not in load_perceptual("auto").name


def test_psnr_and_ssim_of_known_pictures() -> None:
    picture = torch.rand(2, 3, 32, 32) * 2 - 1
    darker = (metrics.to_bytes(picture).float().clamp(min=10) - 10) / 127.5 - 1
    brighter = darker + 10 / 127.5
    assert metrics.psnr(darker, brighter).tolist() == pytest.approx([28.13] * 2, abs=0.01)
    assert metrics.psnr(picture, picture).isinf().all()
    assert metrics.ssim(picture, picture).tolist() == pytest.approx([1, 1])
    assert (metrics.ssim(picture, picture.flip(3)) < 0.3).all()
    assert metrics.ssim(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)).isnan().all()
