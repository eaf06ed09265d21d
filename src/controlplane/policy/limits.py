"""`rate_limits`, `token_limits` and `concurrency`: what is counted. All levels hold at once.

`counting_rule` makes them, and `cost_caps`: each level's limits under that level's own scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from controlplane.domain.access import Caller
from controlplane.domain.limits import Limit, Measure, Period
from controlplane.domain.policy import Level, scope
from controlplane.policy.rule import LevelValue, MergedRule
from controlplane.policy.shape import Shape, an_array, an_object, boolean, integer

MAX_LIMITS = 8
MAX_WINDOW_SECONDS = 86_400
MAX_REQUESTS = 1_000_000
# Redis counts in doubles, which are exact up to 2^53.
MAX_TOKENS = 1_000_000_000_000
MAX_CONCURRENCY = 100_000
# Of requests, for an application whose own document has no `rate_limits`.
DEFAULT_RATE = (100, 60, False)
# What a limit of tokens or money may say on top.
FIT = {"fit": boolean(example=True)}
FITS = (
    'with `"fit": true` a request that is too large for what is left is sent for a shorter answer'
)

Window = int | Period | None
# (how much, in which window, whether a request may be fitted), as often as a level has a limit
Counts = tuple[tuple[int, Window, bool], ...]
Implied = Callable[[Caller, Sequence[LevelValue[Counts]]], Sequence[LevelValue[Counts]]] | None


def counting_rule(
    field: str,
    *,
    measure: Measure,
    shape: Shape[Counts],
    says: str,
    amount: Callable[[int], dict[str, Any]],
    implied: Implied = None,
) -> MergedRule[Counts, tuple[Limit, ...]]:
    """A rule whose limits the ledger counts; `amount` writes a capacity as a document does."""

    def merge(stated: Sequence[LevelValue[Counts]]) -> tuple[Limit, ...]:
        return tightest(
            Limit(measure, entry.scope, capacity, window, fit=fit)
            for entry in stated
            for capacity, window, fit in entry.value
        )

    return MergedRule(
        field=field,
        shape=shape,
        says=says,
        merges="all hold at once, each counted for its own level"
        + ("" if measure is Measure.CONCURRENCY else "; of two with one window the smaller"),
        merge=merge,
        default=(),
        describe=lambda limits: [
            {"scope": limit.scope, **amount(limit.capacity), **_window(limit.window)}
            | ({"fit": True} if limit.fit else {})
            for limit in limits
        ],
        limits=lambda limits: limits,
        implied=implied,
    )


def tightest(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """Of limits that count the same (measure, scope and window) the smallest: no other one can
    ever refuse. Limits of different scopes all stay."""
    smallest: dict[tuple[object, ...], Limit] = {}
    for limit in limits:
        counter = (limit.measure, limit.scope, limit.window)
        smallest[counter] = min(limit, smallest.get(counter, limit), key=lambda each: each.capacity)
    return tuple(smallest.values())


def _window(window: Window) -> dict[str, Any]:
    if window is None:
        return {}
    if isinstance(window, Period):
        return {"period": window.value}
    return {"window_seconds": window}


def _windows(
    name: str, most: int, example: int, more: Mapping[str, Shape[Any]] | None = None
) -> Shape[Counts]:
    """`[{"requests": 100, "window_seconds": 60}]`. An empty array says: no limit at this level."""
    fields: dict[str, Shape[Any]] = {
        name: integer(0, most, example=example),
        "window_seconds": integer(1, MAX_WINDOW_SECONDS, example=60),
    }
    example_limit = {each: shape.example for each, shape in fields.items()}
    limit = an_object({**fields, **(more or {})}, required=list(fields), example=example_limit)

    def counts(read: dict[str, Any], _field: str) -> tuple[int, Window, bool]:
        return read[name], read["window_seconds"], read.get("fit", False)

    return an_array(limit.then(counts), 0, MAX_LIMITS)


def _default_rate(
    caller: Caller, stated: Sequence[LevelValue[Counts]]
) -> Sequence[LevelValue[Counts]]:
    if not caller.application_id or any(each.level is Level.APPLICATION for each in stated):
        return ()
    application = scope(Level.APPLICATION, caller.application_id)
    return [LevelValue(Level.APPLICATION, application, (DEFAULT_RATE,))]


RATE_LIMITS = counting_rule(
    "rate_limits",
    measure=Measure.REQUESTS,
    shape=_windows("requests", MAX_REQUESTS, 100),
    says='`[{"requests", "window_seconds"}]`: at most so many in any window of that length; '
    f"up to {MAX_LIMITS}, windows of 1 to {MAX_WINDOW_SECONDS:,} seconds",
    amount=lambda capacity: {"requests": capacity},
    implied=_default_rate,
)
TOKEN_LIMITS = counting_rule(
    "token_limits",
    measure=Measure.TOKENS,
    shape=_windows("tokens", MAX_TOKENS, 100_000, FIT),
    says='`[{"tokens", "window_seconds"}]`: of prompts and answers together; '
    f"bounds as for `rate_limits`; {FITS}",
    amount=lambda capacity: {"tokens": capacity},
)
CONCURRENCY = counting_rule(
    "concurrency",
    measure=Measure.CONCURRENCY,
    shape=integer(0, MAX_CONCURRENCY, example=20).then(lambda most, _: ((most, None, False),)),
    says="how many requests may be under way at one moment",
    amount=lambda capacity: {"requests": capacity},
)
