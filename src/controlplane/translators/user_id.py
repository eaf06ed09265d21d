"""A caller's name for its user, as providers take one: opaque, and not too long."""

from __future__ import annotations

import hashlib
import re

# An e-mail address anywhere, or nothing but a phone number.
_NAMES_A_PERSON = re.compile(r"[^\s@]@[^\s@]|\A\+?[\d\s().-]{7,}\Z")


def opaque(user: str, longest: int) -> str:
    """`user`, or a digest of what would be refused: an address, a phone number, a long name."""
    if len(user) <= longest and not _NAMES_A_PERSON.search(user):
        return user
    return hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()
