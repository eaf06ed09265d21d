"""Which tokens name a caller, and which do not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.adapters.cognito.issuer import (
    NOW,
    SETTINGS,
    URL,
    access_claims,
    id_claims,
    mint,
    public_jwk,
    reason,
    serving,
    verifier,
)

from controlplane.adapters.cognito.joserfc_key import JoserfcKey
from controlplane.adapters.cognito.tokens import LEEWAY_SECONDS, CognitoVerifier
from controlplane.config import CognitoSettings
from controlplane.domain.access import Caller, Role
from controlplane.errors import Unauthenticated


async def test_an_id_token_names_its_caller() -> None:
    assert await verifier().verify(mint(id_claims())) == Caller(
        org_id="acme",
        role=Role.DEVELOPER,
        application_id="app-1",
        user_id="6f1c3c5e-0000-4000-8000-000000000001",
    )


async def test_an_access_token_names_its_caller() -> None:
    caller = await verifier().verify(mint(access_claims(client_id="client-2")))
    assert (caller.org_id, caller.key_id) == ("acme", None)


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_is_known(role: Role) -> None:
    token = mint(id_claims(**{"custom:userRole": role.value}))
    assert (await verifier().verify(token)).role is role


async def test_a_missing_role_is_viewer_and_a_missing_application_is_none() -> None:
    token = mint(id_claims(**{"custom:userRole": None, "custom:appId": None}))
    caller = await verifier().verify(token)
    assert (caller.role, caller.application_id) == (Role.VIEWER, None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"iss": None}, "issuer"),
        ({"iss": f"{URL}/"}, "issuer"),
        ({"iss": URL.upper()}, "issuer"),
        ({"iss": [URL]}, "issuer"),
        ({"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other"}, "issuer"),
        ({"exp": None}, "times"),
        ({"iat": None}, "times"),
        ({"exp": str(NOW + 60)}, "times"),
        ({"exp": NOW + 60.5}, "times"),
        ({"exp": True}, "times"),
        ({"exp": [NOW + 60]}, "times"),
        ({"exp": 10**18}, "times"),
        ({"exp": 10**30}, "times"),
        ({"exp": -1}, "times"),
        ({"iat": -1}, "times"),
        ({"iat": False}, "times"),
        ({"iat": float(NOW)}, "times"),
        ({"nbf": "soon"}, "times"),
        ({"nbf": NOW + 3600}, "not_yet_valid"),
        ({"iat": NOW + 3600}, "not_yet_valid"),
        ({"exp": NOW - 3600}, "expired"),
        ({"token_use": None}, "token_use"),
        ({"token_use": "ID"}, "token_use"),
        ({"token_use": "refresh"}, "token_use"),
        ({"token_use": ["id"]}, "token_use"),
        ({"token_use": "access"}, "client"),  # an ID token that calls itself an access token
        ({"aud": None}, "client"),
        ({"aud": None, "client_id": "client-1"}, "client"),
        ({"aud": "client-3"}, "client"),
        ({"aud": ["client-1"]}, "client"),
        ({"aud": ["client-1", "client-3"]}, "client"),
        ({"aud": "client-1 "}, "client"),
        ({"aud": {}}, "client"),
        ({"sub": None}, "subject"),
        ({"sub": ""}, "subject"),
        ({"sub": 7}, "subject"),
        ({"sub": "a\x00b"}, "subject"),
        ({"sub": "a" * 129}, "subject"),
        ({"custom:orgId": None}, "organization"),
        ({"custom:orgId": ""}, "organization"),
        ({"custom:orgId": "acme\n"}, "organization"),
        ({"custom:orgId": "Acme"}, "organization"),
        ({"custom:orgId": "a" * 65}, "organization"),
        ({"custom:orgId": "acme}:other"}, "organization"),
        ({"custom:orgId": "\uff41cme"}, "organization"),
        ({"custom:orgId": ["acme"]}, "organization"),
        ({"custom:appId": ""}, "application"),
        ({"custom:appId": "app:1"}, "application"),
        ({"custom:appId": 7}, "application"),
        ({"custom:userRole": "owner"}, "role"),
        ({"custom:userRole": "Admin"}, "role"),
        ({"custom:userRole": ""}, "role"),
        ({"custom:userRole": ["admin"]}, "role"),
    ],
)
async def test_claims_that_are_refused(changes: dict[str, Any], expected: str) -> None:
    assert await reason(mint(id_claims(**changes))) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_id": None}, "client"),
        ({"client_id": None, "aud": "client-1"}, "client"),
        ({"client_id": "client-3"}, "client"),
        ({"token_use": "id"}, "client"),  # an access token that calls itself an ID token
    ],
)
async def test_an_access_token_is_known_by_its_client_id_alone(
    changes: dict[str, Any], expected: str
) -> None:
    assert await reason(mint(access_claims(**changes))) == expected


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"1" * 5000])
async def test_times_that_are_not_numbers_at_all(number: bytes) -> None:
    payload = json.dumps(id_claims(exp="@")).encode().replace(b'"@"', number)
    assert await reason(mint(payload)) in {"claims", "times"}


async def test_the_leeway_is_the_same_on_both_sides() -> None:
    token = mint(id_claims(iat=NOW, exp=NOW + 100))
    assert await verifier(now=NOW + 100 + LEEWAY_SECONDS - 1).verify(token)
    assert await reason(token, now=NOW + 100 + LEEWAY_SECONDS) == "expired"
    assert await verifier(now=NOW - LEEWAY_SECONDS).verify(token)
    assert await reason(token, now=NOW - LEEWAY_SECONDS - 1) == "not_yet_valid"


async def test_the_token_picks_its_key_by_id_alone() -> None:
    keys = (public_jwk("kid-2"), public_jwk("kid-1"))
    assert (await verifier(*keys).verify(mint(id_claims(), "kid-1"))).org_id == "acme"
    assert (await verifier(*keys).verify(mint(id_claims(), "kid-2"))).org_id == "acme"
    assert await reason(mint(id_claims(), header={"alg": "RS256"}), *keys) == "key"


async def test_the_signed_payload_alone_claims_nothing() -> None:
    assert await verifier().signed_payload(mint(b"not claims")) == b"not claims"
    assert await reason(mint(b"not claims")) == "claims"


async def test_no_client_is_allowed_by_default() -> None:
    nobody = CognitoSettings(SETTINGS.issuer, SETTINGS.jwks_url, frozenset())
    tokens = CognitoVerifier(nobody, serving(public_jwk()), JoserfcKey, clock=lambda: NOW)
    with pytest.raises(Unauthenticated):
        await tokens.verify(mint(id_claims()))
