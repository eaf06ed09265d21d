"""PostgreSQL, Valkey and emulated AWS, all of one folder, started together."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from controlplane.local.children import Child, Pause
from controlplane.local.emulator import AwsEmulator
from controlplane.local.postgres import Postgres
from controlplane.local.valkey import Valkey


class StoreServers:
    """`start`, then exhaust `wait_ready`; `stop` in any state."""

    def __init__(self, folder: Path) -> None:
        self.postgres = Postgres(folder / "postgres")
        self.valkey = Valkey(folder / "valkey")
        self.emulator = AwsEmulator(folder / "aws")
        self.aws = self.emulator.aws

    def start(self, env: Mapping[str, str]) -> None:
        """Start all of them; none waits for another. Raises LocalStackError."""
        self.emulator.start(env)
        self.valkey.start()
        self.postgres.start()

    def wait_ready(self, pause: Pause = time.sleep) -> Iterator[tuple[str, str]]:
        """Yield the name of each, and what to know of it, as soon as it can be used.

        Raises LocalStackError.
        """
        self.postgres.wait_ready(pause)
        yield f"PostgreSQL {self.postgres.version}", ""
        self.valkey.wait_ready(pause)
        if self.postgres.fresh:
            # What it remembers belongs to a database that is gone.
            self.valkey.clear()
        yield f"Valkey {self.valkey.version}", ""
        self.emulator.wait_ready(pause)
        yield "AWS (moto)", "(its queue, bucket and users end with it)"

    @property
    def children(self) -> list[Child]:
        """The processes that were started."""
        parts = (self.postgres.child, self.valkey.child, self.emulator.child)
        return [child for child in parts if child]

    def stop(self) -> None:
        """End all of them, PostgreSQL last."""
        self.emulator.stop()
        self.valkey.stop()
        self.postgres.stop()
