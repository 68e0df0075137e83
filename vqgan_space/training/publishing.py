"""What the trainers share of publishing: the options, the pushes, what a card says of the run."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vqgan_space.hub.load import REPO_ID
from vqgan_space.hub.push import push_command, push_set


@dataclass(kw_only=True)
class PublishOptions:
    """The options of publishing, which every trainer has."""

    push_to_hub: str | None = None
    """user/repo to publish the trained set to, at the end."""
    private: bool = False
    """Make that repo private, where it is not there yet."""
    push_every: int | None = None
    """Steps after which to publish on the way too, at the next evaluation."""


class Publisher:
    """Pushes a run's folder as its options say; a push that fails never costs the run."""

    def __init__(
        self, options: PublishOptions, out: Path, is_main: bool, say: Callable[[str], Any] = print
    ) -> None:
        """Says at once, where it can be known, that the token will not do.

        Args:
            out: the run's folder.
            is_main: whether this process publishes.
            say: takes a line for the terminal.
        """
        self.options, self.out, self.say = options, out, say
        self.repo_id = options.push_to_hub if is_main else None
        self.pushed_at = 0
        if self.repo_id:
            doubt = _doubt(self.repo_id)
            if doubt:
                command = push_command(out, self.repo_id)
                say(f"{doubt}: training goes on; publish its result with `{command}`.")

    def on_the_way(self, step: int) -> None:
        """Push what an evaluation at ``step`` wrote, where enough steps have passed."""
        every = self.options.push_every
        if not self.repo_id or not every or step - self.pushed_at < every:
            return
        self.pushed_at = step
        try:
            url = push_set(self.out, self.repo_id, private=self.options.private, message=_at(step))
            self.say(f"step {step}: {url}")
        except ValueError as error:
            self.say(f"step {step}: {error}")

    def at_the_end(self, step: int) -> None:
        """Push the result, and print its address.

        Raises:
            SystemExit: it could not be published; says how to try again.
        """
        if not self.repo_id:
            return
        try:
            print(push_set(self.out, self.repo_id, private=self.options.private, message=_at(step)))
        except ValueError as error:
            raise SystemExit(str(error)) from error


def run_facts(options: Any, started: float) -> dict[str, Any]:
    """What every card says of a run, as ``CardFacts`` takes it.

    Args:
        options: the trainer's, with ``data`` and, where it has them, ``start_from`` and ``vqgan``.
        started: ``time.monotonic()`` as it began.
    """
    minutes = (time.monotonic() - started) / 60
    sources = (getattr(options, name, None) for name in ("start_from", "vqgan"))
    return {
        "hardware": f"On {hardware()}; this run took {_duration(minutes)}.",
        "options": {name: value for name, value in asdict(options).items() if value is not None},
        "repo_id": options.push_to_hub,
        "base_model": next((str(each) for each in sources if _is_on_hub(each)), None),
        "datasets": [options.data] if _is_on_hub(getattr(options, "data", None)) else (),
    }


def hardware() -> str:
    """What this run computes on, as in "2 processes on NVIDIA H200" or "4 threads of ..."."""
    import torch
    from accelerate import PartialState  # type: ignore[import-untyped]

    state = PartialState()
    if state.device.type == "cuda":
        name = torch.cuda.get_device_name(state.device)
    else:
        threads = torch.get_num_threads()
        name = f"{threads} thread{'s' if threads > 1 else ''} of {_processor()}"
    return name if state.num_processes == 1 else f"{state.num_processes} processes, each on {name}"


def _duration(minutes: float) -> str:
    if minutes < 1:
        return "less than a minute"
    return f"{minutes:.0f} minutes" if minutes < 180 else f"{minutes / 60:.1f} hours"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _is_on_hub(source: Any) -> bool:
    name = str(source or "")
    return bool(REPO_ID.fullmatch(name)) and not Path(name).exists()


def _at(step: int) -> str:
    return f"Upload after {step} steps"


def _doubt(repo_id: str) -> str | None:
    """Why a push at the end would fail, as far as it can be known at the start."""
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.errors import HfHubHTTPError

    from vqgan_space.hub.download import network_errors

    if not REPO_ID.fullmatch(repo_id):
        return f"{repo_id!r} is no name for a Hub repo (user/repo)"
    if not get_token():
        return "Nobody is logged in to the Hugging Face Hub (`hf auth login`, or HF_TOKEN)"
    failures: tuple[type[Exception], ...] = (HfHubHTTPError, *network_errors(), ValueError)
    try:
        known = HfApi().whoami()
    except failures:
        return "The Hugging Face Hub does not know the token, or can't be reached"
    role = known.get("auth", {}).get("accessToken", {}).get("role")
    return "The token is for reading only" if role == "read" else None
