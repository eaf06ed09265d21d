"""Azure OpenAI: OpenAI's format at another address and with another header.

https://learn.microsoft.com/azure/ai-services/openai/reference#chat-completions
https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
"""

from __future__ import annotations

from urllib.parse import quote

import httpx

from controlplane.config import ProviderSettings
from controlplane.domain.inference import ProtocolName
from controlplane.providers.kind import Kind
from controlplane.providers.openai import PATHS
from controlplane.providers.provider import Endpoint, HttpProvider

V1_PATH = "/openai/v1"


def provider(kind: Kind, settings: ProviderSettings, client: httpx.AsyncClient) -> HttpProvider:
    """Azure OpenAI as a Provider of the gateway."""
    return HttpProvider(kind, settings, azure_endpoint(settings), client)


def azure_endpoint(settings: ProviderSettings) -> Endpoint:
    """The deployment in the path and an `api-version`; neither where the address is `/openai/v1`.

    There the deployment is the `model` of the body, as with OpenAI. Responses are only there.
    """
    base = settings.base_url.rstrip("/")
    version = quote(settings.api_version or "", safe="")

    def url(spoken: ProtocolName, deployment: str) -> str:
        path = PATHS[spoken]
        if base.endswith(V1_PATH):
            return f"{base}/{path}"
        if spoken is ProtocolName.RESPONSES:
            return f"{base}{V1_PATH}/{path}"
        place = f"openai/deployments/{quote(deployment, safe='')}/{path}"
        return f"{base}/{place}?api-version={version}"

    headers = {"api-key": settings.api_key} if settings.api_key else {}
    return Endpoint(url, headers, settings.api_key)
