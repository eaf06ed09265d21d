"""The user pool's public keys: fetched only for a key id never seen, and kept."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any

import httpx
import orjson
from jose import jwk
from jose.backends.base import Key
from jose.exceptions import JOSEError
from jose.utils import base64_to_long

from controlplane.adapters.cognito.compact import ALGORITHM, MAX_KID_LENGTH
from controlplane.errors import Unauthenticated, Unavailable
from controlplane.telemetry import count

FETCH_INTERVAL_SECONDS = 10.0
FETCH_TIMEOUT_SECONDS = 2.0
MAX_DOCUMENT_BYTES = 64 * 1024
MIN_KEY_BITS, MAX_KEY_BITS = 2048, 8192


class KeySet:
    """A JSON Web Key Set (RFC 7517) behind a URL. `http` gives the client to use.

    One fetch at a time, at most one every 10 s, at most 2 s and 64 KB each, no redirects. Keys
    once known stay usable, whatever later fetches say: rotation adds keys, an outage removes none.
    """

    def __init__(
        self,
        url: str,
        http: Callable[[], httpx.AsyncClient],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._http = http
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._loaded = False
        self._next_fetch_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> Key:
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
            found = [key for key in map(_verification_key, keys) if key]
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


def _verification_key(entry: Any) -> tuple[str, Key] | None:
    """`(kid, key)` of one entry of the set, or None where it may not verify RS256 signatures."""
    if not isinstance(entry, dict):
        return None
    kid, operations = entry.get("kid"), entry.get("key_ops")
    fit = (
        entry.get("kty") == "RSA"
        and entry.get("use") in (None, "sig")
        and entry.get("alg") in (None, ALGORITHM)
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
        and isinstance(kid, str)
        and 0 < len(kid) <= MAX_KID_LENGTH
    )
    modulus, exponent = entry.get("n"), entry.get("e")
    if not fit or not isinstance(modulus, str) or not isinstance(exponent, str):
        return None
    try:
        if not MIN_KEY_BITS <= base64_to_long(modulus).bit_length() <= MAX_KEY_BITS:
            return None
        key = jwk.construct({"kty": "RSA", "n": modulus, "e": exponent}, ALGORITHM)
    except (JOSEError, ValueError, TypeError):
        return None
    return str(kid), key
