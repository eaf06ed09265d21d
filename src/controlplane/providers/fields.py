"""The fields by which compatible servers differ: what is sent is what the server takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from controlplane.config import ProviderSettings
from controlplane.domain.inference import InferenceRequest, ProtocolName
from controlplane.protocols.chat_completions.parameters import PASSED_ON
from controlplane.providers.claude_only import without_claude_only

_MAXIMA = ("max_tokens", "max_completion_tokens")
_STREAM_OPTIONS = frozenset({"stream_options"})


@dataclass(frozen=True, slots=True)
class FittedRequest:
    """A request as its target takes it, and the names of what was left out."""

    request: InferenceRequest
    left_out: tuple[str, ...] = ()


def fit(settings: ProviderSettings, request: InferenceRequest) -> FittedRequest:
    """The request as the server takes it. Raises UnsupportedParameter."""
    if request.protocol is not ProtocolName.CHAT_COMPLETIONS:
        return FittedRequest(request)
    unsupported = settings.unsupported_params
    if not settings.stream_options:
        unsupported |= _STREAM_OPTIONS
    plain = without_claude_only(request.body)
    fitted = PASSED_ON.fit(
        settings.name,
        _bounded(plain.body, settings),
        lenient=request.lenient,
        unsupported=unsupported,
    )
    body = with_usage(fitted.body, settings) if request.stream else fitted.body
    sent = replace(request, body=body, raw=None)
    return FittedRequest(sent, fitted.left_out + plain.left_out)


def with_usage(body: Mapping[str, Any], settings: ProviderSettings) -> Mapping[str, Any]:
    """The body of a stream, which is asked for its usage where that is possible."""
    if not settings.stream_options:
        return body
    options = {**(body.get("stream_options") or {}), "include_usage": True}
    return {**body, "stream_options": options}


def _bounded(body: Mapping[str, Any], settings: ProviderSettings) -> Mapping[str, Any]:
    """The smaller maximum in the one field that the server reads: elsewhere it would be none."""
    if settings.max_tokens_field is None:
        return body
    rest = {name: value for name, value in body.items() if name not in _MAXIMA}
    maxima = [value for name in _MAXIMA if (value := body.get(name)) is not None]
    return {**rest, settings.max_tokens_field: min(maxima)} if maxima else rest
