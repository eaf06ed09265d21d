"""Every route x every role, by key and by token: allowed exactly where the table says."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from fastapi.routing import APIRoute
from tests.integration.api.conftest import PROVIDERS, Organization
from tests.integration.api.documented import Call, Operation, document, operations

from controlplane.api.app import create_app
from controlplane.api.roles import ROLES
from controlplane.config import CognitoSettings, Settings
from controlplane.domain.access import Role
from controlplane.wiring import Container

DOCUMENT = Path(__file__).parents[3] / "docs" / "ADMIN_API.md"
REGION, PASSWORD = "us-east-1", "Correct-horse-1"
OPEN = {"/health", "/health/ready", "/api/hello"}
BY_DOCUMENTED_PATH = {
    (method, re.sub(r":\w+}", "}", path)): roles for (method, path), roles in ROLES.items()
}
OPERATIONS = [one for one in operations() if one.path not in OPEN]


def test_the_table_has_every_route_and_no_other() -> None:
    documented = {(one.method, one.path) for one in OPERATIONS}
    assert documented == set(BY_DOCUMENTED_PATH)
    # And the paths of the table are those that a request is matched by.
    paths = {path for _, path in ROLES}
    assert {re.sub(r":\w+}", "}", path) for path in paths} <= set(document()["paths"])


def test_no_route_is_hidden_from_the_document(container: Container) -> None:
    hidden = [
        route.path
        for route in create_app(container).routes
        if isinstance(route, APIRoute) and not route.include_in_schema
    ]
    assert hidden == []


def test_the_documentation_shows_the_same_table() -> None:
    path = r"/(?:admin/|openai/)?(?:v1|deployments)/\S+"
    row = re.compile(rf"^\| `(GET|POST|PUT|PATCH|DELETE) ({path})` \|(.*)\|$", re.MULTILINE)
    shown = {}
    for method, path, cells in row.findall(DOCUMENT.read_text()):
        marks = [cell.strip() for cell in cells.split("|")]
        assert len(marks) == len(Role)
        shown[method, path] = {
            role for role, mark in zip(Role, marks, strict=True) if mark.startswith("yes")
        }
    assert shown == {place: set(roles) for place, roles in BY_DOCUMENTED_PATH.items()}


async def against_the_table(client: httpx.AsyncClient, role: Role) -> list[str]:
    """The routes that are allowed to the role and should not be, or the other way round."""
    wrong = []
    for operation in OPERATIONS:
        response = await as_documented(operation).send(client)
        assert response.status_code not in (401, 405, 500), (str(operation), response.text)
        denied = response.status_code == 403
        if denied:
            error = response.json()["error"]
            assert (error["type"], error["code"]) == ("permission_error", "permission_denied")
        if denied == (role in BY_DOCUMENTED_PATH[operation.method, operation.path]):
            wrong.append(f"{operation}: {response.status_code}")
    return wrong


def as_documented(operation: Operation) -> Call:
    """The example of the document; what the path names does not exist."""
    names = {name: "organization" if name == "level" else "x" for name in operation.names("path")}
    return Call(operation, names, body=operation.body())


@pytest.mark.parametrize("role", Role)
async def test_keys(organization: Organization, role: Role) -> None:
    assert await against_the_table(organization.clients[role], role) == []


@pytest.fixture(scope="module")
def pool(aws_endpoint_url: str) -> dict[str, Any]:
    """A user pool with one client."""
    cognito: Any = boto3.client(
        "cognito-idp",
        region_name=REGION,
        endpoint_url=aws_endpoint_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    names = ("orgId", "appId", "userRole")
    pool_id = cognito.create_user_pool(
        PoolName=f"roles-{uuid.uuid4().hex}",  # the emulator makes ids of names
        Schema=[{"Name": name, "AttributeDataType": "String", "Mutable": True} for name in names],
    )["UserPool"]["Id"]
    client_id = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="console", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    return {"cognito": cognito, "pool_id": pool_id, "client_id": client_id}


def token(pool: dict[str, Any], attributes: dict[str, str]) -> str:
    """The ID token of a new user with these custom attributes."""
    cognito, name = pool["cognito"], f"user-{uuid.uuid4().hex[:8]}"
    cognito.admin_create_user(
        UserPoolId=pool["pool_id"],
        Username=name,
        UserAttributes=[{"Name": f"custom:{k}", "Value": v} for k, v in attributes.items()],
    )
    cognito.admin_set_user_password(
        UserPoolId=pool["pool_id"], Username=name, Password=PASSWORD, Permanent=True
    )
    answer = cognito.initiate_auth(
        ClientId=pool["client_id"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
    )
    issued: str = answer["AuthenticationResult"]["IdToken"]
    return issued


@pytest.fixture
async def browser(settings: Settings, pool: dict[str, Any]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a process that accepts the pool's tokens."""
    cognito = CognitoSettings(
        issuer=f"https://cognito-idp.{REGION}.amazonaws.com/{pool['pool_id']}",
        jwks_url=f"{settings.aws_endpoint_url}/{pool['pool_id']}/.well-known/jwks.json",
        client_ids=frozenset({pool["client_id"]}),
    )
    made = Container(replace(settings, providers=PROVIDERS, long_lived=True, cognito=cognito))
    transport = httpx.ASGITransport(create_app(made))
    async with httpx.AsyncClient(transport=transport, base_url="http://cp") as client:
        yield client
    await made.database.close()
    await made.redis.close()
    await made.http.aclose()


@pytest.mark.parametrize("role", Role)
async def test_tokens(
    organization: Organization, browser: httpx.AsyncClient, pool: dict[str, Any], role: Role
) -> None:
    attributes = {"orgId": organization.id, "appId": "app-1", "userRole": role.value}
    browser.headers["Authorization"] = f"Bearer {token(pool, attributes)}"
    assert await against_the_table(browser, role) == []


async def test_a_token_without_a_role_is_a_viewer_s(
    organization: Organization, browser: httpx.AsyncClient, pool: dict[str, Any]
) -> None:
    browser.headers["Authorization"] = f"Bearer {token(pool, {'orgId': organization.id})}"
    assert await against_the_table(browser, Role.VIEWER) == []


async def test_a_token_of_an_unknown_role_is_nobody_s(
    organization: Organization, browser: httpx.AsyncClient, pool: dict[str, Any]
) -> None:
    attributes = {"orgId": organization.id, "userRole": "root"}
    browser.headers["Authorization"] = f"Bearer {token(pool, attributes)}"
    assert (await browser.get("/admin/v1/organizations")).status_code == 401


async def test_a_token_s_organisation_is_the_one_that_is_seen(
    organization: Organization,
    stranger: Organization,
    browser: httpx.AsyncClient,
    pool: dict[str, Any],
) -> None:
    attributes = {"orgId": organization.id, "userRole": "admin"}
    browser.headers["Authorization"] = f"Bearer {token(pool, attributes)}"
    listed = (await browser.get("/admin/v1/organizations")).json()["data"]
    assert [entry["id"] for entry in listed] == [organization.id]
    place = f"/admin/v1/organizations/{stranger.id}"
    assert (await browser.get(place)).status_code == 404
