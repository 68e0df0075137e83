"""Paint README's sheet of scenes that are drawn anew to a text.

python docs/redraw.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.scenes import scene
from vqgan_space.images import read_settings
from vqgan_space.ui.guide_models import Guides
from vqgan_space.ui.guide_request import SCENE, GuideRequest, Numbers
from vqgan_space.ui.guide_run import run_request
from vqgan_space.ui.models import Models

OUT = Path(__file__).resolve().parent / "redraw.jpg"
SIDE, GAP = 192, 4
WANTED = (
    (45, "a snow-covered spruce in winter"),
    (45, "a spruce by the sea"),
    (8, "a desert with dunes"),
    (19, "a lake below the mountains at night"),
    (45, "a spruce in autumn"),
    (8, "a snowy field in winter"),
)


def column(models: Models, guides: Guides, number: int, text: str) -> list[Image.Image]:
    """The scene, what of it fits the text least drawn anew, and that pulled by CLIP."""
    asked = GuideRequest(
        text,
        start=SCENE,
        scene=number,
        clips=["clip-scenes"],
        model="vqgan-f16",
        numbers=Numbers(hold=0.5, best_of=8),
    )
    *_, last = run_request(models, guides, asked)
    assert last.going_on is not None and last.files is not None
    before = [path for path in last.going_on.frames if read_settings(path)["step"] == 0]
    pictures = [
        scene(number, 256).picture,
        Image.open(before[-1]),
        Image.open(last.files.picture),
    ]
    print(text, last.status)
    return [p.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS) for p in pictures]


def main() -> None:
    models, guides = Models(), Guides()
    columns = [column(models, guides, *wanted) for wanted in WANTED]
    step = SIDE + GAP
    sheet = Image.new("RGB", (len(columns) * step - GAP, 3 * step - GAP), "white")
    for x, pictures in enumerate(columns):
        for y, picture in enumerate(pictures):
            sheet.paste(picture, (x * step, y * step))
    sheet.save(OUT, quality=88)


if __name__ == "__main__":
    main()
