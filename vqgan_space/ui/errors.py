"""Bad input becomes one sentence on the page, and the app goes on serving."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from .imports import import_models


@contextmanager
def _as_message() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise gr.Error(str(error), title="That did not work", print_exception=False) from None


def sentences(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a handler, or a generator handler, so that its ``ValueError`` is shown as it reads.

    What models need is imported before it runs.
    """
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def generator(*args: Any) -> Iterator[Any]:
            import_models()
            with _as_message():
                yield from handler(*args)

        return generator

    @functools.wraps(handler)
    def function(*args: Any) -> Any:
        import_models()
        with _as_message():
            return handler(*args)

    return function


def filled(value: Any, name: str) -> Any:
    """The value of a number field.

    Raises:
        ValueError: the field is empty.
    """
    if value is None:
        raise ValueError(f"Fill in the field {name!r} first.")
    return value
