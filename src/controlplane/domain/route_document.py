"""What an administrator writes for an alias, read and checked: the one way into a stored route."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

from controlplane.domain.routing import (
    SAME_NAME,
    Condition,
    Route,
    Strategy,
    Target,
    Timeouts,
    is_glob,
)
from controlplane.domain.text import NAME, is_name
from controlplane.errors import InvalidRequest

MAX_TARGETS = 8
MAX_WEIGHT = 1_000_000
MIN_SECONDS = 0.1
# The longest that each part of a call may take; Lambda itself ends after 900 seconds.
MAX_SECONDS: Mapping[str, float] = {
    "connect_s": 30,
    "first_byte_s": 300,
    "idle_s": 300,
    "total_s": 900,
}

_TARGET_FIELDS = tuple(field.name for field in fields(Target))
_TIMEOUT_FIELDS = tuple(field.name for field in fields(Timeouts))


def parse_route(alias: str, document: Mapping[str, Any], providers: Collection[str]) -> Route:
    """The route that `document` describes for `alias`, to providers out of `providers`.

    `document` is `{"strategy", "targets": [{"provider", "model", "weight"?}], "timeouts"?,
    "fail_over_on"?}`. It may repeat the alias, so that what was read can be written back. Raises
    InvalidRequest whose `param` is the path of the fault, such as `targets.0.provider`.
    """
    if not is_name(alias):
        raise _fault("alias", f"must be {NAME}")
    _check_fields(document, "", tuple(field.name for field in fields(Route)))
    if document.get("alias", alias) != alias:
        raise _fault("alias", "must be the one in the address of the request, or be left out")
    return Route(
        alias=alias,
        targets=_targets(alias, document.get("targets"), providers),
        strategy=_strategy(document.get("strategy")),
        timeouts=_timeouts(document.get("timeouts")),
        fail_over_on=_conditions(document.get("fail_over_on")),
    )


def _targets(alias: str, value: Any, providers: Collection[str]) -> tuple[Target, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_TARGETS:
        raise _fault("targets", f"must be an array of 1 to {MAX_TARGETS} targets")
    targets: list[Target] = []
    seen: set[tuple[str, str]] = set()
    for index, item in enumerate(value):
        target = _target(alias, item, f"targets.{index}", providers)
        if (target.provider, target.model) in seen:
            raise _fault(f"targets.{index}", "must not repeat an earlier target")
        seen.add((target.provider, target.model))
        targets.append(target)
    return tuple(targets)


def _target(alias: str, value: Any, place: str, providers: Collection[str]) -> Target:
    if not isinstance(value, dict):
        raise _fault(place, "must be an object with 'provider' and 'model'")
    _check_fields(value, f"{place}.", _TARGET_FIELDS)
    provider, model, weight = value.get("provider"), value.get("model"), value.get("weight", 1)
    if not isinstance(provider, str) or provider not in providers:
        known = ", ".join(sorted(providers)) or "none"
        raise _fault(f"{place}.provider", f"must be a configured provider ({known})")
    if not isinstance(model, str) or not is_name(model):
        raise _fault(f"{place}.model", f"must be {NAME}")
    if "*" in model and not (model == SAME_NAME and is_glob(alias)):
        raise _fault(
            f"{place}.model",
            "must be a model's own name, or '*' alone where the alias is a glob",
        )
    if type(weight) is not int or not 1 <= weight <= MAX_WEIGHT:
        raise _fault(f"{place}.weight", f"must be an integer from 1 to {MAX_WEIGHT}")
    return Target(provider, model, weight)


def _strategy(value: Any) -> Strategy:
    try:
        return Strategy(value)
    except ValueError:
        raise _fault("strategy", f"must be one of {', '.join(Strategy)}") from None


def _timeouts(value: Any) -> Timeouts | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _fault("timeouts", f"must be an object of {', '.join(_TIMEOUT_FIELDS)}")
    _check_fields(value, "timeouts.", _TIMEOUT_FIELDS)
    for name, seconds in value.items():
        most = MAX_SECONDS[name]
        if type(seconds) not in (int, float) or not MIN_SECONDS <= seconds <= most:
            raise _fault(f"timeouts.{name}", f"must be seconds from {MIN_SECONDS} to {most}")
    return Timeouts(**{name: float(seconds) for name, seconds in value.items()})


def _conditions(value: Any) -> frozenset[Condition]:
    if value is None:
        return frozenset()
    if not isinstance(value, list):
        raise _fault("fail_over_on", f"must be an array out of {', '.join(Condition)}")
    found = set()
    for index, item in enumerate(value):
        try:
            found.add(Condition(item))
        except ValueError:
            raise _fault(
                f"fail_over_on.{index}", f"must be one of {', '.join(Condition)}"
            ) from None
    return frozenset(found)


def _check_fields(document: Mapping[str, Any], prefix: str, known: tuple[str, ...]) -> None:
    for name in document:
        if name not in known:
            raise _fault(
                f"{prefix}{name[:64]}", f"is not a known field (known: {', '.join(known)})"
            )


def _fault(param: str, expected: str) -> InvalidRequest:
    return InvalidRequest(f"'{param}' {expected}.", param=param)
