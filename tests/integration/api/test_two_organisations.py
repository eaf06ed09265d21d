"""Every id of the API that belongs to another organisation is as unknown as one that nobody has,
and nothing of the other organisation is shown or touched, even where both call a provider with one
key.

Where an id can stand is read off the OpenAPI document. A parameter that is in none of the tables
here fails the first test.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import httpx
import pytest
from tests.integration.api.conftest import Organization
from tests.integration.api.documented import Call, Operation, operations
from tests.integration.api.neighbours import Neighbour, furnish

from controlplane.config import ProviderSettings, Settings, provider_settings
from controlplane.local.environment import provider_environment
from controlplane.local.simulator.app import Simulator
from controlplane.providers.registry import SETTINGS
from controlplane.wiring import Container

# What fills the parameters of a path, by their names: each value is fixed (in quotes), or says of
# what it is an id.
PATHS: Mapping[tuple[str, ...], list[tuple[str, ...]]] = {
    ("organization_id",): [("organization_id",)],
    ("application_id",): [("application_id",)],
    ("key_id",): [("key_id",)],
    ("alias",): [("alias",)],
    ("model",): [("alias",)],
    ("deployment",): [("alias",)],
    ("response_id",): [("response_id",)],
    ("request_id",): [("request_id",)],
    ("provider", "model"): [("'openai'", "model")],
    ("level", "subject_id"): [
        ("'organization'", "organization_id"),
        ("'application'", "application_id"),
        ("'api-key'", "key_id"),
        ("'user'", "user_id"),
    ],
}
# The same for the query and for the body.
QUERY = {
    "application_id": "application_id",
    "key_id": "key_id",
    "lineage": "key_id",
    "user_id": "user_id",
    "subject": "subject",
    "actor": "subject",
    "resource_id": "application_id",
    "prefix": "prefix",
    "model": "model",
    "session_id": "session_id",
    "agent_id": "agent_id",
    "end_user": "end_user",
    "tag": "tag",
    "after_id": "alias",
    "before_id": "alias",
}
BODY = {
    "application_id": "application_id",
    "id": "application_id",
    "alias": "alias",
    "model": "alias",
    "previous_response_id": "response_id",
}
# Of requests that providers define, what may name something of an organisation.
OF_PROVIDERS = {"responses": ["previous_response_id"]}
# Names no object: a page, a time, a number, a closed set of words.
PLAIN = {"limit", "cursor", "from", "to", "group_by", "state", "level", "resource", "provider"}
PLAIN |= {"status", "code", "min_cost", "format", "measure", "top", "database"}
# A word of the caller's own, which means a counter of its own organisation's limit.
PLAIN_IN_BODIES = {"session_id"}
# Names of one's own: writing under one that somebody else uses as well makes one's own.
OWN_NAMES = {
    ("PUT", "/admin/v1/routes/{alias}"): {"alias"},
    ("PUT", "/admin/v1/prices/{provider}/{model}"): {"model"},
    ("PUT", "/admin/v1/policies/{level}/{subject_id}"): {"user_id"},
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
SIMULATOR = "http://127.0.0.1"
OPERATIONS = [one for one in operations() if not one.path.startswith("/health")]


@dataclass(frozen=True)
class Position:
    """One place of one operation where an id stands."""

    operation: Operation
    where: str  # path | query | body
    names: tuple[str, ...]
    values: tuple[str, ...]

    def __str__(self) -> str:
        filled = ", ".join(f"{n}={v}" for n, v in zip(self.names, self.values, strict=True))
        return f"{self.operation} {self.where} {filled}"

    @property
    def of(self) -> str:
        """Of what the id is."""
        (kind,) = [value for value in self.values if not value.startswith("'")]
        return kind

    def call(self, ids: Mapping[str, str], own: Mapping[str, str]) -> Call:
        """With the id out of `ids`; what else has to be named is the caller's `own`."""
        filled = {
            name: value.strip("'") if value.startswith("'") else ids[value]
            for name, value in zip(self.names, self.values, strict=True)
        }
        others = tuple(self.operation.names("path"))
        call = Call(self.operation, {}, body=self.operation.body())
        if self.where == "path":
            call.path = filled
        elif others:
            first = zip(others, PATHS[others][0], strict=True)
            call.path = {n: v.strip("'") if v.startswith("'") else own[v] for n, v in first}
        if self.where == "query":
            call.query = filled
        if self.where == "body":
            call.body = {**(call.body or {}), **filled}
        return call


def positions(operation: Operation) -> Iterator[Position]:
    names = tuple(operation.names("path"))
    for values in PATHS[names] if names else ():
        yield Position(operation, "path", names, values)
    for name in operation.names("query"):
        if name in QUERY:
            yield Position(operation, "query", (name,), (QUERY[name],))
    for name in fields(operation):
        if name in BODY:
            yield Position(operation, "body", (name,), (BODY[name],))


def fields(operation: Operation) -> list[str]:
    last = operation.path.rpartition("/")[2]
    named = [*operation.body_fields(), *OF_PROVIDERS.get(last, [])]
    # Where the path names the model, the body's is not looked at.
    return [name for name in named if name != "model" or "{deployment}" not in operation.path]


def unclassified(operation: Operation) -> list[str]:
    names = tuple(operation.names("path"))
    paths = [] if not names or names in PATHS else [f"path {names}"]
    query = [f"query {n}" for n in operation.names("query") if n not in QUERY and n not in PLAIN]
    body = [
        f"body {name}"
        for name in fields(operation)
        if (name == "id" or name.endswith(("_id", "_ids")))
        and name not in BODY
        and name not in PLAIN_IN_BODIES
    ]
    return [f"{operation}: {what}" for what in (*paths, *query, *body)]


def test_every_parameter_has_a_foreign_value_or_names_nothing() -> None:
    assert [what for operation in OPERATIONS for what in unclassified(operation)] == []


def test_a_parameter_that_is_new_would_be_noticed() -> None:
    """The control of the test above."""
    described = {
        "parameters": [{"name": "team_id", "in": "path"}, {"name": "owner", "in": "query"}],
        "requestBody": {
            "content": {"application/json": {"schema": {"properties": {"parent_id": {}}}}}
        },
    }
    assert len(unclassified(Operation("PUT", "/admin/v1/teams/{team_id}", described))) == 3


@pytest.fixture
async def container(settings: Settings) -> AsyncIterator[Container]:
    """With providers that store answers, and know both organisations by one key."""
    environment, _ = provider_environment({}, SIMULATOR)
    rows = dict(provider_settings(environment, SETTINGS, local=True))
    rows["vllm"] = ProviderSettings(
        "vllm", "openai", f"{SIMULATOR}/vllm/v1", max_tokens_field="max_tokens"
    )
    made = Container(replace(settings, providers=rows, long_lived=True))
    made.http = httpx.AsyncClient(transport=httpx.ASGITransport(Simulator()))
    yield made
    await made.database.close()
    await made.redis.close()
    await made.http.aclose()


async def asked(container: Container) -> dict[str, int]:
    """How often each provider was asked for anything."""
    report = (await container.http.get(f"{SIMULATOR}/calls")).json()
    return {name: row["count"] for name, row in report.items()}


@pytest.fixture
async def ours(organization: Organization) -> Neighbour:
    return await furnish(organization)


@pytest.fixture
async def theirs(stranger: Organization) -> Neighbour:
    return await furnish(stranger)


POSITIONS = {
    operation: found
    for operation in OPERATIONS
    if not unclassified(operation) and (found := list(positions(operation)))
}
# What only reads leaves the pair of organisations as it was: one pair is enough for all of it.
READING = [operation for operation in POSITIONS if operation.method == "GET"]
# So does what only asks a model.
ASKING = [
    operation
    for operation in POSITIONS
    if operation.method == "POST" and not operation.is_admin and "response_id" not in operation.path
]
WRITING = [one for one in POSITIONS if one not in READING and one not in ASKING]
TURNS = [READING, ASKING, *([operation] for operation in WRITING)]


def _turn(operations: Sequence[Operation]) -> str:
    if operations is ASKING:
        return "all that asks"
    return "all reads" if operations is READING else str(operations[0])


@pytest.mark.parametrize("operations", TURNS, ids=_turn)
async def test_a_foreign_id_is_an_unknown_one(
    ours: Neighbour, theirs: Neighbour, operations: Sequence[Operation]
) -> None:
    before = await theirs.stored()
    container = theirs.organization.container
    foreign = dict(theirs.ids)
    unknown = {name: like(value) for name, value in foreign.items()}
    admin = ours.organization.admin
    for position in chain.from_iterable(POSITIONS[operation] for operation in operations):
        calls = await asked(container)
        answer = await position.call(foreign, ours.ids).send(admin)
        expected = await position.call(unknown, ours.ids).send(admin)
        told = essence(answer, foreign[position.of])
        assert told == essence(expected, unknown[position.of]), str(position)
        assert answer.status_code in allowed(position), (str(position), answer.text)
        if answer.status_code == 404:
            assert await asked(container) == calls, str(position)
        shown = answer.text.replace(foreign[position.of], "")
        assert [value for value in foreign.values() if value in shown] == [], str(position)
        assert await theirs.stored() == before, str(position)


@pytest.mark.parametrize("operations", TURNS, ids=_turn)
async def test_the_same_call_with_an_own_id_finds_something(
    ours: Neighbour, operations: Sequence[Operation]
) -> None:
    """The control: it is the organisation that makes the difference."""
    found = chain.from_iterable(POSITIONS[operation] for operation in operations)
    for position in (one for one in found if one.where == "path"):
        ids = ours.ids
        if position.operation.path.endswith("/embeddings"):
            ids = {**ids, "alias": f"{ids['alias']}-embed"}
        call = position.call(ids, ids)
        if position.operation.path.endswith("/rollback"):
            call.body = {"version": 1}
        response = await call.send(ours.organization.admin)
        assert response.status_code in (200, 201, 204), (str(position), response.text)


def allowed(position: Position) -> set[int]:
    """How a call with a foreign id may end."""
    if position.where != "path":  # a filter may find nothing, a body may make one's own
        return {200, 201, 400, 404}
    place = position.operation.method, position.operation.path
    return {201} if position.of in OWN_NAMES.get(place, ()) else {404}


LISTS = [one for one in OPERATIONS if "cursor" in one.names("query") and not one.names("path")]


async def test_a_foreign_cursor_leads_to_nothing_foreign(
    ours: Neighbour, theirs: Neighbour
) -> None:
    for operation in LISTS:
        first = await Call(operation, {}, {"limit": "1"}).send(theirs.organization.admin)
        cursor = first.json()["next_cursor"]
        if operation.path == "/admin/v1/organizations":  # one page, always
            assert cursor is None
            continue
        assert cursor is not None, str(operation)
        answer = await Call(operation, {}, {"cursor": cursor}).send(ours.organization.admin)
        assert answer.status_code == 200, str(operation)
        assert [value for value in theirs.ids.values() if value in answer.text] == []


async def test_a_list_shows_the_own_organisation_only(ours: Neighbour, theirs: Neighbour) -> None:
    for operation in LISTS:
        answer = await Call(operation, {}, {"limit": "200"}).send(ours.organization.admin)
        assert answer.status_code == 200, str(operation)
        assert answer.json()["data"] != [], str(operation)
        assert [value for value in theirs.ids.values() if value in answer.text] == []


def like(value: str) -> str:
    """An id of the same form that nobody has."""
    digits = re.search(r"[0-9a-f]{12,}", value)
    if digits is None:
        return f"sk-cp-{uuid.uuid4().hex[:6]}"
    return value.replace(digits.group(), uuid.uuid4().hex[: len(digits.group())])


def essence(response: Any, asked: str) -> tuple[int, str]:
    """What the caller is told, but for the id, for when it was and for which request."""
    told = response.text.replace(asked, "ID").replace(response.headers["x-request-id"], "REQUEST")
    return response.status_code, TIME.sub("TIME", told)
