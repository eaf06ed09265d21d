"""Azure OpenAI: OpenAI's format at the address of a deployment, with another header.

https://learn.microsoft.com/azure/ai-services/openai/reference#chat-completions
"""

from __future__ import annotations

from urllib.parse import quote

from controlplane.config import ProviderSettings
from controlplane.providers.openai import Endpoint


def azure_endpoint(settings: ProviderSettings) -> Endpoint:
    """`{endpoint}/openai/deployments/{deployment}/chat/completions?api-version=...`."""
    base = settings.base_url.rstrip("/")
    version = quote(settings.api_version or "", safe="")

    def chat_url(deployment: str) -> str:
        path = f"openai/deployments/{quote(deployment, safe='')}/chat/completions"
        return f"{base}/{path}?api-version={version}"

    return Endpoint(chat_url, {"api-key": settings.api_key}, settings.api_key)
