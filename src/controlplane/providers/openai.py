"""OpenAI, and everything that is compatible with it.

https://platform.openai.com/docs/api-reference
"""

from __future__ import annotations

import httpx

from controlplane.config import ProviderSettings
from controlplane.domain.inference import ProtocolName
from controlplane.providers.kind import Kind
from controlplane.providers.provider import Endpoint, HttpProvider

PATHS = {
    ProtocolName.CHAT_COMPLETIONS: "chat/completions",
    ProtocolName.EMBEDDINGS: "embeddings",
    ProtocolName.RESPONSES: "responses",
}


def provider(kind: Kind, settings: ProviderSettings, client: httpx.AsyncClient) -> HttpProvider:
    """A server that speaks OpenAI's format as a Provider of the gateway."""
    return HttpProvider(kind, settings, openai_endpoint(settings), client)


def openai_endpoint(settings: ProviderSettings) -> Endpoint:
    """`{base_url}/chat/completions`, the key as a bearer token."""
    base = settings.base_url.rstrip("/")
    headers = {"Authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}
    return Endpoint(lambda spoken, _model: f"{base}/{PATHS[spoken]}", headers, settings.api_key)
