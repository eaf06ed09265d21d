"""The configured providers: each is made anew when its row changes, such as by a rotated key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from controlplane.config import ProviderSettings
from controlplane.domain.rotating import Rotating

P = TypeVar("P")
Rows = Mapping[str, ProviderSettings]


class ConfiguredProviders(Generic[P]):
    """The gateway's Providers, made from rows by `make`."""

    def __init__(self, rows: Rotating[Rows], make: Callable[[ProviderSettings], P]) -> None:
        self._rows = rows
        self._make = make
        self._made_from: Rows = {}
        self._providers: Mapping[str, P] = {}

    async def current(self) -> Mapping[str, P]:
        """The providers by name. Raises ConfigurationError and Unreachable."""
        rows = await self._rows.current()
        if rows is not self._made_from:
            self._providers = {
                name: self._providers[name] if self._made_from.get(name) == row else self._make(row)
                for name, row in rows.items()
            }
            self._made_from = rows
        return self._providers

    async def renewed(self, name: str, refused: P) -> P | None:
        """The provider of that name with another key than `refused`; None where there is none."""
        if (await self.current()).get(name) is refused:
            await self._rows.renewed(self._made_from)
        found = (await self.current()).get(name)
        return None if found is refused else found
