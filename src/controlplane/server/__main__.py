"""`python -m controlplane.server`: one process a core over one listening socket, until SIGTERM."""

from __future__ import annotations

import argparse
import os

import uvicorn
from uvicorn.supervisors import Multiprocess

from controlplane.config import Settings
from controlplane.errors import ConfigurationError
from controlplane.providers.registry import SETTINGS
from controlplane.server.listening import KEEP_ALIVE_SECONDS, SHARED

# A process that is busy for so long without a pause is replaced.
UNRESPONSIVE_SECONDS = 30


class Processes(Multiprocess):
    """Uvicorn's processes; a new connection is refused as soon as they are told to stop."""

    def handle_term(self) -> None:
        """Stop listening here too: else a connection would wait for an answer until the end."""
        for each in self.sockets:
            each.close()
        super().handle_term()

    handle_int = handle_term


def main() -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished first, up to a bound."""
    options = parser()
    arguments = options.parse_args()
    try:
        # Once, here: a process that cannot start would be started again and again.
        Settings.load(SETTINGS)
    except ConfigurationError as error:
        options.exit(1, f"{error}\n")
    config = uvicorn.Config(
        "controlplane.server.serving:create",
        factory=True,
        host=arguments.host,
        port=arguments.port,
        workers=arguments.processes,
        timeout_keep_alive=arguments.keep_alive_seconds,
        timeout_graceful_shutdown=arguments.drain_seconds,
        timeout_worker_healthcheck=UNRESPONSIVE_SECONDS,
        **SHARED,
    )
    Processes(config, [config.bind_socket()]).run()


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    options = argparse.ArgumentParser(prog="python -m controlplane.server")
    add = options.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8080)
    add("--processes", type=int, default=cores(), help="one for each core")
    add("--drain-seconds", type=int, default=110, help="what requests under way may take, 110")
    add("--keep-alive-seconds", type=int, default=KEEP_ALIVE_SECONDS)
    return options


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


if __name__ == "__main__":
    main()
