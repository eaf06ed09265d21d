"""A server as a Provider of the gateway: called in the caller's protocol where it speaks it, and
in translation where it does not."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import chain

import httpx

from controlplane.config import ProviderSettings
from controlplane.domain.inference import Body, Event, InferenceRequest, ProtocolName
from controlplane.domain.price import Billing
from controlplane.domain.routing import Timeouts
from controlplane.domain.stored_answers import StoredRequest
from controlplane.errors import ProviderError, UnsupportedParameter
from controlplane.protocols.protocol import Protocol
from controlplane.protocols.registry import protocol
from controlplane.providers.content import content_of
from controlplane.providers.fields import fit
from controlplane.providers.http import ProviderClient, finish, last_events, read
from controlplane.providers.kind import Kind
from controlplane.providers.raw_body import for_model
from controlplane.providers.sse import data_of_events
from controlplane.translators.registry import Step, steps, translator
from controlplane.translators.translation import StreamTranslation, Translation


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server is spoken to: the address for a protocol and a model, and the headers."""

    url: Callable[[ProtocolName, str], str]
    headers: Mapping[str, str] = field(repr=False)
    api_key: str = field(repr=False)


class HttpProvider:
    """One server over one shared HTTP client."""

    def __init__(
        self, kind: Kind, settings: ProviderSettings, endpoint: Endpoint, client: httpx.AsyncClient
    ) -> None:
        self.images = kind.images
        self.billing = _billing(kind, settings)
        self._kind = kind
        self._settings = settings
        self._endpoint = endpoint
        self._protocols = tuple(map(ProtocolName, settings.protocols)) or kind.protocols
        self._client = ProviderClient(
            client, endpoint.headers, failures=kind.failures, api_key=endpoint.api_key
        )

    def prepare(self, request: InferenceRequest, model: str) -> HttpCall | SubstitutedCall:
        """The call for `request`. Raises UnsupportedParameter for what cannot be carried over."""
        name = self._settings.name
        way = steps(request.protocol, self._understood(request, model))
        substitute = request.substitute(self.images)
        if way is None:
            if substitute is None:
                raise UnsupportedParameter("model", name, f"they have no {request.protocol}")
            return SubstitutedCall(None, substitute)
        if way and (stored := request.stateful) is not None:
            raise UnsupportedParameter(stored, name, f"they have no {request.protocol}")
        call = self._call(request, way, model)
        return call if substitute is None else SubstitutedCall(call, substitute)

    def _call(self, request: InferenceRequest, way: Sequence[Step], model: str) -> HttpCall:
        name = self._settings.name
        translations: list[Translation] = []
        left_out = [*request.dropped]
        lenient, usual_price = request.lenient, request.usual_price
        for step in way:
            translation = translator(step)(replace(request, lenient=lenient), name, model)
            translations.append(translation)
            left_out += translation.left_out
            request = translation.request
        request = replace(request.for_model(model), lenient=lenient)
        if usual_price and (tier := self.billing.standard_tier) is not None:
            request = request.in_standard_tier(tier)
        fitted = fit(self._settings, request)
        url = self._endpoint.url(request.protocol, model)
        content, method = for_model(fitted.request, model), "POST"
        if isinstance(request, StoredRequest):
            url, content, method = url + request.path, b"", request.method
        return HttpCall(
            self._client,
            url,
            content,
            fitted.request,
            protocol(request.protocol),
            tuple(translations),
            (*left_out, *fitted.left_out),
            method,
        )

    def _understood(self, request: InferenceRequest, model: str) -> Collection[ProtocolName]:
        """What the server speaks, for this request."""
        if self._settings.protocols or not _asks_for_functions(request):
            return self._protocols
        if not any(fnmatchcase(model, glob) for glob in self._kind.tools_over_responses):
            return self._protocols
        only = (ProtocolName.RESPONSES,)
        return only if steps(request.protocol, only) is not None else self._protocols


def _billing(kind: Kind, settings: ProviderSettings) -> Billing:
    """Prices out of the kind's own list are prices of its own server, which knows its tiers."""
    own = kind.price_list if settings.name == kind.name else None
    price_list = settings.prices or own
    if price_list != kind.price_list or "service_tier" in settings.unsupported_params:
        return Billing(price_list)
    return Billing(price_list, kind.standard_tier)


def _asks_for_functions(request: InferenceRequest) -> bool:
    """True where it would ask for functions over chat completions."""
    if request.protocol is ProtocolName.RESPONSES:
        return False
    return bool(request.body.get("tools") or request.body.get("functions"))


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A call that is ready to be made: `content` to `url`, in the words of `request`."""

    client: ProviderClient
    url: str
    content: bytes = field(repr=False)
    request: InferenceRequest = field(repr=False)
    protocol: Protocol
    translations: Sequence[Translation]
    left_out: tuple[str, ...]
    method: str = "POST"

    async def complete(self, timeouts: Timeouts) -> Body:
        """One whole answer; a 200 that is none is a failure. Raises ProviderError."""
        async with self._posted(timeouts) as response:
            body = self.client.cleared(await read(response, timeouts))
        answer = self.protocol.read_answer(body, self.request, self.client.failure)
        for translation in reversed(self.translations):
            answer = translation.whole(answer)
        return answer

    async def stream(self, timeouts: Timeouts) -> AsyncGenerator[Event, None]:
        """Events; an empty one is a sign of life. Ends only on a finished answer."""
        reader = self.protocol.reader(self.request, self.client.failure)
        way_back = _WayBack([each.stream() for each in reversed(self.translations)])
        async with self._posted(timeouts, streamed=True) as response:
            events = data_of_events(content_of(response))
            async for data in events:
                event = reader.feed(self.client.cleared(data))
                if not self.translations:
                    yield event
                else:
                    for each in way_back.feed(event) or (_SIGN_OF_LIFE,):
                        yield each
                if reader.closed:
                    await finish(events)
                    break
                if reader.finished:
                    late = await last_events(events, reader.end, reader.feed, timeouts)
                    for each in chain.from_iterable(map(way_back.feed, filter(None, late))):
                        yield each
                    break
            if not reader.ended_well:
                raise ProviderError("protocol", "the stream ended before the answer did")
            for each in way_back.end():
                yield each

    def _posted(
        self, timeouts: Timeouts, *, streamed: bool = False
    ) -> AbstractAsyncContextManager[httpx.Response]:
        return self.client.send(
            self.method,
            self.url,
            self.content,
            self.request.headers,
            timeouts,
            streamed=streamed,
            keeps_refusals=self.protocol.keeps_refusals and not self.translations,
        )


# A server without this address says so.
_NOT_THERE = frozenset({404, 405, 501})


@dataclass(frozen=True, slots=True)
class SubstitutedCall:
    """A call that is answered by `substitute` where the server cannot be asked."""

    call: HttpCall | None
    substitute: Body = field(repr=False)

    @property
    def left_out(self) -> tuple[str, ...]:
        """As of the call."""
        return self.call.left_out if self.call else ()

    async def complete(self, timeouts: Timeouts) -> Body:
        """The server's answer, or what stands for one. Raises ProviderError."""
        if self.call is None:
            return self.substitute
        try:
            return await self.call.complete(timeouts)
        except ProviderError as error:
            if error.status not in _NOT_THERE:
                raise
            return self.substitute

    def stream(self, timeouts: Timeouts) -> AsyncGenerator[Event, None]:
        """Never: what has a substitute is answered whole."""
        raise TypeError("what has a substitute is never streamed")


_SIGN_OF_LIFE: Event = {}


class _WayBack:
    """What leads an event through all translations, the last one first."""

    def __init__(self, translations: Sequence[StreamTranslation]) -> None:
        self._translations = translations

    def feed(self, event: Event) -> list[Event]:
        """What the event becomes; a sign of life says nothing."""
        return self._through([event] if event else [], self._translations)

    def end(self) -> list[Event]:
        """What all have left to say."""
        said: list[Event] = []
        for place, translation in enumerate(self._translations):
            said += self._through(translation.end(), self._translations[place + 1 :])
        return said

    @staticmethod
    def _through(events: list[Event], translations: Sequence[StreamTranslation]) -> list[Event]:
        for translation in translations:
            events = [each for event in events for each in translation.feed(event)]
        return events
