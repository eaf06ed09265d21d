"""Messages that are no audit events: listed, logged by kind, and never stored or shown."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

import pytest

from controlplane.audit.consume import Charged, Deliveries, consume
from controlplane.domain.audit import AuditEvent
from controlplane.domain.notification import Notification

SECRET = "sk-not-for-the-log"


class Untouched:
    """Stores of a batch that has nothing to store."""

    @property
    def request_logs(self) -> NoReturn:
        raise AssertionError("nothing to store")

    @property
    def object_store(self) -> NoReturn:
        raise AssertionError("nothing to store")

    @property
    def ledger(self) -> NoReturn:
        raise AssertionError("nothing to settle")

    @property
    def deliveries(self) -> Deliveries:
        return Refusing()

    async def warn(self, charges: Sequence[Charged]) -> None:
        raise AssertionError("nothing to warn of")

    async def deliver(self, notifications: Mapping[str, Notification]) -> list[str]:
        raise AssertionError("nothing to deliver")


class Refusing:
    """A queue that has no place for dead letters."""

    async def postpone(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Takes them back."""

    async def set_aside(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        return []


def _body(**changes: Any) -> str:
    event = AuditEvent(
        request_id=f"r-{SECRET}",
        occurred_at=datetime(2026, 3, 1, tzinfo=UTC),
        org_id="org-1",
        subject="key:k1",
        role="service",
        status=200,
    )
    return json.dumps(event.to_dict() | changes)


BODIES = {
    "empty": "",
    "not JSON": f"{{{SECRET}",
    "not an object": json.dumps([SECRET]),
    "null": "null",
    "a number": "17",
    "nested deeply": "[" * 200_000,
    "a number of 5,000 digits": "9" * 5_000,
    "an object without anything": "{}",
    "a request id that is a number": _body(request_id=1),
    "no organisation": _body(org_id=None),
    "an organisation that climbs": _body(org_id=f"../{SECRET}"),
    "an organisation in capitals": _body(org_id="ORG"),
    "an organisation with a line break": _body(org_id="org-1\n"),
    "a time without a zone": _body(occurred_at="2026-03-01T00:00:00"),
    "a time that is none": _body(occurred_at=SECRET),
    "a year of five digits": _body(occurred_at="10000-01-01T00:00:00+00:00"),
    "attempts that are none": _body(attempts=[{"secret": SECRET}]),
    "attempts that are a number": _body(attempts=5),
    "charges that are a number": _body(charges=5),
    "a charge that is none": _body(charges=[SECRET]),
    "a charge without a cap": _body(charges=[{"after": 1}]),
    "a notification without anything": '{"type":"notification"}',
    "a notification without a destination": json.dumps(
        {"type": "notification", "id": SECRET, "org_id": 1, "destination": "", "message": {}}
    ),
}


@pytest.mark.parametrize("kind", BODIES)
async def test_poison_is_listed_and_its_content_logged_nowhere(
    kind: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    event = {"Records": [{"messageId": "m-1", "body": BODIES[kind]}]}
    answer = await consume(event, Untouched())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    written = caplog.text + "".join(capfd.readouterr())
    assert "audit_message_refused" in written
    assert SECRET not in written


async def test_an_empty_batch_fails_nothing() -> None:
    assert await consume({"Records": []}, Untouched()) == {"batchItemFailures": []}


def test_the_consumer_loads_no_web_framework() -> None:
    script = (
        "import sys, controlplane.audit.consume; "
        "print(sorted({'fastapi', 'starlette', 'alembic', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
