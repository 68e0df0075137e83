"""CLIP: texts and pictures to one space; open_clip reads what is saved."""

from __future__ import annotations

import sys
from pathlib import Path

import open_clip
import pytest
import torch

from tests.tiny_clips import save_tiny_clip
from vqgan_space.hub.clips import load_clip
from vqgan_space.models.clip import CLIP, WEIGHTS_FILE, sentences
from vqgan_space.models.word_tokenizer import WordTokenizer

TEXTS = ("a snow-covered spruce at dawn", "Two boats on a lake. Birds circle overhead.")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_clip(tmp_path_factory.mktemp("sets") / "clip", TEXTS, 12)


@pytest.fixture(scope="module")
def clip(folder: Path) -> CLIP:
    return load_clip(folder)


def test_open_clip_itself_gives_the_same(folder: Path, clip: CLIP) -> None:
    model = open_clip.create_model(f"local-dir:{folder}").eval()
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    assert torch.equal(tokenizer(list(TEXTS)), clip.tokenizer(TEXTS))
    torch.testing.assert_close(
        model.encode_text(tokenizer(list(TEXTS)), normalize=True), clip.embed_texts(TEXTS)
    )
    pictures = torch.rand(2, 3, 64, 64)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ([0.2, 0.3, 0.4], [0.5, 0.6, 0.7]))
    theirs = model.encode_image((pictures - mean) / std, normalize=True)
    torch.testing.assert_close(theirs, clip.embed_pictures(pictures * 2 - 1))


def test_a_vision_transformer_gives_what_open_clip_s_own_attention_gives() -> None:
    sizes = {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8}
    words = {"context_length": 8, "vocab_size": 20, "width": 32, "heads": 2, "layers": 1}
    torch.manual_seed(0)
    model = open_clip.CLIP(16, sizes, words).eval()
    pictures = torch.rand(2, 3, 32, 32, requires_grad=True)
    expected = model.encode_image(pictures, normalize=True)
    (wanted,) = torch.autograd.grad(expected[:, 0].sum(), pictures)
    clip = CLIP(model, WordTokenizer.from_texts(TEXTS, 8), [0.0] * 3, [1.0] * 3)
    found = clip.embed_pictures(pictures * 2 - 1)
    torch.testing.assert_close(found, expected)
    (gradient,) = torch.autograd.grad(found[:, 0].sum(), pictures)
    torch.testing.assert_close(gradient, wanted, rtol=1e-3, atol=1e-5)


def test_embeddings_are_of_length_one_and_the_gradient_reaches_the_picture(clip: CLIP) -> None:
    picture = torch.rand(1, 3, 100, 80, requires_grad=True)
    vector = clip.embed_pictures(picture * 2 - 1)
    text = clip.embed_texts(["a lake"])
    assert vector.shape == text.shape == (1, clip.dim)
    torch.testing.assert_close(vector.norm(), torch.tensor(1.0))
    torch.testing.assert_close(text.norm(), torch.tensor(1.0))
    (vector * text).sum().backward()
    assert picture.grad is not None
    assert (picture.grad.abs().amax(dim=1) > 0).float().mean() > 0.9
    assert not any(parameter.requires_grad for parameter in clip.parameters())


def test_a_batch_changes_no_embedding(clip: CLIP) -> None:
    pictures = torch.rand(3, 3, 64, 64)
    together = clip.embed_pictures(pictures)
    torch.testing.assert_close(together[1], clip.embed_pictures(pictures[1:2])[0])


def test_a_long_text_is_the_mean_of_its_sentences(clip: CLIP) -> None:
    parts = clip.embed_texts(["Two boats on a lake.", "Birds circle overhead."])
    mean = torch.nn.functional.normalize(parts.mean(0), dim=0)
    torch.testing.assert_close(clip.embed_long_text(TEXTS[1]), mean)


def test_a_sentence_that_is_too_long_is_cut_at_a_word(clip: CLIP) -> None:
    text = "a lake at dawn " * 8
    with pytest.warns(UserWarning, match="32 words is longer than CLIP reads"):
        vector = clip.embed_long_text(text)
    torch.testing.assert_close(
        vector, clip.embed_texts(["a lake at dawn a lake at dawn a lake"])[0]
    )


@pytest.mark.parametrize("text", ["", "  \n ", "\t"])
def test_no_words_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at least a word"):
        sentences(text)


def test_it_says_which_words_it_does_not_know(clip: CLIP) -> None:
    assert clip.unknown_words("A DRAGON at the lake; a purple dragon!") == [
        "dragon",
        "the",
        "purple",
    ]
    assert "spruce" in (clip.vocabulary or ())


def test_the_text_tower_can_go_once_texts_are_embedded(folder: Path) -> None:
    clip = load_clip(folder)
    before = sum(parameter.numel() for parameter in clip.parameters())
    clip.drop_text_tower()
    assert sum(parameter.numel() for parameter in clip.parameters()) < 0.97 * before
    assert clip.embed_pictures(torch.zeros(1, 3, 64, 64)).shape == (1, clip.dim)
    with pytest.raises(ValueError, match="text tower was dropped"):
        clip.embed_texts(["a lake"])


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 4, 64, 64), (1, 3, 0, 64)])
def test_other_shapes_are_refused(clip: CLIP, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"pictures must be \(B, 3, H, W\)"):
        clip.embed_pictures(torch.zeros(shape))


def test_a_tokenizer_that_needs_another_package_names_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    words = tmp_path / "tokenizer.json"
    words.write_text(words.read_text().replace("WordLevel", "WordPiece"))
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ValueError, match="pip install transformers"):
        load_clip(tmp_path)


def test_what_is_no_clip_is_said_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"There is no CLIP 'ViT-Z-99'.*ViT-B-32"):
        load_clip("ViT-Z-99")
    with pytest.raises(ValueError, match=r"no readable open_clip_config\.json"):
        load_clip(tmp_path)
    for name in ("open_clip_config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(ValueError, match=f"no {WEIGHTS_FILE}"):
        load_clip(tmp_path)
    (tmp_path / WEIGHTS_FILE).write_bytes((folder / WEIGHTS_FILE).read_bytes()[:999])
    with pytest.raises(ValueError, match="can't be read"):
        load_clip(tmp_path)
