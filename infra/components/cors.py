"""`<stage>-llm-cp/cors.json`: which other origins' pages may call the API."""

from __future__ import annotations

import json
from dataclasses import dataclass

from infra import REPOSITORY
from infra.stages import Stage


@dataclass(frozen=True, slots=True)
class Cors:
    """No origins: only pages of the distribution itself, which need no permission."""

    allow_origins: list[str]
    allow_methods: list[str]
    allow_headers: list[str]
    expose_headers: list[str]
    max_age_seconds: int


def read_cors(stage: Stage) -> Cors:
    """Raises TypeError for a field that is missing or unknown."""
    path = REPOSITORY / "infra" / f"{stage.name}-llm-cp" / "cors.json"
    return Cors(**json.loads(path.read_text()))
