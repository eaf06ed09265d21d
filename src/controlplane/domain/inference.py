"""What every request to a model has, whatever it asks for. It keeps every key it came with."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Self

import orjson

from controlplane.domain.attribution import short_id, tags_of
from controlplane.domain.price import ServerTool
from controlplane.domain.usage import ImageTokens

# An answer of a model, whole, and one event of a streamed one: JSON objects of their protocol.
Body = Mapping[str, Any]
Event = Mapping[str, Any]


class ProtocolName(StrEnum):
    """What a client or a provider speaks; `protocols/` has a folder for each."""

    CHAT_COMPLETIONS = "chat_completions"
    RESPONSES = "responses"
    MESSAGES = "messages"
    EMBEDDINGS = "embeddings"
    TOKEN_COUNTS = "token_counts"  # noqa: S105 - no password


class AsItCame(dict[str, Any]):
    """A JSON object with the bytes in which it came, so that it can go on as those.

    A changed copy is a plain dict, which has none. Not to be changed in place.
    """

    __slots__ = ("raw",)

    def __init__(self, members: Mapping[str, Any], raw: bytes) -> None:
        super().__init__(members)
        self.raw = raw


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """A checked request. `body` is the caller's object, whole; treat it as read-only. `size` is
    how many bytes of JSON came in, None once the texts are not those that came. `lenient` says that
    what a target does not have may be left out, as far as the question stays the same.

    `raw` is the body in the caller's own bytes, None once anything in it is changed. `headers` are
    those of the protocol's own family, which a target that speaks the protocol gets too. `dropped`
    names what no target gets of it. Where its cost is capped, `usual_price` says that it is not to
    be served in another tier than it asks for.
    """

    body: Mapping[str, Any]
    size: int | None = None
    lenient: bool = False
    raw: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    dropped: tuple[str, ...] = ()
    usual_price: bool = False

    protocol: ClassVar[ProtocolName]
    generates: ClassVar[bool] = True
    """True where the answer is text, whose length the policy may bound."""
    output_limits: ClassVar[tuple[str, ...]] = ()
    """The fields that bound the length of the answer; the last one is set where none is."""
    needed: ClassVar[frozenset[str]] = frozenset()
    """The fields without which the protocol has no request, beside those that all have."""
    free: ClassVar[bool] = False
    """True where it uses no tokens."""
    has_tiers: ClassVar[bool] = False
    """True where `service_tier` says in which tier it is served."""
    window: ClassVar[int] = 0
    """The most tokens that a model reads at once where the provider runs tools."""
    end_user_places: ClassVar[tuple[str, ...]] = ("user",)
    """Where the name of the caller's user may stand."""

    @property
    def model(self) -> str:
        """The model or alias asked for."""
        return str(self.body["model"])

    @property
    def stream(self) -> bool:
        """True where the answer is to be server-sent events."""
        return self.body.get("stream") is True

    @property
    def end_user(self) -> str | None:
        """The caller's own name for its user."""
        return self.body.get("user")

    @property
    def session_id(self) -> str | None:
        """The caller's own name for the conversation that it belongs to."""
        return short_id(self.body.get("prompt_cache_key"))

    @property
    def tags(self) -> tuple[str, ...]:
        """The caller's own labels."""
        return tags_of(self.body.get("metadata"))

    @property
    def readable(self) -> Mapping[str, Any]:
        """The body as it is read, without what is text and cannot be read as such here."""
        return self.body

    @property
    def unreadable(self) -> bool:
        """True where something of it is text and cannot be read as such here."""
        return False

    def read(self, text_of: Callable[[Sequence[int]], str | None]) -> Self:
        """The same request with what `text_of` makes of tokens in it."""
        return self

    @property
    def max_output(self) -> int | None:
        """The longest answer that is asked for, in tokens; None where nothing says it."""
        return max((self.body.get(name) or 0 for name in self.output_limits), default=0) or None

    def bounded(self, tokens: int) -> Self:
        """The same request for an answer of so many tokens at most."""
        limits = self.output_limits
        stated = [name for name in limits if self.body.get(name) is not None] or limits[-1:]
        return self.replace(**{name: min(tokens, self.body.get(name) or tokens) for name in stated})

    @property
    def least_output(self) -> int:
        """A shorter bound of the answer would be refused."""
        return 0

    @property
    def answer_count(self) -> int:
        """How many answers are asked for, each of them as long as `max_output`."""
        return 1

    @property
    def rejected_output(self) -> int:
        """Tokens that may be billed as output beside the answers, at most."""
        return 0

    @property
    def stateful(self) -> str | None:
        """What of it builds on an answer that a provider stores, or asks for one to be stored."""
        return None

    def owned(self) -> Self:
        """The same request without what only names something of which the owner is not known, as
        far as the question stays the same."""
        return self

    def stateless(self) -> Self:
        """The same request, whose answer no provider stores."""
        return self

    def for_model(self, model: str) -> Self:
        """The same request as `model` is to be sent it."""
        return self

    @property
    def unowned(self) -> str | None:
        """What of it names something that a provider stores, and whose owner is not known."""
        return None

    @property
    def is_kept(self) -> bool:
        """True where a provider stores its answer, or has to know an earlier one."""
        return False

    @property
    def builds_on(self) -> tuple[str, str] | None:
        """The parameter with the id of the stored answer that it goes on from, and the id."""
        return None

    def reasons(self, model: str) -> bool:
        """True where `model` may think before it speaks."""
        return False

    def asked_characters(self, of_image: int) -> int:
        """How much it says, in characters, of which an image has `of_image`."""
        return 0

    @property
    def image_count(self) -> int:
        """How many pictures it holds."""
        return 0

    @property
    def unbounded(self) -> str | None:
        """The place of something whose number of tokens cannot be known beforehand."""
        return None

    @property
    def unpriced(self) -> str | None:
        """The name of something that costs more than the tokens of the model's price."""
        return None

    @property
    def server_tools(self) -> tuple[ServerTool, ...]:
        """The tools of the provider that cost a known fee for each call."""
        return ()

    @property
    def service_tier(self) -> str | None:
        """The tier that is asked for; None where that is left to the provider's settings."""
        tier = self.body.get("service_tier") if self.has_tiers else None
        return None if tier in (None, "auto") else str(tier)

    @property
    def region(self) -> str | None:
        """The place that is asked for; None where that is left to the provider's settings."""
        return None

    def in_standard_tier(self, name: str) -> Self:
        """The same request for the standard tier of that name, where it leaves the tier open."""
        if not self.has_tiers or self.service_tier is not None:
            return self
        return self.replace(service_tier=name)

    @property
    def keeps_for_an_hour(self) -> bool:
        """True where it asks for some of it to be cached for an hour, which costs more."""
        return False

    def substitute(self, images: ImageTokens) -> Body | None:
        """What stands for an answer of a target that has none to such a request; None where
        nothing does."""
        return None

    def with_body(self, body: Mapping[str, Any]) -> Self:
        """The same request with other texts; this one stays as it is."""
        return dataclasses.replace(self, body=body, size=None, raw=None)

    def with_redacted(self, body: Mapping[str, Any]) -> Self:
        """The same request with a body in which values were replaced."""
        return self.with_body(body)

    def replace(self, **changes: Any) -> Self:
        """The same request with other parameters; this one stays as it is."""
        raw = None
        if self.raw is not None and self.body and self.body.keys().isdisjoint(changes):
            # What is new stands behind the rest, which stays as it was written.
            raw = b"%b,%b" % (self.raw.rstrip()[:-1], orjson.dumps(changes)[1:])
        return dataclasses.replace(self, body={**self.body, **changes}, raw=raw)
