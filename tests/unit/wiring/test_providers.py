"""Configured providers: known by name at once, made when they are first looked up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from controlplane.config import ProviderSettings
from controlplane.domain.rotating import Constant
from controlplane.wiring.providers import ConfiguredProviders

SRC = Path(__file__).parents[3] / "src"
ROWS = {
    "openai": ProviderSettings("openai", "openai", "https://openai.test/v1", "k1"),
    "own": ProviderSettings("own", "openai", "https://own.test/v1", "k2"),
    "anthropic": ProviderSettings("anthropic", "anthropic", "https://anthropic.test", "k3"),
}
LOADED = """
import asyncio, json, sys
from controlplane.config import ProviderSettings
from controlplane.domain.rotating import Constant
from controlplane.wiring.providers import ConfiguredProviders
kinds = ("openai", "anthropic")
rows = {kind: ProviderSettings(kind, kind, "https://x.test", "k") for kind in kinds}
made = ConfiguredProviders(Constant(rows), lambda: None)
providers = asyncio.run(made.current())
known = list(providers), "openai" in providers, "other" in providers
before = sorted(sys.modules)
providers["openai"]
print(json.dumps({"known": known, "before": before, "after": sorted(sys.modules)}))
"""


async def test_each_is_made_once_and_by_its_own_row() -> None:
    async with httpx.AsyncClient() as client:
        providers = await ConfiguredProviders(Constant(ROWS), lambda: client).current()
        assert (list(providers), len(providers)) == (list(ROWS), 3)
        made = {name: providers[name] for name in ROWS}
        assert all(providers[name] is made[name] for name in ROWS)
        assert len({id(provider) for provider in made.values()}) == 3
        assert providers.get("other") is None
        with pytest.raises(KeyError, match="other"):
            providers["other"]


def test_the_code_of_a_kind_is_loaded_by_its_first_call() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        env={"PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    seen = json.loads(done.stdout)
    assert seen["known"] == [["openai", "anthropic"], True, False]
    assert "httpx" not in seen["before"]
    assert "controlplane.providers.openai" not in seen["before"]
    assert "controlplane.providers.openai" in seen["after"]
    assert "controlplane.providers.anthropic" not in seen["after"]
