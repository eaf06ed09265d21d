"""Cognito's JSON Web Tokens: a library checks the signature, this package all the rest."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

import httpx

from controlplane.adapters.cognito.compact import key_id, parse_claims
from controlplane.adapters.cognito.jwks import KeySet, MakeKey
from controlplane.config import CognitoSettings
from controlplane.domain.access import ORG_ID, Caller, Role
from controlplane.errors import Unauthenticated

LEEWAY_SECONDS = 60
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z
_SUBJECT = re.compile(r"\A[\x21-\x7e]{1,128}\Z")
# Which claim names the client: ID tokens have no `client_id`, access tokens no `aud`.
# https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
_CLIENT_CLAIM: Mapping[object, str] = {"id": "aud", "access": "client_id"}

Claims = Mapping[str, object]


class CognitoVerifier:
    """Says who presents a token of one user pool.

    `http` gives the HTTP client for the key set, `make_key` makes keys of what it holds, `clock`
    gives the time in seconds since 1970.
    """

    def __init__(
        self,
        settings: CognitoSettings,
        http: Callable[[], httpx.AsyncClient],
        make_key: MakeKey,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._keys = KeySet(settings.jwks_url, http, make_key)
        self._clock = clock

    async def verify(self, token: str) -> Caller:
        """The caller that `token` (an ID or access token) names.

        `custom:orgId` is required, `custom:appId` may be missing. A missing `custom:userRole` is
        `viewer`, the least a caller can be; one that is not a role is refused.

        Raises Unauthenticated, whose `reason` is one fixed word, or Unavailable where the keys of
        the user pool were never reachable.
        """
        claims = parse_claims(await self.signed_payload(token))
        if claims.get("iss") != self._settings.issuer:
            raise Unauthenticated("issuer")
        _check_times(claims, self._clock())
        _check_client(claims, self._settings.client_ids)
        return _caller(claims)

    async def signed_payload(self, token: str) -> bytes:
        """The payload of `token`: its signature holds, what it claims is not looked at.

        Raises as `verify` does.
        """
        key = await self._keys.key(key_id(token))
        try:
            return key.payload(token)
        except Exception:
            # Whatever the library stumbles over, a token that it cannot verify is refused.
            raise Unauthenticated("signature") from None


def _check_times(claims: Claims, now: float) -> None:
    issued_at, expires_at = _seconds(claims, "iat"), _seconds(claims, "exp")
    not_before = _seconds(claims, "nbf") if "nbf" in claims else issued_at
    if now >= expires_at + LEEWAY_SECONDS:
        raise Unauthenticated("expired")
    if max(issued_at, not_before) > now + LEEWAY_SECONDS:
        raise Unauthenticated("not_yet_valid")


def _seconds(claims: Claims, name: str) -> int:
    value = claims.get(name)
    # `bool` is an int too, and NaN compares false with everything.
    if type(value) is not int or not 0 <= value <= _LAST_SECOND:
        raise Unauthenticated("times")
    return value


def _check_client(claims: Claims, allowed: frozenset[str]) -> None:
    use = claims.get("token_use")
    if not isinstance(use, str) or use not in _CLIENT_CLAIM:
        raise Unauthenticated("token_use")
    client = claims.get(_CLIENT_CLAIM[use])
    if not isinstance(client, str) or client not in allowed:
        raise Unauthenticated("client")


def _caller(claims: Claims) -> Caller:
    subject = _matching(claims.get("sub"), _SUBJECT, "subject")
    org_id = _matching(claims.get("custom:orgId"), ORG_ID, "organization")
    application_id = claims.get("custom:appId")
    if application_id is not None:
        # It becomes part of Redis keys just as the organisation does.
        application_id = _matching(application_id, ORG_ID, "application")
    role = claims.get("custom:userRole", Role.VIEWER)
    if not isinstance(role, str) or role not in {known.value for known in Role}:
        raise Unauthenticated("role")
    return Caller(org_id=org_id, role=Role(role), application_id=application_id, user_id=subject)


def _matching(value: object, pattern: re.Pattern[str], reason: str) -> str:
    if not isinstance(value, str) or not pattern.match(value):
        raise Unauthenticated(reason)
    return value
