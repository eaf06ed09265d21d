"""A request for a Message. It keeps every key it came with.

https://platform.claude.com/docs/en/api/messages/create
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson

from controlplane.domain.attribution import short_id
from controlplane.domain.body import Rules, check_members, parse_object
from controlplane.domain.inference import InferenceRequest, ProtocolName
from controlplane.domain.price import ServerTool
from controlplane.domain.text import REQUEST_NAME, is_request_name
from controlplane.errors import InvalidRequest
from controlplane.protocols.messages import measure

ROLES = ("assistant", "system", "user")


@dataclass(frozen=True, slots=True)
class MessagesRequest(InferenceRequest):
    """A request for a Message."""

    protocol: ClassVar[ProtocolName] = ProtocolName.MESSAGES
    output_limits: ClassVar[tuple[str, ...]] = ("max_tokens",)
    has_tiers: ClassVar[bool] = True
    # https://platform.claude.com/docs/en/build-with-claude/context-windows
    window: ClassVar[int] = 1_000_000
    needed: ClassVar[frozenset[str]] = frozenset({"max_tokens"})
    end_user_places: ClassVar[tuple[str, ...]] = ("metadata.user_id",)

    @property
    def end_user(self) -> str | None:
        """`metadata.user_id`; what is no name is the provider's to judge, and not recorded."""
        metadata = self.body.get("metadata")
        user = metadata.get("user_id") if isinstance(metadata, Mapping) else None
        return user if is_request_name(user) else None

    @property
    def session_id(self) -> str | None:
        """In `metadata.user_id`, where Claude Code writes it as JSON; else that itself."""
        user = self.end_user
        if user is None or not user.startswith("{"):
            return short_id(user)
        try:
            said = orjson.loads(user)
        except orjson.JSONDecodeError:
            return short_id(user)
        session = said.get("session_id")
        return short_id(session if isinstance(session, str) else user)

    @property
    def tags(self) -> tuple[str, ...]:
        """None: `metadata` has no labels here."""
        return ()

    @property
    def least_output(self) -> int:
        """Thinking within a budget has to leave room for an answer."""
        budget = (self.body.get("thinking") or {}).get("budget_tokens")
        return budget + 1 if type(budget) is int else 0

    def reasons(self, model: str) -> bool:
        """By `thinking`, whatever its kind."""
        return measure.thinks(self.body)

    def asked_characters(self, of_image: int) -> int:
        """Of the messages, and what a model reads beside them."""
        return measure.asked_characters(self.body, of_image)

    @property
    def image_count(self) -> int:
        """The blocks `image`, those in results of tools too."""
        return measure.image_count(self.body)

    @property
    def unbounded(self) -> str | None:
        """The place of the first document that is no text, or of a file in a container."""
        return measure.first_file(self.body)

    @property
    def unpriced(self) -> str | None:
        """What the provider runs for an unknown price, and what makes every token dearer."""
        return measure.unpriced(self.body)

    @property
    def server_tools(self) -> tuple[ServerTool, ...]:
        """Searches and fetches, each bounded by its `max_uses`."""
        return measure.server_tools(self.body)

    @property
    def region(self) -> str | None:
        """`inference_geo`."""
        region = self.body.get("inference_geo")
        return None if region is None else str(region)

    @property
    def keeps_for_an_hour(self) -> bool:
        """By some `cache_control`, wherever it stands."""
        return measure.keeps_for_an_hour(self.body)


def parse_messages_request(raw: bytes) -> MessagesRequest:
    """Read and check a request body. Raises InvalidRequest, naming the parameter in `param`."""
    return MessagesRequest(
        checked_body(raw, ("model", "max_tokens", "messages")), len(raw), raw=raw
    )


def checked_body(raw: bytes, required: tuple[str, ...]) -> dict[str, Any]:
    """The object that a body is. Raises InvalidRequest.

    Only what the gateway itself relies on is checked here; the provider judges the rest.
    """
    body = parse_object(raw)
    check_members(body, required, _PARAMETERS)
    for index, message in enumerate(body["messages"]):
        _check_message(message, f"messages.{index}")
    if isinstance(body.get("system"), list):
        _check_blocks(body["system"], "system")
    return body


def _check_message(message: Any, place: str) -> None:
    if not isinstance(message, dict):
        raise InvalidRequest(f"'{place}' must be an object.", param=place)
    if message.get("role") not in ROLES:
        raise InvalidRequest(
            f"'{place}.role' must be one of {', '.join(ROLES)}.", param=f"{place}.role"
        )
    content = message.get("content")
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise InvalidRequest(
            f"'{place}.content' must be a string or an array of content blocks.",
            param=f"{place}.content",
        )
    _check_blocks(content, f"{place}.content")


def _check_blocks(blocks: list[Any], place: str) -> None:
    for index, block in enumerate(blocks):
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            where = f"{place}.{index}"
            raise InvalidRequest(f"'{where}' must be an object with a 'type'.", param=where)


_OBJECT = (lambda value: isinstance(value, dict), "an object")
_PARAMETERS: Rules = {
    "model": (is_request_name, REQUEST_NAME),
    "messages": (lambda v: isinstance(v, list) and len(v) > 0, "a non-empty array of messages"),
    "max_tokens": (lambda v: type(v) is int and 1 <= v < 2**31, "a positive integer"),
    "stream": (lambda v: isinstance(v, bool), "true or false"),
    "system": (lambda v: isinstance(v, str | list), "a string or an array of text blocks"),
    "tools": (
        lambda v: isinstance(v, list) and all(isinstance(each, dict) for each in v),
        "an array of objects",
    ),
    "metadata": _OBJECT,
    "thinking": _OBJECT,
}
