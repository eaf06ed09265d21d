"""Signatures checked by python-jose: the second opinion of the tests (docs/decisions/0051)."""

from __future__ import annotations

from jose import jwk as jose_jwk
from jose import jws
from jose.exceptions import JOSEError

from controlplane.adapters.cognito.jwks import Jwk


class PythonJoseKey:
    """A `VerifyingKey`. Raises ValueError where `jwk` is no key.

    Only behind the guard of `compact` and `jwks`: on its own it ignores `use`, `key_ops` and
    `crit`, and accepts characters that are not base64url.
    """

    def __init__(self, jwk: Jwk, algorithm: str) -> None:
        try:
            self._key = jose_jwk.construct(dict(jwk), algorithm)
        except (JOSEError, TypeError) as error:
            raise ValueError("not a JSON Web Key") from error
        self._algorithm = algorithm

    def payload(self, token: str) -> bytes:
        """The payload of `token`. Raises where its signature does not hold."""
        return bytes(jws.verify(token, self._key, algorithms=[self._algorithm]))
