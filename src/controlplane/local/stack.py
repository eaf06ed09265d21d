"""The parts of the local stack, in the order in which they are started."""

from __future__ import annotations

import http.client
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from controlplane.local.children import Child, LocalStackError, Pause, free_port, is_listening
from controlplane.local.environment import FROM_DOTENV, provider_environment, write_env
from controlplane.local.provision import Provision, addresses
from controlplane.local.stores import StoreServers

EVENT_SECONDS = 120.0
# The console under development is a page of another origin; an installed package has no such file.
_CORS = Path(__file__).parents[3] / "infra" / "sandbox-llm-cp" / "cors.json"
_NAMES = {"simulator": "provider simulator", "function": "function worker", "server": "gateway"}


class Stack:
    """Everything of one folder. What `pause` raises interrupts `start`; `stop` is safe then."""

    def __init__(self, folder: Path, port: int, pause: Pause) -> None:
        folder = folder.resolve()
        self._local = folder / ".local"
        self._pause = pause
        self._began = time.monotonic()
        self._stops: list[Callable[[], None]] = []
        self._children: list[Child] = []
        self._stores = StoreServers(self._local)
        self._port = port
        self._simulator_port = free_port()
        self._function_port = free_port()
        dotenv, self._unread = read_dotenv(folder / ".env")
        self._providers, self._kinds = provider_environment(dotenv, self._simulator_url)

    @property
    def url(self) -> str:
        """Where the gateway answers."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def _simulator_url(self) -> str:
        return f"http://127.0.0.1:{self._simulator_port}"

    def start(self) -> None:
        """Start all parts and say so, line by line. Raises LocalStackError."""
        say(f"LLM Control Plane, all of it on this machine; data and logs in {self._local}")
        for name in self._unread:
            say(f"  .env: {name} is not read here; the local stack sets what is not a provider's")
        self._start_stores()
        provision = Provision(self._local, fresh=self._stores.postgres.fresh)
        settings = provision.settings(
            database_url=self._stores.postgres.url,
            redis_url=self._stores.valkey.url,
            aws=self._stores.aws,
            providers=self._providers,
        )
        self._start_function(settings)
        began = time.monotonic()
        for event, outcome in provision.migrate_and_seed(self._invoke, self._stores.aws):
            report(event, "done", began, outcome)
            began = time.monotonic()
        stores = addresses(
            self._stores.postgres.admin_url, self._stores.valkey.url, self._stores.aws
        )
        provision.write_env(self.url, self._simulator_url, stores)
        self._start_gateway(settings)
        self._announce()

    def check(self) -> None:
        """Raise LocalStackError where a part has ended by itself."""
        for child in self._children:
            if child.exit_code is not None:
                raise LocalStackError(
                    f"{child.name} ended unexpectedly (exit code {child.exit_code}); stopping the "
                    f"rest. Its log is {child.log_path}{child.log_tail()}"
                )

    def stop(self) -> None:
        """Stop what was started, last things first."""
        while self._stops:
            self._stops.pop()()

    def _start_stores(self) -> None:
        began = time.monotonic()
        self._stops.append(self._stores.stop)
        self._stores.start(os.environ)
        self._children += self._stores.children
        for notice in self._stores.postgres.notices:
            say(f"  {notice}")
        simulator = self._spawn("simulator", "--port", str(self._simulator_port), env=os.environ)
        for store, detail in self._stores.wait_ready(self._pause):
            report(store, "ready", began, detail)
        simulator.wait_ready(lambda: is_listening(self._simulator_port), pause=self._pause)
        kinds = ", ".join(f"{name} {kind}" for name, kind in self._kinds.items())
        report("Provider simulator", "ready", began, f"(providers: {kinds})")

    def _start_function(self, settings: Mapping[str, str]) -> None:
        began = time.monotonic()
        arguments = ("--port", str(self._function_port), "--queue-url", self._stores.aws.queue_url)
        child = self._spawn(
            "function", *arguments, env={**os.environ, **settings, **_role("function")}
        )
        child.wait_ready(lambda: is_listening(self._function_port), pause=self._pause)
        report("Function worker", "ready", began)

    def _start_gateway(self, settings: Mapping[str, str]) -> None:
        began = time.monotonic()
        own = {**settings, "LLM_CP_LONG_LIVED": "1"}
        write_env(self._local / "gateway.env", own)
        function_url = f"http://127.0.0.1:{self._function_port}"
        arguments = ["--port", str(self._port), "--function-url", function_url]
        if _CORS.exists():
            arguments += ["--cors", str(_CORS)]
        child = self._spawn("server", *arguments, env={**os.environ, **own, **_role("task")})
        child.wait_ready(self._gateway_is_ready, pause=self._pause)
        report("Gateway", "ready", began)

    def _announce(self) -> None:
        env = shlex.quote(str(self._local / "env"))
        body = '{"model": "gpt-6-luna", "messages": [{"role": "user", "content": "Hello"}]}'
        say(
            f"\nReady in {time.monotonic() - self._began:.1f} s: {self.url}  (Ctrl-C stops it)\n\n"
            f"Try it:\n\n"
            f"curl -sS {self.url}/v1/chat/completions \\\n"
            f'  -H "Authorization: Bearer $(. {env}; echo $OPENAI_API_KEY)" \\\n'
            f"  -H 'Content-Type: application/json' \\\n"
            f"  -d '{body}'\n\n"
            f"Any OpenAI client works after:  set -a; . {env}; set +a\n"
            f"Logs: {self._local}/logs"
        )

    def _spawn(self, module: str, *arguments: str, env: Mapping[str, str]) -> Child:
        command = [sys.executable, "-m", f"controlplane.local.{module}", *arguments]
        log_path = self._local / "logs" / f"{module}.log"
        name = f"The {_NAMES[module]}"
        child = Child(name, [*command, "--exit-with-parent"], log_path=log_path, env=env)
        self._children.append(child)
        self._stops.append(child.stop)
        return child

    def _gateway_is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", "/health/ready?database=true")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def _invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._function_port, timeout=EVENT_SECONDS
        )
        try:
            path = "/2015-03-31/functions/llm-cp/invocations"
            connection.request("POST", path, json.dumps(event))
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            raise LocalStackError(f"The function did not answer {event['type']}.") from error
        finally:
            connection.close()
        if response.headers.get("X-Amz-Function-Error"):
            raise LocalStackError(f"{event['type']} failed: {answer['errorMessage']}")
        self._pause(0)
        return answer


def _role(name: str) -> dict[str, str]:
    """Credentials by which the emulator's record tells whose call it was."""
    return {"AWS_ACCESS_KEY_ID": name}


def say(line: str) -> None:
    """A line on the terminal, now."""
    print(line, flush=True)


def report(part: str, state: str, began: float, detail: str = "") -> None:
    """`  PostgreSQL 18.4      ready in 0.6 s   detail`."""
    took = f"{state} in {time.monotonic() - began:.1f} s"
    say(f"  {part:<20} {took:<16} {detail}".rstrip())


def read_dotenv(path: Path) -> tuple[dict[str, str], list[str]]:
    """What `.env` says about providers, and the names in it that the local stack does not read."""
    # A missing file reads as an empty one.
    lines = dotenv_values(path, interpolate=False)
    values = {name: value.strip() for name, value in lines.items() if value and value.strip()}
    known = {name: value for name, value in values.items() if name in FROM_DOTENV}
    return known, sorted(values.keys() - known)
