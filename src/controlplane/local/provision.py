"""What a new installation needs on top of its stores: secrets, settings, tables, keys."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from controlplane.local.aws import ADMIN_EMAIL, Aws
from controlplane.local.environment import read_env, write_env

# The organisation that the event user-seeder makes.
ORG_ID = "org-default"

Invoke = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Provision:
    """The installation whose secrets and addresses are kept in `folder`.

    `fresh` says that its database is new: then nothing that was kept is of use.
    """

    def __init__(self, folder: Path, *, fresh: bool) -> None:
        self._env = folder / "env"
        self._secrets = _kept_secrets(folder / "secrets.env", fresh=fresh)
        kept = {} if fresh else read_env(self._env)
        names = ("OPENAI_API_KEY", "LLM_CP_ADMIN_TOKEN")
        self._keys = {name: kept[name] for name in names if name in kept}

    def settings(
        self, *, database_url: str, redis_url: str, aws: Aws, providers: Mapping[str, str]
    ) -> dict[str, str]:
        """What controlplane.config.Settings reads; the same for the gateway and the function."""
        return {
            "LLM_CP_STAGE": "local",
            # Valkey shares this machine with all the rest, so that its reply may be late, and one
            # that counts as late admits more than the limit.
            "LLM_CP_REDIS_TIMEOUT_MS": "500",
            "LLM_CP_AUDIT_TIMEOUT_MS": "5000",
            "LLM_CP_KEY_PEPPER": self._secrets["LLM_CP_KEY_PEPPER"],
            **addresses(database_url, redis_url, aws),
            **providers,
        }

    def migrate_and_seed(self, invoke: Invoke, aws: Aws) -> Iterator[tuple[str, str]]:
        """Run the handler's own events; yields the name and the outcome of each."""
        migrated = invoke({"type": "user-migration"})
        yield "user-migration", f"revision {migrated['to_revision']}"
        if len(self._keys) == 2:
            invoke({"type": "user-seeder"})
            yield "user-seeder", "same API keys"
        else:
            issued = invoke({"type": "user-seeder", "issue_keys": True})["api_keys"]
            self._keys["OPENAI_API_KEY"] = issued["application"]
            self._keys["LLM_CP_ADMIN_TOKEN"] = issued["admin"]
            yield "user-seeder", "new API keys"
        aws.create_admin(password=self._secrets["LLM_CP_ADMIN_PASSWORD"], org_id=ORG_ID)

    def write_env(self, url: str, simulator_url: str, stores: Mapping[str, str]) -> None:
        """Write what a caller needs. The keys of the providers are not in it."""
        values = {
            "LLM_CP_URL": url,
            "OPENAI_BASE_URL": f"{url}/v1",
            **self._keys,
            "LLM_CP_ADMIN_EMAIL": ADMIN_EMAIL,
            "LLM_CP_ADMIN_PASSWORD": self._secrets["LLM_CP_ADMIN_PASSWORD"],
            "LLM_CP_SIMULATOR_URL": simulator_url,
            **stores,
        }
        write_env(self._env, values)


def addresses(database_url: str, redis_url: str, aws: Aws) -> dict[str, str]:
    """Where the stores are."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "AUDIT_QUEUE_URL": aws.queue_url,
        "AUDIT_BUCKET": aws.bucket,
        **aws.environment,
        **aws.cognito,
    }


def _kept_secrets(path: Path, *, fresh: bool) -> dict[str, str]:
    """What is random but has to stay the same while the data do."""
    kept = {} if fresh else read_env(path)
    if len(kept) < 2:
        kept = {
            "LLM_CP_KEY_PEPPER": secrets.token_urlsafe(32),
            # Cognito wants one of each kind of character.
            "LLM_CP_ADMIN_PASSWORD": f"{secrets.token_urlsafe(12)}-aA1",
        }
        write_env(path, kept)
        # Keys hashed with another pepper are worth nothing.
        path.with_name("env").unlink(missing_ok=True)
    return kept
