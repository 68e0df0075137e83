"""Fetching a set: once, whole, from the cache where it can be, and in a sentence where it can't."""

from __future__ import annotations

import errno
import os
from collections import namedtuple
from pathlib import Path

import pytest
import torch
from hub_client import point_at
from hub_server import Hub

from vqgan_space.hub import load, model_revision
from vqgan_space.hub.push import push_set
from vqgan_space.models.vqgan import VQGAN

NAME = "ann/doors"
WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture
def published(hub: Hub, tmp_path: Path, tiny_vqgan: VQGAN) -> Hub:
    """A Hub with one set, of which nothing is in the cache."""
    tiny_vqgan.save_pretrained(tmp_path / "tiny" / "vqgan")
    push_set(tmp_path / "tiny", NAME)
    hub.requests.clear()
    return hub


def refusal(name: str = NAME, **options: str) -> str:
    with pytest.raises(ValueError) as caught:
        load(name, **options)
    said = str(caught.value)
    assert "\n" not in said and name in said
    return said


def test_the_second_time_only_asks_what_is_new(published: Hub, tiny_vqgan: VQGAN) -> None:
    first = load(NAME)
    assert torch.equal(first.codebook, tiny_vqgan.codebook)
    assert published.asked(WEIGHTS)
    published.requests.clear()
    load(NAME)
    assert not published.asked("resolve")


def test_a_known_commit_is_taken_from_the_cache_without_asking(published: Hub) -> None:
    commit = published.head(NAME)
    load(NAME, revision=commit)
    published.requests.clear()
    load(NAME, revision=commit)
    assert published.requests == []


def test_without_a_network_the_cache_serves(
    published: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = model_revision(NAME)
    published.address = "http://127.0.0.1:9"
    point_at(published, tmp_path / "home", monkeypatch)
    assert model_revision(NAME) == revision
    assert "can't be reached; what ships works" in refusal("ann/windows")


def test_an_earlier_commit_is_had_by_its_name(
    published: Hub, tmp_path: Path, tiny_vqgan: VQGAN
) -> None:
    earlier = published.head(NAME)
    other = VQGAN.from_config(tiny_vqgan.config)
    other.save_pretrained(tmp_path / "tiny" / "vqgan")
    push_set(tmp_path / "tiny", NAME)
    assert not torch.equal(load(NAME).codebook, tiny_vqgan.codebook)
    assert torch.equal(load(NAME, revision=earlier).codebook, tiny_vqgan.codebook)
    assert "no revision 'v9'" in refusal(revision="v9")


def test_a_cut_download_goes_on_where_it_was_cut(published: Hub, tiny_vqgan: VQGAN) -> None:
    published.fail(f"GET .*{WEIGHTS}", cut_at=10_000)
    assert torch.equal(load(NAME).codebook, tiny_vqgan.codebook)
    assert len(published.asked(f"GET .*{WEIGHTS}")) == 2


def test_half_a_file_is_never_used(
    published: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.fail(f"GET .*{WEIGHTS}", cut_at=10_000, times=None)
    refusal()
    published.address = "http://127.0.0.1:9"
    point_at(published, tmp_path / "home", monkeypatch)
    assert "can't be reached" in refusal()
    cached = (tmp_path / "home").rglob("*.safetensors")
    assert not list(cached)


def test_the_progress_is_told_in_bytes(published: Hub) -> None:
    told: list[tuple[int, int]] = []
    load(NAME, progress=lambda done, total: told.append((done, total)))
    size = len(published.repos[NAME][f"vqgan/{WEIGHTS}"])
    assert told[-1][1] >= size
    assert told[-1][0] == told[-1][1]


@pytest.mark.parametrize(
    ("closed", "token", "reason"),
    [
        ("private", "", "or it is private: log in"),
        ("gated", "", "asks for permission"),
        (None, "hf_wrong", "does not take this machine's token"),
    ],
)
def test_closed_repos(
    published: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    closed: str | None, token: str, reason: str,
) -> None:  # fmt: skip
    if closed:
        published.closed[NAME] = closed
    point_at(published, tmp_path / "home", monkeypatch, token)
    assert reason in refusal()
    point_at(published, tmp_path / "home", monkeypatch, "hf_read")
    assert load(NAME).factor == 8


def test_a_repo_of_another_kind_is_called_by_it(hub: Hub) -> None:
    hub.repos["datasets/ann/pictures"] = {"README.md": b""}
    hub.repos["spaces/ann/app"] = {"README.md": b""}
    hub.repos["ann/words"] = {"config.json": b'{"_class_name": "Bert"}'}
    assert "is a data set, not a model" in refusal("ann/pictures")
    assert "is a Space, not a model" in refusal("ann/app")
    assert "holds no VQGAN" in refusal("ann/words")
    assert "There is no Hub repo ann/none" in refusal("ann/none")


def test_a_failing_hub_says_so(published: Hub) -> None:
    published.fail("/api/models", status=500, times=None)
    assert "error 500" in refusal()


@pytest.mark.parametrize("when", ["before", "while"])
def test_a_full_disk_is_said(published: Hub, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    if when == "before":
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr("shutil.disk_usage", lambda path: usage(10**6, 10**6, 10))
    else:

        def full(*args: object, **options: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("huggingface_hub.file_download.http_get", full)
    assert "no space left on the disk for ann/doors" in refusal()
    assert not published.asked(f"GET .*{WEIGHTS}")
