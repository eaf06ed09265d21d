"""What only its maker can read again: reasoning as it is handed out, opaque and signed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_MAC_BYTES = 16


def seal(maker: str, text: str) -> str:
    """`text` as `maker` hands it out: the same every time, in base64, with nothing readable."""
    raw = text.encode()
    return base64.b64encode(_mac(maker, raw) + _scrambled(maker, raw)).decode()


def unseal(maker: str, sealed: str) -> str:
    """The text of what `maker` sealed. Raises ValueError where it is not that, or was changed."""
    try:
        blob = base64.b64decode(sealed, validate=True)
    except binascii.Error:
        raise ValueError("not sealed") from None
    raw = _scrambled(maker, blob[_MAC_BYTES:])
    if not hmac.compare_digest(blob[:_MAC_BYTES], _mac(maker, raw)):
        raise ValueError("sealed by another maker, or changed")
    return raw.decode()


def _mac(maker: str, raw: bytes) -> bytes:
    return hmac.digest(maker.encode(), raw, "sha256")[:_MAC_BYTES]


def _scrambled(maker: str, raw: bytes) -> bytes:
    stream = hashlib.shake_256(maker.encode()).digest(len(raw))
    return bytes(one ^ other for one, other in zip(raw, stream, strict=True))
