"""What a model thought, given out as thinking blocks and taken back with the next request.

Clients refuse a thinking block without a signature, and chat completions sign none. So the block
has one that says who thought, and where in a message of theirs it stood: it goes back there, and to
that provider alone. The text is in the block, where it is read like all others.

DeepSeek and Kimi refuse a call that comes back without its `reasoning_content`, vLLM and Ollama
call it `reasoning`, OpenRouter has signed `reasoning_details`.
https://api-docs.deepseek.com/guides/thinking_mode#tool-calls
https://docs.vllm.ai/en/latest/features/reasoning_outputs/
https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import orjson

DETAILS = "reasoning_details"
# Where servers say in plain words what a model thought.
PLAIN = ("reasoning_content", "reasoning")
# No signature of another maker begins so: theirs are base64, which has no dot.
_MARK = "llm-control-plane."
# The member of a detail that is its text, by its type.
_TEXTS: Mapping[str, str] = {"reasoning.text": "text", "reasoning.summary": "summary"}
# What else of a detail goes back: nothing that is read as a text. `maker` and `before` are in those
# of our own translation of Responses: who thought it, and before which call.
_SEALED = ("type", "id", "format", "index", "signature", "data", "maker", "before")


def text_member(detail: Mapping[str, Any]) -> str | None:
    """The member that is the text of a detail; None where its type has none."""
    return _TEXTS.get(str(detail.get("type")))


def text_of(detail: Mapping[str, Any]) -> str:
    """What a detail says in plain words."""
    name = text_member(detail)
    text = detail.get(name) if name else None
    return text if isinstance(text, str) else ""


def sealed_members(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What of a detail goes back beside its text."""
    return {n: detail[n] for n in _SEALED if isinstance(detail.get(n), str | int)}


def seal(provider: str, origin: str | Mapping[str, Any]) -> str:
    """A signature for what `provider` thought: in a member of a message, or in one detail."""
    said = {"by": provider, "at" if isinstance(origin, str) else "in": origin}
    return _MARK + base64.urlsafe_b64encode(orjson.dumps(said)).decode()


class Recollection:
    """The thoughts of one turn as its maker takes them back."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._plain: dict[str, str] = {}
        self._details: list[dict[str, Any]] = []

    def take(self, block: Mapping[str, Any]) -> bool:
        """Take a thinking or redacted block back. False for one of another maker."""
        redacted = block.get("type") == "redacted_thinking"
        said = _opened(block.get("data" if redacted else "signature"))
        if said is None or said.get("by") != self._provider:
            return False
        text = block.get("thinking")
        text = text if isinstance(text, str) else ""
        origin, detail = said.get("at"), said.get("in")
        if origin in PLAIN:
            self._plain[origin] = self._plain.get(origin, "") + text
            return True
        if not isinstance(detail, Mapping):
            return False
        sealed = sealed_members(detail)
        name = text_member(sealed)
        self._details.append(sealed if name is None else {**sealed, name: text})
        return True

    @property
    def members(self) -> dict[str, Any]:
        """Of the assistant's message; none where it has no thoughts of that maker."""
        return {**self._plain, **({DETAILS: self._details} if self._details else {})}


def _opened(signature: Any) -> Mapping[str, Any] | None:
    if not isinstance(signature, str) or not signature.startswith(_MARK):
        return None
    try:
        said = orjson.loads(base64.urlsafe_b64decode(signature.removeprefix(_MARK)))
    except ValueError:
        return None
    return said if isinstance(said, Mapping) else None
