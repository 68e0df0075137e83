"""``python app.py`` as it is called: its flags, and what it says to wrong ones."""

from __future__ import annotations

import subprocess
import sys

import pytest
from serving import APP


def test_help_lists_the_flags() -> None:
    shown = subprocess.run([sys.executable, APP, "--help"], capture_output=True, text=True)
    assert shown.returncode == 0
    for flag in ("--host", "--port", "--share", "--model", "--device", "--dtype"):
        assert flag in shown.stdout


@pytest.mark.parametrize("flags", [("--model", "no-such-thing"), ("--device", "no-such-thing")])
def test_what_the_command_line_names_in_vain_is_one_sentence(flags: tuple[str, str]) -> None:
    run = subprocess.run([sys.executable, APP, *flags], capture_output=True, text=True)
    assert run.returncode != 0
    assert "no-such-thing" in run.stderr
    assert "Traceback" not in run.stderr
