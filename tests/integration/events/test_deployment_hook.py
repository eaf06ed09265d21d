"""CodeDeploy's hook under Lambda's own runtime client, against a server that takes its answers."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url
from tests.runtime_api import Function, running

from controlplane.adapters.postgres.migrations import _LOCK_KEY

ROOT = Path(__file__).parents[3]
HEAD = max(file.name[:4] for file in ROOT.glob("migrations/versions/0*.py"))
EVENT = {"DeploymentId": "d-ABCDEF123", "LifecycleEventHookExecutionId": "eyJlbmNyeXB0ZWREYXRhIjoi"}
OPERATION = "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus"


@dataclass
class CodeDeployServer:
    """What the function told CodeDeploy; `status` is how the server answers."""

    url: str
    told: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200


@pytest.fixture
def codedeploy(run_directory: Path) -> Iterator[CodeDeployServer]:
    """It records what it was asked, as the emulator does, which has no CodeDeploy."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["X-Amz-Target"] == OPERATION
            call = {"service": "codedeploy", "operation": OPERATION.rpartition(".")[2]}
            row = {"key": "function", **call, "resource": ""}
            (run_directory / "calls-codedeploy").write_text(json.dumps(row))
            server.told.append(json.loads(body))
            self.send_response(server.status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:
            """Silence."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = CodeDeployServer(f"http://127.0.0.1:{httpd.server_port}")
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield server
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def more_env() -> dict[str, str]:
    return {}


@pytest.fixture
def started(
    codedeploy: CodeDeployServer, database_url: str, more_env: dict[str, str], tmp_path: Path
) -> Iterator[Function]:
    env = {
        "LLM_CP_STAGE": "local",
        "LLM_CP_KEY_PEPPER": "a pepper of the tests, at least 32 characters",
        "DATABASE_URL": database_url,
        "REDIS_URL": "redis://127.0.0.1:9",
        "AUDIT_QUEUE_URL": "http://127.0.0.1:9/000000000000/audit",
        "AUDIT_BUCKET": "audit",
        "AWS_ENDPOINT_URL": codedeploy.url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "function",
        "AWS_SECRET_ACCESS_KEY": "testing",
        **more_env,
    }
    handler = "controlplane.lambda_handler.handler"
    with running(handler, env, tmp_path / "log", python_path=str(ROOT / "src")) as function:
        function.wait_ready()
        yield function


@pytest.fixture
def database_url(empty_url: str) -> str:
    return empty_url


def _told(status: str) -> dict[str, str]:
    return {
        "deploymentId": EVENT["DeploymentId"],
        "lifecycleEventHookExecutionId": EVENT["LifecycleEventHookExecutionId"],
        "status": status,
    }


def _revision(url: str) -> str | None:
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return row[0] if row else None


def test_migrates_and_lets_the_traffic_through(
    codedeploy: CodeDeployServer, started: Function, empty_url: str
) -> None:
    for before in (None, HEAD):
        outcome = started.invoke(EVENT)
        assert not outcome.error, started.log()
        assert outcome.payload == {
            "ok": True,
            "type": "deployment-hook",
            "status": "Succeeded",
            "from_revision": before,
            "to_revision": HEAD,
        }
    assert codedeploy.told == [_told("Succeeded")] * 2
    assert _revision(empty_url) == HEAD


class TestTheWayBack:
    """Of docs/RUNBOOK.md: the next release has migrated, and this one serves again."""

    @pytest.fixture
    def more_env(self, clean_redis: str) -> dict[str, str]:
        return {"REDIS_URL": clean_redis}

    def test_the_release_before_comes_back(
        self, codedeploy: CodeDeployServer, started: Function, empty_url: str
    ) -> None:
        assert not started.invoke(EVENT).error
        with psycopg.connect(empty_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE of_the_next_release (id bigint PRIMARY KEY)")
            connection.execute("ALTER TABLE request_logs ADD COLUMN of_the_next_release text")
            connection.execute(
                "ALTER TABLE model_routes ADD COLUMN next_one text NOT NULL DEFAULT ''"
            )
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        outcome = started.invoke(EVENT)
        assert outcome.payload["status"] == "Succeeded", started.log()
        assert outcome.payload["from_revision"] == outcome.payload["to_revision"] == "9999"
        assert codedeploy.told[-1] == _told("Succeeded")
        seeded = started.invoke({"type": "user-seeder"})
        assert not seeded.error, started.log()
        assert seeded.payload["ok"] is True, "it writes to the tables as it knows them"
        assert _revision(empty_url) == "9999"


class TestAnAuroraThatSleeps:
    """Refuses connections until it is awake."""

    @pytest.fixture
    def database_url(self, empty_url: str) -> Iterator[str]:
        with _waking(empty_url, after_seconds=4) as url:
            yield url

    @pytest.fixture
    def more_env(self) -> dict[str, str]:
        return {"LLM_CP_DATABASE_PAUSES": "1"}

    def test_is_waited_for(self, codedeploy: CodeDeployServer, started: Function) -> None:
        outcome = started.invoke(EVENT)
        assert outcome.payload["status"] == "Succeeded", started.log()
        assert codedeploy.told == [_told("Succeeded")]


@contextmanager
def _waking(url: str, *, after_seconds: float) -> Iterator[str]:
    """The address of a door that opens to the database at `url` when the time has passed."""
    parsed = make_url(url)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    stop = threading.Event()

    def serve() -> None:
        stop.wait(after_seconds)
        with socket.create_server(("127.0.0.1", port)) as door:
            door.settimeout(0.2)
            while not stop.is_set():
                try:
                    inside, _ = door.accept()
                except TimeoutError:
                    continue
                inside.setblocking(True)
                outside = socket.create_connection((parsed.host, parsed.port))
                for one, other in ((inside, outside), (outside, inside)):
                    threading.Thread(target=_pump, args=(one, other), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield parsed.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    stop.set()
    thread.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class TestNoDatabase:
    @pytest.fixture
    def database_url(self) -> str:
        return "postgresql://user:a-password-nobody-may-see@127.0.0.1:9/db"

    def test_fails_the_deployment_and_says_why(
        self, codedeploy: CodeDeployServer, started: Function
    ) -> None:
        outcome = started.invoke(EVENT)
        assert not outcome.error, "an error would make Lambda run the hook again"
        assert outcome.payload == {"ok": False, "status": "Failed"}
        assert codedeploy.told == [_told("Failed")]
        assert "postgresql did not answer" in started.log()
        assert "a-password-nobody-may-see" not in started.log()


def test_a_migration_that_breaks_fails_the_deployment_without_its_message(
    codedeploy: CodeDeployServer, started: Function, empty_url: str
) -> None:
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE organizations (a_name_nobody_may_see int)")
    outcome = started.invoke(EVENT)
    assert outcome.payload == {"ok": False, "status": "Failed"}
    assert codedeploy.told == [_told("Failed")]
    assert _revision(empty_url) is None
    assert "The migration broke with ProgrammingError" in started.log()
    assert "already exists" not in started.log()


def test_a_migration_that_takes_too_long_fails_the_deployment_in_time(
    codedeploy: CodeDeployServer, started: Function, empty_url: str
) -> None:
    started.deadline_seconds = 15.0
    with psycopg.connect(empty_url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK_KEY,))
        outcome = started.invoke(EVENT, timeout=15.0)
    assert outcome.payload == {"ok": False, "status": "Failed"}
    assert codedeploy.told == [_told("Failed")]
    assert re.search(r"The migration did not end within \d+ s\.", started.log())


def test_an_answer_that_codedeploy_does_not_take_is_an_error(
    codedeploy: CodeDeployServer, started: Function
) -> None:
    codedeploy.status = 400
    outcome = started.invoke(EVENT)
    assert outcome.error
    assert outcome.payload["errorType"] == "Unreachable"
    assert "codedeploy did not answer" in outcome.payload["errorMessage"]


@pytest.mark.parametrize(
    "event",
    [
        {"DeploymentId": "d-1"},
        {"LifecycleEventHookExecutionId": "x"},
        {**EVENT, "DeploymentId": 1},
        {**EVENT, "type": "no-such"},
    ],
)
def test_half_a_hook_is_an_unknown_event(
    codedeploy: CodeDeployServer, started: Function, event: dict[str, Any]
) -> None:
    outcome = started.invoke(event)
    assert outcome.error
    assert outcome.payload["errorType"] == "UnknownEvent"
    assert codedeploy.told == []
