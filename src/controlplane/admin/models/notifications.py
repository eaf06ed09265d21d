"""What an organisation wants to be told about its budgets, and where."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from controlplane.admin.models.model import RequestBody, ResponseBody, examples, told

MAX_DESTINATIONS, MAX_THRESHOLDS, MAX_URL_LENGTH = 10, 10, 2_000
Name = Annotated[
    str,
    Field(pattern="^[a-z0-9-]{1,64}$"),
    told("must be 1 to 64 of the characters a-z, 0-9 and '-'"),
]


def _https(url: str) -> str:
    parts = urlsplit(url)
    is_plain = url.isascii() and url.isprintable() and " " not in url and not parts.fragment
    if len(url) > MAX_URL_LENGTH or not is_plain or parts.scheme != "https":
        raise ValueError
    if not parts.hostname or parts.username is not None or parts.port == 0:
        raise ValueError
    return url


Url = Annotated[
    str,
    AfterValidator(_https),
    told(f"must be an https:// address of at most {MAX_URL_LENGTH:,} characters, without a user"),
]
_KIND = "`webhook` gets signed messages, `slack` a text for people in Slack's form."


class DestinationBody(RequestBody):
    """One destination."""

    name: Name = Field(description="What you call it.")
    kind: Literal["webhook", "slack"] = Field(description=_KIND)
    url: Url | None = Field(
        default=None,
        description="Where it listens. Left out, the address that is stored under this name stays: "
        "it is never shown again.",
    )
    new_secret: bool = Field(
        default=False, description="A new secret for signatures; the one before ends at once."
    )
    host: str | None = Field(default=None, description="As it was read; may be left out.")
    secret: str | None = Field(default=None, description="As it was read; may be left out.")


class NotificationsBody(RequestBody):
    """What to tell, and where. It may repeat what a read returns beside that."""

    model_config = examples(
        {
            "thresholds": [80, 100],
            "refusals": True,
            "destinations": [
                {"name": "on-call", "kind": "webhook", "url": "https://example.com/budgets"}
            ],
        }
    )
    thresholds: Annotated[
        list[Annotated[int, Field(strict=True, ge=1, le=100)]],
        Field(max_length=MAX_THRESHOLDS),
        told(f"must be up to {MAX_THRESHOLDS} whole percentages from 1 to 100"),
    ] = Field(
        default=[80, 100], description="Percentages of a cost cap, each told once in a period."
    )
    refusals: bool = Field(
        default=True, description="Also tell of the first request of a period that a cap refuses."
    )
    destinations: list[DestinationBody] = Field(
        default=[], max_length=MAX_DESTINATIONS, description="Where to."
    )
    topic: bool | None = Field(default=None, description="As it was read; may be left out.")


class DestinationShown(ResponseBody):
    """One destination, without its address."""

    name: str
    kind: Literal["webhook", "slack"] = Field(description=_KIND)
    host: str = Field(description="Of its address, the rest of which may be a secret.")
    secret: str | None = Field(
        description="For signatures, where it was just made: it is shown this once."
    )


class NotificationsShown(ResponseBody):
    """What is told, and where."""

    model_config = examples(
        {
            "thresholds": [80, 100],
            "refusals": True,
            "destinations": [
                {"name": "on-call", "kind": "webhook", "host": "example.com", "secret": None}
            ],
            "topic": False,
        }
    )
    thresholds: list[int]
    refusals: bool
    destinations: list[DestinationShown]
    topic: bool = Field(description="Whether the operator's topic gets all of it as well.")


class Delivered(ResponseBody):
    """What became of one test message."""

    destination: str | None = Field(description="Null for the operator's topic.")
    delivered: bool
    reason: str | None = Field(description="Why not.")


class TestOutcome(ResponseBody):
    """What became of the test messages."""

    model_config = examples(
        {"data": [{"destination": "on-call", "delivered": True, "reason": None}]}
    )
    data: list[Delivered]
