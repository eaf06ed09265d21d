"""The configured providers. What a kind needs is imported when one of it is first called, and a
provider is made anew when its row changes, such as by a rotated key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from controlplane.config import ProviderSettings
from controlplane.domain.rotating import Rotating
from controlplane.providers.registry import KINDS

if TYPE_CHECKING:
    import httpx

    from controlplane.gateway.ports import Provider

Rows = Mapping[str, ProviderSettings]


def open_provider(settings: ProviderSettings, client: httpx.AsyncClient) -> Provider:
    """The provider of a row, made by the module that its kind names."""
    kind = KINDS[settings.kind]
    made: Provider = import_module(kind.module).provider(kind, settings, client)
    return made


class ConfiguredProviders:
    """The gateway's Providers."""

    def __init__(self, rows: Rotating[Rows], client: Callable[[], httpx.AsyncClient]) -> None:
        self._rows = rows
        self._client = client
        self._opened = _Opened({}, client, {})

    async def current(self) -> Mapping[str, Provider]:
        """The providers by name. Raises ConfigurationError and Unreachable."""
        rows, opened = await self._rows.current(), self._opened
        if rows is not opened.rows:
            kept = {name: made for name, made in opened.made.items() if opened.same(name, rows)}
            self._opened = _Opened(rows, self._client, kept)
        return self._opened

    async def renewed(self, name: str, refused: Provider) -> Provider | None:
        """The provider of that name with another key than `refused`; None where there is none."""
        if (await self.current()).get(name) is refused:
            await self._rows.renewed(self._opened.rows)
        found = (await self.current()).get(name)
        return None if found is refused else found


class _Opened(Mapping[str, "Provider"]):
    """The providers of these rows; each is made when it is first looked up."""

    def __init__(
        self,
        rows: Rows,
        client: Callable[[], httpx.AsyncClient],
        made: dict[str, Provider],
    ) -> None:
        self.rows = rows
        self.made = made
        self._client = client

    def same(self, name: str, rows: Rows) -> bool:
        """True where the provider's row is what it was."""
        return rows.get(name) == self.rows[name]

    def __getitem__(self, name: str) -> Provider:
        if name not in self.made:
            self.made[name] = open_provider(self.rows[name], self._client())
        return self.made[name]

    def __contains__(self, name: object) -> bool:
        return name in self.rows

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)
