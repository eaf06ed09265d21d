"""Keeping the ledger: open it, compare it with the audit trail, count it anew after a loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from controlplane.adapters.postgres.configuration import ConfigurationRepository
from controlplane.adapters.postgres.spending import Spending
from controlplane.adapters.redis.ledger_books import LedgerBooks, LedgerPage, State
from controlplane.domain.limits import Limit
from controlplane.domain.policy import Level, PolicyDocument, scope
from controlplane.policy.cost_caps import COST_CAPS
from controlplane.policy.mode import Mode, mode_of
from controlplane.policy.rule import LevelValue
from controlplane.policy.shape import InvalidPolicy

# A hold from before a loss that only the keepers noticed; requests that notice tell their own.
LEASE_SECONDS = 60.0


class Standing(StrEnum):
    """Whether requests under a cost cap are admitted."""

    OPEN = "open"
    LOST = "lost"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Cap:
    """A cost cap, and whose it is."""

    limit: Limit
    level: Level
    subject_id: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A counter that is not what the audit trail says, in micro-dollars."""

    limit: Limit
    ledger_microusd: int
    recorded_microusd: int
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `reconcile` found; where the ledger is busy or lost, nothing was compared."""

    standing: Standing
    counters: int = 0
    differences: tuple[Difference, ...] = ()


class LedgerKeeper:
    """Every method raises Unreachable."""

    def __init__(
        self, books: LedgerBooks, spending: Spending, rules: ConfigurationRepository
    ) -> None:
        self._books = books
        self._spending = spending
        self._rules = rules

    async def open(self, org_id: str) -> Standing:
        """Make sure that the counter of every cost cap as it is stored now can be trusted.

        To be called between storing a policy and putting it in force, and now and then. A cap that
        is new starts with what was spent in its period so far; one that is gone is trusted no more.
        Where Redis has lost what it knew, nothing is opened: `ledger-restore` will, once no hold
        from before can live.
        """
        caps = await self._caps(org_id)
        while True:
            page = await self._books.read(org_id, list(caps))
            is_lost = any(counter.state is State.LOST for counter in page.counters)
            if is_lost or (caps and not page.exists and not await self.is_new(org_id)):
                await self._books.note_lost(org_id, LEASE_SECONDS)
                return Standing.LOST
            await self._books.close_others(org_id, list(caps))
            await self._open(org_id, caps, page)
            # Another cap may have been stored and opened meanwhile.
            before, caps = caps, await self._caps(org_id)
            if caps == before:
                return Standing.OPEN

    async def restore(self, org_id: str) -> int:
        """Open what cannot be trusted with what the audit trail says; returns how many counters.

        To be called when no hold from before the loss can live and the trail is complete.
        """
        caps = await self._caps(org_id)
        page = await self._books.read(org_id, list(caps))
        opened = await self._open(org_id, caps, page)
        await self._books.found(org_id)
        return opened

    async def is_new(self, org_id: str) -> bool:
        """Whether there is no request on record: nothing can have been spent."""
        return not await self._spending.has_requests(org_id)

    async def reconcile(self, org_id: str, *, quiet: timedelta, repair: bool) -> Comparison:
        """Compare every counter with the audit trail, bucket by bucket.

        Not while anything is held, or was settled within `quiet`: its record may be on its way.
        Repairs where asked, and where no request has come between.
        """
        caps = await self._caps(org_id)
        page = await self._books.read(org_id, list(caps))
        if any(counter.state is not State.TRUSTED for counter in page.counters):
            return Comparison(Standing.LOST)
        latest = page.now - quiet
        if any(counter.held or counter.moved_at > latest for counter in page.counters):
            return Comparison(Standing.BUSY)
        differences = []
        for counter in page.counters:
            recorded = await self._recorded(org_id, caps[counter.limit], page.now)
            if recorded == {bucket: spent for bucket, spent in counter.buckets.items() if spent}:
                continue
            repaired = repair and await self._books.correct(org_id, counter, recorded)
            differences.append(
                Difference(counter.limit, counter.spent, sum(recorded.values()), repaired)
            )
        return Comparison(Standing.OPEN, len(caps), tuple(differences))

    async def _caps(self, org_id: str) -> dict[Limit, Cap]:
        return caps_in((await self._rules.all_of(org_id)).documents)

    async def _open(self, org_id: str, caps: Mapping[Limit, Cap], page: LedgerPage) -> int:
        untrusted = [c.limit for c in page.counters if c.state is not State.TRUSTED]
        spent = {limit: await self._recorded(org_id, caps[limit], page.now) for limit in untrusted}
        await self._books.open(org_id, spent)
        return len(untrusted)

    async def _recorded(self, org_id: str, cap: Cap, now: datetime) -> Mapping[int, int]:
        assert cap.limit.window is not None
        return await self._spending.spent(org_id, cap.level, cap.subject_id, cap.limit.window, now)


def caps_in(documents: Sequence[PolicyDocument]) -> dict[Limit, Cap]:
    """Every cost cap that is enforced, now or at some time.

    A document that cannot be read has none: no request is admitted under it either.
    """
    caps = {}
    for entry in documents:
        with suppress(InvalidPolicy, ValueError):
            if mode_of(entry) is Mode.ENFORCE and COST_CAPS.field in entry.document:
                value = COST_CAPS.shape.read(entry.document[COST_CAPS.field], COST_CAPS.field)
                stated = LevelValue(entry.level, scope(entry.level, entry.subject_id), value)
                for limit in COST_CAPS.merge([stated]):
                    caps[limit] = Cap(limit, entry.level, entry.subject_id)
    return caps
