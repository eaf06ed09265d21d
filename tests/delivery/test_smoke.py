"""The smoke test of a deployment, against gateways that are well and gateways that are not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.delivery.actions_runner import Runner


class TestSmoke:
    KEY = "sk-cp-a-key-nobody-may-see"
    asked: list[str]  # the models

    @pytest.fixture
    def gateway(self) -> Iterator[tuple[str, list[Callable[[str], tuple[int, Any]]]]]:
        """A gateway that answers by the last function of the list."""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                status, answer = script[0](self.path)
                if self.path != "/health":
                    assert self.headers["Authorization"] == f"Bearer {TestSmoke.KEY}"
                if self.path == "/v1/chat/completions":
                    asked.append(json.loads(body)["model"])
                if len(script) > 1:
                    script.pop(0)
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *args: Any) -> None:
                """Silence."""

        script: list[Callable[[str], tuple[int, Any]]] = [_healthy]
        asked: list[str] = []
        self.asked = asked
        httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}", script
        httpd.shutdown()
        httpd.server_close()

    def run(
        self,
        runner: Runner,
        url: str,
        effective_timeouts: str = "5",
        model: str = "gpt-6-luna",
    ) -> Any:
        runner.aws |= {"get-parameter": {"stdout": f"{self.KEY}\n"}} | runner.aws
        return runner(
            "smoke",
            URL=url,
            KEY_PARAMETER="/llm-cp/sandbox/smoke-key",
            MODEL=model,
            SMOKE_PATIENCE_SECONDS=effective_timeouts,
        )

    def test_health_and_a_completion(self, runner: Runner, gateway: Any) -> None:
        done = self.run(runner, gateway[0])
        assert (done.returncode, done.stderr) == (0, "")
        assert "health: ok" in done.stdout
        assert "completion: ok, gpt-6-luna" in done.stdout
        assert done.stdout.count(self.KEY) == 1, "only where the runner is told to mask it"
        assert self.asked == ["gpt-6-luna"]

    def test_without_a_name_the_first_model_that_answers_will_do(
        self, runner: Runner, gateway: Any
    ) -> None:
        listed = {"data": [{"id": "text-embedding-3-small"}, {"id": "claude-haiku-5-5"}]}
        unfit = {"error": {"code": "unsupported_parameter"}}
        gateway[1][:] = [_healthy, lambda _: (200, listed), lambda _: (400, unfit), _healthy]
        done = self.run(runner, gateway[0], model="")
        assert (done.returncode, done.stderr) == (0, "")
        assert self.asked == ["text-embedding-3-small", "claude-haiku-5-5"]

    def test_a_stage_without_models_is_told_what_is_missing(
        self, runner: Runner, gateway: Any
    ) -> None:
        gateway[1][:] = [_healthy, lambda _: (200, {"data": []})]
        done = self.run(runner, gateway[0], model="")
        assert done.returncode == 1
        assert "has no model for this key: a route is missing" in done.stderr

    def test_what_passes_is_asked_again(self, runner: Runner, gateway: Any) -> None:
        gateway[1].insert(0, lambda _: (503, {"error": {"code": "service_unavailable"}}))
        assert self.run(runner, gateway[0]).returncode == 0

    def test_a_refusal_fails_at_once_and_names_its_code(self, runner: Runner, gateway: Any) -> None:
        gateway[1][:] = [_healthy, lambda _: (401, {"error": {"code": "invalid_api_key"}})]
        done = self.run(runner, gateway[0])
        assert done.returncode == 1
        assert "/v1/chat/completions answered 401 invalid_api_key" in done.stderr

    def test_a_200_that_is_no_completion_fails(self, runner: Runner, gateway: Any) -> None:
        gateway[1][:] = [_healthy, lambda _: (200, {})]
        done = self.run(runner, gateway[0])
        assert (done.returncode, done.stderr) == (1, "::error::The completion is none.\n")

    def test_no_gateway_fails_when_patience_ends(self, runner: Runner) -> None:
        done = self.run(runner, "http://127.0.0.1:9", effective_timeouts="0.2")
        assert done.returncode == 1
        assert "http://127.0.0.1:9/health did not answer: URLError" in done.stderr

    def test_no_key_is_one_sentence(self, runner: Runner, gateway: Any) -> None:
        runner.aws = {"get-parameter": {"code": 254, "stderr": "ParameterNotFound"}}
        done = self.run(runner, gateway[0])
        assert done.returncode == 1
        assert "/llm-cp/sandbox/smoke-key does not give an API key" in done.stderr


def _healthy(path: str) -> tuple[int, Any]:
    if path == "/health":
        return 200, {"status": "ok"}
    return 200, {"object": "chat.completion", "model": "gpt-6-luna", "choices": [{}], "usage": {}}
