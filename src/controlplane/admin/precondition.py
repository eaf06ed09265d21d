"""Conditional requests: two administrators do not overwrite each other (RFC 9110, section 13)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controlplane.errors import PreconditionFailed

ANY = "*"


def etag(representation: Mapping[str, Any]) -> str:
    """A strong entity tag: the same for the same content, in every process."""
    canonical = json.dumps(representation, sort_keys=True, separators=(",", ":"))
    return f'"{hashlib.sha256(canonical.encode()).hexdigest()[:32]}"'


@dataclass(frozen=True, slots=True)
class Precondition:
    """What the caller says about what is stored: entity tags, or `*` for whatever there is."""

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    @classmethod
    def of(cls, if_match: str | None, if_none_match: str | None) -> Precondition:
        """Read the headers `If-Match` and `If-None-Match`."""
        return cls(_tags(if_match), _tags(if_none_match))

    def check(self, current: str | None) -> None:
        """`current` is the tag of what is stored, None for nothing. Raises PreconditionFailed."""
        if self.if_match is not None and not _names(self.if_match, current):
            raise PreconditionFailed(
                "It has been changed meanwhile, or is not there. Read it again.", param="If-Match"
            )
        if self.if_none_match is not None and _names(self.if_none_match, current):
            raise PreconditionFailed("It is there already.", param="If-None-Match")

    def is_unchanged(self, current: str) -> bool:
        """True for a read whose caller has `current` already: 304."""
        weak = {tag.removeprefix("W/") for tag in self.if_none_match or ()}
        return _names(frozenset(weak), current)


def _tags(header: str | None) -> frozenset[str] | None:
    if header is None:
        return None
    return frozenset(tag.strip() for tag in header.split(","))


def _names(tags: frozenset[str], current: str | None) -> bool:
    return current is not None and (ANY in tags or current in tags)
