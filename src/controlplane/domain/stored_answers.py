"""Answers that a provider stores: their ids as callers know them, and what is asked of them.

Several organisations may call a provider with one key, and its ids say nothing of theirs. So an id
leaves as `resp_` and a seal: it carries its target, is bound to its owner, and cannot be made up.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import astuple, dataclass, replace
from typing import ClassVar, Self
from urllib.parse import quote

import orjson

from controlplane.domain.access import Caller
from controlplane.domain.inference import InferenceRequest
from controlplane.domain.routing import Target

PREFIX = "resp_"
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class StoredId:
    """Which answer it is: of `model` at `provider`, asked for as `alias`, its `id` there."""

    alias: str
    provider: str
    model: str
    id: str

    @property
    def target(self) -> Target:
        """Who stores it."""
        return Target(self.provider, self.model)


class StoredIds:
    """Seals and opens ids, with a secret of the gateway's."""

    def __init__(self, secret: str) -> None:
        # The same secret hashes API keys; what is made of one must never serve as the other.
        self._key = hmac.digest(secret.encode(), b"ids of stored answers", hashlib.sha256)

    def seal(self, owner: Caller, stored: StoredId) -> str:
        """The id as `owner` gets it; the same one every time."""
        said = orjson.dumps(astuple(stored))
        sealed = self._mac(owner, said) + said
        return PREFIX + base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, owner: Caller, sealed: str) -> StoredId | None:
        """What was sealed for `owner`; None for anything else."""
        text = sealed.removeprefix(PREFIX)
        try:
            data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            return None
        mac, said = data[:_MAC_BYTES], data[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(owner, said)):
            return None
        return StoredId(*orjson.loads(said))

    def _mac(self, owner: Caller, said: bytes) -> bytes:
        # JSON: no name of an organisation runs into that of an application.
        whose = orjson.dumps([owner.org_id, owner.application_id])
        return hmac.digest(self._key, whose + b"\n" + said, hashlib.sha256)[:_MAC_BYTES]


@dataclass(frozen=True, slots=True)
class StoredRequest(InferenceRequest):
    """What is to be done with the stored answer `id`: `operation` is its name in the audit trail,
    `method`, `suffix` and `query` are what the provider is asked with."""

    id: str = ""
    operation: str = ""
    method: str = "GET"
    suffix: str = ""
    query: str = ""

    generates: ClassVar[bool] = False

    @property
    def path(self) -> str:
        """Behind the address of its protocol."""
        path = f"/{quote(self.id, safe='')}{self.suffix}"
        return f"{path}?{self.query}" if self.query else path

    def of(self, id: str) -> Self:
        """The same, of another answer."""
        return replace(self, id=id)
