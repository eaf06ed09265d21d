"""Texts that are stored sealed: a stolen table is worth nothing without the gateway's secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class Sealer:
    """AES-256-GCM under a key of its own, made of the secret that hashes API keys."""

    def __init__(self, secret: str) -> None:
        key = hmac.digest(secret.encode(), b"destinations of notifications", hashlib.sha256)
        self._cipher = AESGCM(key)

    def seal(self, org_id: str, text: str) -> str:
        """The text for the tables of this organisation."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), org_id.encode())
        return base64.b64encode(sealed).decode()

    def open(self, org_id: str, sealed: str) -> str | None:
        """What was sealed for this organisation; None where the secret is another one now."""
        try:
            data = base64.b64decode(sealed, validate=True)
            nonce, text = data[:_NONCE_BYTES], data[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, text, org_id.encode()).decode()
        except (binascii.Error, InvalidTag, ValueError):
            return None
