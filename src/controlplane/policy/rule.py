"""What a rule is: a field of the policy document, with everything that the gateway does with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from controlplane.domain.access import Caller
from controlplane.domain.inference import InferenceRequest
from controlplane.domain.limits import Limit
from controlplane.domain.policy import EffectivePolicy, Level
from controlplane.errors import GatewayError
from controlplane.policy.shape import JsonSchema, Shape

S = TypeVar("S")
M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class LevelValue(Generic[S]):
    """What one level states about one field. `scope` names its counters: `app-456`."""

    level: Level
    scope: str
    value: S


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Rule(Generic[S]):
    """A field about its own document: how it is read, and for people, in Markdown, what it says
    and what several levels make of it. `has_shadow` is False for what cannot be tried out.

    `bound(value, field)` raises InvalidPolicy for what is not stored any more; what was stored
    before is still read.
    """

    field: str
    shape: Shape[S]
    says: str
    merges: str
    has_shadow: bool = True
    bound: Callable[[S, str], None] | None = None

    def json_schema(self) -> JsonSchema:
        """Of the field, described and with an example."""
        says = self.says[:1].upper() + self.says[1:]
        description = f"{says}. Over the levels: {self.merges}."
        return {**self.shape.schema, "description": description, "examples": [self.shape.example]}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MergedRule(Rule[S], Generic[S, M]):
    """A field whose values at all levels are merged into one.

    `merge` gets what each level states, widest level first; levels that say nothing are left out.
    `default` holds where no level says anything. `describe` makes JSON of what was merged. Where
    `refuse` returns an error, the request is refused. `limits` are what the ledger counts of it.
    `implied` adds what holds for a caller without being stated.
    """

    merge: Callable[[Sequence[LevelValue[S]]], M]
    default: M
    describe: Callable[[M], Any]
    refuse: Callable[[InferenceRequest, M], GatewayError | None] | None = None
    limits: Callable[[M], tuple[Limit, ...]] | None = None
    implied: Callable[[Caller, Sequence[LevelValue[S]]], Sequence[LevelValue[S]]] | None = None

    def of(self, policy: EffectivePolicy) -> M:
        """What holds under a policy."""
        return cast("M", policy.merged.get(self.field, self.default))
