"""Coding agents work unchanged with a base URL and a key, with every provider."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.conftest import MakeKey, Stack

PROMPT = "Say hello"


@dataclass(frozen=True)
class Access:
    """What an agent is told: the address, a key, and a model that one provider answers."""

    base_url: str
    key: str
    model: str


@pytest.fixture(params=["openai", "azure", "anthropic"])
def access(
    stack: Stack,
    make_key: MakeKey,
    models: Mapping[str, str],
    request: pytest.FixtureRequest,
) -> Iterator[Access]:
    """To each provider in turn, which has been called in the end."""
    provider: str = request.param
    before = stack.calls(provider)
    yield Access(stack.env["OPENAI_BASE_URL"], make_key(), models[provider])
    assert stack.calls(provider) > before


def run(command: list[str], folder: Path) -> str:
    """What an agent says, started in `folder`; its home is in there, not the developer's."""
    home = {
        "HOME": str(folder / "home"),
        "XDG_DATA_HOME": str(folder / "home" / "data"),
        "PWD": str(folder),  # OpenCode believes it more than the folder that it is in
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def repeats_the_prompt(said: str) -> bool:
    """True for the simulator's answer; some agents put the prompt in quotes."""
    return f"The last user said: {PROMPT}" in said.replace('"', "")


def test_opencode(node_modules: Path, access: Access, tmp_path: Path) -> None:
    """https://opencode.ai/docs/providers, "Custom provider"."""
    model = access.model
    own = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": access.base_url, "apiKey": access.key},
        "models": {model: {"name": model, "limit": {"context": 200_000, "output": 8_192}}},
    }
    chosen = {"model": f"gateway/{model}", "small_model": f"gateway/{model}"}
    config = {"autoupdate": False, "share": "disabled", **chosen, "provider": {"gateway": own}}
    (tmp_path / "opencode.json").write_text(json.dumps(config))
    # Its own command is made by a script of its package, and no script runs here.
    program = str(min(node_modules.glob("opencode-*/bin/opencode")))
    assert repeats_the_prompt(run([program, "run", PROMPT], tmp_path))


def test_cline(node_modules: Path, access: Access, tmp_path: Path) -> None:
    """https://docs.cline.bot/provider-config/openai-compatible"""
    program = str(node_modules / ".bin" / "cline")
    place = ["--data-dir", str(tmp_path / "cline"), "-c", str(tmp_path)]
    told = ["-k", access.key, "-b", access.base_url, "-m", access.model]
    run([program, "auth", "openai", *told, *place], tmp_path)
    options = ["-P", "openai", "-m", access.model, "--json", "--retries", "1"]
    said = run([program, *options, *place, PROMPT], tmp_path)
    result = json.loads(said.strip().splitlines()[-1])
    assert result["finishReason"] == "completed"
    assert repeats_the_prompt(result["text"])
    assert result["usage"]["inputTokens"] > 1_000
