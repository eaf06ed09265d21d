"""`audit-recover`: what the queue did not take is in the trail, once."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from tests.audit_events import audit_event

from controlplane.config import Settings
from controlplane.domain.audit import AuditEvent
from controlplane.errors import ControlPlaneError, Unreachable
from controlplane.events import audit_recover
from controlplane.wiring import Container

EVENT = {"type": "audit-recover"}


@pytest.fixture
async def parts(settings: Settings) -> AsyncIterator[Container]:
    container = Container(settings)
    yield container
    await container.database.close()
    await container.redis.close()
    await container.aws_connections.close()


def of(org_id: str, **changes: Any) -> AuditEvent:
    return audit_event(org_id=org_id, charges=(), **changes)


async def recorded(parts: Container, org_id: str) -> list[str]:
    rows, _ = await parts.request_logs.page(org_id, limit=100)
    return sorted(row["request_id"] for row in rows)


async def spill(settings: Settings, *events: AuditEvent) -> None:
    """The queue is gone, and the bucket takes them."""
    gone = Container(replace(settings, audit_queue_url=f"{settings.audit_queue_url}-gone"))
    await asyncio.gather(*map(gone.audit_queue.append, events))
    await gone.aws_connections.close()


async def test_what_was_spilled_comes_into_the_trail_and_leaves_the_folder(
    parts: Container, settings: Settings, org_id: str
) -> None:
    events = [of(org_id) for _ in range(70)]
    await spill(settings, *events)
    assert len(await parts.object_store.keys("audit-spill/", 100)) == 70
    answer = await audit_recover.run(EVENT, parts)
    assert answer == {"ok": True, "type": "audit-recover", "stored": 70, "refused": 0, "left": 0}
    assert await recorded(parts, org_id) == sorted(event.request_id for event in events)
    assert await parts.object_store.keys("audit-spill/", 100) == []
    again = await audit_recover.run(EVENT, parts)
    assert (again["stored"], again["left"]) == (0, 0)


async def test_twice_at_a_time_and_what_the_queue_had_too_is_there_once(
    parts: Container, settings: Settings, org_id: str
) -> None:
    events = [of(org_id) for _ in range(12)]
    known = {"events": [event.to_dict() for event in events[:3]]}
    assert (await audit_recover.run(EVENT | known, parts))["stored"] == 3
    await spill(settings, *events)
    answers = await asyncio.gather(*(audit_recover.run(EVENT, parts) for _ in range(2)))
    assert sum(answer["left"] for answer in answers) == 0
    assert await recorded(parts, org_id) == sorted(event.request_id for event in events)


async def test_what_is_no_event_is_set_aside(parts: Container, org_id: str) -> None:
    store = parts.object_store
    await store.put("audit-spill/org=x/dt=2026-05-01/a.json", b"{\xff", "application/json")
    event = of(org_id)
    await store.put(
        "audit-spill/org=x/dt=2026-05-01/b.json", event.to_json().encode(), "application/json"
    )
    answer = await audit_recover.run(EVENT, parts)
    assert (answer["stored"], answer["refused"], answer["left"]) == (1, 1, 0)
    assert await store.keys("audit-spill/", 10) == []
    (aside,) = await store.keys("audit-refused/", 10)
    assert await store.get(aside) == b"{\xff"


async def test_while_postgresql_is_down_all_stay_where_they_are(
    parts: Container, settings: Settings, org_id: str
) -> None:
    event = of(org_id)
    await spill(settings, event)
    down = Container(replace(settings, database_url="postgresql://u@127.0.0.1:1/d"))
    answer = await audit_recover.run(EVENT, down)
    assert (answer["stored"], answer["left"]) == (0, 1)
    given = await audit_recover.run(EVENT | {"events": [event.to_dict()]}, down)
    assert (given["stored"], given["refused"], given["left"]) == (0, [], [0])
    assert (await audit_recover.run(EVENT, parts))["stored"] == 1


async def test_while_s3_is_down_it_fails(settings: Settings, unused_tcp_port: int) -> None:
    nowhere = replace(settings, aws_endpoint_url=f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(Unreachable):
        await audit_recover.run(EVENT, Container(nowhere))


async def test_marked_lines_are_taken_one_by_one(parts: Container, org_id: str) -> None:
    event = of(org_id)
    documents = [{"org_id": "x"}, event.to_dict(), event.to_dict() | {"org_id": "no such/id"}]
    answer = await audit_recover.run(EVENT | {"events": json.loads(json.dumps(documents))}, parts)
    assert (answer["stored"], answer["refused"], answer["left"]) == (1, [0, 2], [])
    assert await recorded(parts, org_id) == [event.request_id]


@pytest.mark.parametrize("events", [{}, "x", [1], None])
async def test_a_wrong_field_is_one_sentence(parts: Container, events: Any) -> None:
    with pytest.raises(ControlPlaneError, match="list of audit events"):
        await audit_recover.run(EVENT | {"events": events}, parts)


@pytest.fixture
def org_id() -> str:
    """The trail needs no row of the organisation."""
    return f"org-{uuid.uuid4().hex[:12]}"
