"""Screen the answer, whole or as it streams, and put redacted values of the request back."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

from controlplane.domain.inference import Body, Event
from controlplane.gateway.aside import aside, each_aside, size_of
from controlplane.gateway.call import Streamed, Whole
from controlplane.gateway.record import Trail
from controlplane.gateway.screen import effort, inspect, refusal
from controlplane.policy.screening import Action, Answers, ScreeningPolicy
from controlplane.protocols.protocol import Protocol, StreamScreen
from controlplane.screening.redact import Tokens, redact
from controlplane.screening.scan import Finding
from controlplane.screening.stream_buffer import StreamBuffer

_TOKEN = re.compile(r"\[[A-Z][A-Z0-9_]{0,48}_\d{1,6}\]")


@asynccontextmanager
async def screen_answer(
    content: Whole | Streamed,
    protocol: Protocol,
    policy: ScreeningPolicy,
    tokens: Tokens,
    trail: Trail,
) -> AsyncIterator[Whole | Streamed]:
    """The answer as the policy lets it out. Raises SensitiveData, also while its events run."""
    screening = _Screening(protocol, policy, tokens, trail)
    if not screening.concerned:
        yield content
    elif isinstance(content, Whole):
        size = effort(policy, size_of(content.body))
        body = await aside(partial(screening.whole, content.body), size)
        yield Whole(body, screening.restores)
    else:
        stream = protocol.stream_screen(screening.window)
        async with aclosing(_screened(content.events, stream, policy)) as events:
            yield Streamed(events, screening.restores)


async def _screened(
    events: AsyncIterator[Event], stream: StreamScreen, policy: ScreeningPolicy
) -> AsyncGenerator[Event, None]:
    """The events as they may leave."""
    came = 0
    async for event in events:
        size = effort(policy, size_of(event))
        came += size
        async for shown in each_aside(stream.after(event), size):
            yield shown
    async for shown in each_aside(stream.at_end(), came):
        yield shown


class _Screening:
    """What the policy says to the text of one answer."""

    def __init__(
        self, protocol: Protocol, policy: ScreeningPolicy, tokens: Tokens, trail: Trail
    ) -> None:
        self._protocol = protocol
        self._policy, self._tokens, self._trail = policy, tokens, trail
        self.restores = policy.restore and bool(tokens.originals)
        self._originals = dict(tokens.originals)
        self.concerned = self.restores or policy.responses is not Answers.OFF

    def whole(self, answer: Body) -> Body:
        """A whole answer; only its texts are of the model."""
        texts = came = self._protocol.texts(answer)
        if texts is None:
            return answer
        if self._policy.responses is not Answers.OFF:
            inspection = inspect(self._protocol.readable(texts), self._policy)
            found = inspection.of(Action.REDACT, Action.BLOCK)
            self._count(found)
            sealed = self._protocol.is_sealed
            if found := [each for each in found if not sealed(each.place)]:
                redacted = redact(texts, found, self._tokens, inspection.scope, sealed)
                texts = self._protocol.consistent(texts, redacted)
        restored = self._restored(texts, None, "") if self.restores else texts
        return answer if restored is came else {**answer, **restored}

    def window(self, key: str, *, sealed: bool = False) -> StreamBuffer:
        """The window of a text under `key` of a stream; without a key, nothing is put back, and
        what is sealed stays as it is."""
        if sealed:
            return StreamBuffer(self._find, self._noticed, str)
        return StreamBuffer(
            self._find, self._token, lambda text: self._put_back(text, key) if key else text
        )

    def _find(self, text: str) -> list[Finding]:
        """What must not stand in `text`."""
        if self._policy.responses is Answers.OFF:
            return []
        return inspect({"text": text}, self._policy).of(Action.REDACT, Action.BLOCK)

    def _token(self, finding: Finding, value: str) -> str:
        """What stands in the stream instead of `value`. Raises SensitiveData."""
        self._count([finding])
        return self._tokens(finding.kind, value)

    def _noticed(self, finding: Finding, value: str) -> str:
        """The value itself. Raises SensitiveData."""
        self._count([finding])
        return value

    def _count(self, found: list[Finding]) -> None:
        """Keep count in the trail. Raises SensitiveData where the policy blocks."""
        for finding in found:
            name = f"answer_{finding.kind}"
            self._trail.screening[name] = self._trail.screening.get(name, 0) + 1
        if found and self._policy.responses is Answers.BLOCK:
            raise refusal(found, "answer")

    def _put_back(self, text: str, key: str | int | None) -> str:
        """`text` with the request's own values in place of their tokens."""
        if not self.restores or "[" not in text:
            return text
        in_json = key in self._protocol.json_texts
        return _TOKEN.sub(lambda match: self._original(match.group(), in_json=in_json), text)

    def _original(self, token: str, *, in_json: bool) -> str:
        value = self._originals.get(token, token)
        return json.dumps(value)[1:-1] if in_json else value

    def _restored(self, value: Any, key: str | None, place: str) -> Any:
        if isinstance(value, str):
            return value if self._protocol.is_sealed(place) else self._put_back(value, key)
        way = f"{place}." if place else ""
        if isinstance(value, Mapping):
            return {
                name: member
                if name in self._protocol.sealed
                else self._restored(member, name, f"{way}{name}")
                for name, member in value.items()
            }
        if isinstance(value, list):
            return [self._restored(each, None, f"{way}{at}") for at, each in enumerate(value)]
        return value
