"""The rows of the kinds: each is whole, and what is written elsewhere agrees with it."""

from __future__ import annotations

import inspect

import httpx
import pytest
from genai_prices.data_snapshot import get_snapshot
from opentelemetry.semconv._incubating.attributes.gen_ai_attributes import GenAiProviderNameValues

from controlplane.config import ProviderSettings
from controlplane.gateway.ports import Provider
from controlplane.local.simulator.app import WIRES
from controlplane.providers.kind import Kind
from controlplane.providers.registry import KINDS
from controlplane.wiring.providers import open_provider

KEY = "sk-hunter2"

pytestmark = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


async def test_its_module_makes_a_provider(kind: Kind) -> None:
    settings = ProviderSettings(kind.name, kind.name, "https://provider.test", KEY)
    async with httpx.AsyncClient() as client:
        made = open_provider(settings, client)
    wanted = inspect.signature(Provider.prepare).parameters
    assert list(inspect.signature(type(made).prepare).parameters) == list(wanted)
    assert made.images is kind.images
    assert KEY not in repr(made)


def test_it_has_a_key_and_an_address(kind: Kind) -> None:
    assert kind.key_variable.default is None, "a kind without a key is not configured"
    addresses = [variable for variable in kind.settings.variables if variable.sets == "base_url"]
    assert any(variable.default or variable.required for variable in addresses)
    assert all(variable.example for variable in kind.settings.variables if variable.required)


def test_its_price_list_exists(kind: Kind) -> None:
    lists = {provider.id for provider in get_snapshot().providers}
    assert kind.price_list is None or kind.price_list in lists


def test_its_name_in_traces_is_the_one_of_the_semantic_conventions(kind: Kind) -> None:
    """Where they have none, the kind's own name is the rule."""
    assert kind.trace_name in {*(name.value for name in GenAiProviderNameValues), kind.name}


def test_the_simulator_plays_it(kind: Kind) -> None:
    assert kind.name in WIRES
