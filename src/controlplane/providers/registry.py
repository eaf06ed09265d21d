"""The kinds of provider, one row each. What a row says: `kind.py`."""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.config import KindSettings, SettingsByKind
from controlplane.config import ProviderVariable as Variable
from controlplane.domain.inference import ProtocolName
from controlplane.domain.usage import ImageTokens
from controlplane.providers.kind import Failures, Kind

# The largest picture at OpenAI. https://platform.openai.com/docs/guides/images-vision#calculating-costs
_IMAGE, _IMAGE_OF_MINI = 5_000, 49_000
# What servers that speak OpenAI's format differ in.
_COMPATIBLE = frozenset({"max_tokens_field", "protocols", "stream_options", "unsupported_params"})
_OF_OPENAI = (ProtocolName.CHAT_COMPLETIONS, ProtocolName.RESPONSES, ProtocolName.EMBEDDINGS)

_ROWS = (
    Kind(
        "openai",
        module="controlplane.providers.openai",
        protocols=_OF_OPENAI,
        settings=KindSettings(
            (
                Variable("OPENAI_API_KEY", "api_key"),
                Variable("LLM_CP_OPENAI_URL", "base_url", default="https://api.openai.com/v1"),
            ),
            row=_COMPATIBLE,
            own_hosts=("openai.com", "azure.com"),
            # Ollama ignores OpenAI's newer name and Mistral refuses it; both know this one.
            max_tokens_elsewhere="max_tokens",
            protocols=_OF_OPENAI,
            protocols_elsewhere=(ProtocolName.CHAT_COMPLETIONS, ProtocolName.EMBEDDINGS),
        ),
        tools_over_responses=("gpt-5.6*", "gpt-6*"),
        failures=Failures(),
        images=ImageTokens(_IMAGE, at_most_of={"mini": _IMAGE_OF_MINI}),
        price_list="openai",
        standard_tier="default",
        trace_name="openai",
    ),
    Kind(
        "azure",
        module="controlplane.providers.azure",
        protocols=_OF_OPENAI,
        settings=KindSettings(
            (
                Variable("AZURE_OPENAI_API_KEY", "api_key"),
                Variable("LLM_CP_AZURE_URL", "base_url"),
                Variable(
                    "AZURE_OPENAI_ENDPOINT",
                    "base_url",
                    required=True,
                    example="https://<resource>.openai.azure.com",
                ),
                Variable("AZURE_OPENAI_API_VERSION", "api_version", default="2024-10-21"),
            ),
            row=_COMPATIBLE,
            protocols=_OF_OPENAI,
        ),
        failures=Failures(),
        # The name of a deployment does not say which model it is.
        images=ImageTokens(_IMAGE_OF_MINI),
        price_list="azure",
        trace_name="azure.ai.openai",
    ),
    Kind(
        "anthropic",
        module="controlplane.providers.anthropic",
        protocols=(ProtocolName.MESSAGES, ProtocolName.TOKEN_COUNTS),
        settings=KindSettings(
            (
                Variable("ANTHROPIC_API_KEY", "api_key"),
                Variable("LLM_CP_ANTHROPIC_URL", "base_url", default="https://api.anthropic.com"),
            ),
        ),
        # https://platform.claude.com/docs/en/api/errors
        failures=Failures(
            code_is_type=True,
            statuses={
                "invalid_request_error": 400,
                "authentication_error": 401,
                "billing_error": 402,
                "permission_error": 403,
                "not_found_error": 404,
                "request_too_large": 413,
                "rate_limit_error": 429,
                "api_error": 500,
                "timeout_error": 504,
                "overloaded_error": 529,
            },
        ),
        images=ImageTokens(_IMAGE),
        price_list="anthropic",
        standard_tier="standard_only",
        trace_name="anthropic",
    ),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ROWS}
SETTINGS: SettingsByKind = {kind.name: kind.settings for kind in _ROWS}
PRICE_LISTS: Mapping[str, str] = {
    kind.name: kind.price_list for kind in _ROWS if kind.price_list is not None
}
TRACE_NAMES: Mapping[str, str] = {kind.name: kind.trace_name for kind in _ROWS}
