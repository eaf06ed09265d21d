"""Synthesises a changed sandbox, to CDK_OUTDIR: `python -m tests.infra.synthesise VARIANT`.

Runs in the environment that has aws_cdk, not in the one of the tests.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any


def _complete(stage: Any) -> Any:
    """Everything that a stage may have and the given ones do not."""
    domain = import_module("infra.stages").Domain(
        "llm.example.com", "arn:aws:acm:us-east-1:123456789012:certificate/1"
    )
    return replace(stage, datadog=True, domain=domain, alarm_emails=("ops@example.com",))


def _same(stage: Any) -> Any:
    return stage


def _service(stage: Any) -> Any:
    return replace(stage, compute="service")


VARIANTS: dict[str, Callable[[Any], Any]] = {
    "complete": _complete,
    "careless": _same,
    "service": _service,
}


def main(variant: str) -> None:
    """Build the app with the one changed stage."""
    app_module = import_module("infra.app")
    app = app_module.build_app([VARIANTS[variant](import_module("infra.stages").SANDBOX)])
    if variant == "careless":  # what the gate must not let through
        stack = app.node.find_child("llm-cp-sandbox")
        import_module("aws_cdk.aws_sqs").Queue(stack, "Careless")
    app.synth()


if __name__ == "__main__":
    main(sys.argv[1])
