"""ZeroGPU: on a Space that lends its accelerator by the call, every model event borrows one.

Anywhere else nothing changes: the handlers run as they are, in this process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .inputs import MODEL_QUEUE

if TYPE_CHECKING:
    import gradio as gr

# Seconds that an event may take on the accelerator, by the handler's name. A visitor's daily share
# and place in the queue go by what is asked for, so the short ones ask for little.
SECONDS = {
    "reconstruct": 15,
    "decode_codes": 10,
    "show_decoded": 10,
    "shuffle": 20,
    "edit_latents": 15,
    "show": 15,
    "interpolate": 45,
    "interpolate_when_ready": 45,
}
# Sampling, guidance and whatever else is long.
OTHERWISE = 90


def borrow_gpu(demo: gr.Blocks, gpu: Callable[..., Any] | None = None) -> None:
    """Wrap the handlers of all model events in ``spaces.GPU``, with a duration by their work.

    Args:
        gpu: ``spaces.GPU``; None: that of the package ``spaces``, nothing where it is not
            installed. It returns what it is given everywhere but on ZeroGPU.
    """
    if gpu is None:
        try:
            from spaces import GPU as gpu  # type: ignore[import-not-found,no-redef]
        except ImportError:
            return
    assert gpu is not None
    for event in demo.fns.values():
        if event.concurrency_id == MODEL_QUEUE and event.fn is not None:
            seconds = SECONDS.get(getattr(event.fn, "__name__", ""), OTHERWISE)
            event.fn = gpu(event.fn, duration=seconds)
