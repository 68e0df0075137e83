"""Where results are written: Gradio's own cache, which ``delete_cache`` empties."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradio.utils import get_upload_folder

from .models import Loaded

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from ..codes import Codes


_SHOWN = 512  # about how many pixels the page has for the longer side of a result


def result_path(name: str) -> Path:
    """A path for a file called ``name`` in a folder of its own, so that downloads keep the name."""
    folder = Path(get_upload_folder()) / "results" / uuid.uuid4().hex
    folder.mkdir(parents=True)
    return folder / name.replace("/", "-")  # a Hub repo has a slash in its name


def save_picture(picture: Image.Image, name: str, loaded: Loaded, settings: dict[str, Any]) -> str:
    """Write a result as ``name``.png with the model and the settings in its metadata."""
    from ..images import save_png

    made_by = {"model": loaded.name, "revision": loaded.revision}
    return str(save_png(picture, result_path(f"{name}.png"), made_by | settings))


def shown(path: str, loaded: Loaded) -> str:
    """A saved picture as the page shows it: that of a model for small ones with pixels to see.

    It is enlarged, once, into another file beside it: each of its pixels to a square.
    """
    larger = Path(path).with_stem(f"{Path(path).stem}-enlarged")
    if loaded.model.longest >= _SHOWN:
        return path
    if not larger.exists():
        from ..images import enlarge_pixels, open_picture, read_settings, save_png

        picture = open_picture(path)
        fold = max(1, _SHOWN // max(picture.size))
        settings = read_settings(path) | {"enlarged": fold}
        save_png(enlarge_pixels(picture, fold), larger, settings)
    return str(larger)


def save_grid(codes: Codes, name: str) -> str:
    """Write codes as ``name``.npz."""
    from ..codes import save_codes

    return str(save_codes(codes, result_path(f"{name}.npz")))


def codes_of(grid: Tensor, loaded: Loaded) -> Codes:
    """A grid of codes (h, w) with the name of the model that wrote it."""
    from ..codes import Codes

    return Codes(
        grid=grid.cpu().numpy(),
        model=loaded.name,
        revision=loaded.revision,
        num_codes=loaded.num_codes,
        factor=loaded.model.factor,
    )


def read_grid(path: str, loaded: Loaded) -> Tensor:
    """The codes (h, w) of a file.

    Raises:
        ValueError: not a codes file, or one that another model wrote.
    """
    from ..codes import check_codes, load_codes

    codes = load_codes(path)
    check_codes(codes, loaded.name, loaded.revision, loaded.num_codes)
    return codes.tensor()
