"""Noise, filtering and tone mapping shared by the example pictures (numpy and Pillow only)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image

Array = np.ndarray

# One octave of `fbm` is turned by this angle against the last, which hides the noise lattice.
OCTAVE_COS, OCTAVE_SIN = np.float32(0.8), np.float32(0.6)


@lru_cache(maxsize=64)
def _lattice(seed: int) -> Array:
    return np.random.default_rng(seed).random((256, 256), dtype=np.float32)


def noise(x: Array, y: Array, seed: int = 0) -> Array:
    """Smooth value noise in [0, 1] at the points (x, y); features are about one unit wide."""
    table = _lattice(seed)
    floor_x, floor_y = np.floor(x), np.floor(y)
    fx, fy = (x - floor_x).astype(np.float32), (y - floor_y).astype(np.float32)
    ix, iy = floor_x.astype(np.int32), floor_y.astype(np.int32)
    u, v = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    x0, x1, y0, y1 = ix & 255, (ix + 1) & 255, iy & 255, (iy + 1) & 255
    top = table[y0, x0] * (1 - u) + table[y0, x1] * u
    bottom = table[y1, x0] * (1 - u) + table[y1, x1] * u
    return top * (1 - v) + bottom * v


def fbm(x: Array, y: Array, octaves: int = 5, seed: int = 0, gain: float = 0.5) -> Array:
    """Fractal sum of `octaves` noises, each twice as fine as the last; about [0, 1]."""
    total, weight, amplitude = np.zeros(np.broadcast(x, y).shape, np.float32), 0.0, 1.0
    for octave in range(octaves):
        total += amplitude * noise(x, y, seed + octave)
        weight += amplitude
        amplitude *= gain
        x, y = 2 * (OCTAVE_COS * x - OCTAVE_SIN * y), 2 * (OCTAVE_SIN * x + OCTAVE_COS * y)
    return total / weight


def hash01(ix: Array, iy: Array, seed: int = 0) -> Array:
    """A random number in [0, 1) for every pair of integers; the same pair, the same number."""
    h = (ix.astype(np.uint32) * np.uint32(0x9E3779B1)) ^ (
        iy.astype(np.uint32) * np.uint32(0x85EBCA6B)
    )
    h = (h + np.uint32(seed * 0x27D4EB2F & 0xFFFFFFFF)) * np.uint32(0xC2B2AE35)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    h = (h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39)
    return ((h ^ (h >> np.uint32(15))) >> np.uint32(8)).astype(np.float32) / np.float32(1 << 24)


def smoothstep(low: float, high: float, x: Array) -> Array:
    """0 below `low`, 1 above `high`, smooth between; `low` may be the larger one."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a: Array | float, b: Array | float, t: Array | float) -> Array:
    """`a` where t is 0, `b` where t is 1. A (H, W) `t` mixes (H, W, 3) or (3,) colours."""
    a, b, t = np.asarray(a, np.float32), np.asarray(b, np.float32), np.asarray(t, np.float32)
    if t.ndim and max(a.ndim, b.ndim) and (a.shape[-1:] == (3,) or b.shape[-1:] == (3,)):
        t = t[..., None]
    return a + (b - a) * t


def normalize(v: Array) -> Array:
    """Vectors (..., 3) scaled to length 1."""
    return v / np.maximum(np.sqrt((v * v).sum(-1, keepdims=True)), 1e-9)


def bilinear(grid: Array, x: Array, y: Array) -> Array:
    """`grid` (H, W) or (H, W, C) read at column x and row y (floats, clamped to the grid)."""
    height, width = grid.shape[:2]
    x, y = np.clip(x, 0, width - 1.001), np.clip(y, 0, height - 1.001)
    ix, iy = x.astype(np.int32), y.astype(np.int32)
    u, v = (x - ix).astype(np.float32), (y - iy).astype(np.float32)
    if grid.ndim == 3:
        u, v = u[..., None], v[..., None]
    top = grid[iy, ix] * (1 - u) + grid[iy, ix + 1] * u
    bottom = grid[iy + 1, ix] * (1 - u) + grid[iy + 1, ix + 1] * u
    return top * (1 - v) + bottom * v


def blur(image: Array, sigma: float) -> Array:
    """Gaussian blur of (H, W) or (H, W, C) with mirrored borders; `sigma` in pixels."""
    pad = min(int(3 * sigma) + 1, image.shape[0] - 1, image.shape[1] - 1)
    for axis in (0, 1):
        widths = [(pad, pad) if a == axis else (0, 0) for a in range(image.ndim)]
        padded = np.pad(image, widths, mode="reflect")
        frequency = np.fft.rfftfreq(padded.shape[axis])
        response = np.exp(-2 * (np.pi * frequency * sigma) ** 2)
        shape = [-1 if a == axis else 1 for a in range(image.ndim)]
        spectrum = np.fft.rfft(padded, axis=axis) * response.reshape(shape)
        padded = np.fft.irfft(spectrum, n=padded.shape[axis], axis=axis)
        image = np.take(padded, range(pad, padded.shape[axis] - pad), axis=axis)
    return image.astype(np.float32)


def bloom(light: Array, sigmas: tuple[float, ...], share: float) -> Array:
    """Spreads `share` of the light over halos of the given widths, as a camera lens does."""
    halo = sum(blur(light, sigma) for sigma in sigmas) / len(sigmas)
    return (1 - share) * light + share * halo


def shrink(image: Array, factor: int) -> Array:
    """Mean over blocks of `factor` x `factor` pixels: (H, W, 3) -> (H/factor, W/factor, 3)."""
    height, width = image.shape[0] // factor, image.shape[1] // factor
    return image.reshape(height, factor, width, factor, 3).mean((1, 3))  # blocks -> pixels


def filmic(light: Array, exposure: float = 1.0) -> Array:
    """Scene light (H, W, 3) in [0, inf) to display values in [0, 1] on a film-like curve."""
    x = np.maximum(light * exposure, 0) * 0.6
    curve = x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)
    return gamma(curve)


def gamma(linear: Array) -> Array:
    """Linear light in [0, 1] to sRGB values in [0, 1]."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def linear(*colour: int) -> Array:
    """An sRGB colour given as 0..255 numbers, as linear light (3,)."""
    c = np.asarray(colour, np.float32) / 255
    return np.where(c < 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_picture(display: Array, grain: float = 0.006) -> Image.Image:
    """Display values (H, W, 3) in [0, 1] to a picture, with a trace of film grain."""
    rng = np.random.default_rng(0)
    noisy = display + grain * rng.standard_normal(display.shape[:2])[..., None]
    return Image.fromarray((np.clip(noisy, 0, 1) * 255 + 0.5).astype(np.uint8))
