"""Routes: what a model name stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, Strict, StringConstraints, WrapValidator

from controlplane.admin.models.fields import MAX_NAME_LENGTH, printable
from controlplane.admin.models.model import RequestBody, ResponseBody, examples, one_of, told
from controlplane.domain.routing import Condition, Strategy, Timeouts, Unsupported

MAX_TARGETS = 8
MAX_WEIGHT = 1_000_000
MIN_SECONDS = 0.1
_DEFAULTS = Timeouts()
NAME = f"a string of 1 to {MAX_NAME_LENGTH} printable characters"
_TARGET: Mapping[str, Any] = {"provider": "openai", "model": "gpt-5.5", "weight": 1}
_FAILOVER: Mapping[str, Any] = {
    "strategy": "priority",
    "targets": [_TARGET, {**_TARGET, "provider": "azure"}],
    "timeouts": {"connect_s": 2.0, "first_byte_s": 20.0, "idle_s": 300.0, "total_s": 900.0},
    "fail_over_on": [],
    "unsupported": "refuse",
}


def _seconds(most: int) -> WrapValidator:
    return told(f"must be seconds from {MIN_SECONDS} to {most}")


ModelName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_NAME_LENGTH),
    AfterValidator(printable),
    told(f"must be {NAME}"),
]
# The longest that each part of a call may take; Lambda itself ends after 900 seconds.
UpTo30 = Annotated[float, Strict(), Field(ge=MIN_SECONDS, le=30), _seconds(30)]
UpTo300 = Annotated[float, Strict(), Field(ge=MIN_SECONDS, le=300), _seconds(300)]
UpTo900 = Annotated[float, Strict(), Field(ge=MIN_SECONDS, le=900), _seconds(900)]


class RouteTarget(RequestBody):
    """A model at a provider."""

    provider: Annotated[str, told("must be the name of a configured provider")] = Field(
        description="A configured provider."
    )
    model: ModelName = Field(
        description="The provider's name of the model, or the Azure deployment. Under a glob `*` "
        "passes on the name that was asked for."
    )
    weight: Annotated[
        int,
        Strict(),
        Field(ge=1, le=MAX_WEIGHT),
        told(f"must be an integer from 1 to {MAX_WEIGHT}"),
    ] = Field(default=1, description="The share of first attempts, for the strategy `weighted`.")


class RouteTimeouts(RequestBody):
    """Seconds, of each part of a call."""

    connect_s: UpTo30 = _DEFAULTS.connect_s
    first_byte_s: Annotated[
        UpTo300 | None,
        Field(
            description="How long a target may take to begin before the next one is called; null: "
            "as long as it is not idle."
        ),
    ] = None
    idle_s: UpTo300 = _DEFAULTS.idle_s
    total_s: UpTo900 = _DEFAULTS.total_s


class RouteDocument(RequestBody):
    """What an alias stands for."""

    alias: str | None = Field(default=None, description="As in the address; may be left out.")
    strategy: Annotated[Strategy, one_of(Strategy)] = Strategy.PRIORITY
    targets: Annotated[
        list[Annotated[RouteTarget, told("must be an object with 'provider' and 'model'")]],
        Field(min_length=1, max_length=MAX_TARGETS),
        told(f"must be an array of 1 to {MAX_TARGETS} targets"),
    ]
    timeouts: Annotated[
        RouteTimeouts | None, told(f"must be an object of {', '.join(RouteTimeouts.model_fields)}")
    ] = Field(default=None, description="Null stands for what fits the way the answer is sent.")
    fail_over_on: Annotated[
        list[Annotated[Condition, one_of(Condition)]] | None,
        told(f"must be an array out of {', '.join(Condition)}"),
    ] = Field(default=None, description="Refusals after which the next target is asked as well.")
    unsupported: Annotated[Unsupported, one_of(Unsupported)] = Field(
        default=Unsupported.REFUSE,
        description="What becomes of a parameter that a target does not have: `ignore` leaves out "
        "all that does not change the meaning of the request.",
    )


class TargetShown(ResponseBody):
    """A model at a provider, as it is stored."""

    provider: str
    model: str
    weight: int


class TimeoutsShown(ResponseBody):
    """Seconds, of each part of a call, as they are stored."""

    connect_s: float
    first_byte_s: float | None
    idle_s: float
    total_s: float


class RouteShown(ResponseBody):
    """A route."""

    model_config = examples({"alias": "gpt-5.5", **_FAILOVER})
    alias: str
    strategy: Strategy
    targets: list[TargetShown]
    timeouts: TimeoutsShown | None
    fail_over_on: list[Condition]
    unsupported: Unsupported


EXAMPLES: Mapping[str, Any] = {
    "failover": {"summary": "One provider first, another one when it fails", "value": _FAILOVER},
    "weighted": {
        "summary": "Nine first attempts of ten here, one there",
        "value": {
            "strategy": "weighted",
            "targets": [{**_TARGET, "weight": 9}, {**_TARGET, "provider": "azure"}],
        },
    },
    "glob": {
        "summary": "For an alias such as gpt-*: every name that it matches, passed on as it is",
        "value": {"targets": [{"provider": "openai", "model": "*"}]},
    },
}
