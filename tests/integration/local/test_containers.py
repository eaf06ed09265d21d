"""The steps of docker-compose.yml, with its own commands, on stores that run here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import yaml

from controlplane.local.children import free_port
from controlplane.local.environment import read_env
from controlplane.local.stores import StoreServers

from .processes import ROOT, environment, serving

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def setup(state: Path, stores: StoreServers, url: str, simulator_url: str) -> str:
    """Run the service `setup`; answers its output."""
    place = urlsplit(stores.postgres.admin_url)
    here = {
        "--state=/state": f"--state={state}",
        "--postgres=postgres:5432": f"--postgres=127.0.0.1:{place.port}",
        "--redis-url=redis://redis:6379/0": f"--redis-url={stores.valkey.url}",
        "--aws-endpoint-url=http://moto:5000": f"--aws-endpoint-url={stores.aws.endpoint_url}",
        "--url=http://127.0.0.1:${PORT:-8080}": f"--url={url}",
        "--simulator-url=http://127.0.0.1:8090": f"--simulator-url={simulator_url}",
    }
    program, *arguments = COMPOSE["setup"]["command"]
    assert program == "python"
    replaced = [here.pop(argument, argument) for argument in arguments]
    assert not here
    # The container of PostgreSQL asks for no password; the server of the tests does.
    env = environment(PGPASSWORD=str(place.password))
    env.pop("OPENAI_API_KEY", None)
    done = subprocess.run(
        [sys.executable, *replaced], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_setup_then_gateway(tmp_path: Path) -> None:
    simulator_port, port = free_port(), free_port()
    url, simulator_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{simulator_port}"
    state = tmp_path / "state"
    state.mkdir()
    stores = StoreServers(tmp_path)
    try:
        stores.start(environment())
        list(stores.wait_ready())
        with psycopg.connect(
            stores.postgres.admin_url.replace("/llm_cp", "/postgres"), autocommit=True
        ) as connection:
            connection.execute("DROP DATABASE llm_cp")
            connection.execute("DROP ROLE llm_cp")
        assert "new API keys" in setup(state, stores, url, simulator_url)
        env = read_env(state / "env")
        output = setup(state, stores, url, simulator_url)
        assert "same API keys" in output
        assert read_env(state / "env") == env
        assert env["OPENAI_API_KEY"] not in output
        server_env = environment(
            **read_env(state / "gateway.env"), **COMPOSE["gateway"]["environment"]
        )
        with (
            serving("simulator", simulator_port, env=environment()),
            serving("server", port, env=server_env),
        ):
            answer = httpx.post(
                f"{env['OPENAI_BASE_URL']}/chat/completions",
                json={"model": "gpt-5.5", "messages": [{"role": "user", "content": "Hello"}]},
                headers={"Authorization": f"Bearer {env['OPENAI_API_KEY']}"},
                timeout=20,
            )
            assert answer.status_code == 200, answer.text
    finally:
        stores.stop()


def test_every_command_is_a_module_of_the_local_stack() -> None:
    for name in ("setup", "gateway", "function", "simulator"):
        words = " ".join(COMPOSE[name]["command"]).split()
        module = words[words.index("-m") + 1]
        done = subprocess.run(
            [sys.executable, "-m", module, "--help"],
            env=environment(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        for word in words[words.index("-m") + 2 :]:
            if word.startswith("--"):
                assert word.partition("=")[0].encode() in done.stdout
