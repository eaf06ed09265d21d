"""Cognito: who administers and develops. An application comes with an API key instead."""

from __future__ import annotations

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.components.nag import acknowledge
from infra.stages import Stage

GROUPS = ("admin", "developer", "viewer")
CUSTOM_ATTRIBUTES = ("orgId", "appId", "userRole")

_PASSWORD = cognito.PasswordPolicy(
    min_length=14,
    require_digits=True,
    require_lowercase=True,
    require_uppercase=True,
    require_symbols=True,
    temp_password_validity=Duration.days(3),
)


class Identity(Construct):
    """`pool`, its hosted sign-in at `domain`, and the console's `client`."""

    def __init__(self, scope: Construct, id_: str, stage: Stage, public_url: str) -> None:
        super().__init__(scope, id_)
        self.pool = self._pool(stage)
        self.domain = self.pool.add_domain(
            "Domain",
            # The prefix is unique in the whole region, over all accounts.
            cognito_domain=cognito.CognitoDomainOptions(
                domain_prefix=f"{stage.prefix}-{Aws.ACCOUNT_ID}"
            ),
        )
        for group in GROUPS:
            self.pool.add_group(group.capitalize(), group_name=group)
        self.client = self._client(stage, public_url)

    def _pool(self, stage: Stage) -> cognito.UserPool:
        pool = cognito.UserPool(
            self,
            "Pool",
            user_pool_name=stage.prefix,
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            keep_original=cognito.KeepOriginalAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            standard_attributes=cognito.StandardAttributes(
                email=cognito.StandardAttribute(required=True, mutable=True)
            ),
            custom_attributes={
                name: cognito.StringAttribute(min_len=1, max_len=64, mutable=True)
                for name in CUSTOM_ATTRIBUTES
            },
            password_policy=_PASSWORD,
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            feature_plan=cognito.FeaturePlan.ESSENTIALS,
            deletion_protection=stage.is_protected,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            if stage.retain_data
            else RemovalPolicy.DESTROY,
        )
        acknowledge(
            pool,
            {
                "COG2": "Each user may turn MFA on; an organisation that must, federates its own "
                "identity provider.",
                "COG8": "The Plus plan is billed by active user. Accounts are made by an "
                "administrator, and the firewall limits attempts.",
            },
        )
        return pool

    def _client(self, stage: Stage, public_url: str) -> cognito.UserPoolClient:
        # A user may read what the roles follow from, and write none of it.
        readable = cognito.ClientAttributes().with_standard_attributes(
            email=True, email_verified=True
        )
        return self.pool.add_client(
            "Client",
            user_pool_client_name=f"{stage.prefix}-console",
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user=False),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[
                    cognito.OAuthScope.OPENID,
                    cognito.OAuthScope.EMAIL,
                    cognito.OAuthScope.PROFILE,
                ],
                callback_urls=[f"{public_url}/oauth2/idpresponse"],
                logout_urls=[f"{public_url}/"],
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.hours(1),
            id_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.days(1),
            read_attributes=readable.with_custom_attributes(*CUSTOM_ATTRIBUTES),
            write_attributes=cognito.ClientAttributes().with_standard_attributes(email=True),
        )
