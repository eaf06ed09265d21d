"""Cognito: a client that keeps no secret, and roles that nobody can give to himself."""

from __future__ import annotations

import pytest
from tests.infra.template import Template, resolved

CUSTOM = {"orgId", "appId", "userRole"}


def test_the_client_has_no_secret_and_one_flow(template: Template) -> None:
    client = template.one("AWS::Cognito::UserPoolClient")
    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["AllowedOAuthFlowsUserPoolClient"] is True
    assert set(client["ExplicitAuthFlows"]) == {"ALLOW_REFRESH_TOKEN_AUTH"}
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["EnableTokenRevocation"] is True
    assert "openid" in client["AllowedOAuthScopes"]
    assert "aws.cognito.signin.user.admin" not in client["AllowedOAuthScopes"]


def test_the_client_comes_back_to_the_distribution(template: Template) -> None:
    client = template.one("AWS::Cognito::UserPoolClient")
    distribution = template.id_of("AWS::CloudFront::Distribution")
    (back,) = client["CallbackURLs"]
    assert resolved(back) == f"https://<{distribution}.DomainName>/oauth2/idpresponse"


def test_users_read_their_role_and_cannot_write_it(template: Template) -> None:
    client = template.one("AWS::Cognito::UserPoolClient")
    custom = {f"custom:{name}" for name in CUSTOM}
    assert custom <= set(client["ReadAttributes"])
    assert client["WriteAttributes"] == ["email"]


def test_the_pool_knows_organisation_application_and_role(template: Template) -> None:
    schema = {entry["Name"] for entry in template.one("AWS::Cognito::UserPool")["Schema"]}
    assert schema >= CUSTOM


def test_administrators_make_accounts(template: Template) -> None:
    pool = template.one("AWS::Cognito::UserPool")
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 14
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]


def test_there_is_a_group_for_each_role(template: Template) -> None:
    groups = {group["GroupName"] for group in template.all("AWS::Cognito::UserPoolGroup").values()}
    assert groups == {"admin", "developer", "viewer"}


def test_there_is_a_hosted_sign_in(template: Template, stage: str) -> None:
    domain = template.one("AWS::Cognito::UserPoolDomain")
    assert resolved(domain["Domain"]) == f"llm-cp-{stage}-<AWS::AccountId>"
    assert domain["UserPoolId"]["Ref"] == template.id_of("AWS::Cognito::UserPool")


def test_the_function_accepts_tokens_of_this_client_and_pool(template: Template) -> None:
    variables = template.one("AWS::Lambda::Function")["Environment"]["Variables"]
    assert variables["COGNITO_USER_POOL_ID"] == {"Ref": template.id_of("AWS::Cognito::UserPool")}
    client = template.id_of("AWS::Cognito::UserPoolClient")
    assert variables["COGNITO_CLIENT_IDS"] == {"Ref": client}


@pytest.mark.parametrize("attribute", ["email"])
def test_the_address_is_verified_before_it_counts(template: Template, attribute: str) -> None:
    pool = template.one("AWS::Cognito::UserPool")
    assert attribute in pool["AutoVerifiedAttributes"]
    kept = pool["UserAttributeUpdateSettings"]["AttributesRequireVerificationBeforeUpdate"]
    assert attribute in kept
