"""The npm package `openai` works unchanged with every provider."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.e2e.conftest import MakeKey, Stack


@pytest.mark.parametrize("provider", ["openai", "azure", "anthropic"])
def test_node(
    node_modules: Path, stack: Stack, make_key: MakeKey, models: Mapping[str, str], provider: str
) -> None:
    node = shutil.which("node")
    assert node is not None
    ran = subprocess.run(
        [node, Path(__file__).with_name("openai_node.mjs"), models[provider], provider],
        env=os.environ
        | {
            "OPENAI_BASE_URL": stack.env["OPENAI_BASE_URL"],
            "OPENAI_API_KEY": make_key(),
            "NODE_MODULES": str(node_modules),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "ok\n"), ran.stderr
