"""What a request belongs to, in its caller's own words: a session, an agent, tags."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MAX_TAGS = 10
MAX_TAG_LENGTH = 64
MAX_ID_LENGTH = 128


@dataclass(frozen=True, slots=True)
class Attribution:
    """None and () where the caller does not say."""

    session_id: str | None = None
    agent_id: str | None = None
    tags: tuple[str, ...] = ()


NOWHERE = Attribution()


def is_tag(text: str) -> bool:
    """1 to 64 printable characters without a comma, no space at either end."""
    return (
        1 <= len(text) <= MAX_TAG_LENGTH
        and text.isprintable()
        and "," not in text
        and text == text.strip()
    )


def short_id(text: object) -> str | None:
    """`text` as an id: a digest of it where it is no plain and short one; None where it is no text.

    Some clients send more than an id, such as an account's address.
    """
    if not isinstance(text, str) or not text.strip():
        return None
    if len(text) <= MAX_ID_LENGTH and text.isascii() and text.isprintable() and "@" not in text:
        return text
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def tags_of(labels: object) -> tuple[str, ...]:
    """The tags `name:value` of a request's own `metadata`; those that are no tags are left out."""
    if not isinstance(labels, Mapping):
        return ()
    return first_tags(f"{name}:{value}" for name, value in labels.items() if value is not None)


def first_tags(texts: Iterable[str]) -> tuple[str, ...]:
    """The first MAX_TAGS that are tags, each once."""
    return tuple(dict.fromkeys(filter(is_tag, texts)))[:MAX_TAGS]
