"""Clients from npm work unchanged, each in its own protocol, whatever the target speaks."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.e2e.conftest import MakeKey, Stack

SCRIPTS = Path(__file__).with_name("node")


@pytest.mark.parametrize("provider", ["openai", "responses-only", "azure", "anthropic"])
@pytest.mark.parametrize("client", ["openai", "anthropic", "ai_sdk", "agents"])
def test_node(
    node_modules: Path,
    stack: Stack,
    make_key: MakeKey,
    models: Mapping[str, str],
    client: str,
    provider: str,
) -> None:
    node = shutil.which("node")
    assert node is not None
    served_by = "openai" if provider == "responses-only" else provider
    ran = subprocess.run(
        [node, SCRIPTS / f"{client}.mjs", models[provider], served_by],
        env=os.environ
        | {
            "OPENAI_BASE_URL": stack.env["OPENAI_BASE_URL"],
            "OPENAI_API_KEY": make_key(),
            "NODE_MODULES": str(node_modules),
            "NODE_NO_WARNINGS": "1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "ok\n"), ran.stderr
