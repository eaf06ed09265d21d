"""An issuer of our own: mints tokens, right and wrong ones, and publishes its keys."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from controlplane.adapters.cognito.joserfc_key import JoserfcKey
from controlplane.adapters.cognito.jwks import MakeKey
from controlplane.adapters.cognito.tokens import CognitoVerifier
from controlplane.config import CognitoSettings
from controlplane.errors import Unauthenticated

NOW = 1_800_000_000
URL = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example"
CLIENT = "client-1"
SETTINGS = CognitoSettings(URL, f"{URL}/.well-known/jwks.json", frozenset({CLIENT, "client-2"}))


def encode(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def id_claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good ID token; a change to None takes the claim out."""
    claims = {
        "iss": URL,
        "sub": "6f1c3c5e-0000-4000-8000-000000000001",
        "aud": CLIENT,
        "token_use": "id",
        "iat": NOW - 10,
        "exp": NOW + 3600,
        "auth_time": NOW - 10,
        "at_hash": "bm90LWNoZWNrZWQtaGVyZQ",
        "custom:orgId": "acme",
        "custom:appId": "app-1",
        "custom:userRole": "developer",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def access_claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good access token."""
    return id_claims(**{"aud": None, "client_id": CLIENT, "token_use": "access", **changes})


@functools.cache
def private_key(kid: str, bits: int) -> rsa.RSAPrivateKey:
    """One RSA key per id and size, made once."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def public_jwk(kid: str = "kid-1", bits: int = 2048, **changes: Any) -> dict[str, Any]:
    """The entry of the key set for `kid`; a change to None takes a member out."""
    numbers = private_key(kid, bits).public_key().public_numbers()
    entry = {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": kid,
        "n": encode(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
        "e": encode(numbers.e.to_bytes(3, "big")),
        **changes,
    }
    return {name: value for name, value in entry.items() if value is not None}


def mint(
    claims: Mapping[str, Any] | bytes,
    kid: str = "kid-1",
    *,
    bits: int = 2048,
    header: Mapping[str, Any] | bytes | None = None,
) -> str:
    """A compact token, its signature good whatever else is not."""
    head = {"alg": "RS256", "kid": kid} if header is None else header
    parts = [
        encode(part if isinstance(part, bytes) else json.dumps(part).encode())
        for part in (head, claims)
    ]
    signing_input = ".".join(parts).encode()
    signature = private_key(kid, bits).sign(signing_input, padding.PKCS1v15(), hashes.SHA256())
    return ".".join([*parts, encode(signature)])


def answer(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """A response that arrives from the wire as real ones do: unread, in pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 16_384):
            yield body[start : start + 16_384]

    return httpx.Response(status, content=pieces(), headers=headers)


def key_set(*keys: Any) -> bytes:
    """The document that an issuer publishes."""
    return json.dumps({"keys": keys}).encode()


def serving(*keys: Mapping[str, Any]) -> Callable[[], httpx.AsyncClient]:
    """Clients that are answered with this key set."""
    transport = httpx.MockTransport(lambda _: answer(key_set(*keys)))
    return functools.cache(lambda: httpx.AsyncClient(transport=transport))


def verifier(
    *keys: dict[str, Any], now: float = NOW, make_key: MakeKey = JoserfcKey
) -> CognitoVerifier:
    """Knows `keys`, or the one that signs by default."""
    return CognitoVerifier(
        SETTINGS, serving(*(keys or (public_jwk(),))), make_key, clock=lambda: now
    )


async def reason(
    token: str, *keys: dict[str, Any], now: float = NOW, make_key: MakeKey = JoserfcKey
) -> str:
    """Why `token` is refused."""
    with pytest.raises(Unauthenticated) as caught:
        await verifier(*keys, now=now, make_key=make_key).verify(token)
    return caught.value.reason
