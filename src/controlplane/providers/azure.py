"""Azure OpenAI: OpenAI's format at another address and with another header.

https://learn.microsoft.com/azure/ai-services/openai/reference#chat-completions
https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
"""

from __future__ import annotations

from urllib.parse import quote

from controlplane.config import ProviderSettings
from controlplane.providers.openai import Endpoint

V1_PATH = "/openai/v1"


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

    return Endpoint("azure", url, {"api-key": settings.api_key}, settings.api_key)
