"""An organisation that spends: requests that are admitted, settled and recorded."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from tests.audit_events import audit_event
from tests.aws import client
from tests.sqs_records import sqs_record

from controlplane.admin.ledger_keeper import LedgerKeeper, caps_in
from controlplane.audit.consume import consume
from controlplane.domain.access import Caller, Role
from controlplane.domain.audit import AuditEvent
from controlplane.domain.limits import Claim, Decision, Measure, Per
from controlplane.policy.effective import effective_policy
from controlplane.policy.limits import applying
from controlplane.wiring import Container

Documents = Mapping[tuple[str, str | None], Mapping[str, Any]]

CAPS = [{"usd": "5.00", "period": "day"}, {"usd": "50.00", "period": "month"}]
ROLLING = [{"usd": "9.00", "window_seconds": 86_400}, {"usd": "7", "window_seconds": 3_600}]
DOCUMENTS: Documents = {
    ("organization", None): {"cost_caps": [*CAPS, *ROLLING]},
    ("application", "app-1"): {"cost_caps": [*CAPS, {"usd": "6.00", "window_seconds": 600}]},
    ("api-key", "k1"): {"cost_caps": CAPS},
    ("user", "a user: 5 %"): {"cost_caps": [*CAPS, *ROLLING]},
}
CALLERS = [
    {"application_id": "app-1", "key_id": "k1"},
    {"application_id": "app-1", "key_id": "key-2"},
    {"application_id": "app-1", "user_id": "a user: 5 %"},
    {"application_id": "app-2", "key_id": "key-3"},
]


@dataclass
class Scene:
    """One organisation in one container."""

    container: Container
    org_id: str
    rng: random.Random = field(default_factory=lambda: random.Random(4))
    number: int = 0

    @property
    def ledgers(self) -> LedgerKeeper:
        """Its keeper."""
        return self.container.ledger_keeper

    async def store(self, documents: Documents) -> None:
        """These documents, instead of those that were stored."""
        async with self.container.database.tenant(self.org_id) as connection:
            await connection.execute(text("DELETE FROM policies"))
            for (level, subject_id), document in documents.items():
                await connection.execute(
                    text("INSERT INTO policies VALUES (:org, :level, :id, 1, :document, now())"),
                    {
                        "org": self.org_id,
                        "level": level,
                        "id": subject_id or self.org_id,
                        "document": json.dumps(document),
                    },
                )

    async def reserve(self, who: Mapping[str, str], *, lease: float = 30.0) -> Decision:
        """As the gateway would, under the policy as it is stored."""
        caller = self.caller(who)
        rules = await self.container.configuration_repository.all_of(self.org_id)
        named = {Per.END_USER: who.get("end_user"), Per.SESSION: who.get("session_id")}
        policy = effective_policy(caller, rules.documents)
        limits = applying(policy, self.org_id, who.get("model", "gpt-4o"), named).limits
        self.number += 1
        claim = Claim(
            f"{self.org_id}-r{self.number}",
            self.org_id,
            tuple(limit for limit in limits if limit.measure is not Measure.REQUESTS),
            cost_microusd=60_000,
            lease_seconds=lease,
            note={"subject": caller.subject, "role": "service", "application_id": "app-1"},
        )
        return await self.container.ledger.reserve(claim)

    async def spend(self, requests: int) -> int:
        """So many requests, one after the other, all on record; what they cost."""
        return await self.spend_by([self.rng.choice(CALLERS) for _ in range(requests)])

    async def spend_by(self, callers: Sequence[Mapping[str, str]]) -> int:
        """The same, a request by each of them."""
        events: list[AuditEvent] = []
        for who in callers:
            decision = await self.reserve(who)
            assert decision.refused_by is None
            cost = self.rng.randrange(60_001)
            await self.container.ledger.settle(decision.hold, tokens=0, cost_microusd=cost)
            events.append(self.event(decision, who, cost))
        answer = await consume(
            {"Records": [sqs_record(str(i), e.to_json()) for i, e in enumerate(events)]},
            self.container,
        )
        assert answer == {"batchItemFailures": []}
        return sum(event.cost_microusd or 0 for event in events)

    def event(self, decision: Decision, who: Mapping[str, str], cost: int) -> AuditEvent:
        """What the gateway would record."""
        caller = self.caller(who)
        return audit_event(
            request_id=decision.hold.request_id,
            org_id=self.org_id,
            subject=caller.subject,
            application_id=caller.application_id,
            end_user=who.get("end_user"),
            session_id=who.get("session_id"),
            model_requested=who.get("model", "gpt-4o"),
            cost_microusd=cost,
            admitted_at=decision.hold.admitted_at,
            unsettled=None,
        )

    def caller(self, who: Mapping[str, str]) -> Caller:
        """Whose request it is; `who` may say for whom, and for which model."""
        ids = {name: who[name] for name in ("application_id", "key_id", "user_id") if name in who}
        return Caller(self.org_id, Role.SERVICE, **ids)

    async def counters(self) -> dict[str, Mapping[int, int]]:
        """What Redis has counted, per cap and bucket."""
        rules = await self.container.configuration_repository.all_of(self.org_id)
        page = await self.container.ledger.books.read(self.org_id, list(caps_in(rules.documents)))
        return {
            ":".join(filter(None, [one.limit.name, name])): one.buckets
            for counter in page.counters
            for name, one in (counter.each or {"": counter}).items()
        }

    async def drain(self) -> list[AuditEvent]:
        """Take everything out of the audit queue, record it, and answer it."""
        settings = self.container.settings
        sqs = client("sqs", settings)
        events: list[AuditEvent] = []
        while True:
            reply = sqs.receive_message(
                QueueUrl=settings.audit_queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=0
            )
            messages = reply.get("Messages", [])
            if not messages:
                return events
            records = [sqs_record(m["MessageId"], m["Body"], m["ReceiptHandle"]) for m in messages]
            assert not (await consume({"Records": records}, self.container))["batchItemFailures"]
            for message in messages:
                sqs.delete_message(
                    QueueUrl=settings.audit_queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
                events.append(AuditEvent.from_json(message["Body"]))
