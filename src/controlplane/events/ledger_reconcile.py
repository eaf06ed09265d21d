"""`{"type": "ledger-reconcile", "org_id": optional, "repair": false, "quiet_seconds": 120}`: is the
ledger what the audit trail says, to the micro-dollar?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from controlplane.admin.ledger_keeper import Comparison, Standing
from controlplane.errors import ControlPlaneError
from controlplane.events.set_aside import setting_aside
from controlplane.telemetry import count

if TYPE_CHECKING:
    from controlplane.wiring import Container

# An event is recorded after its hold is settled, and SQS counts its messages up to a minute late.
QUIET_SECONDS = 120
MAX_QUIET_SECONDS = 86_400


async def run(event: Mapping[str, Any], container: Container) -> dict[str, Any]:
    """Answers how many counters were compared, and each difference in micro-dollars.

    Compared is only what stands still: organisations with something held, or settled less than
    `quiet_seconds` ago, are answered as `busy`, and all of them while audit events are on their
    way; those whose ledger is lost as `lost`, and those in whose books something cannot be read as
    `unreadable`.
    Raises ControlPlaneError for an unknown organisation or a wrong field, and Unreachable.
    """
    repair = event.get("repair", False)
    if not isinstance(repair, bool):
        raise ControlPlaneError("'repair' must be true or false.")
    quiet = _quiet(event)
    organizations = await _organizations(event.get("org_id"), container)
    found: dict[str, Comparison] = {}
    for org_id in organizations:
        if await container.audit_queue.depth() > 0:
            found[org_id] = Comparison(Standing.BUSY)
            continue
        found[org_id] = Comparison(Standing.UNREADABLE)
        with setting_aside(event["type"], org_id):
            found[org_id] = await container.ledger_keeper.reconcile(
                org_id, quiet=quiet, repair=repair
            )
    differences = _rows(found)
    for row in differences:
        count("ledger_difference", org_id=row["org_id"], limit=row["limit"])
    return {
        "ok": True,
        "type": event["type"],
        "organizations": len(organizations),
        "counters": sum(comparison.counters for comparison in found.values()),
        "busy": [org for org, c in found.items() if c.standing is Standing.BUSY],
        "lost": [org for org, c in found.items() if c.standing is Standing.LOST],
        "unreadable": [org for org, c in found.items() if c.standing is Standing.UNREADABLE],
        "differences": differences,
    }


def _quiet(event: Mapping[str, Any]) -> timedelta:
    seconds = event.get("quiet_seconds", QUIET_SECONDS)
    if type(seconds) is not int or not 0 <= seconds <= MAX_QUIET_SECONDS:
        raise ControlPlaneError(
            f"'quiet_seconds' must be a whole number from 0 to {MAX_QUIET_SECONDS}."
        )
    return timedelta(seconds=seconds)


async def _organizations(only: Any, container: Container) -> list[str]:
    organizations = await container.configuration_repository.organizations()
    if only is None:
        return organizations
    if only not in organizations:
        raise ControlPlaneError(f"There is no organisation {only!r}.")
    return [only]


def _rows(found: Mapping[str, Comparison]) -> list[dict[str, Any]]:
    return [
        {
            "org_id": org_id,
            "limit": difference.limit.name,
            "ledger_microusd": difference.ledger_microusd,
            "recorded_microusd": difference.recorded_microusd,
            "repaired": difference.repaired,
        }
        for org_id, comparison in found.items()
        for difference in comparison.differences
    ]
