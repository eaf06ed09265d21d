"""Screen the answer, whole or as it streams, and put redacted values of the request back."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

from controlplane.domain.chat import ChatCompletion
from controlplane.gateway.call import Streamed, Whole
from controlplane.gateway.record import Trail
from controlplane.gateway.screen import inspect, refusal
from controlplane.gateway.screen_stream import StreamScreen
from controlplane.gateway.signed_thinking import SIGNED, THOUGHTS, unsigned_where_changed
from controlplane.gateway.stream_buffer import StreamBuffer
from controlplane.policy.screening import Action, Answers, ScreeningPolicy
from controlplane.screening.redact import Tokens, redact
from controlplane.screening.scan import Finding

_TOKEN = re.compile(r"\[[A-Z][A-Z0-9_]{0,48}_\d{1,6}\]")


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
        stream = StreamScreen(screening.buffer)
        async with aclosing(stream.screened(content.chunks)) as chunks:
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
        body: dict[str, Any] = {"choices": [*map(_thought_first, completion["choices"])]}
        if self._policy.responses is not Answers.OFF:
            inspection = inspect(body, self._policy)
            found = inspection.of(Action.REDACT, Action.BLOCK)
            self._count(found)
            if found:
                plain = body["choices"]
                body = redact(body, found, self._tokens, inspection.scope)
                body["choices"] = [
                    # Token by token, the text would be there once more.
                    {name: value for name, value in choice.items() if name != "logprobs"}
                    for choice in _unsigned(plain, body["choices"])
                ]
        return {**completion, "choices": self._restored(body["choices"], None)}

    def buffer(self, key: str) -> StreamBuffer:
        """The window of a text under `key` of a stream; without a key, nothing is put back."""
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
        in_json = key == "arguments"
        return _TOKEN.sub(lambda match: self._original(match.group(), in_json=in_json), text)

    def _original(self, token: str, *, in_json: bool) -> str:
        value = self._originals.get(token, token)
        return json.dumps(value)[1:-1] if in_json else value

    def _restored(self, value: Any, key: str | int | None) -> Any:
        if isinstance(value, str):
            return self._put_back(value, key)
        if isinstance(value, Mapping):
            return {
                name: member if name in SIGNED else self._restored(member, name)
                for name, member in value.items()
            }
        if isinstance(value, list):
            return [self._restored(item, None) for item in value]
        return value


def _thought_first(choice: Any) -> Any:
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(message, Mapping) or message.keys().isdisjoint(THOUGHTS):
        return choice
    # So it comes in a stream, and values are numbered alike.
    thought = {name: message[name] for name in THOUGHTS if name in message}
    return {**choice, "message": {**thought, **message}}


def _unsigned(before: list[Any], after: list[Any]) -> list[Any]:
    """The choices `after`; an entry that differs from `before` has lost its signature."""
    pairs = zip(before, after, strict=True)
    return [
        {**new, "message": unsigned_where_changed([old["message"]], [new["message"]])[0]}
        if isinstance(new.get("message"), Mapping)
        else new
        for old, new in pairs
    ]
