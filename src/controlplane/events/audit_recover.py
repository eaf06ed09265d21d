"""`{"type": "audit-recover", "events": optional}`: into the trail goes what the queue did not take.

Without `events`, what lies in the bucket under `audit-spill/`: what is in the trail then leaves the
folder, and what can never be goes to `audit-refused/`. With them, those of marked log lines, which
`llm-cp audit recover` sends. Safe to repeat: an event is in the trail once. While nothing is
spilled, PostgreSQL sleeps on.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from controlplane.adapters.sqs import SPILL_FOLDER
from controlplane.audit.recover import recover
from controlplane.errors import ControlPlaneError
from controlplane.telemetry import count, log

if TYPE_CHECKING:
    from controlplane.wiring import Container

REFUSED_FOLDER = "audit-refused/"
LISTED = 1_000
PIECE = 50
# No other piece begins after it: one may take half a minute, and the function has two.
SECONDS = 30.0


async def run(event: Mapping[str, Any], container: Container) -> dict[str, Any]:
    """Returns how many are in the trail, how many can never be, and how many are left for the next
    time. Raises ControlPlaneError for a wrong field, and Unreachable."""
    if "events" in event:
        found = await _given(event["events"], container)
    else:
        found = await _spilled(container)
    return {"ok": True, "type": event["type"], **found}


async def _given(events: Any, container: Container) -> dict[str, Any]:
    """`refused` and `left` are places in the list, from 0."""
    if not isinstance(events, list) or not all(isinstance(each, dict) for each in events):
        raise ControlPlaneError("'events' must be a list of audit events.")
    bodies = {str(index): json.dumps(each) for index, each in enumerate(events)}
    done = await recover(bodies, container)
    return {
        "stored": len(done.stored),
        "refused": sorted(map(int, done.refused)),
        "left": sorted(map(int, done.postponed)),
    }


async def _spilled(container: Container) -> dict[str, Any]:
    started, store = monotonic(), container.object_store
    keys = await store.keys(SPILL_FOLDER, LISTED)
    stored, refused, seen = 0, 0, 0
    for first in range(0, len(keys), PIECE):
        if monotonic() - started >= SECONDS:
            break
        piece = keys[first : first + PIECE]
        seen += len(piece)
        texts = await asyncio.gather(*map(store.get, piece))
        # Another run may have been faster.
        found = {key: text for key, text in zip(piece, texts, strict=True) if text is not None}
        bodies = {key: text.decode(errors="replace") for key, text in found.items()}
        done = await recover(bodies, container)
        await asyncio.gather(
            *(_set_aside(key, found[key], container) for key in done.refused),
            *map(store.delete, done.stored),
        )
        stored, refused = stored + len(done.stored), refused + len(done.refused)
        seen -= len(done.postponed)
    if stored:
        count("audit_recovered", stored)
    if keys:
        log.info("spilled events recovered", extra={"stored": stored, "refused": refused})
    return {"stored": stored, "refused": refused, "left": len(keys) - seen}


async def _set_aside(key: str, body: bytes, container: Container) -> None:
    store = container.object_store
    name = key.removeprefix(SPILL_FOLDER)
    await store.put(f"{REFUSED_FOLDER}{name}", body, "application/json")
    await store.delete(key)
