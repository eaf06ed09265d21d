"""The kinds of provider, one row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx

from controlplane.config import ProviderSettings
from controlplane.providers.anthropic.provider import AnthropicProvider
from controlplane.providers.azure import azure_endpoint
from controlplane.providers.openai import OpenAIProvider, openai_endpoint

ProviderFactory = Callable[
    [ProviderSettings, httpx.AsyncClient], OpenAIProvider | AnthropicProvider
]

PROVIDERS: Mapping[str, ProviderFactory] = {
    "openai": lambda settings, client: OpenAIProvider(openai_endpoint(settings), client),
    "azure": lambda settings, client: OpenAIProvider(azure_endpoint(settings), client),
    "anthropic": AnthropicProvider,
}
