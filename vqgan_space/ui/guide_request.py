"""What the tab Text to image asks for, as ``generation.guidance`` takes it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .errors import filled

if TYPE_CHECKING:
    from torch import Tensor

    from ..generation.guidance import GuideSettings, Prompt

# Height and width in pixels, by the names that the page shows.
FORMATS = {
    "Square, 256 x 256": (256, 256),
    "Wide, 384 x 256": (256, 384),
    "Tall, 256 x 384": (384, 256),
    "Small, 128 x 128": (128, 128),
    "Large, 384 x 384": (384, 384),
    "Largest, 512 x 512": (512, 512),
}
DRAFT, NOISE, PICTURE, SCENE, COLOURS, CODES = (
    "draft",
    "noise",
    "picture",
    "scene",
    "colours",
    "codes",
)
STARTS = {
    DRAFT: "A draft",
    NOISE: "Random codes",
    SCENE: "A drawn scene",
    PICTURE: "A picture",
    COLOURS: "Colours",
    CODES: "A codes file",
}

# Starts that show something, of which a part can be drawn anew.
GIVEN = (PICTURE, SCENE, CODES)

# Share of the steps at half the size, for starts without anything to keep.
_COARSE = 0.5


@dataclass(frozen=True)
class Numbers:
    """The settings, in the order of their widgets; ``GuideSettings`` says what they do."""

    steps: int = 60
    cutouts: int = 16
    learning_rate: float = 0.1
    schedule: str = "cosine"
    quantise: bool = True
    whole: float = 0.25
    smallest: float = 0.6
    augmentation: str = "gentle"
    noise: float = 0.1
    tv: float = 0.0
    redraw: float = 0.5
    hold: float = 0.0
    hold_decay: float = 0.98
    natural: float = 1.0
    polish: bool = True
    average: float = 0.0
    best_of: int = 4
    deadline: int = 180
    zoom: float = 1.0
    right: float = 0.0
    down: float = 0.0
    turn: float = 0.0

    def settings(self) -> GuideSettings:
        """As the loop takes them.

        Raises:
            ValueError: an empty field, or a number out of its range.
        """
        from ..generation.guidance import GuideSettings
        from ..generation.guidance.camera import Camera

        given: Any = {name: filled(value, name) for name, value in vars(self).items()}
        camera = Camera(given["zoom"], given["right"], given["down"], given["turn"])
        return GuideSettings(
            steps=int(given["steps"]),
            learning_rate=given["learning_rate"],
            schedule=given["schedule"],
            quantise=given["quantise"],
            cutouts=int(given["cutouts"]),
            whole=given["whole"],
            smallest=given["smallest"],
            augmentation=given["augmentation"],
            noise=given["noise"],
            tv=given["tv"],
            start_weight=given["hold"],
            start_decay=given["hold_decay"],
            natural=given["natural"],
            average=given["average"],
            camera=camera if camera.moves else None,
            deadline=given["deadline"],
        )


@dataclass(frozen=True, eq=False)
class GoingOn:
    """What a run left, for another to continue.

    Attributes:
        latents: (B, D, h, w).
        seeds: of each picture.
        model, revision: the VQGAN whose latents they are.
        frames: files of the way so far.
    """

    latents: Tensor
    seeds: list[int]
    model: str
    revision: str
    frames: list[str]


@dataclass(frozen=True, eq=False)
class GuideRequest:
    """The widgets of the tab; pictures and the codes file are paths.

    Attributes:
        prompt: what is wanted, in the notation of ``generation.guidance.prompts``.
        negative: what is not; a weight's sign does not matter.
        styles: words that every wanted text ends with.
        picture_prompt, picture_weight: a picture to come near to.
        start: a key of ``STARTS``.
        picture, scene, top, bottom, codes_file: what it starts from, by ``start``.
        clips, model: what guides, and what paints.
        format: a key of ``FORMATS``.
        variants, seed: how many pictures, and the first one's seed.
        numbers: the settings.
        going_on: what to continue; it takes the place of the start.
    """

    prompt: str
    negative: str = ""
    styles: list[str] = field(default_factory=list)
    picture_prompt: str | None = None
    picture_weight: float = 1.0
    start: str = NOISE
    picture: str | None = None
    scene: int = 0
    top: str = "#7fb2e5"
    bottom: str = "#5f8f4a"
    codes_file: str | None = None
    clips: list[str] = field(default_factory=list)
    model: str | None = None
    format: str = next(iter(FORMATS))
    variants: int = 1
    seed: int = 0
    numbers: Numbers = field(default_factory=Numbers)
    going_on: GoingOn | None = None

    def scenes(self) -> list[list[Prompt]]:
        """All prompts, a list of them for each scene of the story.

        Raises:
            ValueError: nothing is wanted, or a text that can't be read.
        """
        from ..generation.guidance import Prompt, parse_prompts, parse_story
        from ..generation.guidance.prompts import check_scenes
        from ..images import open_picture

        scenes = parse_story(self.prompt or "")
        more = [
            replace(prompt, weight=-abs(prompt.weight))
            for prompt in parse_prompts(self.negative or "", weight=-0.5)
        ]
        if self.picture_prompt is not None and filled(self.picture_weight, "Weight"):
            picture = open_picture(self.picture_prompt)
            more.append(Prompt("the picture", self.picture_weight, picture=picture))
            scenes = scenes or [[]]
        style = "".join(f", {word}" for word in self.styles)
        styled = [
            [replace(p, text=p.text + style) if p.weight > 0 else p for p in s] for s in scenes
        ]
        check_scenes([[*scene, *more] for scene in styled])
        return [[*scene, *more] for scene in styled]

    def settings(self) -> GuideSettings:
        """The settings as the loop takes them; what starts from nothing to be kept starts coarse.

        Raises:
            ValueError: as ``Numbers.settings`` does.
        """
        settings = self.numbers.settings()
        if self.going_on is None and self.start in (NOISE, COLOURS):
            return replace(settings, coarse=_COARSE)
        return settings

    def described(self) -> dict[str, Any]:
        """What a result's metadata says, besides its model and seed."""
        texts = {"prompt": self.prompt, "negative": self.negative, "styles": self.styles}
        start = "the last result" if self.going_on is not None else self.start
        return {
            "made by": "text to image",
            **{name: value for name, value in texts.items() if value},
            "clips": self.clips,
            "start": start,
            **({"scene": self.scene} if start == SCENE else {}),
            **vars(self.numbers),
        }
