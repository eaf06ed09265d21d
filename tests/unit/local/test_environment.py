"""Which keys and addresses reach which process."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from controlplane.errors import ConfigurationError
from controlplane.local.environment import (
    FROM_DOTENV,
    cleaned,
    provider_environment,
    read_env,
    write_env,
)
from controlplane.local.stack import read_dotenv
from controlplane.providers.registry import KINDS

SIMULATOR = "http://127.0.0.1:8090"


def test_what_a_shell_carries_does_not_reach_the_stack() -> None:
    shell = {
        "PATH": "/bin",
        "OPENAI_API_KEY": "sk-cp-of-a-caller",
        "OPENAI_BASE_URL": "http://127.0.0.1:8080/v1",
        "DATABASE_URL": "postgresql://elsewhere",
        "AWS_PROFILE": "production",
        "PGOPTIONS": "-c x=y",
        "LLM_CP_STAGE": "prod",
    }
    assert cleaned(shell) == {
        "PATH": "/bin",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
    assert cleaned({"NO_PROXY": "intranet"})["NO_PROXY"] == "intranet,127.0.0.1,localhost"


def test_without_keys_all_providers_are_simulated() -> None:
    environment, kinds = provider_environment({}, SIMULATOR)
    assert kinds == dict.fromkeys(KINDS, "simulated")
    assert (
        environment.items()
        >= {
            "OPENAI_API_KEY": "sk-simulator",
            "LLM_CP_OPENAI_URL": f"{SIMULATOR}/openai/v1",
            "AZURE_OPENAI_API_KEY": "sk-simulator",
            "LLM_CP_AZURE_URL": f"{SIMULATOR}/azure",
            "ANTHROPIC_API_KEY": "sk-simulator",
            "LLM_CP_ANTHROPIC_URL": f"{SIMULATOR}/anthropic",
        }.items()
    )
    assert environment.keys() <= FROM_DOTENV


def test_a_key_makes_its_provider_real() -> None:
    dotenv = {"OPENAI_API_KEY": "sk-real", "ANTHROPIC_API_KEY": "sk-ant"}
    environment, kinds = provider_environment(dotenv, SIMULATOR)
    real = {"openai": "real", "anthropic": "real"}
    assert kinds == {name: real.get(name, "simulated") for name in KINDS}
    assert environment["OPENAI_API_KEY"] == "sk-real"
    assert "LLM_CP_OPENAI_URL" not in environment


@pytest.mark.parametrize(
    ("dotenv", "named"),
    [
        ({"LLM_CP_OPENAI_URL": "https://other/v1"}, "OPENAI_API_KEY is not set in .env"),
        ({"AZURE_OPENAI_API_KEY": "k"}, "AZURE_OPENAI_ENDPOINT is not set"),
        ({"OPENAI_API_KEY": "k", "LLM_CP_OPENAI_URL": "http://other/v1"}, "https://"),
        ({"LLM_CP_PROVIDERS": "{"}, "LLM_CP_PROVIDERS must be JSON"),
    ],
)
def test_a_half_filled_file_is_one_sentence(dotenv: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        provider_environment(dotenv, SIMULATOR)


def test_only_providers_are_read_from_dotenv(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    assert read_dotenv(file) == ({}, [])
    file.write_text(
        "# keys\nOPENAI_API_KEY='sk-$HOME'\nANTHROPIC_API_KEY=\n"
        "DATABASE_URL=postgresql://mine\nexport AZURE_OPENAI_ENDPOINT=https://x\n"
    )
    values, unread = read_dotenv(file)
    assert values == {"OPENAI_API_KEY": "sk-$HOME", "AZURE_OPENAI_ENDPOINT": "https://x"}
    assert unread == ["DATABASE_URL"]


def test_a_shell_reads_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "env"
    values = {"PLAIN": "http://127.0.0.1:1/v1", "ODD": "a b&c?'d'$HOME"}
    file.touch(mode=0o644)
    write_env(file, values)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "PLAIN=http://127.0.0.1:1/v1\n" in file.read_text()
    assert read_env(file) == values
    script = f'. {file}; printf "%s\\n%s" "$PLAIN" "$ODD"'
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout == "\n".join(values.values())
