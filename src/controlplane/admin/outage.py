"""A store that does not answer is 503, in words that say what could not be done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from controlplane.errors import Unavailable, Unreachable


@contextmanager
def unavailable(message: str) -> Iterator[None]:
    """Inside, Unreachable becomes Unavailable with this message."""
    try:
        yield
    except Unreachable as error:
        raise Unavailable(message) from error
