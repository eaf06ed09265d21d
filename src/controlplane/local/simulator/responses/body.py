"""A response as a whole, in each of its states, and the lists beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.local.simulator.generation import THOUGHT, Generation
from controlplane.local.simulator.openai.errors import CONTEXT_FULL, QUOTA_USED_UP, error_for
from controlplane.local.simulator.openai.wire import SNAPSHOTS
from controlplane.local.simulator.responses.items import thinks
from controlplane.local.simulator.wire import Request

CACHED_TOKENS = 1024
_PAGE = 20
_FULL = ("context_length_exceeded", CONTEXT_FULL)
# status: code, message of a response that failed; others are the server's fault
_FAILURES: Mapping[int, tuple[str, str]] = {
    400: _FULL,
    402: ("insufficient_quota", QUOTA_USED_UP),
    413: _FULL,
    429: (
        "rate_limit_exceeded",
        "Rate limit reached for {model} in organization org-simulator on tokens per min (TPM): "
        "Limit 2000000, Used 2000000, Requested 12. Please try again in 1.5s.",
    ),
}


def id_of(request: Request) -> str:
    """The id of the response."""
    return f"resp_{request.serial:048x}"


def response(
    request: Request, status: str, output: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The response without usage; what the request left open is said."""
    body = request.body
    return {
        "id": id_of(request),
        "object": "response",
        "created_at": request.created_at,
        "status": status,
        "background": bool(body.get("background")),
        "completed_at": request.created_at if status == "completed" else None,
        "conversation": _conversation(body),
        "error": None,
        "incomplete_details": ({"reason": "max_output_tokens"} if status == "incomplete" else None),
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": body.get("max_tool_calls"),
        "model": SNAPSHOTS.get(request.model, request.model),
        "output": list(output),
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "prompt_cache_key": body.get("prompt_cache_key"),
        "reasoning": {"effort": None, "summary": None, **(body.get("reasoning") or {})},
        "safety_identifier": body.get("safety_identifier"),
        "service_tier": "default",
        "temperature": body.get("temperature", 1.0),
        "text": {"format": {"type": "text"}, "verbosity": "medium", **(body.get("text") or {})},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": [_tool(tool) for tool in body.get("tools") or ()],
        "top_logprobs": body.get("top_logprobs", 0),
        "top_p": body.get("top_p", 1.0),
        "truncation": body.get("truncation", "disabled"),
        "usage": None,
        "user": body.get("user"),
        "metadata": body.get("metadata") or {},
    }


def token_usage(generation: Generation, request: Request) -> dict[str, Any]:
    """Token counts. What has a `prompt_cache_key` finds its first 1,024 tokens in the cache."""
    long = bool(request.body.get("prompt_cache_key")) and generation.prompt_tokens > CACHED_TOKENS
    thought = len(THOUGHT) if thinks(request.body) else 0
    used = generation.completion_tokens + thought
    return {
        "input_tokens": generation.prompt_tokens,
        "input_tokens_details": {
            "cached_tokens": CACHED_TOKENS if long else 0,
            "cache_write_tokens": 0,
        },
        "output_tokens": used,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": generation.prompt_tokens + used,
    }


def failure(request: Request, status: int) -> dict[str, Any]:
    """The response that failed, for the reason of an HTTP status."""
    server = error_for(500, request.model).body["error"]["message"]
    code, message = _FAILURES.get(status, ("server_error", server))
    error = {"code": code, "message": message.format(model=request.model)}
    return {**response(request, "failed"), "error": error}


def listed(items: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """A page of input items, the last ones first."""
    limit = int(query["limit"]) if query.get("limit", "").isdigit() else _PAGE
    ordered = list(items) if query.get("order") == "asc" else list(reversed(items))
    ids = [item.get("id") for item in ordered]
    start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
    page = ordered[start : start + limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0].get("id") if page else None,
        "last_id": page[-1].get("id") if page else None,
        "has_more": start + limit < len(ordered),
    }


def _conversation(body: Mapping[str, Any]) -> dict[str, Any] | None:
    id_ = conversation_of(body)
    return {"id": id_} if id_ else None


def conversation_of(body: Mapping[str, Any]) -> str | None:
    """The id of the conversation that a request belongs to."""
    given = body.get("conversation")
    return given.get("id") if isinstance(given, dict) else given


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    if tool["type"] != "function":
        return dict(tool)
    return {"description": None, "parameters": None, "strict": True, **tool}
