"""Secrets of emulated Secrets Manager, and a clock that a test moves."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.parameters.base import ExpirableValue
from tests.aws import client as of_the_tests

from controlplane.adapters.aws import client
from controlplane.adapters.secrets import RotatingSecret, Secrets, SecretTexts, T
from controlplane.config import Settings


class Aging(SecretTexts):
    """Powertools' cache, `later` by as many seconds as the test says."""

    later = 0.0

    def has_not_expired_in_cache(self, key: tuple[Any, ...]) -> bool:
        now = datetime.now() + timedelta(seconds=self.later)
        return key in self.store and self.store[key].ttl >= now

    def add_to_cache(self, key: tuple[Any, ...], value: Any, max_age: int) -> None:
        super().add_to_cache(key, value, max_age)
        stored, ends = self.store[key]
        self.store[key] = ExpirableValue(stored, ends + timedelta(seconds=self.later))


@dataclass
class Vault:
    """One secret, those who read it, and how often Secrets Manager was asked."""

    settings: Settings
    name: str = field(default_factory=lambda: f"/test/{uuid.uuid4().hex}")
    asked: int = 0

    def __post_init__(self) -> None:
        self.client = of_the_tests("secretsmanager", self.settings)
        self.texts = Aging(boto3_client=client("secretsmanager", self.settings))
        self.texts.client.meta.events.register("before-call", self._count)
        self.secrets = Secrets(self.texts, clock=lambda: self.texts.later)

    def write(self, value: Any) -> None:
        """What an operator does."""
        text = value if isinstance(value, str) else json.dumps(value)
        try:
            self.client.put_secret_value(SecretId=self.name, SecretString=text)
        except self.client.exceptions.ResourceNotFoundException:
            self.client.create_secret(Name=self.name, SecretString=text)

    def wait(self, seconds: float) -> None:
        self.texts.later += seconds

    def move_to(self, address: str) -> None:
        """Secrets Manager is at another address now."""
        self.texts.client = client(
            "secretsmanager", replace(self.settings, aws_endpoint_url=address)
        )

    def rotating(self, read: Callable[[str], T]) -> RotatingSecret[T]:
        return RotatingSecret(self.secrets, self.name, read)

    def _count(self, **_: Any) -> None:
        self.asked += 1
