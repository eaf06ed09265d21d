"""Secrets Manager: read when first needed, kept for the life of the process."""

from __future__ import annotations

from typing import Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from controlplane.errors import ConfigurationError, Unreachable


class Secrets:
    """Secrets by name or ARN. The wiring reads each once; a rotation holds from the next start."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def text(self, name: str) -> str:
        """The secret string. Raises ConfigurationError where there is none, or Unreachable."""
        try:
            reply = self._client.get_secret_value(SecretId=name)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                raise ConfigurationError(f"The secret '{name}' does not exist.") from None
            raise Unreachable("secrets manager") from error
        except BotoCoreError as error:
            raise Unreachable("secrets manager") from error
        value = reply.get("SecretString")
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"The secret '{name}' is empty.")
        return value

    def mapping(self, name: str) -> dict[str, str]:
        """A secret that is a JSON object; values that are no strings come as JSON."""
        try:
            value = orjson.loads(self.text(name))
        except orjson.JSONDecodeError:
            value = None
        if not isinstance(value, dict):
            raise ConfigurationError(f"The secret '{name}' must be a JSON object.")
        return {
            key: item if isinstance(item, str) else orjson.dumps(item).decode()
            for key, item in value.items()
        }
