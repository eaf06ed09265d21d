"""Tokens of a Cognito user pool (moto's server, real HTTP, real RS256 signatures)."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import boto3
import httpx
import pytest

from controlplane.adapters.cognito.joserfc_key import JoserfcKey
from controlplane.adapters.cognito.tokens import CognitoVerifier
from controlplane.config import CognitoSettings
from controlplane.domain.access import Role
from controlplane.errors import Unauthenticated

REGION = "us-east-1"
PASSWORD = "Correct-horse-1"


@dataclass(frozen=True)
class Pool:
    """A user pool with one client and one user, and the tokens of that user."""

    settings: CognitoSettings
    user_id: str
    id_token: str
    access_token: str


@pytest.fixture(scope="module")
def pool(aws_endpoint_url: str) -> Pool:
    cognito: Any = boto3.client(
        "cognito-idp",
        region_name=REGION,
        endpoint_url=aws_endpoint_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    names = ("orgId", "appId", "userRole")
    pool_id = cognito.create_user_pool(
        PoolName=f"callers-{uuid.uuid4().hex}",  # the emulator makes ids of names
        Schema=[{"Name": name, "AttributeDataType": "String", "Mutable": True} for name in names],
    )["UserPool"]["Id"]
    client_id = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="console", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    values = {"custom:orgId": "org-123", "custom:appId": "app-456", "custom:userRole": "admin"}
    user = cognito.admin_create_user(
        UserPoolId=pool_id,
        Username="ada",
        UserAttributes=[{"Name": name, "Value": value} for name, value in values.items()],
    )["User"]
    cognito.admin_set_user_password(
        UserPoolId=pool_id, Username="ada", Password=PASSWORD, Permanent=True
    )
    tokens = cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    return Pool(
        CognitoSettings(
            issuer=f"https://cognito-idp.{REGION}.amazonaws.com/{pool_id}",
            jwks_url=f"{aws_endpoint_url}/{pool_id}/.well-known/jwks.json",
            client_ids=frozenset({client_id}),
        ),
        next(a["Value"] for a in user["Attributes"] if a["Name"] == "sub"),
        tokens["IdToken"],
        tokens["AccessToken"],
    )


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


async def test_the_id_token_of_a_user_names_the_caller(pool: Pool, http: httpx.AsyncClient) -> None:
    caller = await CognitoVerifier(pool.settings, lambda: http, JoserfcKey).verify(pool.id_token)
    assert (caller.org_id, caller.application_id) == ("org-123", "app-456")
    assert (caller.role, caller.user_id) == (Role.ADMIN, pool.user_id)


async def test_an_access_token_without_the_organisation_is_nobody(
    pool: Pool, http: httpx.AsyncClient
) -> None:
    """Custom attributes are in the ID token only, unless a trigger copies them."""
    with pytest.raises(Unauthenticated) as caught:
        await CognitoVerifier(pool.settings, lambda: http, JoserfcKey).verify(pool.access_token)
    assert caught.value.reason == "organization"


async def test_a_token_of_another_client_or_pool_is_refused(
    pool: Pool, http: httpx.AsyncClient
) -> None:
    settings = pool.settings
    other_client = CognitoSettings(settings.issuer, settings.jwks_url, frozenset({"other"}))
    other_pool = CognitoSettings(f"{settings.issuer}x", settings.jwks_url, settings.client_ids)
    for other, expected in ((other_client, "client"), (other_pool, "issuer")):
        with pytest.raises(Unauthenticated) as caught:
            await CognitoVerifier(other, lambda: http, JoserfcKey).verify(pool.id_token)
        assert caught.value.reason == expected


async def test_an_expired_token(pool: Pool, http: httpx.AsyncClient) -> None:
    tokens = CognitoVerifier(pool.settings, lambda: http, JoserfcKey, clock=lambda: 4_000_000_000.0)
    with pytest.raises(Unauthenticated) as caught:
        await tokens.verify(pool.id_token)
    assert caught.value.reason == "expired"
