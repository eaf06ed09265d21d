"""What only its maker may write: changed by a character, it is refused when it comes back."""

from __future__ import annotations

import re

# Members of a content block, at any depth of blocks in blocks, but not in what a tool was given.
_SEALED = r"(?:thinking|signature|data|encrypted_\w+)"
_IN_BLOCK = rf"content\.\d+\.(?:(?:content|citations?)\.(?:\d+\.)?)*{_SEALED}"
# The first of several system blocks is how a provider knows its own client.
_PLACE = re.compile(rf"\A(?:system\.0\..*|(?:messages\.\d+\.)?{_IN_BLOCK})\Z", re.DOTALL)


def is_sealed(place: str) -> bool:
    """True of a place in a request, or in the content of an answer, where nothing is replaced."""
    return _PLACE.match(place) is not None


def seals(member: str) -> bool:
    """True of a member of a block or of a delta that is sealed by its name."""
    return re.fullmatch(_SEALED, member) is not None
