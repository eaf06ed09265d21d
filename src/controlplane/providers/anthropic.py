"""Anthropic, and servers that speak its Messages.

https://platform.claude.com/docs/en/api/overview
"""

from __future__ import annotations

import httpx

from controlplane.config import ProviderSettings
from controlplane.domain.inference import ProtocolName
from controlplane.providers.kind import Kind
from controlplane.providers.provider import Endpoint, HttpProvider

# Later versions of the API have no sampling parameters: under this one, each model decides. A
# caller that speaks Messages names its own.
API_VERSION = "2023-06-01"


def provider(kind: Kind, settings: ProviderSettings, client: httpx.AsyncClient) -> HttpProvider:
    """A server that speaks Messages as a Provider of the gateway."""
    return HttpProvider(kind, settings, anthropic_endpoint(settings), client)


_PATHS = {
    ProtocolName.MESSAGES: "/v1/messages",
    ProtocolName.TOKEN_COUNTS: "/v1/messages/count_tokens",
}


def anthropic_endpoint(settings: ProviderSettings) -> Endpoint:
    """`{base_url}/v1/messages`, the key in `x-api-key`."""
    headers = {"anthropic-version": API_VERSION}
    if settings.api_key:
        headers["x-api-key"] = settings.api_key
    base_url = settings.base_url.rstrip("/")
    return Endpoint(lambda spoken, _: base_url + _PATHS[spoken], headers, settings.api_key)
