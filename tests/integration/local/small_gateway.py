"""The gateway over parts in memory as a server of its own, whose one provider is at an address:
`python -m tests.integration.local.small_gateway URL PORT`. It keeps payloads."""

from __future__ import annotations

import sys

import httpx
import uvicorn
from tests.unit.api.test_app import app_over
from tests.unit.gateway.parts import Payloads, gateway, policy

from controlplane.config import ProviderSettings
from controlplane.domain.routing import Target
from controlplane.wiring.providers import open_provider


class Forgetful(Payloads):
    """A bucket is not this process's memory."""

    async def put(self, key: str, payload: bytes) -> None:
        """Gone."""


def main(url: str, port: int) -> None:
    """Serve until SIGTERM."""
    row = ProviderSettings("openai", "openai", url, "sk-a-key-of-the-provider")
    made, _ = gateway(
        {"openai": open_provider(row, httpx.AsyncClient())},
        documents=policy(store_payloads=True, rate_limits=[]),
        targets=(Target("openai", "m"),),
        payloads=Forgetful(),
    )
    uvicorn.run(app_over(made), port=port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
