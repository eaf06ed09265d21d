"""The models, a page at a time. https://docs.claude.com/en/api/models-list"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.local.simulator.anthropic.errors import error_for, invalid
from controlplane.local.simulator.anthropic.parameters import max_output_tokens

_PAGE = 20
_MOST = 1000
# id: name, the newest first
_MODELS: Mapping[str, str] = {
    "claude-opus-5-5": "Claude Opus 5.5",
    "claude-sonnet-5-5": "Claude Sonnet 5.5",
    "claude-haiku-5-5": "Claude Haiku 5.5",
    "claude-opus-4-6": "Claude Opus 4.6",
    "claude-sonnet-4-6": "Claude Sonnet 4.6",
    "claude-haiku-4-5-20251001": "Claude Haiku 4.5",
}


def one_model(id_: str) -> dict[str, Any]:
    """A model. Raises Refusal where there is none of the name."""
    if id_ not in _MODELS:
        raise error_for(404, id_)
    return {
        "type": "model",
        "id": id_,
        "display_name": _MODELS[id_],
        "created_at": "2026-01-31T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": 200_000,
        "max_tokens": max_output_tokens(id_),
    }


def page_of_models(query: Mapping[str, str]) -> dict[str, Any]:
    """The page that `limit`, `after_id` and `before_id` say. Raises Refusal."""
    limit = query.get("limit", str(_PAGE))
    if not limit.isdigit() or not 1 <= int(limit) <= _MOST:
        raise invalid(f"limit: Input should be from 1 to {_MOST}")
    ids, size = list(_MODELS), int(limit)
    if before := query.get("before_id"):
        rest = ids[: ids.index(before)] if before in ids else []
        page, more = rest[-size:], len(rest) > size
    else:
        after = query.get("after_id")
        rest = ids[ids.index(after) + 1 :] if after in ids else ids
        page, more = rest[:size], len(rest) > size
    ends = {"first_id": page[0] if page else None, "last_id": page[-1] if page else None}
    return {"data": [one_model(id_) for id_ in page], "has_more": more, **ends}
