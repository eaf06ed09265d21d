"""Which event loop a module's tests run on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The module's `NEW_LOOP`, where it has one."""
    module = item.getparent(pytest.Module)
    assert module is not None
    return {"loop": getattr(module.obj, "NEW_LOOP", asyncio.new_event_loop)}
