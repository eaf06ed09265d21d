"""The meaning of an error by its words: the prompt is too long, our account has no credit, our key
is refused. Servers send these with many statuses; the words are those that each is known for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controlplane.providers.error_bodies import ErrorBody

# Words that a server quotes from a request stand further behind.
_LOOKED_AT = 300


@dataclass(frozen=True, slots=True)
class Meaning:
    """`words`, lower case, in message, code or type of an answer whose status is `among` these.

    `ours` says that the gateway's operator is at fault, so the status becomes `status`; a request
    that is at fault keeps one that says so.
    """

    says: str
    status: int
    code: str
    among: frozenset[int]
    words: tuple[str, ...]
    ours: bool = True

    def is_in(self, error: ErrorBody, status: int) -> bool:
        """True where the error says this."""
        if status not in self.among or (self.ours and error.param is not None):
            return False
        said = f"{error.code}\n{error.type}\n{(error.message or '')[:_LOOKED_AT]}".lower()
        return any(word in said for word in self.words)


_REFUSING = frozenset({400, 413, 422})
_CLIENT_ERRORS = frozenset({400, 401, 402, 403, 404, 413, 422, 429})

MEANINGS = (
    Meaning(
        "the account has nothing left to spend",
        402,
        "insufficient_quota",
        _CLIENT_ERRORS,
        (
            # OpenAI, and what copies its words
            *("insufficient_quota", "exceeded your current quota", "billing_hard_limit"),
            *("billing hard limit", "billing_not_active", "check your billing details"),
            *("no credits remaining", "insufficient_user_quota", "exceeded_current_quota"),
            # Anthropic
            *("credit balance is too low", "credit_balance_too_low", "billing_error"),
            *("specified api usage limits", "workspace api usage limits"),
            "organization has been disabled",
            # xAI, DeepSeek, Together, OpenRouter, Groq, Mistral
            *("used all available credits", "doesn't have any credits", "monthly spending limit"),
            *("insufficient balance", "insufficient_balance", "credit limit exceeded"),
            *("insufficient credits", "requires more credits", "credit_limit", "spend limit"),
            *("payment required", "organization_restricted", "inactive subscription"),
        ),
    ),
    Meaning(
        "the gateway's key is not accepted",
        401,
        "invalid_api_key",
        _REFUSING,
        # xAI and Google refuse a key with 400.
        ("incorrect api key", "invalid api key", "api key not valid", "invalid_api_key"),
    ),
    Meaning(
        "the account may send no more at the moment",
        429,
        "rate_limit_exceeded",
        _REFUSING,
        # Groq says so with 413 where one request is larger than a minute's tokens.
        ("rate_limit_exceeded", "tokens per minute (tpm)"),
    ),
    Meaning(
        "the prompt does not fit",
        400,
        "context_length_exceeded",
        # llama.cpp answers 500 at times.
        _REFUSING | {500},
        (
            # OpenAI, vLLM, OpenRouter, DeepSeek, Mistral
            *("context_length_exceeded", "maximum context length", "exceeds the context window"),
            *("model's context length", "maximum model length", "must be at least 1, got -"),
            *("too large for model with", "too many tokens"),
            # Anthropic, Bedrock, Google
            *("prompt is too long", "exceed context limit", "input is too long"),
            *("exceeds the maximum number of tokens", "context_window_exceeded"),
            # xAI, Groq, Together, Hugging Face
            *("maximum prompt length", "input_too_large", "reduce the length of the messages"),
            "max_new_tokens` must be",
            # llama.cpp, llama-cpp-python, Ollama, LM Studio
            *("exceed_context_size", "available context size", "context size has been exceeded"),
            *("exceed context window", "max context length", "exceeds the context length"),
            *("greater than the context length", "context length exceeded"),
            # MiniMax, Kimi, Zhipu, Qwen, Copilot
            *("context window exceeds limit", "exceeded model token limit"),
            *("prompt exceeds max length", "range of input length", "prompt token count of"),
        ),
        ours=False,
    ),
)

# The status that a code or a type stands for, where an error comes inside a success.
STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "badrequesterror": 400,
    "content_filter": 400,
    "content_policy_violation": 400,
    "context_length_exceeded": 400,
    "invalid_prompt": 400,
    "invalid_encrypted_content": 400,
    **dict.fromkeys(
        (
            *("invalid_image", "invalid_image_format", "invalid_base64_image", "invalid_image_url"),
            *("invalid_image_mode", "image_too_large", "image_too_small", "image_parse_error"),
            *("image_file_too_large", "image_file_not_found", "image_content_policy_violation"),
            *("unsupported_image_media_type", "empty_image_file", "failed_to_download_image"),
            *("bio_policy", "cyber_policy", "misalignment_policy_violation"),
        ),
        400,
    ),
    "authentication_error": 401,
    "invalid_api_key": 401,
    "insufficient_quota": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "slow_down": 503,
    "server_is_overloaded": 503,
    "service_unavailable_error": 503,
    "overloaded_error": 529,
}


def meaning_of(error: ErrorBody, status: int) -> Meaning | None:
    """What the error says in words that are known; the first that is found."""
    return next((meaning for meaning in MEANINGS if meaning.is_in(error, status)), None)
