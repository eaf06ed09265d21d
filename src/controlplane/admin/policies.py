"""Policies: written to PostgreSQL, then told to the configuration cache, so they hold at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from controlplane.admin.faults import InvalidDocument
from controlplane.admin.in_force import HOLDS_WITHIN_MINUTES, put_in_force
from controlplane.admin.outage import unavailable
from controlplane.admin.precondition import Precondition, etag
from controlplane.domain.policy import Level
from controlplane.errors import NotFound, PayloadTooLarge
from controlplane.gateway.aside import on_thread
from controlplane.policy.document import check_policy
from controlplane.policy.shape import InvalidPolicy

if TYPE_CHECKING:
    from controlplane.adapters.postgres.configuration import ConfigurationRepository
    from controlplane.adapters.postgres.policies import PolicyRepository
    from controlplane.adapters.redis.configuration_cache import ConfigurationCache
    from controlplane.admin.ledger_keeper import LedgerKeeper
    from controlplane.domain.changes import Actor
    from controlplane.domain.policy import PolicyEntry

# Every request of an organisation may have to read it anew.
MAX_DOCUMENT_BYTES = 256 * 1024
_UNSTORED = "The policy cannot be stored at the moment. Try again."


class InvalidPolicyDocument(InvalidDocument):
    """A policy document that does not say what it should; a single fault is listed as well."""

    listed_from = 1

    def __init__(self, fault: InvalidPolicy) -> None:
        super().__init__("policy", fault.errors)


def check_document(document: Mapping[str, Any]) -> None:
    """Raises InvalidPolicyDocument and PayloadTooLarge."""
    if len(orjson.dumps(document)) > MAX_DOCUMENT_BYTES:
        raise PayloadTooLarge(f"A policy may be {MAX_DOCUMENT_BYTES:,} bytes long at most.")
    try:
        check_policy(document)
    except InvalidPolicy as fault:
        raise InvalidPolicyDocument(fault) from None


async def check_aside(document: Mapping[str, Any]) -> None:
    """The same on a thread: 32 patterns are weighed for half a second."""
    await on_thread(partial(check_document, document))


def not_found(level: Level) -> NotFound:
    """The answer where the subject has no policy, or is none of the organisation's."""
    return NotFound(f"There is no such policy at the level '{level}'.", param="subject_id")


def tag(entry: PolicyEntry) -> str:
    """The entity tag of a policy."""
    return etag(
        {
            "level": entry.level.value,
            "subject_id": entry.subject_id,
            "version": entry.version,
            "document": entry.document,
        }
    )


class PolicyAdministration:
    """Changes of policies; each is stored, recorded and in force when it returns.

    Writing what is stored already succeeds whatever the condition says, so a request whose answer
    was lost can be repeated. Every method raises NotFound, PreconditionFailed and Unavailable.
    """

    def __init__(
        self,
        policies: PolicyRepository,
        rules: ConfigurationRepository,
        cache: ConfigurationCache,
        ledgers: LedgerKeeper,
    ) -> None:
        self._policies = policies
        self._rules = rules
        self._cache = cache
        self._ledgers = ledgers

    async def put(
        self,
        actor: Actor,
        subject: tuple[Level, str],
        document: Mapping[str, Any],
        condition: Precondition,
    ) -> tuple[PolicyEntry, bool]:
        """Store a checked document; returns what is stored, and whether there was none before."""
        with unavailable(_UNSTORED):
            stored = await self._policies.put(actor, *subject, document, _check(condition))
        await self._put_in_force(actor)
        return stored

    async def roll_back(
        self, actor: Actor, subject: tuple[Level, str], version: int, condition: Precondition
    ) -> PolicyEntry:
        """Store the document of an older version anew. Raises InvalidRequest for a removal, and
        InvalidPolicyDocument for what would not be taken today."""
        try:
            with unavailable(_UNSTORED):
                entry = await self._policies.rollback(actor, *subject, version, _check(condition))
        except InvalidPolicy as fault:
            raise InvalidPolicyDocument(fault) from None
        await self._put_in_force(actor)
        return entry

    async def remove(
        self, actor: Actor, subject: tuple[Level, str], condition: Precondition
    ) -> None:
        """Take a policy away; its versions stay."""
        with unavailable("The policy cannot be removed at the moment. Try again."):
            was_there = await self._policies.remove(actor, *subject, _check(condition))
        # Even where nothing was left: this may be the second try of one that Redis missed.
        await self._put_in_force(actor)
        if not was_there:
            raise not_found(subject[0])

    async def _put_in_force(self, actor: Actor) -> None:
        # A new cap counts what was spent already; until it does, it would refuse everything.
        with unavailable(
            "The change is stored, but the ledger could not be told: it holds within "
            f"{HOLDS_WITHIN_MINUTES} minutes. Repeat the request to put it in force at once."
        ):
            await self._ledgers.open(actor.org_id)
        await put_in_force(self._rules, self._cache, actor.org_id)


def _check(condition: Precondition) -> Callable[[PolicyEntry | None], None]:
    return lambda stored: condition.check(None if stored is None else tag(stored))
