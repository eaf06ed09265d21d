"""What OpenAI's `usage` says was used.

https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from controlplane.domain.usage import Usage
from controlplane.protocols.counts import CountNames, count, read_counts, word

_NAMES = CountNames(
    input="prompt_tokens",
    output="completion_tokens",
    # Mistral's has no s.
    of_input=("prompt_tokens_details", "prompt_token_details"),
    of_output="completion_tokens_details",
)


def read_usage(usage: object) -> Usage | None:
    """Read a `usage` object; None where there is none, or it counts nothing: servers that do not
    count yet say zero."""
    if not isinstance(usage, Mapping):
        return None
    read = read_counts(usage, _NAMES)
    return read if read.is_counted else None


def read_embedding_usage(usage: object) -> Usage | None:
    """The same of embeddings, which have no output: some servers say the total alone."""
    read = read_usage(usage)
    if read is not None or not isinstance(usage, Mapping):
        return read
    total = count(usage, "total_tokens")
    return Usage(input=total) if total else None


def usage_of(answer: Mapping[str, Any]) -> Usage:
    """What a whole answer, or a chunk, says of it: the counts, and the tier that served it."""
    read = read_usage(answer.get("usage")) or Usage()
    cited = not read.calls and any(map(_cites, answer.get("choices", ())))
    return replace(
        read,
        service_tier=word(answer.get("service_tier")),
        unknown=read.unknown | ({"web_search"} if cited else frozenset()),
    )


def _cites(choice: Any) -> bool:
    """True where something was searched for: how often is not said."""
    message = choice.get("message") if isinstance(choice, Mapping) else None
    return isinstance(message, Mapping) and bool(message.get("annotations"))
