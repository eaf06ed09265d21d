"""The user pool's public keys: fetched only for a key id never seen, and kept."""

from __future__ import annotations

import asyncio
import base64
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import httpx
import orjson

from controlplane.adapters.cognito.compact import ALGORITHM, MAX_KID_LENGTH
from controlplane.errors import Unauthenticated, Unavailable
from controlplane.telemetry import count

FETCH_INTERVAL_SECONDS = 10.0
FETCH_TIMEOUT_SECONDS = 2.0
MAX_DOCUMENT_BYTES = 64 * 1024
MIN_KEY_BITS, MAX_KEY_BITS = 2048, 8192


class VerifyingKey(Protocol):
    """One public key, and the one algorithm that it verifies."""

    def payload(self, token: str) -> bytes:
        """The payload of a compact JWS (RFC 7515) whose signature holds.

        Raises otherwise, whatever the library raises: every exception is a refusal.
        """
        ...


# A JSON Web Key (RFC 7517).
Jwk = Mapping[str, str | list[str]]
# Of a key and its algorithm. Raises ValueError where it is no key for that.
MakeKey = Callable[[Jwk, str], VerifyingKey]


class KeySet:
    """A JSON Web Key Set (RFC 7517) behind a URL. `http` gives the client to use.

    One fetch at a time, at most one every 10 s, at most 2 s and 64 KB each, no redirects. Keys
    once known stay usable, whatever later fetches say: rotation adds keys, an outage removes none.
    """

    def __init__(
        self,
        url: str,
        http: Callable[[], httpx.AsyncClient],
        make_key: MakeKey,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._http = http
        self._make_key = make_key
        self._clock = clock
        self._keys: dict[str, VerifyingKey] = {}
        self._loaded = False
        self._next_fetch_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> VerifyingKey:
        """The key with exactly this id.

        Raises Unauthenticated (`key`) where the set has no such key that may verify RS256, and
        Unavailable where no set was ever fetched.
        """
        if kid not in self._keys:
            await self._refresh()
        if kid in self._keys:
            return self._keys[kid]
        if not self._loaded:
            wait = max(1, math.ceil(self._next_fetch_at - self._clock()))
            raise Unavailable(
                "Tokens cannot be verified at the moment; try again soon.", retry_after_seconds=wait
            )
        raise Unauthenticated("key")

    async def _refresh(self) -> None:
        if self._fetching is None or self._fetching.done():
            if self._clock() < self._next_fetch_at:
                return
            self._next_fetch_at = self._clock() + FETCH_INTERVAL_SECONDS
            self._fetching = asyncio.create_task(self._fetch())
        # A caller who leaves must not take the fetch away from the others who wait for it.
        await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_SECONDS):
                document = orjson.loads(await self._download())
            keys = document["keys"]
            found = [key for key in map(self._verifying_key, keys) if key]
        except (httpx.HTTPError, TimeoutError) as error:
            count("jwks_fetch_failed", reason=type(error).__name__)
        except (ValueError, TypeError, KeyError):
            count("jwks_fetch_failed", reason="not_a_key_set")
        else:
            self._keys |= found
            self._loaded = True

    async def _download(self) -> bytes:
        body = bytearray()
        async with self._http().stream(
            "GET",
            self._url,
            # Unencoded, so that the bound below is a bound on memory too.
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=FETCH_TIMEOUT_SECONDS,
            follow_redirects=False,
        ) as response:
            if response.status_code != 200:
                raise ValueError
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_DOCUMENT_BYTES:
                    raise ValueError
        return bytes(body)

    def _verifying_key(self, entry: Any) -> tuple[str, VerifyingKey] | None:
        """`(kid, key)` of one entry of the set, or None where it may not verify RS256."""
        if not isinstance(entry, dict) or not _may_verify(entry):
            return None
        kid, modulus, exponent = entry.get("kid"), entry.get("n"), entry.get("e")
        if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID_LENGTH:
            return None
        if not isinstance(modulus, str) or not isinstance(exponent, str):
            return None
        try:
            if not MIN_KEY_BITS <= _bits(modulus) <= MAX_KEY_BITS:
                return None
            return kid, self._make_key({"kty": "RSA", "n": modulus, "e": exponent}, ALGORITHM)
        except ValueError:
            return None


def _may_verify(entry: dict[str, Any]) -> bool:
    """Whether the entry says nothing against RS256 signatures."""
    operations = entry.get("key_ops")
    return (
        entry.get("kty") == "RSA"
        and entry.get("use") in (None, "sig")
        and entry.get("alg") in (None, ALGORITHM)
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
    )


def _bits(modulus: str) -> int:
    padded = modulus + "=" * (-len(modulus) % 4)
    return int.from_bytes(base64.urlsafe_b64decode(padded), "big").bit_length()
