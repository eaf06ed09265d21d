"""Has Redis come back from an older snapshot? Then nothing that it holds is to be believed.

The hash `mark` has a `seq`, which grows with every change of keys or rules, and an `epoch`. A
process that has seen a later mark than Redis shows begins a new epoch; entries and ledgers of
another epoch are not in force. It is read in the round trips that there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controlplane.adapters.redis.scripts import script
from controlplane.telemetry import count, log

MARK_KEY = "mark"
_FIELDS = ("epoch", "seq")


class Mark:
    """The latest mark that this process has seen."""

    def __init__(self, redis: Any) -> None:
        self._renew = redis.register_script(script("mark.lua"))
        self._epoch = 0
        self._seq = 0

    @property
    def epoch(self) -> str:
        """The epoch in force; empty where none was seen yet."""
        return str(self._epoch) if self._epoch else ""

    @staticmethod
    def queue(pipe: Any) -> None:
        """Ask for it in a pipeline; the reply is for `is_seen`."""
        pipe.hmget(MARK_KEY, _FIELDS)

    def is_seen(self, reply: Sequence[bytes | None]) -> bool:
        """Take notice; False where a new epoch has to begin (`renewed`)."""
        seen = int(reply[0] or 0), int(reply[1] or 0)
        if not seen[0] or seen < (self._epoch, self._seq):
            return False
        self._epoch, self._seq = seen
        return True

    async def renewed(self, redis: Any, *, older: bool = False) -> None:
        """Begin a new epoch where Redis is `older`, or its mark is; a command for `run`."""
        before = self._epoch
        args = [self._epoch, self._seq, int(older)]
        self._epoch, self._seq = await self._renew(keys=[MARK_KEY], args=args)
        if before and self._epoch != before:
            count("redis_older")
            log.error("redis is older than it was; all that it holds is read anew")

    async def read(self, redis: Any) -> None:
        """Read it anew: another process may have begun an epoch; a command for `run`."""
        if not self.is_seen(await redis.hmget(MARK_KEY, _FIELDS)):
            await self.renewed(redis)

    async def changed(self, redis: Any) -> None:
        """What was just written must not be undone; a command for `run`."""
        self._seq = max(self._seq, int(await redis.hincrby(MARK_KEY, "seq", 1)))
