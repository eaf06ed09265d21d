"""`python -m controlplane.local.moto_server --port 5000`: emulated AWS on 127.0.0.1, silent."""

from __future__ import annotations

import argparse
import logging

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

from controlplane.local.children import exit_with_parent


def main() -> None:
    """Serve until a signal. moto's own command logs every request, which costs more than it."""
    parser = argparse.ArgumentParser(prog="python -m controlplane.local.moto_server")
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="stop when standard input is closed"
    )
    arguments = parser.parse_args()
    if arguments.exit_with_parent:
        exit_with_parent()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", arguments.port, application, threaded=True)


if __name__ == "__main__":
    main()
