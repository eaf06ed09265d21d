"""Audit records."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from controlplane.admin.models.fields import Since, Text, Time, Until, Usd, digits
from controlplane.admin.models.model import (
    QueryParameters,
    ResponseBody,
    examples,
    fault_at,
    told,
)
from controlplane.admin.models.pages import DEFAULT_LIMIT, MAX_LIMIT
from controlplane.domain.usage import microusd

# Of a file; a page has as many as every list.
MAX_ROWS = 10_000
EXAMPLE_ID = "req_0d6f7a52c1b94c0f8f5d2f5f6f1f9d11"

_OPENAI: dict[str, Any] = {
    "provider": "openai",
    "model": "gpt-5.5",
    "latency_ms": 31,
    "status": 529,
    "failure": "status",
}
_AZURE = {
    **_OPENAI,
    "provider": "azure",
    "latency_ms": 1420,
    "status": 200,
    "failure": None,
    "ignored_params": ["seed"],
}


class RequestRecord(ResponseBody):
    """What is recorded of one request, in the order of a file's columns."""

    model_config = examples(
        {
            "request_id": EXAMPLE_ID,
            "occurred_at": "2026-11-03T09:12:44.518213+00:00",
            "admitted_at": "2026-11-03T09:12:44.521077+00:00",
            "org_id": "org-acme",
            "application_id": "app-support",
            "subject": "key:key-5f0c6bd2f3f14a7f8f8e1d0a7c9b2e11",
            "role": "service",
            "end_user": None,
            "session_id": "7f1c2f0e-8a5b-4a57-9a43-0d7f4b1f6d11",
            "agent_id": None,
            "tags": ["team:search"],
            "operation": "chat.completions",
            "stream": False,
            "model_requested": "gpt-5.5",
            "model_served": "gpt-5.5",
            "provider": "azure",
            "status": 200,
            "code": None,
            "tokens_input": 1200,
            "tokens_output": 310,
            "tokens_cached": 1024,
            "tokens_reasoning": 0,
            "usage_estimated": False,
            "usage": {"input": 1200, "output": 310, "cached": 1024, "service_tier": "default"},
            "price": {"input": "2.5", "output": "10", "cached": "1.25"},
            "cost_usd": "0.004820",
            "cost_microusd": 4820,
            "latency_ms": 1463,
            "overhead_ms": 12,
            "policy_version": "application:app-support:3",
            "degraded": False,
            "replayed": False,
            "shadow": ["cost:app-support:day"],
            "screening": {"email": 1},
            "attempts": [_OPENAI, _AZURE],
            "payload_key": None,
            "archive_key": "audit/org=org-acme/dt=2026-11-03/5f0c6bd2f3f14a7f8f8e1d0a7c9b2e11"
            ".jsonl.gz",
            "schema_version": 1,
        }
    )
    request_id: str
    occurred_at: Time = Field(description="When the request came.")
    admitted_at: Time | None = Field(
        description="When its limits were decided: the day and month that are charged."
    )
    org_id: str
    application_id: str | None
    subject: str = Field(description="`key:<id>` or `user:<sub>`.")
    role: str
    end_user: str | None
    session_id: str | None = Field(
        description="The conversation, as the client names it: `x-claude-code-session-id`, "
        "`session-id`, `x-session-id`, `prompt_cache_key`, or a digest of what is no plain id."
    )
    agent_id: str | None = Field(description="The client's own agent: `x-claude-code-agent-id`.")
    tags: list[str] = Field(
        description="Up to 10 of `x-llm-cp-tags`, then `name:value` of the request's `metadata`."
    )
    operation: str
    stream: bool
    model_requested: str | None
    model_served: str | None
    provider: str | None
    status: int
    code: str | None
    tokens_input: int
    tokens_output: int
    tokens_cached: int
    tokens_reasoning: int
    usage_estimated: bool = Field(description="No provider reported all of its tokens.")
    usage: dict[str, Any] | None = Field(
        description="The line items that the cost is made of, those that are not zero: `input`, "
        "`cached`, `cache_write`, `cache_write_hour`, `audio_input` and `image_input` of it, "
        "`output`, `reasoning`, `audio_output` and `image_output` of it, `calls` of the provider's "
        "tools, `service_tier`, `inference_geo`. `estimated` names those that no provider "
        "reported, `unknown` what was used and has no number. Null where nothing was used."
    )
    price: dict[str, Any] | None = Field(
        description="What the line items were charged by, in US dollars for a million tokens, a "
        "call or a request. Null without a known price; then a cost with `cost` among what is "
        "`estimated` is the most that the request may have come to, as a cap counts it."
    )
    cost_usd: str | None = Field(description="Null where what was used has no known price.")
    cost_microusd: int | None
    latency_ms: int
    overhead_ms: int
    policy_version: str | None
    degraded: bool
    replayed: bool = Field(description="A stored answer was given again; it is charged once.")
    shadow: list[str] = Field(description="What policies on trial would have refused.")
    screening: dict[str, int] = Field(description="Findings by kind; never what was found.")
    attempts: list[dict[str, Any]] = Field(
        description="Which targets were called, and how each ended. `ignored_params`, where there "
        "are any, were left out of what it was sent."
    )
    payload_key: str | None = Field(
        description="Where the bucket holds the texts, where the policy keeps them."
    )
    archive_key: str | None = Field(description="Where the bucket holds this record.")
    schema_version: int


FileFormat = Literal["json", "csv", "jsonl"]


class RequestQuery(QueryParameters):
    """Which audit records, and in which form."""

    since: Since | None = Field(
        default=None, alias="from", description="Not before this day (UTC) or time (RFC 3339)."
    )
    until: Until | None = Field(
        default=None,
        alias="to",
        description="Up to the end of this day (UTC), or before this time (RFC 3339).",
    )
    application_id: Text | None = Field(default=None, description="Of this application.")
    subject: Text | None = Field(
        default=None, description="Of this caller: `key:<id>` or `user:<sub>`."
    )
    model: Text | None = Field(default=None, description="With this model asked for or served.")
    provider: Text | None = Field(default=None, description="Answered by this provider.")
    status: (
        Annotated[
            str,
            Field(pattern="^[1-5]([0-9][0-9]|xx)$"),
            told("must be a status such as 429, or a class of them such as 4xx"),
        ]
        | None
    ) = Field(
        default=None,
        description="With this status, such as `429`, or one of a class, such as `4xx`.",
    )
    code: Text | None = Field(
        default=None, description="With this error code, such as `insufficient_quota`."
    )
    session_id: Text | None = Field(default=None, description="Of this session.")
    agent_id: Text | None = Field(default=None, description="Of this agent of a client.")
    end_user: Text | None = Field(default=None, description="With this `user`.")
    tag: Text | None = Field(
        default=None, description="With this tag, such as `team:search`; ask for few days."
    )
    min_cost: Usd | None = Field(
        default=None, description="That cost so many US dollars or more, such as `0.25`."
    )
    format: Annotated[FileFormat, told("must be json, csv or jsonl")] = Field(
        default="json",
        description=f"`csv` or `jsonl`: a file of up to {MAX_ROWS:,} records (`limit`), or about "
        "3 MB. Go on with `cursor` set to the header `x-next-cursor`, until that is missing.",
    )
    limit: Annotated[
        int | None,
        Field(ge=1, le=MAX_ROWS),
        BeforeValidator(digits),
        told(f"must be an integer from 1 to {MAX_LIMIT}, or to {MAX_ROWS} for a file"),
    ] = Field(
        default=None,
        description=f"How many: {DEFAULT_LIMIT} of {MAX_LIMIT} at most, of a file {MAX_ROWS:,}.",
    )
    cursor: str | None = Field(default=None, description="The `next_cursor` of the page before.")

    @property
    def rows(self) -> int:
        """How many are wanted."""
        return self.limit or (DEFAULT_LIMIT if self.format == "json" else MAX_ROWS)

    @property
    def statuses(self) -> tuple[int, int] | None:
        """The lowest and the highest."""
        if self.status is None:
            return None
        return int(self.status.replace("x", "0")), int(self.status.replace("x", "9"))

    @property
    def min_cost_microusd(self) -> int | None:
        """In micro-dollars."""
        return None if self.min_cost is None else microusd(self.min_cost)

    @model_validator(mode="after")
    def _is_a_page(self) -> Self:
        if self.format == "json" and self.rows > MAX_LIMIT:
            raise fault_at("limit", f"must be an integer from 1 to {MAX_LIMIT}")
        return self
