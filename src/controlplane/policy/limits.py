"""`rate_limits`, `token_limits` and `concurrency`: what is counted. All levels hold at once.

`counting_rule` makes them, and `cost_caps`: each level's limits under that level's own scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from controlplane.domain.access import Caller
from controlplane.domain.limits import UTC_ZONE, Limit, Measure, Per, Period, counter_of
from controlplane.domain.policy import EffectivePolicy, Level, scope
from controlplane.policy.globs import matches, some_globs
from controlplane.policy.rule import LevelValue, MergedRule
from controlplane.policy.shape import Shape, an_array, an_object, boolean, either, integer, one_of

MAX_LIMITS = 8
MAX_WINDOW_SECONDS = 86_400
MAX_REQUESTS = 1_000_000_000
# Redis counts in doubles, which are exact up to 2^53.
MAX_TOKENS = 1_000_000_000_000
MAX_CONCURRENCY = 100_000
# What a limit of tokens or money may say on top.
FIT = {"fit": boolean(example=True)}
FITS = (
    'with `"fit": true` a request that is too large for what is left is sent for a shorter answer'
)

SELECTS = (
    'one with `"models"` (globs) counts requests for those only, one with `"per"`, which is '
    "`end_user` or `session`, has a counter for each of them"
)
SELECTORS: Mapping[str, Shape[Any]] = {
    "models": some_globs(),
    "per": one_of(Per, example=Per.END_USER),
}


@dataclass(frozen=True, slots=True)
class Count:
    """One limit of a document, as it stands there."""

    capacity: int
    window: int | Period | None
    fit: bool = False
    models: tuple[str, ...] = ()
    per: Per | None = None
    time_zone: str = UTC_ZONE

    @classmethod
    def of(cls, capacity: int, window: int | Period | None, read: Mapping[str, Any]) -> Self:
        """With what the limit says on top; the order of its globs makes no difference."""
        return cls(
            capacity,
            window,
            read.get("fit", False),
            tuple(sorted(set(read.get("models", ())))),
            read.get("per"),
            read.get("time_zone", UTC_ZONE),
        )

    def under(self, measure: Measure, scope_name: str) -> Limit:
        """The limit of that scope."""
        return Limit(
            measure,
            scope_name,
            self.capacity,
            self.window,
            fit=self.fit,
            models=self.models,
            per=self.per,
            time_zone=self.time_zone,
        )


# As often as a level has a limit.
Counts = tuple[Count, ...]
# Of requests, for an application whose own document has no `rate_limits`.
DEFAULT_RATE = Count(100, 60)
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
            count.under(measure, entry.scope) for entry in stated for count in entry.value
        )

    return MergedRule(
        field=field,
        shape=shape,
        says=says,
        merges="all hold at once, each counted for its own level; of two that count the same "
        "the smaller",
        merge=merge,
        default=(),
        describe=lambda limits: [
            {"scope": limit.scope, **amount(limit.capacity), **_said(limit)} for limit in limits
        ],
        limits=lambda limits: limits,
        implied=implied,
    )


def tightest(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """Of limits that count the same the smallest: no other one can ever refuse. What they count is
    told by measure, scope, window, models, and of what each one counts by itself."""
    smallest: dict[Limit, Limit] = {}
    for limit in limits:
        counter = replace(limit, capacity=0)
        smallest[counter] = min(limit, smallest.get(counter, limit), key=lambda each: each.capacity)
    return tuple(smallest.values())


def applying(
    policy: EffectivePolicy, org_id: str, model: str, named: Mapping[Per, str | None]
) -> EffectivePolicy:
    """The policy with the limits of a request for `model`: those of other models are left out, and
    those with many counters have the one of the end user or session that the request names."""
    if not any(limit.selects for limit in policy.limits):
        return policy
    limits = tuple(
        limit
        if limit.per is None
        else replace(limit, counter=counter_of(org_id, limit.per, named[limit.per]))
        for limit in policy.limits
        if not limit.models or matches(model, limit.models)
    )
    return replace(policy, limits=limits)


def _said(limit: Limit) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if isinstance(limit.window, Period):
        said["period"] = limit.window.value
    elif limit.window is not None:
        said["window_seconds"] = limit.window
    if limit.time_zone != UTC_ZONE:
        said["time_zone"] = limit.time_zone
    if limit.models:
        said["models"] = list(limit.models)
    if limit.per is not None:
        said["per"] = limit.per.value
    if limit.fit:
        said["fit"] = True
    return said


def _windows(
    name: str, most: int, example: int, more: Mapping[str, Shape[Any]] | None = None
) -> Shape[Counts]:
    """`[{"requests": 100, "window_seconds": 60}]`. An empty array says: no limit at this level."""
    fields: dict[str, Shape[Any]] = {
        name: integer(0, most, example=example),
        "window_seconds": integer(1, MAX_WINDOW_SECONDS, example=60),
    }
    example_limit = {each: shape.example for each, shape in fields.items()}
    known = {**fields, **SELECTORS, **(more or {})}
    limit = an_object(known, required=list(fields), example=example_limit)
    count = limit.then(lambda read, _: Count.of(read[name], read["window_seconds"], read))
    return an_array(count, 0, MAX_LIMITS)


def _at_once() -> Shape[Counts]:
    """`20`, or `[{"requests": 20, "per": "end_user"}]`."""
    most = integer(0, MAX_CONCURRENCY, example=20)
    limit = an_object(
        {"requests": most, **SELECTORS}, required=["requests"], example={"requests": 20}
    ).then(lambda read, _: Count.of(read["requests"], None, read))
    one: Shape[Counts] = most.then(lambda number, _: (Count(number, None),))
    return either(one, an_array(limit, 0, MAX_LIMITS), is_first=lambda it: not isinstance(it, list))


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
    f"up to {MAX_LIMITS}, windows of 1 to {MAX_WINDOW_SECONDS:,} seconds; {SELECTS}",
    amount=lambda capacity: {"requests": capacity},
    implied=_default_rate,
)
TOKEN_LIMITS = counting_rule(
    "token_limits",
    measure=Measure.TOKENS,
    shape=_windows("tokens", MAX_TOKENS, 100_000, FIT),
    says='`[{"tokens", "window_seconds"}]`: of prompts and answers together; '
    f"bounds and selection as for `rate_limits`; {FITS}",
    amount=lambda capacity: {"tokens": capacity},
)
CONCURRENCY = counting_rule(
    "concurrency",
    measure=Measure.CONCURRENCY,
    shape=_at_once(),
    says="how many requests may be under way at one moment; or an array of up to "
    f'{MAX_LIMITS} of `{{"requests"}}` with `"models"` and `"per"` as for `rate_limits`',
    amount=lambda capacity: {"requests": capacity},
)
