"""Signatures checked by joserfc, the verifier at run time (docs/decisions/0051).

Importing this module costs 60 to 80 ms of CPU: do it when the first token arrives.
"""

from __future__ import annotations

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from controlplane.adapters.cognito.compact import MAX_TOKEN_BYTES
from controlplane.adapters.cognito.jwks import Jwk


class _Registry(jws.JWSRegistry):
    """Bounds of the whole token only: joserfc's own refuse keys of more than 6,144 bits."""

    max_header_length = max_payload_length = max_signature_length = MAX_TOKEN_BYTES


class JoserfcKey:
    """A `VerifyingKey`. Raises ValueError where `jwk` is no key."""

    def __init__(self, jwk: Jwk, algorithm: str) -> None:
        try:
            self._key = import_key(dict(jwk))
        except (JoseError, TypeError) as error:
            raise ValueError("not a JSON Web Key") from error
        # Unknown members of a header are ignored (RFC 7515 section 4).
        self._registry = _Registry(algorithms=[algorithm], strict_check_header=False)

    def payload(self, token: str) -> bytes:
        """The payload of `token`. Raises where its signature does not hold."""
        return jws.deserialize_compact(token, self._key, registry=self._registry).payload
