"""A request for a response. It keeps every key it came with.

https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from controlplane.domain.body import parse_object
from controlplane.domain.inference import InferenceRequest, ProtocolName
from controlplane.domain.price import ServerTool
from controlplane.domain.text import REQUEST_NAME, is_request_name
from controlplane.errors import InvalidRequest
from controlplane.protocols.responses import measure
from controlplane.protocols.responses.ciphertext import with_ciphertext, without_ciphertext

_ENCRYPTED = "reasoning.encrypted_content"
# Models named so do not think, whatever else is in their name, and refuse to encrypt thoughts.
_CHATTING = "-chat"


@dataclass(frozen=True, slots=True)
class ResponsesRequest(InferenceRequest):
    """A checked request for a response. `made_stateless` says that the caller might have counted on
    a stored answer."""

    made_stateless: bool = False

    protocol: ClassVar[ProtocolName] = ProtocolName.RESPONSES
    output_limits: ClassVar[tuple[str, ...]] = ("max_output_tokens",)
    has_tiers: ClassVar[bool] = True
    # "Web search is limited to a context window size of 128000."
    # https://platform.openai.com/docs/guides/tools-web-search#limitations
    window: ClassVar[int] = 128_000
    end_user_places: ClassVar[tuple[str, ...]] = ("safety_identifier", "user")

    @property
    def end_user(self) -> str | None:
        """`safety_identifier`, or `user`, which it replaces."""
        return self.body.get("safety_identifier") or self.body.get("user")

    @property
    def readable(self) -> Mapping[str, Any]:
        """Without encrypted content of items."""
        given = self.body.get("input")
        read = without_ciphertext(given)
        return self.body if read is given else {**self.body, "input": read}

    def with_redacted(self, body: Mapping[str, Any]) -> Self:
        """With the encrypted content that it had."""
        if "input" not in body:
            return self.with_body(body)
        given = with_ciphertext(self.body.get("input"), body["input"])
        return self.with_body({**body, "input": given})

    @property
    def stateful(self) -> str | None:
        """What builds on a stored answer, or asks for one to be stored."""
        body = self.body
        if body.get("previous_response_id") is not None:
            return "previous_response_id"
        for name in ("background", "store"):
            if body.get(name) is True:
                return name
        return self.unowned

    @property
    def unowned(self) -> str | None:
        """A conversation, or an item by its id: neither begins here."""
        if self.body.get("conversation") is not None:
            return "conversation"
        named = (
            place
            for place, each in measure.items(self.body)
            if measure.is_reference(each) and not measure.is_thought_by_name(each)
        )
        return next(named, None)

    def owned(self) -> Self:
        """Without thoughts that are only named: whose they are cannot be told, and where nothing
        is stored nothing has them. Some clients name them although they send all the rest."""
        given = self.body.get("input")
        if not isinstance(given, list) or not any(map(measure.is_thought_by_name, given)):
            return self
        kept = [item for item in given if not measure.is_thought_by_name(item)]
        places = [
            f"input.{place}.item_reference"
            for place, item in enumerate(given)
            if measure.is_thought_by_name(item)
        ]
        # One for all: a long conversation has many.
        return replace(self.with_body({**self.body, "input": kept}), dropped=tuple(places[:1]))

    @property
    def is_kept(self) -> bool:
        """Unless it says `"store": false` and needs nothing that is stored."""
        return self.body.get("store") is not False or self.stateful is not None

    @property
    def builds_on(self) -> tuple[str, str] | None:
        """`previous_response_id`."""
        told = self.body.get("previous_response_id")
        return None if told is None else ("previous_response_id", told)

    def stateless(self) -> Self:
        """With `"store": false`: left out, it means true."""
        if self.body.get("store") is False:
            return self
        return replace(self.replace(store=False), made_stateless=True)

    def for_model(self, model: str) -> Self:
        """With what a model thought in the answer, where it would otherwise have been stored:
        clients send its items back, and without that their provider does not know them."""
        include = self.body.get("include") or []
        if not self.made_stateless or not self.reasons(model) or _CHATTING in model:
            return self
        if not isinstance(include, list) or _ENCRYPTED in include:
            return self
        return self.replace(include=[*include, _ENCRYPTED])

    def reasons(self, model: str) -> bool:
        """By the effort that is asked for, or by the model's name."""
        return measure.reasons(self.body, model)

    def asked_characters(self, of_image: int) -> int:
        """Of the input, and what a model reads beside it."""
        return measure.asked_characters(self.body, of_image)

    @property
    def image_count(self) -> int:
        """The pictures and screenshots."""
        return measure.image_count(self.body)

    @property
    def unbounded(self) -> str | None:
        """The place of the first file, or of what names something stored elsewhere."""
        return measure.unbounded(self.body)

    @property
    def unpriced(self) -> str | None:
        """Tools that run at the provider for an unknown price, and audio."""
        return measure.unpriced(self.body)

    @property
    def server_tools(self) -> tuple[ServerTool, ...]:
        """Searches, bounded by `max_tool_calls`."""
        return measure.server_tools(self.body)

    @property
    def keeps_for_an_hour(self) -> bool:
        """By `prompt_cache_options`."""
        return measure.keeps_for_an_hour(self.body)


def parse_responses_request(raw: bytes) -> ResponsesRequest:
    """Read and check a request body. Raises InvalidRequest, naming the parameter in `param`.

    Only what the gateway itself relies on is checked here; the provider judges the rest.
    """
    body = parse_object(raw)
    if body.get("model") is None:
        raise InvalidRequest("'model' is missing.", param="model")
    for name, (check, expected) in _PARAMETERS.items():
        if body.get(name) is not None and not check(body[name]):
            raise InvalidRequest(f"'{name}' must be {expected}.", param=name)
    return ResponsesRequest(body, len(raw), raw=raw)


def _is_tokens(value: Any) -> bool:
    return type(value) is int and 1 <= value < 2**31


_FLAG = (lambda v: isinstance(v, bool), "true or false")
_NAME = (is_request_name, REQUEST_NAME)
_PARAMETERS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "model": _NAME,
    "input": (lambda v: isinstance(v, str | list), "a string or an array of items"),
    "stream": _FLAG,
    "max_output_tokens": (_is_tokens, "a positive integer"),
    "store": _FLAG,
    "background": _FLAG,
    "previous_response_id": _NAME,
    "conversation": (lambda v: isinstance(v, str | dict), "an id or an object with an 'id'"),
    "tools": (lambda v: isinstance(v, list), "an array of tools"),
    "safety_identifier": _NAME,
    "user": _NAME,
}
