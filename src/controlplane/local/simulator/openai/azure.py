"""Azure OpenAI's wire format: OpenAI's, with other addresses, another key header and filters.

https://learn.microsoft.com/azure/ai-services/openai/reference
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import orjson

from controlplane.local.simulator.generation import Generation
from controlplane.local.simulator.openai import wire as openai
from controlplane.local.simulator.openai.errors import error_for, exhausted_headers
from controlplane.local.simulator.wire import (
    API_KEYS,
    Frames,
    Headers,
    ProviderCall,
    Refusal,
    Request,
)

HEADERS: Headers = (
    (b"apim-request-id", b"00000000-0000-4000-8000-000000000000"),
    (b"x-ms-region", b"East US"),
    (b"x-ratelimit-limit-requests", b"10000"),
    (b"x-ratelimit-limit-tokens", b"2000000"),
    (b"x-ratelimit-remaining-requests", b"9999"),
    (b"x-ratelimit-remaining-tokens", b"1999988"),
)
_DEPLOYMENT = re.compile(r"\A/openai/deployments/([^/]+)/(?:chat/completions|embeddings)\Z")
_SAFE = {
    kind: {"filtered": False, "severity": "safe"}
    for kind in ("hate", "self_harm", "sexual", "violence")
}
_PROMPT_FILTER = [{"prompt_index": 0, "content_filter_results": _SAFE}]
_CHOICE_FILTER = b',"content_filter_results":' + orjson.dumps(_SAFE)
# Azure's first event has no choices, and no id, model or object either.
_FIRST_EVENT = b"data: %b\n\n" % orjson.dumps(
    {
        "choices": [],
        "created": 0,
        "id": "",
        "model": "",
        "object": "",
        "prompt_filter_results": _PROMPT_FILTER,
    }
)

# status: code, message; where Azure differs from OpenAI
_ERRORS: Mapping[int, tuple[str, str]] = {
    401: (
        "401",
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide "
        "a valid key for an active subscription and use a correct regional API endpoint for your "
        "resource.",
    ),
    404: (
        "DeploymentNotFound",
        "The API deployment for this resource does not exist. If you created the deployment within "
        "the last 5 minutes, please wait a moment and try again.",
    ),
    429: (
        "429",
        "Requests to the ChatCompletions_Create Operation under Azure OpenAI API have exceeded "
        "call rate limit of your current OpenAI S0 pricing tier. Please retry later.",
    ),
}


class AzureWire(openai.OpenAIWire):
    """The address of a deployment with `api-version`, or `/openai/v1` without."""

    headers = HEADERS

    def read(self, call: ProviderCall, serial: int) -> Request:
        """Key, address, body, deployment, parameters. Raises Refusal."""
        if call.headers.get(b"api-key", b"").decode("latin-1") not in API_KEYS:
            raise self.error(401, "")
        deployment = _DEPLOYMENT.match(call.path)
        latest = call.path in ("/openai/v1/chat/completions", "/openai/v1/embeddings")
        known = latest or (deployment and call.query.get("api-version"))
        if not known or call.method != "POST":
            raise Refusal(404, {"error": {"code": "404", "message": "Resource not found"}})
        body = openai.read_body(call.raw)
        model = unquote(deployment[1]) if deployment else body.get("model")
        if not isinstance(model, str) or not model.startswith(openai.MODELS):
            raise self.error(404, "")
        return openai.checked(call, model, body, serial)

    def error(self, status: int, model: str) -> Refusal:
        """Azure's error object for a status: OpenAI's where it has no own words."""
        if status not in _ERRORS:
            return error_for(status, model)
        code, message = _ERRORS[status]
        body = {"error": {"code": code, "message": message}}
        return Refusal(status, body, exhausted_headers(status))

    def completion(
        self, generation: Generation, request: Request, *, usage: bool = True
    ) -> dict[str, Any]:
        """A `chat.completion` with the results of the content filters."""
        whole = super().completion(generation, request, usage=usage)
        if "choices" not in whole:
            return whole
        choices = [{**choice, "content_filter_results": _SAFE} for choice in whole["choices"]]
        return {**whole, "choices": choices, "prompt_filter_results": _PROMPT_FILTER}

    def frames(self, generation: Generation, request: Request, *, usage: bool = True) -> Frames:
        """Chunks, after an event that has only the prompt's filter results."""
        frames = openai.frames(generation, request, extra=_CHOICE_FILTER, usage=usage)
        return replace(frames, start=[_FIRST_EVENT])
