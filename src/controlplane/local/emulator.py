"""Emulated AWS: a moto server on 127.0.0.1, in a process of its own.

`python -m controlplane.local.emulator --port 5000` is that process.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from controlplane.local.aws import Aws
from controlplane.local.aws_calls import RecordedCalls, Wsgi
from controlplane.local.children import Child, Pause, exit_with_parent, free_port, is_listening

# The ids of user pools stay the same from start to start, and so do the issuers of tokens.
STABLE_IDS = {
    "MOTO_COGNITO_IDP_USER_POOL_ID_STRATEGY": "HASH",
    "MOTO_COGNITO_IDP_USER_POOL_CLIENT_ID_STRATEGY": "HASH",
}


class AwsEmulator:
    """One server. It forgets everything when it stops.

    Start with `start()`, then `wait_ready()`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.calls = self.folder / "calls"
        self.child: Child | None = None
        self._port = free_port()
        self.aws = Aws(f"http://127.0.0.1:{self._port}")

    def start(self, env: Mapping[str, str]) -> None:
        """Start the server, with the environment `env`."""
        command = [sys.executable, "-m", "controlplane.local.emulator"]
        self.child = Child(
            "The AWS emulator",
            [*command, "--port", str(self._port), "--calls", str(self.calls), "--exit-with-parent"],
            log_path=self.folder / "server.log",
            env={**env, **STABLE_IDS},
        )

    def wait_ready(self, pause: Pause = time.sleep) -> None:
        """Wait until it answers, and make the resources."""
        assert self.child is not None
        self.child.wait_ready(lambda: is_listening(self._port), pause=pause)
        self.aws.create_resources()

    def stop(self) -> None:
        """End it."""
        if self.child:
            self.child.stop()


def main() -> None:
    """Serve until a signal. moto's own command logs every request, which costs more than it."""
    # Not at the top: the process that starts this one does without.
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import run_simple

    parser = argparse.ArgumentParser(prog="python -m controlplane.local.emulator")
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--calls", type=Path, help="file that gets each call once")
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="stop when standard input is closed"
    )
    arguments = parser.parse_args()
    if arguments.exit_with_parent:
        exit_with_parent()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application: Wsgi = DomainDispatcherApplication(create_backend_app)
    if arguments.calls:
        application = RecordedCalls(application, arguments.calls)
    run_simple("127.0.0.1", arguments.port, application, threaded=True)


if __name__ == "__main__":
    main()
