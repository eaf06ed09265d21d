"""Coding agents work unchanged with a base URL and a key, under the policy of a new organisation.

Each runs a command that the simulator asks for and tells of its output, with every target: with
those too that speak another protocol than the agent does.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.conftest import MakeKey, Stack

# As the seeder writes it.
DEFAULT_POLICY = {"screening": {"pii": "block", "secrets": "block"}}
SAYS = "hello-from-the-shell"
PROMPT = "Say hello"


@dataclass(frozen=True)
class Access:
    """What an agent is told: the address, a key, and a model that one provider answers."""

    url: str
    key: str
    model: str
    folder: Path
    node_modules: Path

    @property
    def openai_url(self) -> str:
        """As OpenAI's clients take it."""
        return f"{self.url}/v1"

    def run(self, *command: str, succeeds: bool = True, **env: str) -> str:
        """What an agent says, started in `folder`; its home is in there, not the developer's."""
        home = {
            "HOME": str(self.folder / "home"),
            "XDG_DATA_HOME": str(self.folder / "home" / "data"),
            "PWD": str(self.folder),  # OpenCode believes it more than the folder that it is in
        }
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | home | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode == 0) is succeeds, done.stdout + done.stderr
        return done.stdout + ("" if succeeds else done.stderr)

    def program(self, pattern: str) -> str:
        """One whose own command is made by a script of its package, and no script runs here."""
        return str(min(self.node_modules.glob(pattern)))


Agent = Callable[[Access, str], str]


def claude_code(access: Access, prompt: str, *, succeeds: bool = True) -> str:
    """https://code.claude.com/docs/en/llm-gateway"""
    said = access.run(
        access.program("@anthropic-ai/claude-code-*/claude"),
        *("-p", prompt, "--allowedTools", "Bash", "--output-format", "json"),
        succeeds=succeeds,
        ANTHROPIC_BASE_URL=access.url,
        ANTHROPIC_AUTH_TOKEN=access.key,
        ANTHROPIC_MODEL=access.model,
        ANTHROPIC_SMALL_FAST_MODEL=access.model,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
    )
    result: str = json.loads(said)["result"]
    return result


def codex(access: Access, prompt: str, *, succeeds: bool = True) -> str:
    """https://developers.openai.com/codex/config-advanced#custom-model-providers"""
    home = access.folder / "home" / ".codex"
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text(
        f'model = "{access.model}"\nmodel_provider = "gateway"\n\n'
        f'[model_providers.gateway]\nname = "Gateway"\nbase_url = "{access.openai_url}"\n'
        'env_key = "GATEWAY_KEY"\nwire_api = "responses"\n'
    )
    options = ("--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox")
    return access.run(
        access.program("@openai/codex-*/vendor/*/bin/codex"),
        *("exec", *options, prompt),
        succeeds=succeeds,
        GATEWAY_KEY=access.key,
    )


def opencode(package: str) -> Agent:
    """https://opencode.ai/docs/providers, "Custom provider", with the protocol of `package`."""

    def run(access: Access, prompt: str, *, succeeds: bool = True) -> str:
        own = {
            "npm": package,
            "options": {"baseURL": access.openai_url, "apiKey": access.key},
            "models": {access.model: {"name": access.model, "limit": LIMITS}},
        }
        name = f"gateway/{access.model}"
        config = {
            "autoupdate": False,
            "share": "disabled",
            "permission": {"bash": "allow"},
            "model": name,
            "small_model": name,
            "provider": {"gateway": own},
        }
        (access.folder / "opencode.json").write_text(json.dumps(config))
        return access.run(
            access.program("opencode-*/bin/opencode"),
            # It puts an argument with blanks in quotes.
            *("run", *prompt.split(" ")),
            succeeds=succeeds,
        )

    return run


LIMITS = {"context": 200_000, "output": 8_192}
OPENCODE_PROMPT = f'call bash {{"command":"echo\\u0020{SAYS}","description":"Greets"}}'
AGENTS: Mapping[str, tuple[Agent, str]] = {
    "claude-code": (claude_code, f'call Bash {{"command": "echo {SAYS}"}}'),
    "codex": (codex, f'call exec_command {{"cmd": "echo {SAYS}"}}'),
    "opencode-chat": (
        opencode("@ai-sdk/openai-compatible"),
        OPENCODE_PROMPT,
    ),
    "opencode-responses": (
        opencode("@ai-sdk/openai"),
        OPENCODE_PROMPT,
    ),
    "opencode-messages": (
        opencode("@ai-sdk/anthropic"),
        OPENCODE_PROMPT,
    ),
}


@pytest.fixture
def access_to(
    stack: Stack, make_key: MakeKey, models: Mapping[str, str], node_modules: Path, tmp_path: Path
) -> Callable[[str], Access]:
    """For each provider, what an agent is told."""

    def told(provider: str) -> Access:
        key = make_key(**DEFAULT_POLICY)
        return Access(stack.url, key, models[provider], tmp_path, node_modules)

    return told


@pytest.mark.parametrize("provider", ["openai", "responses-only", "azure", "anthropic"])
@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_runs_a_command(
    stack: Stack, access_to: Callable[[str], Access], name: str, provider: str
) -> None:
    if (name, provider) == ("codex", "responses-only"):
        pytest.skip("Codex offers GPT-6 another tool; see the test below.")
    called = "openai" if provider == "responses-only" else provider
    before = stack.calls(called)
    agent, prompt = AGENTS[name]
    said = agent(access_to(provider), prompt)
    assert "The tool said:" in said
    assert SAYS in said.partition("The tool said:")[2]
    assert stack.calls(called) >= before + 2


def test_codex_runs_a_script_with_gpt_6(access_to: Callable[[str], Access]) -> None:
    script = f'const r = await tools.exec_command({{cmd: "echo {SAYS}"}}); text(r.output);'
    said = codex(access_to("responses-only"), f"call exec {script}")
    assert SAYS in said.partition("The tool said:")[2]


@pytest.mark.parametrize("name", AGENTS)
def test_a_key_in_a_session_is_stopped_and_the_agent_says_where(
    access_to: Callable[[str], Access], name: str
) -> None:
    provider = "openai" if name in ("codex", "opencode-responses") else "anthropic"
    key = "ghp_" + "9aK2mQ7xZ4vB1nC8dE5fG0hJ3kL6pR" + "s2Tw4U"
    agent, _ = AGENTS[name]
    access = access_to(provider)
    try:
        said = agent(access, f"Use {key} to push.")
    except AssertionError as failed:  # some end with another status than 0
        said = str(failed)
    assert "holds data that the policy keeps inside" in said
    place = "input." if name in ("codex", "opencode-responses") else "messages."
    assert f"at '{place}" in said.replace('"', "'").replace("\\'", "'")


@pytest.mark.parametrize("provider", ["openai", "azure", "anthropic"])
def test_cline(access_to: Callable[[str], Access], provider: str) -> None:
    """https://docs.cline.bot/provider-config/openai-compatible"""
    access = access_to(provider)
    program = str(access.node_modules / ".bin" / "cline")
    place = ("--data-dir", str(access.folder / "cline"), "-c", str(access.folder))
    told = ("-k", access.key, "-b", access.openai_url, "-m", access.model)
    access.run(program, "auth", "openai", *told, *place)
    options = ("-P", "openai", "-m", access.model, "--json", "--retries", "1")
    said = access.run(program, *options, *place, PROMPT)
    result = json.loads(said.strip().splitlines()[-1])
    assert result["finishReason"] == "completed"
    # It puts the prompt in quotes.
    assert f"The last user said: {PROMPT}" in result["text"].replace('"', "")
    assert result["usage"]["inputTokens"] > 1_000


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_aider_edits_a_file(access_to: Callable[[str], Access], provider: str) -> None:
    """https://aider.chat/docs/llms/openai-compat.html"""
    access = access_to(provider)
    edited = access.folder / "hello.txt"
    edited.write_text("before\n")
    options = ("--edit-format", "whole", "--map-tokens", "0", "--no-git", "--yes-always")
    quiet = ("--no-check-update", "--analytics-disable", "--no-show-model-warnings")
    # The model says the message again, and so makes the edit that stands in it.
    message = f"\nhello.txt\n```\n{SAYS}\n```\n"
    access.run(
        str(Path(os.environ["AIDER"]).resolve()),
        *("--model", f"openai/{access.model}", *options, *quiet, "--message", message, "hello.txt"),
        OPENAI_API_BASE=access.openai_url,
        OPENAI_API_KEY=access.key,
    )
    assert edited.read_text() == f"{SAYS}\n"
