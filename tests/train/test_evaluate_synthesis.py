"""The script that measures synthesised pictures, with a synthesizer that knows what it paints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from tests.running import run
from vqgan_space import hub
from vqgan_space.data.scenes.dataset import HELD_OUT, Scenes
from vqgan_space.data.scenes.ids import DRAWN
from vqgan_space.models.segmenter import Segmenter

SCENES = 6


class Copyist:
    """Gives back the held-out scene whose label map it is shown, or a grey one that it never saw.

    Its codes are the scenes' numbers.
    """

    def __init__(self) -> None:
        self.scenes = Scenes(SCENES, 64, first=HELD_OUT)
        self.asked: list[dict[str, Any]] = []

    def sample_steps(self, condition: Tensor, **options: Any) -> Iterator[SimpleNamespace]:
        self.asked.append(options)
        maps = [self.scenes[number]["label_map"] for number in range(SCENES)]
        numbers = [
            next((n for n, known in enumerate(maps) if torch.equal(known, each)), SCENES)
            for each in condition
        ]
        codes = torch.tensor(numbers)[:, None, None]
        yield SimpleNamespace(codes=torch.zeros_like(codes))
        yield SimpleNamespace(codes=codes)

    def decode(self, codes: Tensor) -> Tensor:
        grey = torch.zeros(3, 64, 64)
        numbers = codes.flatten().tolist()
        return torch.stack([grey if n == SCENES else self.scenes[n]["picture"] for n in numbers])


@pytest.fixture
def copyist(monkeypatch: pytest.MonkeyPatch) -> Copyist:
    found = Copyist()
    loaded = {("copyist", "causal_prior"): found}
    monkeypatch.setattr(
        hub, "load_synthesizer", lambda name, prior: loaded[name, prior], raising=False
    )
    return found


@pytest.fixture
def segmenter(tmp_path: Path) -> Path:
    """An untrained one: the ratios of a perfect copyist do not depend on what it finds."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        Segmenter(classes=DRAWN, widths=(8, 8, 16)).save_pretrained(tmp_path / "set" / "segmenter")
    return tmp_path / "set"


def test_who_paints_the_real_scene_reaches_what_real_scenes_reach(
    copyist: Copyist, segmenter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    options = f"""--synthesizer copyist --prior causal_prior --segmenter {segmenter}
        --scenes {SCENES} --size 64 --reference 12 --diverse 2 --variants 2
        --perceptual features --batch-size 4 --workers 0 --columns 3
        --steps 7 --guidance 2 --top-k 5 --seed 20 --out {out}"""
    run("evaluate_synthesis", options.split())
    figures = json.loads((out / "figures.json").read_text())["figures"]
    assert figures["mean IoU over that of real pictures"] == 1
    distances = [value for name, value in figures.items() if name.startswith("Frechet distance")]
    assert len(distances) == 2 and distances[0] == pytest.approx(distances[1])
    assert distances[0] > 0
    # It paints a label map always alike.
    diversity = [value for name, value in figures.items() if name.startswith("diversity")]
    assert diversity[0] == pytest.approx(0, abs=1e-6) and diversity[1] > 0
    assert [asked["seed"] for asked in copyist.asked[:2]] == [[20, 21, 22, 23], [24, 25]]
    assert {"steps": 7, "guidance": 2, "top_k": 5}.items() <= copyist.asked[0].items()
    samples = Image.open(out / "samples.png")
    assert samples.width > 3 * 64 and samples.height > 3 * 64
    assert f"mean IoU: {figures['mean IoU']:.4f}" in capsys.readouterr().out
