"""API keys: how one is made, recognised and hashed.

`sk-cp-` + 43 random characters + 6 characters of CRC-32, both base 62. The checksum lets a mistyped
or made-up key fail without a look-up; it is no protection, the 256 random bits are.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib

PREFIX = "sk-cp-"
RANDOM_LENGTH = 43
CHECKSUM_LENGTH = 6
# Of a key that people may see: `sk-cp-` and 6 of its 43 random characters.
PREFIX_LENGTH = 12
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SHAPE = re.compile(rf"\A{PREFIX}[0-9A-Za-z]{{{RANDOM_LENGTH + CHECKSUM_LENGTH}}}\Z")


class KeyHasher:
    """Keyed hash (HMAC-SHA-256) of API keys; without the pepper a stolen table is worth nothing."""

    def __init__(self, pepper: str) -> None:
        self._pepper = pepper.encode()

    def hash(self, presented: str) -> str:
        """64 hex digits. Look-ups go by this hash, so no secret is ever compared."""
        return hmac.new(self._pepper, presented.encode(), hashlib.sha256).hexdigest()

    @staticmethod
    def generate() -> str:
        """A new key, `sk-cp-...`."""
        body = "".join(secrets.choice(_ALPHABET) for _ in range(RANDOM_LENGTH))
        return f"{PREFIX}{body}{_checksum(body)}"

    @staticmethod
    def is_well_formed(presented: str) -> bool:
        """True where shape and checksum are right."""
        if not _SHAPE.match(presented):
            return False
        body = presented[len(PREFIX) : -CHECKSUM_LENGTH]
        return presented.endswith(_checksum(body))


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = []
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
