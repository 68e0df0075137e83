"""Print README's performance table: every part in a process of its own, one after the other.

    python benchmarks/run.py

With --judge and a second CLIP, trained as README says, guidance is judged by that one too.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys

from common import HEADER, ROOT

RECIPE = "guidance_recipe.py"
PARTS = (
    "app_start.py",
    "reconstruct.py",
    "taming_size.py",
    "taming_load.py",
    "scenes.py",
    "prior.py",
    "sampling.py",
    "paint.py",
    "cvae.py",
    "guidance.py",
    RECIPE,
)


def main(judge: str | None) -> None:
    import torch

    print(f"{processor()}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}\n")
    print(HEADER, flush=True)
    failed = [part for part in PARTS if run(part, judge) != 0]
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def run(part: str, judge: str | None = None) -> int:
    command = [sys.executable, str(ROOT / "benchmarks" / part), "--row"]
    if part == RECIPE and judge is not None:
        command += ["--judge", judge]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judge", help="folder or name of a second CLIP")
    main(parser.parse_args().judge)
