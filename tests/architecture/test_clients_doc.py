"""What docs/CLIENTS.md tells people to set is what the tests set."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from controlplane.policy.document import parse_policy

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "CLIENTS.md").read_text()
AGENTS = (ROOT / "tests" / "e2e" / "test_coding_agents.py").read_text()


@pytest.mark.parametrize(
    "setting",
    [
        *re.findall(r"\b(ANTHROPIC_\w+)=", AGENTS),
        *re.findall(r"\b(model_provider|wire_api|env_key|base_url) =", AGENTS),
        *re.findall(r'opencode\("(@[\w/-]+)"\)', AGENTS),
        *("baseURL", "apiKey", "cline auth openai"),
    ],
)
def test_a_setting_of_the_tests_is_documented(setting: str) -> None:
    assert setting in TEXT


def test_every_package_that_is_tried_is_named() -> None:
    packages = json.loads((ROOT / "tests" / "e2e" / "package.json").read_text())["dependencies"]
    named = {
        "@anthropic-ai/claude-code": "Claude Code",
        "@anthropic-ai/sdk": "Anthropic's packages",
        "@openai/agents": "OpenAI Agents SDK",
        "@openai/codex": "Codex",
        "ai": "Vercel AI SDK",
        "cline": "Cline",
        "openai": "OpenAI's packages",
        "opencode-ai": "OpenCode",
        "zod": None,
    }
    for package in packages:
        wanted = named.get(package, package)
        assert wanted is None or wanted in TEXT, package


def test_the_recipe_is_a_policy() -> None:
    (recipe,) = (
        block
        for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
        if '"screening"' in block
    )
    assert parse_policy(json.loads(recipe))["cost_caps"][0].fit is True
