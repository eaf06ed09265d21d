"""`python -m controlplane.lambda_stream package.module.handler`, in place of Lambda's own loop."""

from __future__ import annotations

import sys
from importlib import import_module

from awslambdaric import bootstrap
from awslambdaric.lambda_config import LambdaConfigProvider
from snapshot_restore_py import register_before_snapshot  # type: ignore[import-untyped]

from controlplane.lambda_stream.client import StreamingRuntimeClient


def main() -> None:
    """Handle events until Lambda ends the process."""
    # What every request needs is better in SnapStart's snapshot than imported after each restore.
    register_before_snapshot(import_module, "controlplane.api.proxy")
    config = LambdaConfigProvider(sys.argv)
    client = StreamingRuntimeClient(config.api_address, config.use_thread_polling)
    bootstrap.run(config.handler, client)


if __name__ == "__main__":
    main()
