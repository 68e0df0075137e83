"""Snowy mountains above a forest lake, in low evening sun.

The land is a height map drawn column by column from near to far: at each distance a column is
filled from the highest pixel so far up to where the ground there appears. The reflection is the
same land seen from a camera mirrored in the water.
"""

from __future__ import annotations

import numpy as np
import terrain
from common import (
    Array,
    bilinear,
    bloom,
    blur,
    fbm,
    filmic,
    hash01,
    linear,
    mix,
    noise,
    normalize,
    shrink,
    smoothstep,
    to_picture,
)
from PIL import Image

WIDTH, HEIGHT, SUPERSAMPLING = 512, 384, 2
HORIZON, FOCAL = 0.60, 1.02  # share of the height above the horizon; focal length / width
CAMERA = 0.011
SUN = normalize(np.array([-0.86, 0.30, -0.22], np.float32))
SUNLIGHT = np.array([1.0, 0.66, 0.40], np.float32) * 3.3
SKYLIGHT = np.array([0.30, 0.42, 0.66], np.float32) * 0.62
TREE_CELL, TREE_HEIGHT = 0.0085, 0.026


def trees(x: Array, z: Array, ground: Array) -> tuple[Array, Array]:
    """Height of the conifers above the ground at (x, z), and each tree's random shade."""
    best, shade = np.zeros_like(x), np.zeros_like(x)
    cx, cz = np.floor(x / TREE_CELL), np.floor(z / TREE_CELL)
    line = 0.50 + 0.25 * fbm(x * 2.2, z * 2.2, 3, 51)
    grove = noise(x * 6, z * 6, 50)
    density = smoothstep(0.004, 0.012, ground) * (1 - smoothstep(line - 0.12, line, ground))
    for j in (-1, 0, 1):
        for i in (-1, 0, 1):
            ix, iz = (cx + i).astype(np.int32), (cz + j).astype(np.int32)
            dx = x - (ix + 0.15 + 0.7 * hash01(ix, iz, 1)) * TREE_CELL
            dz = z - (iz + 0.15 + 0.7 * hash01(ix, iz, 2)) * TREE_CELL
            size = TREE_HEIGHT * (0.45 + 0.75 * hash01(ix, iz, 3)) * (0.7 + 0.5 * grove)
            stands = hash01(ix, iz, 4) < density * (0.55 + 0.6 * grove)
            radius = np.hypot(dx, dz) / (0.17 * size)
            branch = 0.10 * np.sin(9 * np.arctan2(dx, dz) + 40 * hash01(ix, iz, 5))
            cone = np.where(stands, size * (1 - radius * (1 + branch)), 0)
            taller = cone > best
            shade[taller] = hash01(ix, iz, 6)[taller]
            best = np.maximum(best, cone)
    return best, shade


def draw(grid: Array, mirrored: bool) -> tuple[Array, Array]:
    """Distance (H, W) of the land at each pixel (inf: sky or water) and the tangent (W,) of x.

    `mirrored` draws what a camera below the water would see, already turned upside down.
    """
    height, width = HEIGHT * SUPERSAMPLING, WIDTH * SUPERSAMPLING
    tangent = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / (FOCAL * width)
    eye = -CAMERA if mirrored else CAMERA
    distance = np.full((height, width), np.inf, np.float32)
    top = np.full(width, height if not mirrored else int(HORIZON * height) + 1, np.int32)
    z, rows = np.float32(0.12), np.arange(height)[:, None]
    while z < 13.4:
        block = z * 1.0016 ** np.arange(64, dtype=np.float32)[:, None]  # (64, 1) distances
        z = block[-1, 0] * 1.0016
        x = block * tangent
        ground = np.maximum(terrain.height_at(grid, x, np.broadcast_to(block, x.shape)), 0)
        if block[0, 0] < 6.5:
            ground = ground + trees(x, np.broadcast_to(block, x.shape), ground)[0]
        row = HORIZON * height - (ground - eye) / block * FOCAL * width
        row = np.maximum(np.ceil(row - 0.5), 0).astype(np.int32)
        for k in range(len(block)):
            rising = row[k] < top
            if rising.any():
                low, high = int(row[k][rising].min()), int(top.max())
                band = rows[low:high]
                seen = (band >= row[k]) & (band < top) & (ground[k] > 0)
                distance[low:high][seen] = block[k, 0]
                top = np.minimum(top, row[k])
    return distance, tangent


def sunlit(grid: Array, x: Array, z: Array, height: Array) -> Array:
    """1 where the sun is seen from the points, 0 in shadow, soft at the edge."""
    light = np.ones_like(x)
    for t in 0.015 * 1.11 ** np.arange(56, dtype=np.float32):
        ground = bilinear(grid, *terrain.to_cells(x + SUN[0] * t, z + SUN[2] * t))
        clearance = (height + 0.004 + SUN[1] * t - ground) / t
        light = np.minimum(light, np.clip(0.5 + clearance * 28, 0, 1))
    return light


def sky(across: Array, up: Array) -> Array:
    """Sky light for directions given by their tangents; `up` 0 is the horizon."""
    up = np.maximum(up, 0.001)
    zenith, middle, low = linear(74, 118, 176), linear(146, 182, 212), linear(252, 214, 178)
    colour = mix(mix(low, middle, smoothstep(-0.02, 0.21, up + 0.10 * across)), zenith,
                 smoothstep(0.10, 0.52, up + 0.08 * across))  # fmt: skip
    px, py = across / (up + 0.10), 1 / (up + 0.10)
    wx = px + 0.9 * (fbm(px * 0.5, py * 0.6, 3, 81) - 0.5)
    wy = py + 0.9 * (fbm(px * 0.5 + 9, py * 0.6, 3, 84) - 0.5)
    wisps = fbm(wx * 1.1 + 4, wy * 1.9, 6, 87, 0.55)
    toward_sun = fbm(wx * 1.1 + 3.86, wy * 1.9 + 0.05, 6, 87, 0.55)
    cover = smoothstep(0.50, 0.74, wisps) * smoothstep(0.02, 0.14, up)
    lit = np.clip(0.62 + 5 * (wisps - toward_sun), 0.1, 1.2)
    cloud = mix(linear(150, 152, 176), linear(255, 222, 190) * 1.15, lit)
    return mix(colour, cloud, 0.85 * cover) * 1.12


def shade(grid: Array, distance: Array, tangent: Array, eye: float) -> Array:
    """Light (N, 3) from the land at N hits, given their distances and column tangents."""
    x, z = distance * tangent, distance
    ground = terrain.height_at(grid, x, z)
    step = 0.004 + 0.0012 * z
    dx = terrain.height_at(grid, x + step, z) - terrain.height_at(grid, x - step, z)
    dz = terrain.height_at(grid, x, z + step) - terrain.height_at(grid, x, z - step)
    normal = normalize(np.stack([-dx, 2 * step, -dz], -1))
    light = sunlit(grid, x, z, ground)
    diffuse = np.clip(normal @ SUN, 0, 1) * light

    patches = fbm(x * 9, z * 9, 5, 21)
    strata = 0.5 + 0.5 * np.sin(ground * 95 + 7 * patches + 1.2 * x)
    rock = mix(linear(86, 80, 78), linear(132, 118, 106), 0.55 * strata + 0.6 * (patches - 0.3))
    grass = mix(linear(84, 88, 46), linear(136, 118, 62), patches)
    cover = mix(grass, rock, smoothstep(0.45, 0.75, ground + 0.5 * (patches - 0.5)))
    cover = mix(cover, rock, smoothstep(0.80, 0.62, normal[:, 1]))
    beach = smoothstep(0.010, 0.003, ground)
    cover = mix(cover, linear(128, 118, 104), beach)
    rest = smoothstep(0.34, 0.52, normal[:, 1] + 0.30 * (patches - 0.5))
    snow = smoothstep(0.50, 0.80, ground + 0.55 * (patches - 0.5)) * rest
    cover = mix(cover, np.array([0.86, 0.89, 0.94], np.float32), snow)

    crown, tint = trees(x, z, ground)
    wooded = (crown > 0.001) & (z < 6.5)
    needles = mix(linear(24, 42, 26), linear(62, 78, 34), tint)
    cover = np.where(wooded[:, None], needles, cover)
    # A crown catches the sun on its side toward it, and lies in its own shade lower down.
    height_share = np.clip(crown / TREE_HEIGHT, 0, 1)
    e = 0.0012
    sunward = trees(x + e * SUN[0], z + e * SUN[2], ground)[0] - crown
    side = np.clip(0.45 - sunward / e * 0.12, 0.0, 1.1)
    diffuse = np.where(wooded, light * side * (0.25 + 0.75 * height_share), diffuse)
    ambient = (0.55 + 0.45 * normal[:, 1]) * np.where(wooded, 0.3 + 0.7 * height_share, 1)
    bounce = np.array([0.5, 0.36, 0.24], np.float32) * 0.10
    colour = cover * (diffuse[:, None] * SUNLIGHT + ambient[:, None] * SKYLIGHT + bounce)

    # Haze is thickest near the lake, and warm toward the sun.
    thickness = z * (0.030 + 0.10 * np.exp(-np.maximum(ground + crown, 0) / 0.20))
    veil = 1 - np.exp(-thickness)
    glow = smoothstep(0.5, -0.6, tangent)
    return mix(colour, mix(linear(150, 172, 204), linear(246, 204, 170), glow) * 0.95, veil)


def view(grid: Array, mirrored: bool) -> tuple[Array, Array]:
    """Land and sky (H, W, 3), and where land is (H, W)."""
    distance, tangent = draw(grid, mirrored)
    height, width = distance.shape
    up = (HORIZON * height - np.arange(height, dtype=np.float32) - 0.5) / (FOCAL * width)
    across, up = np.meshgrid(tangent, up)
    image = sky(across, up)
    land = np.isfinite(distance)
    eye = -CAMERA if mirrored else CAMERA
    image[land] = shade(grid, distance[land], across[land], eye)
    return image, land


def render() -> Image.Image:
    """The picture, 512 x 384."""
    grid = terrain.build()
    image, land = view(grid, mirrored=False)
    mirror, _ = view(grid, mirrored=True)
    height, width = land.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    horizon = HORIZON * height
    below = np.maximum(rows + 0.5 - horizon, 0.5)
    slope = below / (FOCAL * width)
    z = CAMERA / slope
    x = z * (columns - width / 2) / (FOCAL * width)

    # Ripples: their slope shifts what is mirrored, more so close to the camera.
    breeze = smoothstep(0.42, 0.70, fbm(x * 3 + 2, z * 9, 4, 41))
    ripple = fbm(x * 260, z * 620, 3, 43) - 0.5 + 0.7 * (fbm(x * 55, z * 210, 2, 47) - 0.5)
    swell = (0.010 + 0.030 * breeze) * ripple / (1 + 0.6 * z)
    source_row = 2 * horizon - rows - 1 + swell * FOCAL * width
    source_column = columns + 0.25 * swell * FOCAL * width
    source_row = np.minimum(source_row, horizon - 1)
    reflected = bilinear(mirror, source_column, np.abs(source_row))
    soft = bilinear(blur(mirror, 6), source_column, np.abs(source_row))
    reflected = mix(reflected, soft, 0.25 + 0.6 * breeze)
    fresnel = 0.04 + 0.96 * (1 - slope / np.sqrt(1 + slope**2)) ** 5
    depth_colour = linear(14, 44, 52) * 0.9
    water = mix(depth_colour, reflected * np.array([0.90, 0.95, 0.98], np.float32),
                np.clip(fresnel * 1.25, 0, 0.92))  # fmt: skip
    lake = (rows >= horizon) & ~land
    image = np.where(lake[..., None], water, image)

    image = shrink(bloom(image, (6.0, 24.0), 0.10), SUPERSAMPLING)
    return to_picture(filmic(image, 1.0))
