"""Telemetry in a process of its own: what it imports and prints is seen from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]

OBSERVE = """
from controlplane.telemetry import configure, count, flush, observe
from tests.unit.telemetry.facts import ANSWERED, FAILED, finished
"""


def run(body: str, **env: str) -> list[Any]:
    """What Python prints that runs `body`, an object a line."""
    paths = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "OTEL_"))}
    done = subprocess.run(
        [sys.executable, "-c", OBSERVE + body],
        env=inherited | {"PYTHONPATH": paths, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def loaded(packages: tuple[str, ...]) -> str:
    """Python that prints which of `packages` are imported."""
    return f"""
import json, sys
print(json.dumps(sorted({{m.partition(".")[0] for m in sys.modules}} & set({packages!r}))))
"""
