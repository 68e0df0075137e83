"""Height map of an eroded mountain range, for the mountain lake picture. Lengths in kilometres."""

from __future__ import annotations

import numpy as np
from common import Array, bilinear, blur, fbm, hash01, noise, smoothstep

CELLS = 1400
WEST, SOUTH, EXTENT = -7.0, -0.4, 14.0


def to_cells(x: Array, z: Array) -> tuple[Array, Array]:
    """World coordinates to (column, row) of the map."""
    scale = (CELLS - 1) / EXTENT
    return (x - WEST) * scale, (z - SOUTH) * scale


def gully_waves(x: Array, y: Array, along_x: Array, along_y: Array, seed: int) -> tuple:
    """Stripes that run along the given direction field, with their slope: (height, d/dx, d/dy).

    Each lattice cell carries a plane wave with a random origin, and nearby waves are blended.
    """
    floor_x, floor_y = np.floor(x), np.floor(y)
    height, slope, total = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for j in (-1, 0, 1):
        for i in (-1, 0, 1):
            ix, iy = (floor_x + i).astype(np.int32), (floor_y + j).astype(np.int32)
            dx = x - ix - 0.25 - 0.5 * hash01(ix, iy, seed)
            dy = y - iy - 0.25 - 0.5 * hash01(ix, iy, seed + 1)
            weight = np.exp(-3.0 * (dx * dx + dy * dy))
            phase = 2 * np.pi * (-along_y * dx + along_x * dy)
            height += weight * np.cos(phase)
            slope -= weight * np.sin(phase)
            total += weight
    return height / total, -along_y * slope / total, along_x * slope / total


def shore_distance(x: Array, z: Array) -> Array:
    """How far inland a point lies (negative: on the lake)."""
    bend = 0.5 * (noise(x * 1.7 + 5, z * 1.7, 61) - 0.5) + 0.12 * (fbm(x * 7, z * 7, 3, 62) - 0.5)
    far = z - 2.5 - 0.3 * x
    left = -x - 0.18 - 0.36 * z
    left = left + 0.34 * np.exp(-(((z - 0.95) / 0.22) ** 2))
    right = x - 0.30 - 0.36 * z + 0.42 * np.exp(-(((z - 1.75) / 0.25) ** 2))
    return np.maximum(np.maximum(far, left), right) + bend * 0.55


def build() -> Array:
    """The map (CELLS, CELLS), in kilometres above the lake; row 0 is nearest the camera."""
    axis = np.linspace(0, EXTENT, CELLS, dtype=np.float32)
    x, z = np.meshgrid(axis + WEST, axis + SOUTH)
    massif = 1.75 * np.exp(-(((x - 0.75) / 1.5) ** 2 + ((z - 8.2) / 1.7) ** 2))
    massif += 1.15 * np.exp(-(((x + 2.3) / 1.2) ** 2 + ((z - 8.8) / 1.6) ** 2))
    massif += 1.0 * np.exp(-(((x - 3.6) / 1.1) ** 2 + ((z - 8.6) / 1.8) ** 2))
    massif += 0.75 * np.exp(-(((x + 4.6) / 1.3) ** 2 + ((z - 7.4) / 1.6) ** 2))
    massif += 0.5 * smoothstep(6.5, 11, z)
    warp = 0.5 * (fbm(x * 0.9, z * 0.9, 3, 5) - 0.5)
    ridges = np.zeros_like(x)
    amplitude, weight = 1.0, np.ones_like(x)
    px, pz = x * 0.62 + warp + 3.1, z * 0.62 + warp
    for octave in range(5):
        crest = (1 - np.abs(2 * noise(px, pz, 10 + octave) - 1)) ** 1.4
        ridges += amplitude * weight * crest
        weight = np.clip(crest * 1.6, 0, 1)
        amplitude *= 0.5
        px, pz = 2.03 * (0.8 * px - 0.6 * pz), 2.03 * (0.6 * px + 0.8 * pz)
    mountains = massif * (0.40 + 0.50 * ridges)

    # Gullies follow the slope of what is already there, coarse ones first.
    step = EXTENT / (CELLS - 1)
    base = blur(mountains, 2)
    slope_z, slope_x = np.gradient(base, step)
    steep = smoothstep(0.05, 0.6, np.hypot(slope_x, slope_z))
    size, strength = 1.9, 0.11
    for octave in range(5):
        length = np.hypot(slope_x, slope_z) + 1e-4
        waves, wave_x, wave_z = gully_waves(
            x * size, z * size, slope_x / length, slope_z / length, 90 + 2 * octave
        )
        mountains += strength * steep * waves
        slope_x = slope_x + 2 * np.pi * strength * size * steep * wave_x * 0.8
        slope_z = slope_z + 2 * np.pi * strength * size * steep * wave_z * 0.8
        size, strength = size * 2, strength * 0.46

    shore = shore_distance(x, z)
    hills = smoothstep(0, 1.6, shore) * (0.10 + 0.42 * fbm(x * 1.5, z * 1.5, 5, 33))
    near = smoothstep(2.6, 5.2, z)
    land = np.minimum(shore * 0.16, 0.03) + hills * (1 - 0.4 * near)
    return (land + np.maximum(mountains, 0) * near).astype(np.float32)


def height_at(grid: Array, x: Array, z: Array) -> Array:
    """Ground height at world points, with the roughness too fine for the map."""
    rough = 0.016 * (fbm(x * 42, z * 42, 3, 71) - 0.5)
    ground = bilinear(grid, *to_cells(x, z))
    return ground + rough * smoothstep(0.02, 0.5, ground)
