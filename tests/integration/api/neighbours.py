"""An organisation that has some of everything, and everything that is stored of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from tests.audit_events import audit_event
from tests.integration.api.conftest import Organization

from controlplane.adapters.postgres.request_logs.repository import EventId, event_id
from controlplane.domain.audit import AuditEvent

# `organizations` apart, every table of an organisation has this column.
TABLES = (
    "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
    "WHERE a.attname = 'org_id' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
)


@dataclass(frozen=True)
class Neighbour:
    """`ids` are its own, by what they are ids of; `hashes` those of its keys."""

    organization: Organization
    ids: Mapping[str, str]
    hashes: frozenset[str]

    async def stored(self) -> dict[str, Any]:
        """Every row and every Redis value of it."""
        return {**await self._rows(), **await self._values()}

    async def _rows(self) -> dict[str, Any]:
        values = {"org": self.organization.id}
        async with self.organization.container.database.system() as connection:
            tables = [(row[0], "org_id") for row in await connection.execute(text(TABLES))]
            return {
                table: [
                    row[0]
                    for row in await connection.execute(
                        text(
                            f"SELECT to_jsonb(t)::text FROM {table} t "
                            f"WHERE {column} = :org ORDER BY 1"
                        ),
                        values,
                    )
                ]
                for table, column in [*tables, ("organizations", "id")]
            }

    async def _values(self) -> dict[str, Any]:
        redis = self.organization.container.redis.redis
        own = (self.organization.id, *self.hashes)
        names = [name.decode() async for name in redis.scan_iter(count=1000)]
        return {name: await redis.dump(name) for name in names if any(part in name for part in own)}


async def furnish(organization: Organization) -> Neighbour:
    """Make two of everything, so that lists have pages, and use it, so that Redis knows it too."""
    admin, mark = organization.admin, uuid.uuid4().hex[:12]
    names = {
        "application_id": f"app-{mark}",
        "alias": f"alias-{mark}",
        "model": f"model-{mark}",
        "user_id": f"user-{mark}",
        "request_id": f"req_{mark}",
        "session_id": f"session-{mark}",
        "agent_id": f"agent-{mark}",
        "end_user": f"end-user-{mark}",
        "tag": f"tag-{mark}",
    }
    made = []
    application = {"name": f"Application {mark}", "id": names["application_id"]}
    made.append(await admin.post("/admin/v1/applications", json=application))
    key = {"application_id": names["application_id"], "name": f"Key {mark}"}
    made.append(await admin.post("/admin/v1/api-keys", json=key))
    issued = made[1].json()
    ids = {
        **names,
        "organization_id": organization.id,
        "key_id": issued["id"],
        "prefix": issued["prefix"],
        "subject": f"key:{issued['id']}",
    }
    levels = {"organization": "organization_id", "application": "application_id"}
    for level, of in {**levels, "api-key": "key_id", "user": "user_id"}.items():
        place = f"/admin/v1/policies/{level}/{ids[of]}"
        for most in (1000, 2000):
            policy = {"max_output_tokens": most, "stored_responses": True}
            made.append(await admin.put(place, json=policy))
    route = {"strategy": "priority", "targets": [{"provider": "vllm", "model": ids["model"]}]}
    for end in ("", "-2"):
        made.append(await admin.put(f"/admin/v1/routes/{ids['alias']}{end}", json=route))
        price = f"/admin/v1/prices/openai/{ids['model']}{end}"
        made.append(await admin.put(price, json={"input": "1", "output": "1"}))
    made.append(await organization.models_with(issued["key"]))
    for end, model in (("embed", "text-embedding-3-small"), ("stored", "gpt-6-luna")):
        route = {"strategy": "priority", "targets": [{"provider": "openai", "model": model}]}
        made.append(await admin.put(f"/admin/v1/routes/{ids['alias']}-{end}", json=route))
    asked = {"model": f"{ids['alias']}-stored", "input": "Say hello.", "background": True}
    made.append(await admin.post("/v1/responses", json=asked))
    for response in made:
        assert response.status_code in (200, 201), response.text
    ids["response_id"] = made[-1].json()["id"]
    await _record(organization, ids)
    return Neighbour(organization, ids, await _hashes(organization))


async def _record(organization: Organization, ids: Mapping[str, str]) -> None:
    events = [
        audit_event(
            request_id=f"{ids['request_id']}{end}",
            occurred_at=datetime.now(UTC),
            org_id=organization.id,
            subject=ids["subject"],
            application_id=ids["application_id"],
            model_served=ids["model"],
            provider="openai",
            session_id=ids["session_id"],
            agent_id=ids["agent_id"],
            end_user=ids["end_user"],
            tags=(ids["tag"],),
        )
        for end in ("", "-2")
    ]

    async def archive(events: Sequence[AuditEvent]) -> dict[EventId, str]:
        return dict.fromkeys(map(event_id, events), "audit/x.jsonl.gz")

    written = await organization.container.request_logs.write(events, archive)
    assert len(written.new) == 2


async def _hashes(organization: Organization) -> frozenset[str]:
    async with organization.container.database.tenant(organization.id) as connection:
        found = await connection.scalars(text("SELECT key_hash FROM api_keys"))
        return frozenset(found)
