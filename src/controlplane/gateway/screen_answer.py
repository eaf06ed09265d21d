"""Screen the answer, whole or as it streams, and put redacted values of the request back.

A stream is held back by a window, so that a value cut over chunks is still seen whole: the last
HELD_CHARACTERS, and a run without blanks (a key) back to its beginning.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

from controlplane.domain.chat import ChatCompletion, Chunk
from controlplane.gateway.call import Streamed, Whole
from controlplane.gateway.record import Trail
from controlplane.gateway.screen import inspect, refusal
from controlplane.gateway.stream_buffer import StreamBuffer
from controlplane.policy.screening import Action, Answers, ScreeningPolicy
from controlplane.screening.redact import Tokens, redact
from controlplane.screening.scan import Finding

# These come in one piece, and clients want them at once.
_WHOLE = ("role", "id", "type", "name")
_TOKEN = re.compile(r"\[[A-Z][A-Z0-9_]{0,48}_\d{1,6}\]")
# Which text of a stream: choice, and the way inside its delta.
Channel = tuple[int, tuple[str | int, ...]]


@asynccontextmanager
async def screen_answer(
    content: Whole | Streamed, policy: ScreeningPolicy, tokens: Tokens, trail: Trail
) -> AsyncIterator[Whole | Streamed]:
    """The answer as the policy lets it out. Raises SensitiveData, also while its chunks run."""
    screening = _Screening(policy, tokens, trail)
    if not screening.concerned:
        yield content
    elif isinstance(content, Whole):
        yield Whole(screening.whole(content.body), screening.restores)
    else:
        async with aclosing(_stream(content.chunks, screening)) as chunks:
            yield Streamed(chunks, screening.restores)


class _Screening:
    """What the policy says to the text of one answer."""

    def __init__(self, policy: ScreeningPolicy, tokens: Tokens, trail: Trail) -> None:
        self._policy, self._tokens, self._trail = policy, tokens, trail
        self.restores = policy.restore and bool(tokens.originals)
        self._originals = dict(tokens.originals)
        self.concerned = self.restores or policy.responses is not Answers.OFF

    def whole(self, completion: ChatCompletion) -> ChatCompletion:
        """A completion; only its choices are text of the model."""
        if "choices" not in completion:
            return completion
        body: dict[str, Any] = {"choices": completion["choices"]}
        if self._policy.responses is not Answers.OFF:
            inspection = inspect(body, self._policy)
            found = inspection.of(Action.REDACT, Action.BLOCK)
            self.count(found)
            if found:
                body = redact(body, found, self._tokens, inspection.scope)
                for choice in body["choices"]:
                    # Token by token, the text would be there once more.
                    choice.pop("logprobs", None)
        return {**completion, "choices": self._restored(body["choices"], None)}

    def find(self, text: str) -> list[Finding]:
        """What must not stand in `text`."""
        if self._policy.responses is Answers.OFF:
            return []
        return inspect({"text": text}, self._policy).of(Action.REDACT, Action.BLOCK)

    def token(self, finding: Finding, value: str) -> str:
        """What stands in the stream instead of `value`. Raises SensitiveData."""
        self.count([finding])
        return self._tokens(finding.kind, value)

    def count(self, found: list[Finding]) -> None:
        """Keep count in the trail. Raises SensitiveData where the policy blocks."""
        for finding in found:
            name = f"answer_{finding.kind}"
            self._trail.screening[name] = self._trail.screening.get(name, 0) + 1
        if found and self._policy.responses is Answers.BLOCK:
            raise refusal(found, "answer")

    def restored(self, text: str, key: str | int | None) -> str:
        """`text` with the request's own values in place of their tokens."""
        if not self.restores or "[" not in text:
            return text
        in_json = key == "arguments"
        return _TOKEN.sub(lambda match: self._original(match.group(), in_json=in_json), text)

    def _original(self, token: str, *, in_json: bool) -> str:
        value = self._originals.get(token, token)
        return json.dumps(value)[1:-1] if in_json else value

    def _restored(self, value: Any, key: str | int | None) -> Any:
        if isinstance(value, str):
            return self.restored(value, key)
        if isinstance(value, Mapping):
            return {name: self._restored(member, name) for name, member in value.items()}
        if isinstance(value, list):
            return [self._restored(item, None) for item in value]
        return value


async def _stream(
    chunks: AsyncIterator[Chunk], screening: _Screening
) -> AsyncGenerator[Chunk, None]:
    held: dict[Channel, StreamBuffer] = {}
    last: Chunk | None = None
    async for chunk in chunks:
        choices = [choice for choice in chunk.get("choices") or () if isinstance(choice, Mapping)]
        if not choices:
            # The usage: nothing of a text comes behind it.
            if last is not None:
                for rest in _rest(held, screening, last, None):
                    yield rest
            yield chunk
            continue
        last = chunk
        for choice in choices:
            index = choice.get("index", 0)
            delta = _delta(choice.get("delta"), index, (), held, screening)
            ends = choice.get("finish_reason") is not None
            if ends:
                for rest in _rest(held, screening, chunk, index):
                    yield rest
            if ends or _says_something(delta):
                shown = {**choice, "delta": delta, "logprobs": None}
                yield {**chunk, "choices": [shown]}
    if last is not None:
        for rest in _rest(held, screening, last, None):
            yield rest


def _delta(
    value: Any,
    index: int,
    path: tuple[str | int, ...],
    held: dict[Channel, StreamBuffer],
    screening: _Screening,
) -> Any:
    """`value` with what may leave of each text in it."""
    if isinstance(value, str) and path[-1] not in _WHOLE:
        key = path[-1]
        channel = held.setdefault(
            (index, path),
            StreamBuffer(
                screening.find, screening.token, lambda text: screening.restored(text, key)
            ),
        )
        return channel.push(value)
    if isinstance(value, Mapping):
        return {
            name: _delta(each, index, (*path, name), held, screening)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [
            _delta(each, index, (*path, _position(each, place)), held, screening)
            for place, each in enumerate(value)
        ]
    return value


def _position(item: Any, place: int) -> int:
    index = item.get("index") if isinstance(item, Mapping) else None
    return index if isinstance(index, int) else place


def _rest(
    held: dict[Channel, StreamBuffer], screening: _Screening, chunk: Chunk, index: int | None
) -> list[Chunk]:
    """What is still held, of one choice or of all, as chunks like `chunk`."""
    rests: list[Chunk] = []
    for choice, path in [each for each in held if index is None or each[0] == index]:
        text = held.pop((choice, path)).finish()
        if text:
            delta: Any = text
            for step in reversed(path):
                delta = [{"index": step, **delta}] if isinstance(step, int) else {step: delta}
            shown = {"index": choice, "delta": delta, "logprobs": None, "finish_reason": None}
            rests.append({**chunk, "choices": [shown]})
    return rests


def _says_something(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_says_something(each) for name, each in value.items() if name != "index")
    if isinstance(value, list):
        return any(_says_something(each) for each in value)
    return value not in ("", None)
