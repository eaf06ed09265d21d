"""Route: which targets serve this model, and in which order?"""

from __future__ import annotations

import random
from dataclasses import replace

from controlplane.domain.routing import Route, Routes, Strategy
from controlplane.errors import ModelNotFound


def route(model: str, routes: Routes, rng: random.Random) -> Route:
    """The route of `model` with its targets in the order to try. Raises ModelNotFound."""
    found = routes.get(model)
    if found is None:
        raise ModelNotFound(
            f"The model '{model}' does not exist or has no route in this organisation.",
            param="model",
        )
    if found.strategy is Strategy.PRIORITY or len(found.targets) == 1:
        return found
    first = rng.choices(found.targets, [target.weight for target in found.targets])[0]
    others = tuple(target for target in found.targets if target is not first)
    return replace(found, targets=(first, *others))
