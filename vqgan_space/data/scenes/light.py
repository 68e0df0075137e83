"""One light for the whole picture: where it comes from, its colours, the colours of the sky."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from .canvas import Array, mix, rgb


@dataclass(frozen=True)
class Light:
    """A surface of albedo a shows as ``a * (ambient + sun * shade)``, shade in [0, 1].

    Attributes:
        sun: colour of the direct light (sun or moon), (3, 1, 1).
        ambient: colour of the light from the sky, (3, 1, 1).
        side: where the direct light comes from: -1 left, 1 right.
        height: of the source above the horizon, 0 (low) to 1 (overhead).
        x, y: where the sun or moon stands in the picture, in canvas coordinates.
        top, middle, low: colours of the clear sky from the zenith to the horizon.
        glow: colour of the sky about the sun.
        haze: what distance fades to.
        cloud, cloud_shadow: a cloud's sunlit and shaded colours.
        lamps: how far lamps and windows are lit, 0 to 1.
        night: whether it is night.
    """

    sun: Array
    ambient: Array
    side: float
    height: float
    x: float
    y: float
    top: Array
    middle: Array
    low: Array
    glow: Array
    haze: Array
    cloud: Array
    cloud_shadow: Array
    lamps: float
    night: bool

    def shaded(self, albedo: Array, shade: Array | float) -> Array:
        """How a surface of ``albedo`` (3, ...) looks with ``shade`` (...) of the direct light."""
        return albedo * (self.ambient + self.sun * shade)


# time: several skies, each (top, middle, low, glow, haze, cloud, cloud shadow, sun, ambient).
SKIES: dict[str, tuple[tuple[int, ...], ...]] = {
    "dawn": (
        (0x5B7FB4, 0xA9B8D0, 0xF6CDA8, 0xFFE0A8, 0xE6C8BE, 0xFFD9C2, 0x9A93B4, 0xC99A6E, 0x7C7E98),
        (0x6E86C0, 0xC4B4D2, 0xF7BFB4, 0xFFD9B8, 0xE2BFC4, 0xFFCFC8, 0x8F88B0, 0xC68F76, 0x7F7A9C),
        (0x4E86AE, 0x9FC4CC, 0xF5E0AE, 0xFFF0BC, 0xDAD4BE, 0xFFE6C4, 0x8FA0B4, 0xC8A374, 0x788694),
    ),
    "noon": (
        (0x2F6FC0, 0x6FA6DC, 0xC4DEEE, 0xFFF8E0, 0xBDD3E4, 0xFFFFFF, 0xA9B8CA, 0xA89E86, 0x76828E),
        (0x3F84C8, 0x86BCE2, 0xD8E8EA, 0xFFF6D8, 0xC8DADF, 0xFFFDF6, 0xB2BDC8, 0xAEA082, 0x76808A),
        (0x2560A8, 0x5C96CE, 0xAACFEA, 0xFFFAE8, 0xA9C6DE, 0xFDFEFF, 0x9DB0C8, 0xA29C8C, 0x727E90),
    ),
    "dusk": (
        (0x3A3F7A, 0xA4668C, 0xF49A5E, 0xFFC46A, 0xC98A7C, 0xFF9E6E, 0x5E4A78, 0xC4793F, 0x63587C),
        (0x28487E, 0x7E7CA6, 0xF2B060, 0xFFD27C, 0xBC9A8C, 0xFFB47C, 0x5A5C84, 0xC48A48, 0x5E6280),
        (0x4A2C62, 0xB4486A, 0xF27A4C, 0xFFA850, 0xB86C70, 0xF9785E, 0x552F60, 0xBE6440, 0x664C74),
    ),
    "night": (
        (0x070D22, 0x14244A, 0x2C4468, 0x9FB4D8, 0x22365A, 0x4A5E86, 0x141F3C, 0x44557A, 0x26304C),
        (0x0A0A24, 0x1E1C4C, 0x453E72, 0xB0A8DC, 0x322C5A, 0x5A5488, 0x1C1A40, 0x4C4A7C, 0x2B2A50),
        (0x06141E, 0x0F3242, 0x265A62, 0x9CCFD0, 0x1E444E, 0x426E78, 0x0F2630, 0x3E6A70, 0x203A44),
    ),
}
OVERCAST = {"dawn": 0xB4ACB2, "noon": 0xB6BEC6, "dusk": 0x8A7E90, "night": 0x303C54}


def make_light(rng: Generator, time: str, weather: str, horizon: float, aspect: float) -> Light:
    """The light of a time of day ("dawn", "noon", "dusk", "night") in a weather."""
    skies = SKIES[time]
    # Between two of the skies, so that no two days are quite the same.
    a, b = rng.choice(len(skies), 2, replace=False)
    t = float(rng.uniform(0, 0.5))
    colours = [mix(rgb(p), rgb(q), t) for p, q in zip(skies[a], skies[b], strict=True)]
    top, middle, low, glow, haze, cloud, cloud_shadow, sun, ambient = colours
    x = float(rng.uniform(0.12, 0.88)) * aspect
    if time == "noon":
        height, y = 0.75, float(rng.uniform(0.06, 0.16))
    elif time == "night":
        height, y = 0.6, float(rng.uniform(0.08, 0.5)) * horizon
    else:
        height, y = 0.25, horizon * float(rng.uniform(0.62, 0.94))
    grey = rgb(OVERCAST[time])
    cover = {"overcast": 0.85, "rain": 0.85, "snowfall": 0.75, "storm": 0.95, "fog": 0.55}
    k = cover.get(weather, 0.0)
    if k:
        dark = 0.62 if weather == "storm" else 1.0
        luminance = float((ambient + 0.5 * sun).mean()) * (1.2 if time == "night" else 1.0)
        # Under clouds light comes from everywhere and has hardly a colour.
        ambient = mix(ambient, np.full_like(ambient, luminance), 0.8 * k) * dark
        sun = sun * np.float32(1 - 0.9 * k)
        top, middle = mix(top, grey * 0.86, k) * dark, mix(middle, grey * 0.97, k) * dark
        low, haze = mix(low, grey * 1.08, k), mix(haze, grey, 0.8 * k)
        glow, cloud = mix(glow, grey * 1.1, k), mix(cloud, grey * 1.12, 0.7 * k) * dark
        cloud_shadow = mix(cloud_shadow, grey * 0.74, 0.7 * k) * dark
    side = float(np.clip((x / aspect - 0.5) * 2.6, -1, 1))
    lamps = {"night": 1.0, "dusk": 0.8, "dawn": 0.35, "noon": 0.0}[time]
    return Light(
        sun=sun * 1.0,
        ambient=ambient,
        side=side,
        height=height,
        x=x,
        y=y,
        top=top,
        middle=middle,
        low=low,
        glow=glow,
        haze=haze,
        cloud=cloud,
        cloud_shadow=cloud_shadow,
        lamps=lamps,
        night=time == "night",
    )
