"""A Space of one's own: just what it needs, brought up to date, and serving from its own files."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from gradio_client import Client, handle_file
from hub_server import Hub
from PIL import Image
from serving import running_app

from vqgan_space.hub.__main__ import main
from vqgan_space.hub.push import push_set
from vqgan_space.models.vqgan import VQGAN

SPACE = "spaces/ann/doors-space"
ROOT = Path(__file__).resolve().parents[2]


def front_matter(hub: Hub) -> dict[str, Any]:
    return yaml.safe_load(hub.repos[SPACE]["README.md"].decode().split("---\n")[1])


def test_it_holds_what_it_needs_and_no_more(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    main(["deploy", "ann/doors-space", "--private"])
    assert capsys.readouterr().out.strip() == f"{hub.address}/{SPACE}"
    files = hub.repos[SPACE]
    assert {"app.py", "requirements.txt", "README.md", "LICENSE", "vqgan_space/__init__.py"} <= set(
        files
    )
    assert any(path.startswith("vqgan_space/weights/vqgan-f8/vqgan/") for path in files)
    folders = {path.split("/")[0] for path in files if "/" in path}
    assert folders == {"vqgan_space", "examples", "train"}
    assert not [path for path in files if "__pycache__" in path or path.endswith(".pyc")]
    assert hub.closed[SPACE] == "private"


def test_its_front_matter_names_its_models_and_hardware(hub: Hub) -> None:
    main(["deploy", "ann/doors-space", "--model", "ann/doors", "--hardware", "zero-a10g"])
    front = front_matter(hub)
    assert front["title"] == "doors space" and front["sdk"] == "gradio"
    assert front["models"][0] == "ann/doors" and front["suggested_hardware"] == "zero-a10g"
    assert front["app_file"] in hub.repos[SPACE] and front["sdk_version"]
    known = {"hardware": "zero-a10g", "VQGAN_SPACE_MODEL": "ann/doors"}
    assert hub.spaces[SPACE] == known


def test_it_is_brought_up_to_date(hub: Hub) -> None:
    main(["deploy", "ann/doors-space"])
    hub.repos[SPACE]["vqgan_space/old.py"] = b"import gone"
    hub.repos[SPACE]["notes.txt"] = b"the owner's"
    main(["deploy", "ann/doors-space", "--model", "ann/doors"])
    assert "vqgan_space/old.py" not in hub.repos[SPACE] and "notes.txt" in hub.repos[SPACE]
    assert hub.spaces[SPACE]["VQGAN_SPACE_MODEL"] == "ann/doors"
    commits = len(hub.commits[SPACE])
    hub.requests.clear()
    main(["deploy", "ann/doors-space", "--model", "ann/doors"])
    assert len(hub.commits[SPACE]) == commits
    assert not hub.asked("PUT|POST.*(variables|hardware)")


def test_its_trainers_say_where_the_package_is(hub: Hub) -> None:
    main(["deploy", "ann/doors-space"])
    for name in ("vqgan", "vqvae", "label_vqgan", "prior"):
        script = hub.repos[SPACE][f"train/{name}.py"].decode()
        assert f'#   "vqgan-space @ git+{hub.address}/{SPACE}",' in script
        assert importlib.util.find_spec("tyro")
        compile(script, name, "exec")
    assert "pyproject.toml" in hub.repos[SPACE]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["ann/doors-space", "--model", "runs/door s"], "no repo of the Hub: push the set first"),
        (["bob/doors-space"], "may not write to bob/doors-space"),
        (["doors-space"], "use user/repo"),
    ],
)
def test_what_can_not_be_is_one_sentence(hub: Hub, arguments: list[str], reason: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["deploy", *arguments])
    assert reason in str(caught.value) and "\n" not in str(caught.value)


@pytest.fixture
def served(hub: Hub, tmp_path: Path, tiny_vqgan: VQGAN) -> Iterator[Client]:
    """The app of a deployed Space, run from the files that the Hub holds of it."""
    tiny_vqgan.save_pretrained(tmp_path / "doors" / "vqgan")
    push_set(tmp_path / "doors", "ann/doors")
    main(["deploy", "ann/doors-space", "--model", "ann/doors"])
    space = tmp_path / "space"
    for path, content in hub.repos[SPACE].items():
        (space / path).parent.mkdir(parents=True, exist_ok=True)
        (space / path).write_bytes(content)
    variables = {k: v for k, v in hub.spaces[SPACE].items() if k != "hardware"}
    environment = hub.environment(tmp_path / "fresh") | variables
    with running_app(tmp_path, app=space / "app.py", environment=environment) as url:
        yield Client(url, download_files=tmp_path / "got", analytics_enabled=False, verbose=False)


def test_the_space_serves_the_published_set_by_itself(
    served: Client, photo: Image.Image, tmp_path: Path, tiny_vqgan: VQGAN
) -> None:
    photo.save(tmp_path / "photo.png")
    result, codes, figures = served.predict(
        handle_file(str(tmp_path / "photo.png")), api_name="/reconstruct"
    )
    assert figures["codes_shape"] == [8, 12], "by the set's model, not by one that ships"
    with np.load(codes, allow_pickle=False) as file:
        assert "ann/doors" in {str(file[key]) for key in file.files if file[key].ndim == 0}
    with Image.open(result) as picture:
        assert picture.size == photo.size
