"""The box for a set of one's own on the Hub: opened once, it is on offer in every tab it serves."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from ..hub.own import MAX_BYTES, fetch_own, repo_name
from .imports import import_models
from .models import progress_on_page

# What a visitor opened, of which each set is on offer to that visitor alone.
MAX_OWN = 8


# Knows a visitor's set by its repo's name and its folder; whether it serves in a kind of dropdown.
Shelf = Callable[[str, Path], bool]


def own_set_box(
    demo: gr.Blocks,
    shelves: Mapping[str, tuple[Shelf, str]],
    max_bytes: int = MAX_BYTES,
) -> Callable[[], None]:
    """Lay out the box; what it returns wires it to the dropdowns, once they all are there.

    Args:
        shelves: by the class of the dropdowns, what takes a set in and what is said to be served.
        max_bytes: how large a set may be.
    """
    with gr.Accordion("Your own set on the Hub", open=False, elem_id="own-set"):
        with gr.Row(equal_height=True):
            name = gr.Textbox(
                label="Repo",
                placeholder="user/repo",
                max_lines=1,
                scale=4,
                min_width=200,
                elem_id="own-set-name",
            )
            run = gr.Button("Open", variant="primary", scale=1, min_width=100, elem_id="own-open")
        status = gr.Markdown(_ABOUT, elem_id="own-set-status", elem_classes="hint")
    opened = gr.State([], time_to_live=24 * 3600)

    def wire() -> None:
        choosers = [
            (block, *shelves[kind])
            for block in demo.blocks.values()
            for kind in shelves
            if isinstance(block, gr.Dropdown) and kind in (block.elem_classes or [])
        ]
        offered = [list(block.choices) for block, _, _ in choosers]

        def open_set(repo_id: str, own: list[dict[str, Any]]) -> list[Any]:
            try:
                return _open(repo_id, own)
            except ValueError as error:  # said where it was asked, and there to be read again
                return [f"**{html.escape(str(error))}**", own, *[gr.skip()] * len(choosers)]

        def _open(repo_id: str, own: list[dict[str, Any]]) -> list[Any]:
            if not repo_id.strip():
                raise ValueError("Write the name of a Hub repo first, as user/repo.")
            import_models()
            folder, parts = fetch_own(repo_id, max_bytes, progress_on_page())
            short = repo_name(repo_id)
            serves = {kind for kind, (shelf, _) in shelves.items() if shelf(short, folder)}
            if not serves:
                found = ", ".join(sorted(set(parts.values())))
                raise ValueError(f"No tab here is served by what {short} holds: {found}.")
            own = [each for each in own if each["name"] != short][-MAX_OWN + 1 :]
            own.append({"name": short, "serves": sorted(serves)})
            updates = []
            for (block, *_), choices in zip(choosers, offered, strict=True):
                kind = next(kind for kind in shelves if kind in (block.elem_classes or []))
                there = {value for _, value in choices}
                mine = [each["name"] for each in own if kind in each["serves"]]
                added = [(name, name) for name in reversed(mine) if name not in there]
                update: dict[str, Any] = {"choices": [*added, *choices]}
                if added:  # a choice of one is hidden in some tabs
                    update["visible"] = True
                if kind in serves:
                    update["value"] = short
                updates.append(gr.update(**update))
            kinds = (what for kind, (_, what) in shelves.items() if kind in serves)
            where = ", ".join(dict.fromkeys(kinds))
            share = f"Share it: put `?model={short}` behind this page's address."
            return [f"**{short}** is open: {where}. {share}", own, *updates]

        def open_from_address(own: list[dict[str, Any]], request: gr.Request) -> list[Any]:
            asked = dict(request.query_params).get("model", "")
            if not asked:
                return [gr.skip()] * (len(outputs))
            done = open_set(asked, own)
            return [asked, *done]

        outputs = [name, status, opened, *(block for block, _, _ in choosers)]
        events: dict[str, Any] = {
            "api_visibility": "private",
            "concurrency_id": "hub",
            "concurrency_limit": 2,
            "show_progress_on": status,
        }
        gr.on([run.click, name.submit], open_set, [name, opened], outputs[1:], **events)
        demo.load(open_from_address, opened, outputs, **events)

    return wire


_ABOUT = """Trained with this project and pushed to the Hub: write its name, and it is on offer in
every tab that it can serve. A VQGAN or VQ-VAE that others published as safetensors opens too."""
