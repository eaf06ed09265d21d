"""Secrets Manager: each secret is read when first needed, and again once it is five minutes old.

Powertools keeps what was read and says when it is too old. What it leaves open is here: no read
stops the event loop, one read of a secret at a time, and a value that cannot be read again stays.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import orjson
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from aws_lambda_powertools.utilities.parameters.secrets import SecretsProvider
from botocore.exceptions import ClientError

from controlplane.errors import ConfigurationError, Unreachable
from controlplane.telemetry import log

MAX_AGE_SECONDS = 300
# After a read that a refusal asked for, and after one that failed: a storm of either stays outside.
QUIET_SECONDS = 10.0
# How long a request waits for a newer value where it has an older one.
PATIENCE_SECONDS = 1.0

T = TypeVar("T")


class SecretTexts(SecretsProvider):
    """Powertools' cache, for secrets that are text."""

    def held(self, name: str) -> str | None:
        """What was read last, however old; None where nothing was."""
        return self.fetch_from_cache(self._build_cache_key(name)) or None

    def is_fresh(self, name: str) -> bool:
        """True where what was read last is younger than MAX_AGE_SECONDS."""
        return self.has_not_expired_in_cache(self._build_cache_key(name))

    def _get(self, name: str, **options: Any) -> str:
        value = super()._get(name, **options)
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"The secret '{name}' is empty.")
        return value


class Secrets:
    """Secrets by name or ARN. `clock` is one of `time.monotonic`'s kind."""

    def __init__(self, texts: SecretTexts, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._texts = texts
        self._clock = clock
        self._reads: dict[str, tuple[float, asyncio.Future[None]]] = {}
        self._quiet_until: dict[str, float] = {}

    async def text(self, name: str) -> str:
        """The secret string, not older than MAX_AGE_SECONDS unless it could not be read since.

        Raises ConfigurationError where there is none, or Unreachable, at the first read only.
        """
        if not self._texts.is_fresh(name) and not self._is_quiet(name):
            await self._read(name)
        value = self._texts.held(name)
        if value is None:
            raise Unreachable("secrets manager")
        return value

    async def renew(self, name: str) -> None:
        """Read a secret whose value was refused, at most once in QUIET_SECONDS."""
        if name in self._reads:
            await self._read(name)
        elif not self._is_quiet(name):
            self._quiet_until[name] = self._clock() + QUIET_SECONDS
            await self._read(name)

    def _is_quiet(self, name: str) -> bool:
        return (
            self._clock() < self._quiet_until.get(name, 0.0) and self._texts.held(name) is not None
        )

    async def _read(self, name: str) -> None:
        """Read it in a thread, or wait for the read that is under way."""
        if name not in self._reads:
            future = asyncio.get_running_loop().run_in_executor(None, self._fetch, name)
            future.add_done_callback(lambda done: self._end(name, done))
            self._reads[name] = self._clock(), future
        started, future = self._reads[name]
        if self._texts.held(name) is None:
            await asyncio.shield(future)
        elif (patience := started + PATIENCE_SECONDS - self._clock()) > 0:
            await asyncio.wait({future}, timeout=patience)

    def _end(self, name: str, done: asyncio.Future[None]) -> None:
        del self._reads[name]
        if not done.cancelled():
            done.exception()  # those that waited have it; there may be none left

    def _fetch(self, name: str) -> None:
        before = self._texts.held(name)
        try:
            after = self._texts.get(name, max_age=MAX_AGE_SECONDS, force_fetch=True)
        except GetParameterError as error:
            # Powertools has made a text of it.
            cause = error.__context__
            _warn(name, _reason(cause))
            if before is None:
                raise _fault(name, cause) from cause
            self._quiet_until[name] = self._clock() + QUIET_SECONDS
            return
        if before is not None and after != before:
            log.info("secret_renewed", extra={"secret": name})


class RotatingSecret(Generic[T]):
    """A secret as `read` understands it; a text that it does not understand changes nothing."""

    def __init__(self, secrets: Secrets, name: str, read: Callable[[str], T]) -> None:
        self._secrets = secrets
        self._name = name
        self._read = read
        self._text: str | None = None
        self._value: T

    async def current(self) -> T:
        """The value in force. Raises ConfigurationError and Unreachable at the first read only."""
        text = await self._secrets.text(self._name)
        if text != self._text:
            self._take(text)
        return self._value

    async def renewed(self, refused: T) -> T | None:
        """The value in force after `refused` was turned down; None where it is still that one."""
        if (value := await self.current()) == refused:
            await self._secrets.renew(self._name)
            value = await self.current()
        return None if value == refused else value

    def _take(self, text: str) -> None:
        try:
            self._value = self._read(text)
        except ConfigurationError as error:
            if self._text is None:
                raise
            _warn(self._name, str(error))
        self._text = text


def mapping(name: str, text: str) -> dict[str, str]:
    """A secret that is a JSON object; values that are no strings come as JSON.

    Raises ConfigurationError.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise ConfigurationError(f"The secret '{name}' must be a JSON object.")
    return {
        key: item if isinstance(item, str) else orjson.dumps(item).decode()
        for key, item in value.items()
    }


def _fault(name: str, cause: BaseException | None) -> ConfigurationError | Unreachable:
    if isinstance(cause, ConfigurationError):
        return cause
    if _reason(cause) == "ResourceNotFoundException":
        return ConfigurationError(f"The secret '{name}' does not exist.")
    return Unreachable("secrets manager")


def _reason(cause: BaseException | None) -> str:
    """AWS's code, or our own sentence: both without the value."""
    if isinstance(cause, ConfigurationError):
        return str(cause)
    if isinstance(cause, ClientError):
        return str(cause.response.get("Error", {}).get("Code"))
    return type(cause).__name__


def _warn(name: str, reason: str) -> None:
    log.warning("secret_unusable", extra={"secret": name, "reason": reason})
