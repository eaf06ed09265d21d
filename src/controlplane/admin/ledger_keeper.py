"""Keeping the ledger: open it, compare it with the audit trail, count it anew after a loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from controlplane.adapters.postgres.configuration import ConfigurationRepository
from controlplane.adapters.postgres.resets import Resets
from controlplane.adapters.postgres.spending import Spending
from controlplane.adapters.redis.ledger import MOST_COUNTERS
from controlplane.adapters.redis.ledger_books import Counter, LedgerBooks, LedgerPage, State
from controlplane.domain.changes import Actor
from controlplane.domain.limits import OTHERS, Limit, Measure
from controlplane.domain.policy import Level, PolicyDocument, scope
from controlplane.domain.usage import usd
from controlplane.policy.cost_caps import COST_CAPS
from controlplane.policy.limits import Counts
from controlplane.policy.mode import Mode, mode_of
from controlplane.policy.rule import LevelValue, MergedRule
from controlplane.policy.shape import InvalidPolicy

# A hold from before a loss that only the keepers noticed; requests that notice tell their own.
LEASE_SECONDS = 60.0


class Standing(StrEnum):
    """Whether requests under a cost cap are admitted."""

    OPEN = "open"
    LOST = "lost"
    BUSY = "busy"
    UNREADABLE = "unreadable"


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
        self,
        books: LedgerBooks,
        spending: Spending,
        rules: ConfigurationRepository,
        resets: Resets,
    ) -> None:
        self._books = books
        self._spending = spending
        self._rules = rules
        self._resets = resets

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
        resets = await self._resets.of(org_id)
        differences = []
        for counter in page.counters:
            recorded = await self._recorded(org_id, caps[counter.limit], page.now, resets)
            differing = _differing(counter, recorded)
            if not differing:
                continue
            repaired = repair and OTHERS not in counter.each
            for one in differing if repaired else ():
                buckets = recorded.get(one.limit.counter, {})
                repaired = await self._books.correct(org_id, one, buckets) and repaired
            total = sum(sum(buckets.values()) for buckets in recorded.values())
            differences.append(Difference(counter.limit, counter.spent, total, repaired))
        return Comparison(Standing.OPEN, len(caps), tuple(differences))

    async def reset(self, actor: Actor, limit: Limit) -> datetime:
        """Have a counter begin anew, and note who wanted it; returns from when on it counts."""
        spent = None
        if limit.measure is Measure.COST:
            (counter,) = (
                await self._books.read(actor.org_id, [replace(limit, counter="")])
            ).counters
            spent = usd((counter.each.get(limit.counter) or counter).spent)
        return await self._resets.note(
            actor, limit, spent, partial(self._books.reset, actor.org_id, limit)
        )

    async def _caps(self, org_id: str) -> dict[Limit, Cap]:
        return caps_in((await self._rules.all_of(org_id)).documents)

    async def _open(self, org_id: str, caps: Mapping[Limit, Cap], page: LedgerPage) -> int:
        untrusted = [c for c in page.counters if c.state is not State.TRUSTED]
        resets = await self._resets.of(org_id) if untrusted else {}
        spent: dict[Limit, dict[str, dict[int, int]]] = {}
        for counter in untrusted:
            recorded = await self._recorded(org_id, caps[counter.limit], page.now, resets)
            # One that is missing may have nothing on record.
            spent[counter.limit] = {name: {} for name in counter.each} | _bounded(recorded)
        began = {limit: resets.get(limit.name, {}) for limit in spent}
        await self._books.open(org_id, spent, began)
        return len(untrusted)

    async def _recorded(
        self, org_id: str, cap: Cap, now: datetime, resets: Mapping[str, Mapping[str, datetime]]
    ) -> dict[str, dict[int, int]]:
        began = resets.get(cap.limit.name, {})
        return await self._spending.spent(
            org_id, (cap.level, cap.subject_id), cap.limit, now, began
        )


def _bounded(recorded: Mapping[str, dict[int, int]]) -> dict[str, dict[int, int]]:
    """Those who spent most keep their counters where there are too many; the others share one."""
    if len(recorded) < MOST_COUNTERS:
        return dict(recorded)
    most = sorted(recorded, key=lambda name: sum(recorded[name].values()), reverse=True)
    kept = {name: recorded[name] for name in most[: MOST_COUNTERS - 1]}
    kept[OTHERS] = _sums(recorded[name] for name in most[MOST_COUNTERS - 1 :])
    return kept


def _differing(counter: Counter, recorded: Mapping[str, Mapping[int, int]]) -> list[Counter]:
    """The counters that are not what is on record; the whole, where some share a counter and it is
    not known who."""
    if counter.limit.per is None:
        return [] if _spent(counter.buckets) == _spent(recorded.get("", {})) else [counter]
    if OTHERS in counter.each:
        counted = _sums(one.buckets for one in counter.each.values())
        return [] if _spent(counted) == _spent(_sums(recorded.values())) else [counter]
    unknown = {
        name: Counter(replace(counter.limit, counter=name), State.TRUSTED, 0, counter.moved_at, {})
        for name in recorded
        if name not in counter.each
    }
    return [
        one
        for name, one in {**counter.each, **unknown}.items()
        if _spent(one.buckets) != _spent(recorded.get(name, {}))
    ]


def _spent(buckets: Mapping[int, int]) -> dict[int, int]:
    return {bucket: spent for bucket, spent in buckets.items() if spent}


def _sums(counters: Iterable[Mapping[int, int]]) -> dict[int, int]:
    sums: dict[int, int] = {}
    for buckets in counters:
        for bucket, spent in buckets.items():
            sums[bucket] = sums.get(bucket, 0) + spent
    return sums


def limits_in(
    documents: Sequence[PolicyDocument], rules: Sequence[MergedRule[Counts, tuple[Limit, ...]]]
) -> dict[Limit, Cap]:
    """Every limit of these rules that is enforced, now or at some time.

    A document that cannot be read has none: no request is admitted under it either.
    """
    found = {}
    for entry in documents:
        with suppress(InvalidPolicy, ValueError):
            for rule in rules if mode_of(entry) is Mode.ENFORCE else ():
                if rule.field in entry.document:
                    value = rule.shape.read(entry.document[rule.field], rule.field)
                    stated = LevelValue(entry.level, scope(entry.level, entry.subject_id), value)
                    for limit in rule.merge([stated]):
                        found[limit] = Cap(limit, entry.level, entry.subject_id)
    return found


def caps_in(documents: Sequence[PolicyDocument]) -> dict[Limit, Cap]:
    """Every cost cap that is enforced, now or at some time."""
    return limits_in(documents, [COST_CAPS])
