"""The function as a process: `python -m controlplane.local.function --port 9001`.

Invocations come from its own `POST /2015-03-31/functions/llm-cp/invocations` (lambda_api.py), from
the audit queue and from schedules (event_source.py); worker.py does them, on the main thread.
"""

from __future__ import annotations

import argparse
import signal
from types import FrameType

from controlplane.local.children import exit_with_parent
from controlplane.local.event_source import QueuePoller, start_schedules
from controlplane.local.lambda_api import serve
from controlplane.local.worker import HANDLER, FunctionWorker, load_handler


def main() -> None:
    """Serve until SIGTERM or SIGINT; then empty the queue and end."""
    parser = argparse.ArgumentParser(prog="python -m controlplane.local.function")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--queue-url", help="the SQS queue whose messages the function consumes")
    parser.add_argument("--handler", default=HANDLER, help=f"default: {HANDLER}")
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="stop when standard input is closed"
    )
    arguments = parser.parse_args()
    if arguments.exit_with_parent:
        exit_with_parent()
    worker = FunctionWorker(load_handler(arguments.handler))
    poller = QueuePoller(arguments.queue_url, worker) if arguments.queue_url else None

    def stop(_signal: int, _frame: FrameType | None) -> None:
        (poller or worker).stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with serve(worker, arguments.host, arguments.port):
        if poller:
            poller.start()
            start_schedules(worker.submit)
        worker.run()


if __name__ == "__main__":
    main()
