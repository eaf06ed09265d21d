"""Of limits that count the same thing only the smallest can ever refuse."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.domain.limits import Limit


def tightest(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """One limit per measure, scope and window; limits of different scopes all stay."""
    smallest: dict[tuple[object, ...], Limit] = {}
    for limit in limits:
        counter = (limit.measure, limit.scope, limit.window, limit.shadow)
        smallest[counter] = min(limit, smallest.get(counter, limit), key=lambda each: each.capacity)
    return tuple(smallest.values())
