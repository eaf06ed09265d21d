"""What the OpenAPI document says holds for whatever is sent: every role, every route, in sequences.

Values that the document allows and values that it does not are made by schemathesis; identifiers
that an answer names are used by the requests that follow. In `make test` they are the same each
time, in the soak others.
"""

from __future__ import annotations

import asyncio
import copy
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import HypothesisProvider
from schemathesis import GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from tests.integration.api.conftest import Organization
from tests.integration.api.documented import document

from controlplane.domain.access import Role

CHECKS = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    status_code_conformance,
]
# They call providers, of which there are none here: 502 and 503 are what they have to say.
PROVIDER_PATHS = ("/v1/", "/openai/")
EXAMPLES, SOAK_EXAMPLES = 3, 200
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
NOT_MADE = frozenset({"authorization", "user-agent", "x-api-key"})


@cache
def _operations() -> list[tuple[Any, st.SearchStrategy[Any]]]:
    """Each with requests to it, as the document has them and as it has not."""
    made = copy.deepcopy(document())
    # Who asks is the client's matter.
    for item in made["paths"].values():
        for operation in item.values():
            operation.pop("security", None)
    made.pop("security", None)
    schema = schemathesis.openapi.from_dict(made)
    operations: list[Any] = list(schema.get_all_operations())
    return [
        (each, st.one_of([each.as_strategy(generation_mode=mode) for mode in MODES]))
        for each in (found.ok() for found in operations)
    ]


class Identifiers:
    """What answers have named: `id` and `*_id` of everything, by name."""

    def __init__(self) -> None:
        self.known: defaultdict[str, list[str]] = defaultdict(list)

    def learn(self, value: Any) -> None:
        if isinstance(value, dict):
            for name, member in value.items():
                if isinstance(member, str) and (name == "id" or name.endswith("_id")):
                    self.known[name].append(member)
                self.learn(member)
        elif isinstance(value, list):
            for each in value:
                self.learn(each)

    def fill(self, case: Any, choose: Callable[[list[str]], str]) -> None:
        for name in case.path_parameters or {}:
            values = self.known.get(name) or self.known.get("id")
            if values:
                case.path_parameters[name] = choose(values)


async def _hold(organization: Organization, role: Role, examples: int) -> list[str]:
    """The faults that `examples` requests to each route find, each route's first alone."""
    faults: dict[str, str] = {}
    identifiers = Identifiers()
    client = organization.clients[role]
    loop = asyncio.get_running_loop()

    def send(case: Any) -> httpx.Response:
        wanted = case.as_transport_kwargs(base_url="http://cp")
        names = ("method", "url", "params", "json", "data", "content", "headers")
        arguments = {name: wanted[name] for name in names if wanted.get(name) is not None}
        made = dict(arguments.pop("headers", {}))
        headers = {name: value for name, value in made.items() if name.lower() not in NOT_MADE}
        if isinstance(arguments.get("data"), str | bytes):
            arguments["content"] = arguments.pop("data")
        work = client.request(**arguments, headers=headers)
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    def examine(operation: Any, cases: st.SearchStrategy[Any]) -> None:
        name = f"{operation.method.upper()} {operation.path}"

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases, st.data())
        def one(case: Any, data: st.DataObject) -> None:
            positive = case.meta.generation.mode is GenerationMode.POSITIVE
            if positive and data.draw(st.booleans()):
                identifiers.fill(case, lambda values: data.draw(st.sampled_from(values)))
            try:
                response = send(case)
            except httpx.InvalidURL:
                return
            kind = response.headers.get("content-type", "")
            if response.content and kind.startswith("application/json"):
                identifiers.learn(response.json())
            if case.method == "HEAD":
                # Its headers say what they like of a body that does not come.
                assert response.status_code < 500
                return
            if operation.path.startswith(PROVIDER_PATHS) and response.status_code in (502, 503):
                return
            try:
                case.validate_response(Response.from_httpx(response, verify=True), checks=CHECKS)
            except (Failure, FailureGroup) as fault:
                said = [str(each) for each in getattr(fault, "exceptions", [fault])]
                sent = f"{response.request.url} {response.request.content!r:.300}"
                faults.setdefault(name, f"{sent} {response.status_code} {said}"[:1200])

        if examples == EXAMPLES:
            seed(f"{role} {name}")(one)
        one()

    for operation, cases in _operations():
        await asyncio.to_thread(examine, operation, cases)
    return [f"{role}: {name}: {fault}" for name, fault in faults.items()]


@pytest.fixture
def same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seed alone is not enough: Hypothesis also takes constants from the modules that happen to
    be imported."""
    monkeypatch.setattr(HypothesisProvider, "_maybe_draw_constant", lambda *_, **__: None)


@pytest.mark.usefixtures("same_each_time")
@pytest.mark.parametrize("role", list(Role))
async def test_the_document_holds(organization: Organization, role: Role) -> None:
    faults = await _hold(organization, role, EXAMPLES)
    assert not faults, "\n".join(faults)


@pytest.mark.soak
@pytest.mark.parametrize("role", list(Role))
async def test_the_document_holds_for_long(organization: Organization, role: Role) -> None:
    faults = await _hold(organization, role, SOAK_EXAMPLES)
    assert not faults, "\n".join(faults)
