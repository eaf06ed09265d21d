"""All subcommands."""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.cli import (
    app,
    changes,
    key,
    migrate,
    org,
    policy,
    price,
    requests,
    route,
    scan,
    usage,
)
from controlplane.cli.command import Command, Group

COMMANDS: Mapping[str, Command | Group] = {
    "org": org.GROUP,
    "app": app.GROUP,
    "key": key.GROUP,
    "policy": policy.GROUP,
    "route": route.GROUP,
    "price": price.GROUP,
    "usage": usage.COMMAND,
    "requests": requests.GROUP,
    "changes": changes.GROUP,
    "scan": scan.COMMAND,
    "migrate": migrate.COMMAND,
}
