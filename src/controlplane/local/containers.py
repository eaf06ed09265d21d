"""The step of docker-compose.yml before the gateway: `python -m controlplane.local.containers`.

Makes the database, the emulated AWS resources, the tables and the API keys, once per start, and
writes into the folder of state: `gateway.env` for the processes, `env` for their callers.
"""

from __future__ import annotations

import argparse
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controlplane.local.aws import Aws
from controlplane.local.environment import (
    FROM_DOTENV,
    provider_environment,
    write_env,
    write_private,
)
from controlplane.local.postgres import DATABASE, prepare_database
from controlplane.local.provision import Provision, addresses
from controlplane.local.worker import HANDLER, LambdaContext, load_handler


def main() -> None:
    """Prepare everything and end; running it again changes nothing."""
    parser = argparse.ArgumentParser(prog="python -m controlplane.local.containers")
    parser.add_argument("--state", type=Path, required=True, help="folder that the services share")
    parser.add_argument("--postgres", required=True, help="host:port")
    parser.add_argument("--redis-url", required=True)
    parser.add_argument("--aws-endpoint-url", required=True)
    parser.add_argument("--url", required=True, help="where callers find the gateway")
    parser.add_argument("--simulator-url", required=True)
    arguments = parser.parse_args()

    password = _password(arguments.state / "password")
    _, fresh = prepare_database(f"postgresql://postgres@{arguments.postgres}/postgres", password)
    database_url = f"postgresql://{DATABASE}:{password}@{arguments.postgres}/{DATABASE}"
    aws = Aws(arguments.aws_endpoint_url)
    aws.create_resources()
    provision = Provision(arguments.state, fresh=fresh)
    keys = {name: os.environ[name] for name in FROM_DOTENV if os.environ.get(name)}
    providers, kinds = provider_environment(keys, arguments.simulator_url)
    settings = provision.settings(
        database_url=database_url, redis_url=arguments.redis_url, aws=aws, providers=providers
    )
    write_env(arguments.state / "gateway.env", settings)
    os.environ.update(settings)
    for event, outcome in provision.migrate_and_seed(_invoke, aws):
        print(f"{event}: {outcome}")
    stores = addresses(database_url, arguments.redis_url, aws)
    provision.write_env(arguments.url, arguments.simulator_url, stores)
    said = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    print(f"Providers: {said}")
    print(
        f"The gateway is about to listen on {arguments.url}\n"
        f"Keys and addresses: docker compose exec gateway cat {arguments.state / 'env'}"
    )


def _invoke(event: Mapping[str, Any]) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = load_handler(HANDLER)(event, LambdaContext("local"))
    return answer


def _password(path: Path) -> str:
    if not path.exists():
        write_private(path, secrets.token_hex(16))
    return path.read_text()


if __name__ == "__main__":
    main()
