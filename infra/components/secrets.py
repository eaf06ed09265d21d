"""Secrets Manager: what the function reads by name."""

from __future__ import annotations

import json

from aws_cdk import RemovalPolicy, SecretValue
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.components.nag import acknowledge
from infra.stages import Stage

CACHE_USER = "llm-cp"


class Secrets(Construct):
    """`providers` is filled by the operator; the others are random from the start."""

    def __init__(self, scope: Construct, id_: str, stage: Stage, key: kms.IKey | None) -> None:
        super().__init__(scope, id_)
        self._stage, self._key = stage, key
        self.providers = self._secret(
            "Providers",
            "providers",
            "Keys of the model providers (OPENAI_API_KEY, ...), as a JSON object",
            value=SecretValue.unsafe_plain_text("{}"),
        )
        self.key_pepper = self._secret(
            "KeyPepper", "key-pepper", "Keys the hash of every API key: a new one voids them all"
        )
        self.redis = self._secret(
            "Redis", "redis", "User of the cache", template={"username": CACHE_USER}
        )
        self.origin = self._secret(
            "Origin", "origin", "What CloudFront shows the firewall of the API"
        )
        self.datadog = (
            self._secret("Datadog", "datadog", "Datadog's API key") if stage.datadog else None
        )
        acknowledge(
            self,
            {
                "SMG4": "A new value is in force within five minutes, but who issues it is a "
                "provider, or a new pepper voids every API key: rotation is an operator's step."
            },
        )

    def _secret(
        self,
        id_: str,
        name: str,
        description: str,
        *,
        value: SecretValue | None = None,
        template: dict[str, str] | None = None,
    ) -> secretsmanager.Secret:
        generated = secretsmanager.SecretStringGenerator(
            exclude_punctuation=True,
            password_length=64,
            secret_string_template=json.dumps(template) if template else None,
            generate_string_key="password" if template else None,
        )
        return secretsmanager.Secret(
            self,
            id_,
            secret_name=f"/llm-cp/{self._stage.name}/{name}",
            description=description,
            encryption_key=self._key,
            secret_string_value=value,
            generate_secret_string=None if value else generated,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            if self._stage.retain_data
            else RemovalPolicy.DESTROY,
        )
