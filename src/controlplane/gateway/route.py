"""Route: which targets serve this model, and in which order?"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterable
from dataclasses import replace

from controlplane.domain.configuration import Configuration
from controlplane.domain.routing import SAME_NAME, Route, Routes, Strategy, Target, is_glob, matches
from controlplane.errors import ModelNotFound
from controlplane.policy.models import is_allowed


def route(model: str, routes: Routes, rng: random.Random, session_id: str | None = None) -> Route:
    """The route of `model` with its targets in the order to try. Raises ModelNotFound.

    Under a session the order of a weighted route is always the same: what a target has cached, and
    reasoning that only it can read, is of use there alone.

    The alias of that very name wins, then the longest glob that matches. A target's model `*`
    becomes the name that was asked for.
    """
    found = _found(model, routes)
    if found is None:
        raise ModelNotFound(
            f"The model '{model}' has no route in this organisation. An administrator can add one: "
            "PUT /admin/v1/routes/{alias}. GET /v1/models lists the models that have one.",
            param="model",
        )
    targets = tuple(_named(model, found.targets))
    if found.strategy is Strategy.WEIGHTED and len(targets) > 1 and session_id is not None:
        targets = tuple(sorted(targets, key=lambda target: _rendezvous(session_id, target)))
    elif found.strategy is Strategy.WEIGHTED and len(targets) > 1:
        first = rng.choices(targets, [target.weight for target in targets])[0]
        targets = (first, *(target for target in targets if target is not first))
    return replace(found, targets=targets)


def _rendezvous(session_id: str, target: Target) -> float:
    """Weighted rendezvous hashing: the target with the smallest number has the session.

    Over many sessions each target is first as often as its weight says, and where one is missing
    only its own sessions move. https://www.snia.org/sites/default/files/SDC15_presentations/dist_sys/Jason_Resch_New_Consistent_Hashings_Rev.pdf
    """
    digest = hashlib.blake2b(f"{session_id}\n{target.key}".encode(), digest_size=8).digest()
    uniform = (int.from_bytes(digest) + 1) / (2**64 + 1)
    return -math.log(uniform) / target.weight


def targets_of(model: str, routes: Routes) -> tuple[Target, ...]:
    """All that may serve `model`; () where it has no route."""
    found = _found(model, routes)
    return () if found is None else tuple(_named(model, found.targets))


def listed(rules: Configuration) -> list[Route]:
    """The routes that a caller may choose by name, in order: no globs, none that is not allowed."""
    return [
        route
        for alias, route in sorted(rules.routes.items())
        if not is_glob(alias) and is_allowed(alias, rules.policy)
    ]


def _found(model: str, routes: Routes) -> Route | None:
    return routes.get(model) or _longest_glob(model, routes)


def _longest_glob(model: str, routes: Routes) -> Route | None:
    matching = (alias for alias in routes if is_glob(alias) and matches(model, alias))
    # The alphabet decides between two of one length, so that every process says the same.
    longest = max(matching, key=lambda alias: (len(alias), alias), default=None)
    return None if longest is None else routes[longest]


def _named(model: str, targets: Iterable[Target]) -> Iterable[Target]:
    for target in targets:
        yield replace(target, model=model) if target.model == SAME_NAME else target
