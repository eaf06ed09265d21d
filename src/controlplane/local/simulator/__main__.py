"""`python -m controlplane.local.simulator --port 8090`: the simulator as a process of its own."""

from __future__ import annotations

import argparse

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from controlplane.local.children import exit_with_parent
from controlplane.local.simulator.app import Simulator
from controlplane.local.simulator.exchange import REUSED, TRANSPORT


class _Protocol(HttpToolsProtocol):
    """Hands the application its connection, so that faults can cut it."""

    _used = False

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions = {TRANSPORT: self.transport, REUSED: self._used}
        self.scope["extensions"] = extensions  # type: ignore[typeddict-item]
        self._used = True


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m controlplane.local.simulator")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="stop when standard input is closed"
    )
    arguments = parser.parse_args()
    if arguments.exit_with_parent:
        exit_with_parent()
    uvicorn.run(
        Simulator(),
        host=arguments.host,
        port=arguments.port,
        http=_Protocol,
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
