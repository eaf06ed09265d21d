"""The folders of `tests/fixtures/providers`, and providers that receive what is in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from controlplane.config import ProviderSettings
from controlplane.gateway.ports import Provider
from controlplane.wiring.providers import open_provider

FIXTURES = Path(__file__).parents[2] / "fixtures" / "providers"
KEY = "sk-ant-fixture-key"


def cases(kind: str, name: str) -> list[Any]:
    """The folders of a provider kind with a file of this name, as parameters of a test."""
    folders = sorted(path.parent for path in (FIXTURES / kind).glob(f"*/{name}"))
    assert folders
    return [pytest.param(folder, id=f"{kind}-{folder.name}") for folder in folders]


def errors(kind: str = "*") -> list[Any]:
    """The errors of a provider kind, or of all, as parameters of a test."""
    paths = sorted(FIXTURES.glob(f"{kind}/errors/*.json"))
    assert paths
    return [pytest.param(path, id=f"{path.parts[-3]}-{path.stem}") for path in paths]


def read(path: Path) -> Any:
    """The JSON of a file."""
    return json.loads(path.read_text())


def events(path: Path) -> list[Any]:
    """The data of each event of a recorded stream, without OpenAI's `[DONE]`."""
    lines = [line for line in path.read_text().splitlines() if line.startswith("data: {")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def target(folder: Path) -> str:
    """The model that a case of Anthropic is for."""
    override = folder / "target.json"
    return read(override)["model"] if override.exists() else "claude-sonnet-5-5"


class Upstream:
    """An HTTP server that gives every call the same response and keeps the calls."""

    def __init__(
        self,
        kind: str,
        content: bytes,
        status: int = 200,
        protocols: tuple[str, ...] = (),
        **headers: str,
    ) -> None:
        self._answer = httpx.Response(status, content=content, headers=headers)
        self.calls: list[httpx.Request] = []
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._reply))
        settings = ProviderSettings(
            kind, kind, "https://provider.test", KEY, "2024-10-21", protocols=protocols
        )
        self.provider: Provider = open_provider(settings, client)

    def _reply(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        return self._answer

    @property
    def sent(self) -> Any:
        """The body of the one call."""
        (call,) = self.calls
        return json.loads(call.content)
