"""The environment of the processes of the local stack, and the files it is written to."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from controlplane.config import provider_settings
from controlplane.errors import ConfigurationError
from controlplane.local.simulator.wire import API_KEY as SIMULATOR_KEY
from controlplane.providers.registry import KINDS, SETTINGS

# What `.env` may say; the rest is for the local stack to decide.
FROM_DOTENV = frozenset(
    {variable.name for settings in SETTINGS.values() for variable in settings.variables}
    | {"LLM_CP_PROVIDERS"}
)
# What a shell may carry that would lead a process of the stack astray: keys that are for callers,
# another AWS account, another database.
_FOREIGN = (
    *(kind.key_variable.name.removesuffix("API_KEY") for kind in KINDS.values()),
    *("LLM_CP_", "AWS_", "COGNITO_", "AUDIT_", "AURORA_"),
    *("DATABASE_URL", "REDIS_URL", "PG", "MOTO_", "WEB_CONCURRENCY"),
)
_LOOPBACK = "127.0.0.1,localhost"


def cleaned(environ: Mapping[str, str]) -> dict[str, str]:
    """The shell's environment without what the stack sets itself; no proxy for this machine."""
    kept = {name: value for name, value in environ.items() if not name.startswith(_FOREIGN)}
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = f"{kept[name]},{_LOOPBACK}" if kept.get(name) else _LOOPBACK
    return kept


def provider_environment(
    dotenv: Mapping[str, str], simulator_url: str
) -> tuple[dict[str, str], dict[str, str]]:
    """The settings of the providers, and for each whether it is `real` or `simulated`.

    Raises ConfigurationError with one sentence where `.env` is half filled in.
    """
    environment = dict(dotenv)
    kinds: dict[str, str] = {}
    for name, kind in KINDS.items():
        key, url = kind.key_variable.name, kind.url_variable.name
        if key in dotenv:
            kinds[name] = "real"
        elif url in dotenv:
            raise ConfigurationError(f"{key} is not set in .env, and {url} is: set both.")
        else:
            kinds[name] = "simulated"
            # The simulator has each provider's paths, below its name.
            path = urlsplit(kind.url_variable.default or "").path
            environment[key] = SIMULATOR_KEY
            environment[url] = f"{simulator_url}/{name}{path}"
    provider_settings(environment, SETTINGS, local=True)
    return environment, kinds


def read_env(path: Path) -> dict[str, str]:
    """What `write_env` wrote; empty where there is nothing."""
    lines = path.read_text().splitlines() if path.is_file() else []
    pairs = (line.partition("=") for line in lines)
    return {name: "".join(shlex.split(value)) for name, _, value in pairs}


def write_env(path: Path, values: Mapping[str, str]) -> None:
    """`NAME=value` lines that a shell can source, readable by the owner only."""
    text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    write_private(path, text)


def write_private(path: Path, text: str) -> None:
    """A whole file in one step, readable by the owner only."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.replace(path)
