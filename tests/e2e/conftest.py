"""The local stack as a user starts it, one for all end-to-end tests, in a folder of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
import orjson
import psycopg
import pytest

from controlplane.domain.keys import KeyHasher

ROOT = Path(__file__).parents[2]


@dataclass
class Stack:
    """A running local stack."""

    folder: Path
    env: Mapping[str, str]
    gateway_env: Mapping[str, str]
    admin: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        token = self.env["LLM_CP_ADMIN_TOKEN"]
        self.admin = httpx.Client(
            base_url=self.env["LLM_CP_URL"], headers={"Authorization": f"Bearer {token}"}
        )

    @property
    def url(self) -> str:
        """Where the gateway listens."""
        return self.env["LLM_CP_URL"]

    def aws(self, service: str, endpoint: str | None = None) -> Any:
        """A boto3 client of the emulated AWS."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=endpoint or self.env["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def invoke(self, event: Any) -> tuple[Any, str | None]:
        """`aws lambda invoke`: the answer, and FunctionError if there is one."""
        reply = self.aws("lambda", self.url).invoke(
            FunctionName="llm-cp", Payload=orjson.dumps(event)
        )
        return orjson.loads(reply["Payload"].read()), reply.get("FunctionError")

    def record(self, request_id: str, *, seconds: float = 5.0) -> dict[str, Any]:
        """The audit record, which is there within `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            response = self.admin.get(f"/admin/v1/requests/{request_id}")
            if response.status_code == 200:
                found: dict[str, Any] = response.json()
                return found
            assert response.status_code == 404, response.text
            assert time.monotonic() < deadline, f"no record of {request_id} after {seconds} s"
            time.sleep(0.1)

    def simulate(self, provider: str, fault: Mapping[str, Any], times: int | None = None) -> None:
        """Let the simulator fail."""
        body = {"provider": provider, "fault": fault, "times": times}
        httpx.put(f"{self.env['LLM_CP_SIMULATOR_URL']}/faults", json=body).raise_for_status()

    def calls(self, provider: str) -> int:
        """How often the simulator was called as `provider`."""
        report = httpx.get(f"{self.env['LLM_CP_SIMULATOR_URL']}/calls").json()
        count: int = report[provider]["count"]
        return count


@pytest.fixture(scope="session")
def stack(run_directory: Path) -> Iterator[Stack]:
    """Start it as `make run` does, and stop it as Ctrl-C does.

    Not below pytest's own folder: PostgreSQL runs as another user when root runs the tests, and
    every start of pytest shuts that folder to others.
    """
    with tempfile.TemporaryDirectory(prefix="llm-cp-", ignore_cleanup_errors=True) as folder:
        yield from _running(Path(folder))
        shutil.copy(Path(folder, ".local", "aws", "calls"), run_directory / f"calls-{os.getpid()}")


def _running(folder: Path) -> Iterator[Stack]:
    port = free_port()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "controlplane.local", "--port", str(port)],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/health/ready?database=true", process, folder / "output")
        yield Stack(
            folder, read_env(folder / ".local/env"), read_env(folder / ".local/gateway.env")
        )
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, (folder / "output").read_text()


@pytest.fixture(autouse=True)
def _no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test leaves a fault behind."""
    yield
    if "stack" in request.fixturenames:
        running: Stack = request.getfixturevalue("stack")
        httpx.delete(f"{running.env['LLM_CP_SIMULATOR_URL']}/faults")


@pytest.fixture(scope="session")
def models(stack: Stack) -> Mapping[str, str]:
    """For each provider a model name that it answers as long as nothing fails."""
    # Not GPT-6: it takes no tools over chat completions.
    targets = [{"provider": "azure", "model": "gpt-5.5", "weight": 1}]
    with psycopg.connect(stack.env["DATABASE_URL"]) as connection:
        connection.execute(
            "INSERT INTO model_routes (org_id, alias, strategy, targets)"
            " VALUES ('org-default', 'azure-only', 'priority', %s)",
            (orjson.dumps(targets).decode(),),
        )
    answer, error = stack.invoke({"type": "policy-cache-refresh"})
    assert error is None, answer
    return {
        "openai": "gpt-5.5",
        "responses-only": "gpt-6-luna",
        "azure": "azure-only",
        "anthropic": "claude-sonnet-5-5",
    }


MakeKey = Callable[..., str]


@pytest.fixture
def make_key(stack: Stack) -> MakeKey:
    """A new application with a policy of its own, and a key for it."""

    def make(role: str = "service", **policy: Any) -> str:
        key, name = KeyHasher.generate(), uuid.uuid4().hex
        hashed = KeyHasher(stack.gateway_env["LLM_CP_KEY_PEPPER"]).hash(key)
        with psycopg.connect(stack.env["DATABASE_URL"]) as connection:
            connection.execute(
                "INSERT INTO applications (org_id, id, name) VALUES ('org-default', %s, %s)",
                (f"app-{name}", name),
            )
            connection.execute(
                "INSERT INTO api_keys (id, org_id, application_id, name, role, key_hash, prefix)"
                " VALUES (%s, 'org-default', %s, %s, %s, %s, %s)",
                (f"key-{name}", f"app-{name}", name, role, hashed, key[:12]),
            )
            connection.execute(
                "INSERT INTO policies (org_id, level, subject_id, version, document)"
                " VALUES ('org-default', 'application', %s, 1, %s)",
                (f"app-{name}", orjson.dumps(policy).decode()),
            )
        answer, error = stack.invoke({"type": "policy-cache-refresh"})
        assert error is None, answer
        return key

    return make


def chat(stack: Stack, key: str, **changes: Any) -> httpx.Response:
    """One plain chat request."""
    body = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "Say hello."}]}
    return httpx.post(
        f"{stack.url}/v1/chat/completions",
        content=orjson.dumps(body | changes),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        timeout=30,
    )


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(url: str, process: subprocess.Popen[bytes], output: Path) -> None:
    """Wait until `url` answers 200."""
    deadline = time.monotonic() + 90
    while True:
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < deadline, output.read_text()
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)


def read_env(path: Path) -> dict[str, str]:
    """A file of `NAME=value` lines for a shell."""
    lines = [line.partition("=") for line in path.read_text().splitlines() if "=" in line]
    return {name.removeprefix("export ").strip(): shlex.split(value)[0] for name, _, value in lines}


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The npm packages of `make test-clients`, which runs what only its environments can run."""
    if "NODE_MODULES" not in os.environ:
        pytest.skip("`make test-clients` tries langchain-openai, npm's openai and coding agents.")
    return Path(os.environ["NODE_MODULES"]).resolve()
