"""Authenticate: who is calling? An API key of ours, or a token of the identity provider."""

from __future__ import annotations

from controlplane.domain.access import Caller
from controlplane.domain.keys import PREFIX
from controlplane.errors import Unauthenticated, Unavailable, Unreachable
from controlplane.gateway.ports import KeyDirectory, TokenVerifier

MAX_CREDENTIAL_LENGTH = 8 * 1024


async def authenticate(
    authorization: str | None, keys: KeyDirectory, tokens: TokenVerifier | None
) -> Caller:
    """The caller behind an `Authorization` header (RFC 6750, section 2.1).

    Raises Unauthenticated, or Unavailable where that cannot be told at the moment.
    """
    credential = _bearer(authorization)
    if not credential.startswith(PREFIX):
        if tokens is None:
            raise Unauthenticated("no token issuer is configured")
        return await tokens.verify(credential)
    try:
        caller = await keys.find(credential)
    except Unreachable as error:
        raise Unavailable("The API key cannot be checked at the moment. Try again.") from error
    if caller is None:
        raise Unauthenticated("unknown, expired or revoked key")
    return caller


def _bearer(authorization: str | None) -> str:
    if not authorization:
        raise Unauthenticated("no credential")
    scheme, _, credential = authorization.partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise Unauthenticated("not a bearer credential")
    if len(credential) > MAX_CREDENTIAL_LENGTH or not credential.isascii():
        raise Unauthenticated("malformed credential")
    return credential.strip()
