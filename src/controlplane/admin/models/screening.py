"""A trial of screening."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from controlplane.admin.models.model import RequestBody, ResponseBody, examples, told

Outcome = Literal["allow", "flag", "redact", "block"]


def _request(content: str) -> dict[str, Any]:
    return {"model": "gpt-6-luna", "messages": [{"role": "user", "content": content}]}


class ScreeningTrial(RequestBody):
    """A chat request that is not sent."""

    model_config = examples({"request": _request("I am ana@example.com")})
    request: Annotated[dict[str, Any], told("must be a chat request")] = Field(
        description="A chat request."
    )


class FoundAt(ResponseBody):
    """What was found, and where; never the text itself."""

    kind: str
    place: str = Field(description="The path of the text in the request.")
    offset: int
    length: int


class ScreeningOutcome(ResponseBody):
    """What was found, and what the policy does with it."""

    model_config = examples(
        {
            "action": "redact",
            "findings": [
                {"kind": "email", "place": "messages.0.content", "offset": 5, "length": 15}
            ],
            "redacted": _request("I am [EMAIL_1]"),
        }
    )
    action: Outcome
    findings: list[FoundAt]
    redacted: dict[str, Any] = Field(
        description="The request, with a token for everything that is redacted or blocked."
    )
