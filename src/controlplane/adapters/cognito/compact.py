"""The outer shape of a token, checked before any library sees it.

The libraries parse the header recursively, and python-jose ignores `crit` and accepts base64 that
does not re-encode to itself; what passes here is small, flat and has exactly one spelling.
"""

from __future__ import annotations

import base64
import binascii

import orjson

from controlplane.errors import Unauthenticated

MAX_TOKEN_BYTES = 8 * 1024
MAX_KID_LENGTH = 128
MAX_HEADER_BRACKETS = 16
ALGORITHM = "RS256"
# RFC 7515 section 4.1.11 and RFC 7797: both change what is signed, and Cognito uses neither.
_CRITICAL = ("crit", "b64")


def key_id(token: str) -> str:
    """The `kid` of a compact RS256 token (RFC 7515), none of it verified yet.

    `jku`, `x5u`, `jwk` and `x5c` are ignored: a token never says where its own key comes from.
    Raises Unauthenticated with reason `size`, `format`, `header`, `algorithm` or `key`.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise Unauthenticated("size")
    parts = token.split(".")
    if len(parts) != 3:
        raise Unauthenticated("format")
    raw_header, _, signature = (_decode(part) for part in parts)
    if not raw_header or not signature:
        raise Unauthenticated("format")
    # Brackets bound the depth from above, for this parser and for the recursive one of the library.
    if raw_header.count(b"{") + raw_header.count(b"[") > MAX_HEADER_BRACKETS:
        raise Unauthenticated("header")
    header = _object(raw_header, "header")
    if any(name in header for name in _CRITICAL):
        raise Unauthenticated("header")
    if header.get("alg") != ALGORITHM:
        raise Unauthenticated("algorithm")
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID_LENGTH:
        raise Unauthenticated("key")
    return kid


def parse_claims(payload: bytes) -> dict[str, object]:
    """The claims of a verified payload. Raises Unauthenticated with reason `claims`."""
    return _object(payload, "claims")


def _object(raw: bytes, reason: str) -> dict[str, object]:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Unauthenticated(reason) from None
    if not isinstance(value, dict):
        raise Unauthenticated(reason)
    return value


def _decode(part: str) -> bytes:
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise Unauthenticated("format") from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != part:
        raise Unauthenticated("format")
    return decoded
