"""`python -m controlplane.local`, started and stopped as a user does."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from controlplane.local.children import free_port
from controlplane.local.environment import read_env

from .processes import Process, environment, running, wait_until

CHILDREN = {"postgres", "valkey-server", "emulator", "simulator", "function", "server"}


class Run:
    """A supervisor in a folder."""

    def __init__(self, folder: Path, port: int, env: Mapping[str, str]) -> None:
        self.folder, self.port = folder, port
        self.seen: set[Process] = set()
        self._output = folder / "output"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "controlplane.local", "--port", str(port)],
                cwd=folder,
                env=environment(**env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def env(self) -> dict[str, str]:
        return read_env(self.folder / ".local" / "env")

    def wait_for(self, text: str, *, seconds: float = 60.0) -> None:
        """Until the output has `text`; fails where the process ends before."""
        wait_until(lambda: text in self.output or self.process.poll() is not None, seconds=seconds)
        assert text in self.output, self.output

    def children(self) -> set[Process]:
        """The processes it started; whatever is left of them is killed in the end."""
        found = {process for process in running() if process.parent == self.process.pid}
        self.seen |= found
        return found

    def chat(self) -> httpx.Response:
        return httpx.post(
            f"{self.env['OPENAI_BASE_URL']}/chat/completions",
            json={"model": "gpt-6-luna", "messages": [{"role": "user", "content": "Hello"}]},
            headers={"Authorization": f"Bearer {self.env['OPENAI_API_KEY']}"},
            timeout=20,
        )


@contextmanager
def run(folder: Path, port: int | None = None, **env: str) -> Iterator[Run]:
    """Start one; whatever a test leaves behind is killed."""
    started = Run(folder, port or free_port(), env)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.children()
            started.process.kill()
            started.process.wait()
        for process in left(started.seen):
            os.kill(process.pid, signal.SIGKILL)


def left(processes: set[Process]) -> set[Process]:
    """Those that still run, under whatever parent."""
    alive = {(process.pid, process.name) for process in running()}
    return {process for process in processes if (process.pid, process.name) in alive}


def test_a_life(tmp_path: Path) -> None:
    # A shell that sourced .local/env of another run: none of it is the gateway's.
    shell = {"OPENAI_API_KEY": "sk-cp-of-a-caller", "DATABASE_URL": "postgresql://elsewhere/x"}
    with run(tmp_path, None, **shell) as first:
        first.wait_for("Ready in")
        first_env = first.env
        for name in ("env", "gateway.env", "secrets.env"):
            assert stat.S_IMODE((tmp_path / ".local" / name).stat().st_mode) == 0o600
        gateway_env = read_env(tmp_path / ".local" / "gateway.env")
        assert gateway_env["OPENAI_API_KEY"] == "sk-simulator"
        assert first.chat().status_code == 200
        _pasted_curl_answers(first)
        _lambda_invoke_works(first_env["LLM_CP_URL"])
        _a_second_one_is_refused(first)
        children = first.children()
        assert {child.name for child in children} == CHILDREN
        first.process.send_signal(signal.SIGINT)
        assert first.process.wait(15) == 0
        assert first.output.endswith("Stopping ...\nStopped.\n")
        assert "Traceback" not in first.output
        assert not left(children)

    with run(tmp_path) as second:
        second.wait_for("Ready in", seconds=30)
        assert "same API keys" in second.output
        for name in ("OPENAI_API_KEY", "LLM_CP_ADMIN_TOKEN", "LLM_CP_ADMIN_PASSWORD"):
            assert second.env[name] == first_env[name]
        assert second.chat().status_code == 200
        children = second.children()
        (simulator,) = (child.pid for child in children if child.name == "simulator")
        os.kill(simulator, signal.SIGKILL)
        assert second.process.wait(15) == 1
        assert "The provider simulator ended unexpectedly (exit code -9)" in second.output
        assert "Traceback" not in second.output
        assert not left(children)


def _pasted_curl_answers(stack: Run) -> None:
    command = stack.output.partition("Try it:\n\n")[2].partition("\n\n")[0]
    assert "sk-cp-" not in stack.output
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert '"object":"chat.completion"' in done.stdout


def _lambda_invoke_works(url: str) -> None:
    client: Any = boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    answer = client.invoke(FunctionName="llm-cp", Payload=b'{"type": "user-migration"}')
    assert (answer["StatusCode"], answer.get("FunctionError")) == (200, None)
    answer = client.invoke(FunctionName="llm-cp", Payload=b'{"type": "nonsense"}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="other")


def _a_second_one_is_refused(stack: Run) -> None:
    command = [sys.executable, "-m", "controlplane.local", "--port", str(stack.port)]
    again = subprocess.run(
        command, cwd=stack.folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == (
        f"The local stack of this folder runs already (process {stack.process.pid}); "
        "stop it first, or start from another folder.\n"
    )


def test_a_port_in_use_is_one_sentence_and_starts_nothing(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with run(tmp_path, port) as refused:
            assert refused.process.wait(20) == 1
    assert refused.output == (
        f"Port {port} is already in use; stop what runs there or choose another: "
        "make run PORT=8081\n"
    )
    assert os.listdir(tmp_path / ".local") == ["lock"]


def test_a_bad_dotenv_is_one_sentence_and_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AZURE_OPENAI_API_KEY=key\n")
    with run(tmp_path) as refused:
        assert refused.process.wait(20) == 1
    assert refused.output.startswith("AZURE_OPENAI_ENDPOINT is not set")
    assert refused.output.count("\n") == 1
    assert os.listdir(tmp_path / ".local") == ["lock"]


def test_a_signal_during_the_start_stops_everything(tmp_path: Path) -> None:
    with run(tmp_path) as interrupted:
        interrupted.wait_for("PostgreSQL")
        children = interrupted.children()
        assert children
        interrupted.process.send_signal(signal.SIGTERM)
        assert interrupted.process.wait(15) == 0
        assert interrupted.output.endswith("Stopping ...\nStopped.\n")
        assert "Ready in" not in interrupted.output
        assert not left(children)


def test_a_killed_supervisor_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    with run(tmp_path) as killed:
        killed.wait_for("Ready in")
        children = killed.children()
        key = killed.env["OPENAI_API_KEY"]
        killed.process.kill()
        killed.process.wait()
        stores = {child for child in children if child.name in ("postgres", "valkey-server")}
        wait_until(lambda: left(children) == stores, seconds=10)
        with run(tmp_path, killed.port) as next_run:
            next_run.wait_for("Ready in")
            assert not left(children)
            assert next_run.env["OPENAI_API_KEY"] == key
            assert next_run.chat().status_code == 200
