"""The fields by which compatible servers differ: what is sent is what the server takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.config import ProviderSettings

_MAXIMA = ("max_tokens", "max_completion_tokens")


def fitted(body: Mapping[str, Any], settings: ProviderSettings, model: str) -> dict[str, Any]:
    """The body of a whole answer, for `model`; the request stays as it is.

    The smaller maximum stands in the one field that the server goes by: a bound that it does not
    read is none.
    """
    out = {**body, "model": model}
    if settings.max_tokens_field is not None:
        maxima = [out.pop(name, None) for name in _MAXIMA]
        asked = min((value for value in maxima if value is not None), default=None)
        if asked is not None:
            out[settings.max_tokens_field] = asked
    if not settings.stream_options:
        out.pop("stream_options", None)
    return out


def fitted_stream(
    body: Mapping[str, Any], settings: ProviderSettings, model: str
) -> dict[str, Any]:
    """The same for a stream, which is asked for its usage where that is possible."""
    out = fitted(body, settings, model)
    if settings.stream_options:
        out["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
    return out
