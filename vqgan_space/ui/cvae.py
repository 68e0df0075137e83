"""The CVAE tab: short texts to clothes, captions to scenes, and what goes on inside."""

from __future__ import annotations

import gradio as gr

from .cvae_caption import caption_tab
from .cvae_inside import inside_tab
from .cvae_words import words_tab
from .cvaes import Cvaes

HOW_TO_TRAIN = """### No conditional VAE is installed
Train one with the script of this project, on Fashion-MNIST or on captioned pictures:

```
python train/cvae.py --data fashion_mnist --val fashion_mnist --out runs/fashion-cvae
```"""
_ABOUT = """A **conditional VAE** is the older way from words to pictures: no codes, no transformer,
one vector z of random numbers and a condition beside it. It makes a picture in milliseconds, and
shows what a VAE can't do: what it is unsure of, it blurs."""


def cvae_tab(cvaes: Cvaes | None, tab: gr.Tab) -> None:
    """Lay out the tab and wire it; without any set it says how to train one."""
    if cvaes is None or not (cvaes.of_classes or cvaes.of_texts):
        gr.Markdown(HOW_TO_TRAIN, elem_id="cvae-how-to-train")
        return
    gr.Markdown(_ABOUT, elem_classes="hint")
    with gr.Tabs():
        if cvaes.of_classes:
            with gr.Tab("Short text", id="cvae-words"):
                words_tab(cvaes)
        if cvaes.of_texts:
            with gr.Tab("Caption", id="cvae-caption"):
                caption_tab(cvaes)
        if cvaes.of_classes:
            with gr.Tab("Inside", id="cvae-inside") as inside:
                inside_tab(cvaes, [inside, tab])
