"""A process that asks the ledger, for tests of many processes at once.

The parent writes one job per line, the process answers each with one line; both are JSON.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger import RedisLedger
from controlplane.domain.limits import Claim, Limit, Measure, Per, Period

ROOT = Path(__file__).parents[3]
PROVIDER_SECONDS = 0.03


class LedgerProcess(AbstractContextManager["LedgerProcess"]):
    """The parent's side. Its clock is off by so many seconds."""

    def __init__(self, redis_url: str, *, clock_off_by: float = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, redis_url, str(clock_off_by)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
            text=True,
        )

    def begin(self, job: str, limit: Limit, **options: Any) -> None:
        """Start a job: `calls`, `unguarded_calls` or `hang`."""
        assert self._process.stdin is not None
        row = {"job": job, "limit": asdict(limit), **options}
        self._process.stdin.write(json.dumps(row) + "\n")
        self._process.stdin.flush()

    def result(self) -> dict[str, int]:
        """Wait for the answer to the oldest job."""
        assert self._process.stdout is not None
        answer: dict[str, int] = json.loads(self._process.stdout.readline())
        return answer

    def kill(self) -> None:
        """SIGKILL: nothing in the process gets to clean up."""
        self._process.kill()
        self._process.wait()

    def __exit__(self, *_: object) -> None:
        self.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


class _Worker:
    """The process's side."""

    def __init__(self, redis_url: str) -> None:
        self.client = RedisClient(redis_url, 5_000, 64)
        self.ledger = RedisLedger(self.client)

    async def calls(
        self, limit: Limit, org_id: str, prefix: str, number: int, amount: int
    ) -> dict[str, int]:
        """So many requests at once, each of which uses all that it held."""

        async def one(index: int) -> bool:
            name = f"{prefix}{index}"
            claim = Claim(name, org_id, (limit,), tokens=amount, cost_microusd=amount)
            decision = await self.ledger.reserve(claim)
            if decision.refused_by is not None:
                return False
            await self._provider(org_id)
            await self.ledger.settle(decision.hold, tokens=amount, cost_microusd=amount)
            return True

        return await _all_at_once(one, number)

    async def unguarded_calls(
        self, limit: Limit, org_id: str, prefix: str, number: int, amount: int
    ) -> dict[str, int]:
        """The control: look whether there is room, call, and add what it cost."""
        key = f"control:{{{org_id}}}"
        grows = limit.measure is not Measure.CONCURRENCY

        async def one(_: int) -> bool:
            used = int(await self.client.redis.get(key) or 0)
            if used + amount > limit.capacity:
                return False
            if not grows:
                await self.client.redis.incrby(key, amount)
            await self._provider(org_id)
            await self.client.redis.incrby(key, amount if grows else -amount)
            return True

        return await _all_at_once(one, number)

    async def hang(self, limit: Limit, org_id: str, **claim: Any) -> dict[str, int]:
        """Take a hold, and never settle it."""
        decision = await self.ledger.reserve(Claim(org_id=org_id, limits=(limit,), **claim))
        return {"admitted": int(decision.refused_by is None)}

    async def _provider(self, org_id: str) -> None:
        running = await self.client.redis.incr(f"running:{{{org_id}}}")
        await self.client.redis.zadd(f"peak:{{{org_id}}}", {"peak": running}, gt=True)
        await self.client.redis.incr(f"provider:{{{org_id}}}")
        await asyncio.sleep(PROVIDER_SECONDS)
        await self.client.redis.decr(f"running:{{{org_id}}}")


async def _all_at_once(one: Callable[[int], Awaitable[bool]], number: int) -> dict[str, int]:
    admitted = sum(await asyncio.gather(*(one(index) for index in range(number))))
    return {"admitted": admitted, "refused": number - admitted}


def _limit(row: dict[str, Any]) -> Limit:
    window = row["window"]
    if isinstance(window, str):
        window = Period(window)
    return Limit(
        Measure(row["measure"]),
        row["scope"],
        row["capacity"],
        window,
        models=tuple(row["models"]),
        per=row["per"] and Per(row["per"]),
        time_zone=row["time_zone"],
        counter=row["counter"],
    )


async def _main(redis_url: str) -> None:
    worker = _Worker(redis_url)
    while line := await asyncio.to_thread(sys.stdin.readline):
        job = json.loads(line)
        run = getattr(worker, job.pop("job"))
        answer = await run(_limit(job.pop("limit")), **job)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    real, off_by = time.time, float(sys.argv[2])
    time.time = lambda: real() + off_by
    asyncio.run(_main(sys.argv[1]))
