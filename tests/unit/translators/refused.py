"""Shorthands of the tests of translated requests."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.translators.pairs import TO_CHAT, TO_RESPONSES, Pair

from controlplane.errors import UnsupportedParameter


def refused(pair: Pair, body: Any, *, lenient: bool = False) -> str:
    """The place for which the request is refused."""
    with pytest.raises(UnsupportedParameter) as raised:
        pair.translate(body, lenient=lenient)
    assert raised.value.param is not None
    return raised.value.param


def messages(*items: Any, **more: Any) -> list[Any]:
    """What the items of an input become."""
    body = TO_CHAT.translate({"model": "m", "input": list(items), **more}).request.body
    found: list[Any] = body["messages"]
    return found


def items(*said: Any, **more: Any) -> list[Any]:
    """What messages become."""
    body = TO_RESPONSES.translate({"model": "m", "messages": list(said), **more}).request.body
    found: list[Any] = body["input"]
    return found
