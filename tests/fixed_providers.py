"""Providers that a test has made, in the place of configured ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controlplane.gateway.ports import Provider


@dataclass
class FixedProviders:
    """The gateway's Providers. `successors` are what takes the place of one that was refused."""

    providers: Mapping[str, Provider]
    successors: dict[str, Provider] = field(default_factory=dict)

    async def current(self) -> Mapping[str, Provider]:
        return self.providers

    async def renewed(self, name: str, refused: Provider) -> Provider | None:
        successor = self.successors.pop(name, None)
        if successor is not None:
            self.providers = {**self.providers, name: successor}
        return successor
