"""What the request path needs from the outside, in its own words. Adapters match by shape."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Protocol

from controlplane.domain.access import Caller
from controlplane.domain.audit import AuditEvent
from controlplane.domain.budget import Charge
from controlplane.domain.configuration import Configuration
from controlplane.domain.inference import Body, Event, InferenceRequest
from controlplane.domain.limits import Claim, Decision, Hold
from controlplane.domain.price import Billing, Price
from controlplane.domain.replay import Stored
from controlplane.domain.routing import Target, Timeouts
from controlplane.domain.usage import ImageTokens


class KeyDirectory(Protocol):
    """API keys. Raises Unreachable where neither cache nor database answers."""

    async def find(self, presented: str) -> Caller | None:
        """The caller behind a key `sk-cp-...`; None where it is unknown, expired or revoked."""
        ...


class TokenVerifier(Protocol):
    """Cognito's JSON Web Tokens."""

    async def verify(self, token: str) -> Caller:
        """The caller a token names. Raises Unauthenticated, or Unavailable without any key set."""
        ...


class ConfigurationSource(Protocol):
    """Policies and routes. Raises Unreachable where neither cache nor database answers."""

    async def of(self, caller: Caller) -> Configuration:
        """The rules for `caller`, in one round trip where they are cached."""
        ...


class Ledger(Protocol):
    """Decides all limits of a request together, all or nothing, and keeps what is held and spent.

    Spent and held together never exceed a cap. Raises Unreachable.
    """

    async def reserve(self, claim: Claim) -> Decision:
        """Take a hold, or say which limit refuses. Raises LedgerLost where a cost cap is among the
        limits and what was spent is not known."""
        ...

    async def settle(self, hold: Hold, *, tokens: int, cost_microusd: int) -> tuple[Charge, ...]:
        """Replace a hold by what was used. A second time changes nothing.

        Returns the cost caps of which another whole percent was spent by this.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ledgers:
    """The ledger of all processes, and that of this one, which stands in while the other is
    away."""

    shared: Ledger
    local: Ledger


class ReplayStore(Protocol):
    """Answers under an `Idempotency-Key`. Raises Unreachable."""

    async def claim(
        self, org_id: str, name: str, fingerprint: str, owner: str, seconds: float
    ) -> Stored | None:
        """None where the key is the owner's now, for so many seconds; else what is stored."""
        ...

    async def keep(
        self, org_id: str, name: str, fingerprint: str, owner: str, answer: bytes
    ) -> bool:
        """Store the answer for a day, unless the claim has gone to another; returns whether."""
        ...

    async def give_up(self, org_id: str, name: str, owner: str) -> None:
        """Forget the owner's claim: there is no answer to give again."""
        ...


class PayloadStore(Protocol):
    """The texts of requests and answers, where the policy keeps them. Raises Unreachable."""

    async def put(self, key: str, body: bytes) -> None:
        """Store one JSON document under a key `payloads/org=.../dt=.../<request id>.json`."""
        ...


class PreparedCall(Protocol):
    """One call of a provider, ready to be made. Raises ProviderError for everything that goes wrong
    at an attempt."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """The harmless parameters that the provider is not sent."""
        ...

    async def complete(self, timeouts: Timeouts) -> Body:
        """One whole answer, in the protocol of the request."""
        ...

    def stream(self, timeouts: Timeouts) -> AsyncGenerator[Event, None]:
        """Events in the protocol of the request, those with the usage included; ends only on a
        complete answer.

        An empty event is a sign of life: bytes came that say nothing, or not yet. Nothing is sent
        before the first `anext`. Closing it early cancels the call.
        """
        ...


class Provider(Protocol):
    """A model provider."""

    @property
    def images(self) -> ImageTokens:
        """What an image comes to at its models."""
        ...

    @property
    def billing(self) -> Billing:
        """How its prices are known."""
        ...

    def prepare(self, request: InferenceRequest, model: str) -> PreparedCall:
        """The call of `model` that `request` asks for.

        Raises UnsupportedParameter for what the provider cannot honour and may not be left out.
        """
        ...


class Providers(Protocol):
    """The configured providers by name. One with another key is another provider."""

    async def current(self) -> Mapping[str, Provider]:
        """Those of this moment."""
        ...

    async def renewed(self, name: str, refused: Provider) -> Provider | None:
        """The one that has come in the place of `refused`; None where that is still in force."""
        ...


class TargetHealth(Protocol):
    """Remembers, for all processes, which targets fail. Raises Unreachable."""

    async def failed(self, org_id: str, target: Target) -> None:
        """Note a failure; after several in a row the target is left alone for a while."""
        ...

    async def recovered(self, org_id: str, target: Target) -> None:
        """Forget its failures."""
        ...

    async def may_probe(self, org_id: str, target: Target) -> bool:
        """True for the one caller who is to try a target that was left alone long enough."""
        ...


class PriceBook(Protocol):
    """What models cost."""

    def price(self, provider: str, model: str, price_list: str | None = None) -> Price | None:
        """The price of today, out of `price_list`, else out of the one that holds for a provider of
        that name; None where the model has no known price."""
        ...


class AuditSink(Protocol):
    """Where audit events go."""

    async def append(self, event: AuditEvent) -> None:
        """Returns once the event is durable. Raises Unreachable where nothing would take it."""
        ...
