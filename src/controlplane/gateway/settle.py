"""Settle: the hold is replaced by what was really used, and the use gets its price."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from controlplane.gateway.ports import PriceBook
from controlplane.gateway.record import Trail


@contextmanager
def settle(trail: Trail, prices: PriceBook) -> Iterator[None]:
    """Leaving the context, however that happens, prices the usage, reported or estimated.

    A hold of requests alone needs no settlement: an admitted request stays in its window.
    """
    try:
        yield
    finally:
        if trail.usage is not None and trail.provider and trail.model_served:
            trail.cost_microusd = prices.cost_microusd(
                trail.provider, trail.model_served, trail.usage
            )
