"""Azure OpenAI: OpenAI's format at another address and with another header.

https://learn.microsoft.com/azure/ai-services/openai/reference#chat-completions
https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
"""

from __future__ import annotations

from urllib.parse import quote

import httpx

from controlplane.config import ProviderSettings
from controlplane.providers.kind import Kind
from controlplane.providers.openai import Endpoint, OpenAIProvider

V1_PATH = "/openai/v1"


def provider(kind: Kind, settings: ProviderSettings, client: httpx.AsyncClient) -> OpenAIProvider:
    """Azure OpenAI as a Provider of the gateway."""
    return OpenAIProvider(kind, settings, azure_endpoint(settings), client)


def azure_endpoint(settings: ProviderSettings) -> Endpoint:
    """The deployment in the path and an `api-version`; neither where the address is `/openai/v1`.

    There the deployment is the `model` of the body, as with OpenAI.
    """
    base = settings.base_url.rstrip("/")
    version = quote(settings.api_version or "", safe="")

    def url(path: str, deployment: str) -> str:
        if base.endswith(V1_PATH):
            return f"{base}/{path}"
        place = f"openai/deployments/{quote(deployment, safe='')}/{path}"
        return f"{base}/{place}?api-version={version}"

    headers = {"api-key": settings.api_key} if settings.api_key else {}
    return Endpoint(url, headers, settings.api_key)
