"""Metrics to Datadog: to its extension by UDP where its layer is there, else to its API.

Imported only where a Datadog key is set: the import costs a third of a second.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

# Else the import patches every HTTP client of the process, and providers get Datadog's headers.
os.environ.setdefault("DD_TRACE_ENABLED", "false")
# A server without the extension: nothing else would empty what waits for the API.
os.environ.setdefault("DD_FLUSH_IN_THREAD", "true")

from datadog_lambda.metric import (  # type: ignore[import-untyped]
    flush_stats,
    lambda_metric,
)


class Datadog:
    """Distributions `llm_cp.*`, tagged `name:value`."""

    def send(self, name: str, value: float, tags: Mapping[str, Any]) -> None:
        """Returns at once: nothing is sent over TCP before `flush`."""
        lambda_metric(
            f"llm_cp.{name}", value, tags=[f"{key}:{content}" for key, content in tags.items()]
        )

    def flush(self) -> None:
        """Nothing to do for the extension, which sends by itself; a call to the API without it."""
        flush_stats()


def sink() -> Datadog:
    """The sink of this process."""
    return Datadog()
