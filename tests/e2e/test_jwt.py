"""A Cognito user of the local stack calls a model and reads the records."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from tests.e2e.conftest import Stack, chat

PASSWORD = "Correct-horse-9"


def sign_in(stack: Stack, role: str, org_id: str = "org-default") -> dict[str, Any]:
    """Make a user and answer its tokens."""
    cognito = stack.aws("cognito-idp")
    pool = stack.gateway_env["COGNITO_USER_POOL_ID"]
    name = f"{uuid.uuid4().hex}@example.com"
    attributes = {
        "email": name,
        "custom:orgId": org_id,
        "custom:appId": "app-default",
        "custom:userRole": role,
    }
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=name,
        UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
    )
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True
    )
    answer = cognito.initiate_auth(
        ClientId=stack.gateway_env["COGNITO_CLIENT_IDS"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
    )
    tokens: dict[str, Any] = answer["AuthenticationResult"]
    return tokens


def test_a_developer_calls_a_model(stack: Stack) -> None:
    response = chat(stack, sign_in(stack, "developer")["IdToken"])
    assert response.status_code == 200, response.text
    record = stack.record(response.headers["x-request-id"])
    assert record["subject"].startswith("user:")
    assert (record["role"], record["application_id"]) == ("developer", "app-default")


def test_a_viewer_may_not(stack: Stack) -> None:
    response = chat(stack, sign_in(stack, "viewer")["IdToken"])
    assert response.status_code == 403


def test_another_organisation_sees_nothing(stack: Stack) -> None:
    request_id = chat(stack, stack.env["OPENAI_API_KEY"]).headers["x-request-id"]
    stack.record(request_id)
    token = sign_in(stack, "admin", "org-other")["IdToken"]
    headers = {"Authorization": f"Bearer {token}"}
    one = httpx.get(f"{stack.url}/admin/v1/requests/{request_id}", headers=headers)
    page = httpx.get(f"{stack.url}/admin/v1/requests", headers=headers)
    assert one.status_code == 404
    assert page.json() == {"data": [], "next_cursor": None}


@pytest.mark.parametrize(
    "change", [lambda t: t[:-4] + "AAAA", lambda t: t + "x", lambda _: "a.b.c"]
)
def test_a_changed_token_is_401(stack: Stack, change: Any) -> None:
    token = sign_in(stack, "developer")["IdToken"]
    response = chat(stack, change(token))
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "invalid_api_key"
