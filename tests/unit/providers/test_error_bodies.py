"""The error bodies of compatible servers, as they were seen, and what is read from each."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from controlplane.errors import ProviderError
from controlplane.providers.failures import failure_of_event, failure_of_response
from controlplane.providers.kind import Failures
from controlplane.providers.registry import KINDS

KEY = "sk-provider-key"
CONTEXT, QUOTA = "context_length_exceeded", "insufficient_quota"
EXTRA = {
    "type": "extra_forbidden",
    "loc": ["body", "seed"],
    "msg": "Extra inputs are not permitted",
}
NAMED = "seed: Extra inputs are not permitted"


def failure(
    status: int, body: Any, kind: str = "openai", content_type: str = "application/json"
) -> ProviderError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = httpx.Response(status, headers={"content-type": content_type})
    return failure_of_response(response, content, KINDS[kind].failures, KEY)


@pytest.mark.parametrize(
    ("status", "body", "message", "param"),
    [
        # xAI
        (
            400,
            {"code": "Client specified an invalid argument", "error": "No text."},
            "No text.",
            None,
        ),
        # Ollama, and llama.cpp of old
        (
            400,
            {"error": "llama3.2 does not support tools"},
            "llama3.2 does not support tools",
            None,
        ),
        # vLLM, older and newer
        (
            400,
            {"object": "error", "message": "top_p must be in (0, 1]", "param": None, "code": 400},
            "top_p must be in (0, 1]",
            None,
        ),
        (
            400,
            {"error": {"message": "temperature is low", "param": "temperature", "code": 400}},
            "temperature is low",
            "temperature",
        ),
        (
            400,
            {
                "object": "error",
                "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'seed'), "
                "'msg': 'Extra inputs are not permitted', 'input': 64}]",
                "code": 400,
            },
            NAMED,
            "seed",
        ),
        # Mistral, in four forms
        (422, {"object": "error", "message": {"detail": [EXTRA]}, "code": None}, NAMED, "seed"),
        (
            422,
            {"object": "error", "message": [EXTRA], "detail": [EXTRA], "code": 3001},
            NAMED,
            "seed",
        ),
        (422, {"object": "error", "message": json.dumps({"detail": [EXTRA]})}, NAMED, "seed"),
        (
            400,
            {"object": "error", "message": "Invalid model", "code": "1500"},
            "Invalid model",
            None,
        ),
        # FastAPI
        (422, {"detail": [EXTRA, EXTRA]}, f"{NAMED}; {NAMED}", "seed"),
        (
            422,
            {"detail": [{"loc": ["body", "messages", 0, "name"], "msg": "Field required"}]},
            "messages.0.name: Field required",
            "messages.0.name",
        ),
        (400, {"detail": "Not now."}, "Not now.", None),
        # OpenRouter
        (
            400,
            {"error": {"message": "No endpoints found", "code": 400, "metadata": {}}},
            "No endpoints found",
            None,
        ),
        (
            400,
            {
                "error": {
                    "message": "Provider returned error",
                    "code": 400,
                    "metadata": {
                        "raw": json.dumps(
                            {"error": {"message": "no 'json' here", "param": "input"}}
                        ),
                        "provider_name": "OpenAI",
                    },
                }
            },
            "no 'json' here",
            "input",
        ),
        (
            400,
            {
                "error": {
                    "message": "Provider returned error",
                    "metadata": {"raw": "one image only"},
                }
            },
            "one image only",
            None,
        ),
        (
            400,
            {"error": {"message": "Provider returned error", "metadata": {"raw": "<html></html>"}}},
            "Provider returned error",
            None,
        ),
        # llama.cpp
        (
            400,
            {"error": {"code": 400, "message": "no template", "type": "invalid_request_error"}},
            "no template",
            None,
        ),
        # Google's compatible endpoint; Spring behind a proxy; servers in Rust
        (400, [{"error": {"code": 400, "message": "Bad schema"}}], "Bad schema", None),
        (400, {"status": 400, "error": "Bad Request", "message": "no body"}, "no body", None),
    ],
)
def test_the_message_of_each_shape(status: int, body: Any, message: str, param: str | None) -> None:
    error = failure(status, body)
    assert (error.status, error.message, error.param) == (status, message, param)


def test_plain_text_is_a_message_and_a_page_is_none() -> None:
    said = b"Failed to deserialize the JSON body into the target type: messages[0]"
    assert failure(422, said, content_type="text/plain; charset=utf-8").message == said.decode()
    assert failure(400, b"<h1>no</h1>", content_type="text/html").message == (
        "The provider answered 400."
    )


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"code": "invalid", "error": "This model's maximum prompt length is 131072 but ..."}),
        (400, {"error": "[input_too_large] Current message exceeds budget"}),
        (
            400,
            {
                "object": "error",
                "message": "This model's maximum context length is 8 tokens.",
                "type": "BadRequestError",
                "code": 400,
            },
        ),
        (400, {"error": {"message": "The model's context length is only 8 tokens", "code": 400}}),
        (
            400,
            {"object": "error", "message": "max_tokens must be at least 1, got -186.", "code": 400},
        ),
        (
            400,
            {
                "object": "error",
                "message": "Prompt contains 65673 tokens and 0 draft tokens, too large for model "
                "with 32768 maximum context length",
                "code": "3051",
            },
        ),
        (
            400,
            {
                "error": {
                    "message": "Provider returned error",
                    "code": 400,
                    "metadata": {
                        "raw": '{"error":{"message":"prompt is too long: 9 > 8 maximum"}}'
                    },
                }
            },
        ),
        (
            400,
            {
                "error": {
                    "code": 400,
                    "message": "request (14429 tokens) is over",
                    "type": "exceed_context_size_error",
                    "n_ctx": 8192,
                }
            },
        ),
        (500, {"error": {"code": 500, "message": "Context size has been exceeded."}}),
        (400, {"error": {"message": "Please reduce the length of the messages or completion."}}),
        (422, {"error": {"message": "`inputs` tokens + `max_new_tokens` must be <= 8193"}}),
        (400, {"error": "prompt too long; exceeded max context length by 4 tokens"}),
        (422, {"detail": "Requested tokens (9) exceed context window of 8"}),
        (413, {"error": {"message": "Input is too long for requested model."}}),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_prompt_that_does_not_fit_is_recognised(kind: str, status: int, body: Any) -> None:
    error = failure(status, body, kind)
    assert error.code == CONTEXT
    assert error.refused_request
    assert error.status == (400 if status == 500 else status)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            400,
            {
                "type": "error",
                "error": {
                    "type": "invalid_request_error",
                    "message": "Your credit balance is too low to access the Anthropic API. Please "
                    "go to Plans & Billing to upgrade or purchase credits.",
                },
            },
        ),
        (
            400,
            {
                "error": {
                    "message": "You have reached your specified API usage limits. You will ..."
                }
            },
        ),
        (402, {"error": {"type": "billing_error", "message": "There is a problem."}}),
        (
            429,
            {
                "error": {
                    "message": "You exceeded your current quota, please check your plan.",
                    "type": QUOTA,
                    "code": QUOTA,
                }
            },
        ),
        (429, {"error": {"message": "No more.", "type": QUOTA, "code": None}}),
        (400, {"error": {"message": "Billing hard limit has been reached", "code": "x"}}),
        (429, {"code": "limit", "error": "Your team has either used all available credits or ..."}),
        (403, {"code": "no", "error": "Your newly created team doesn't have any credits yet."}),
        (402, {"error": {"message": "Insufficient Balance", "code": "invalid_request_error"}}),
        (402, {"error": {"message": "This request requires more credits.", "code": 402}}),
        (
            400,
            {
                "error": {
                    "message": "Organization has been restricted.",
                    "code": "organization_restricted",
                }
            },
        ),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_account_is_the_operators(kind: str, status: int, body: Any) -> None:
    error = failure(status, body, kind)
    assert (error.status, error.code) == (402, QUOTA)
    assert error.misconfigured
    assert not error.refused_request


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        # xAI and Google refuse a key with 400.
        (400, {"code": "x", "error": "Incorrect API key provided: xa***z."}, 401),
        (400, [{"error": {"code": 400, "message": "API key not valid. Please pass one."}}], 401),
        # Groq refuses one request that is larger than a minute's tokens with 413.
        (413, {"error": {"message": "Request too large", "code": "rate_limit_exceeded"}}, 429),
        # A limit of a moment stays one.
        (429, {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}, 429),
        (429, {"error": {"message": "Request too large, reduce the length of the messages"}}, 429),
    ],
)
def test_a_status_is_what_the_body_says(status: int, body: Any, expected: int) -> None:
    assert failure(status, body).status == expected


def test_words_of_the_request_that_are_quoted_mean_nothing() -> None:
    quoted = {"error": {"message": "Invalid value: 'insufficient balance'", "param": "messages[0]"}}
    assert failure(400, quoted).refused_request
    behind = {"error": {"message": f"{'Not a tool. ' * 30}credit balance is too low"}}
    assert failure(400, behind).refused_request


def test_deep_nesting_is_bounded() -> None:
    value: Any = "inside"
    for _ in range(50):
        value = {"message": [value]}
    assert failure(400, {"error": value}).message == "The provider answered 400."
    listed: Any = {}
    for _ in range(50):
        listed = [listed]
    assert failure(400, listed).message == "The provider answered 400."


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({"error": {"message": "m", "code": 429}}, 429),
        ({"error": {"message": "m", "code": "502"}}, 502),
        ({"error": {"message": "m", "code": "rate_limit_exceeded"}}, 429),
        ({"error": {"message": "m", "type": "BadRequestError", "code": None}}, 400),
        ({"error": {"message": "m", "type": "server_error"}}, 500),
        ({"error": {"message": "m", "code": "insufficient_quota"}}, 402),
        ({"choices": [], "error": {"message": "m", "code": 503}}, 503),
    ],
)
def test_an_error_inside_a_success_has_a_status(event: dict[str, Any], status: int) -> None:
    error = failure_of_event(event, Failures(), KEY)
    assert (error.status, error.message) == (status, "m")
