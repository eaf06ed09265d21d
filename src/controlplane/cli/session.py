"""What a command works with: the gateway, reached when it is first asked, and the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from controlplane.cli.errors import EXIT_OK, CommandError
from controlplane.cli.terminal import Column, Terminal, shown

if TYPE_CHECKING:
    import httpx

    from controlplane.cli.admin_client import AdminClient, Listing, Response

# What a request adds to the gateway's address, the longer one first.
_API_PATHS = ("/admin/v1", "/v1")


class Session:
    """One run of the command. With `as_json` the gateway's answers are shown as they came;
    `transport` replaces the network in tests."""

    def __init__(
        self,
        url: str | None,
        token: str | None,
        terminal: Terminal,
        *,
        as_json: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.terminal = terminal
        self.as_json = as_json
        self._url = url
        self._token = token
        self._transport = transport

    @cached_property
    def gateway(self) -> AdminClient:
        """A client of the gateway. Raises CommandError where its address or the token is missing
        or wrong."""
        url = self._checked_url()
        if not self._token:
            raise CommandError("Set LLM_CP_ADMIN_TOKEN or --token to a key of the gateway.")
        if not self._token.isascii() or not self._token.isprintable():
            raise CommandError("The token holds characters that no token has.")
        return self._connect(url, {"Authorization": f"Bearer {self._token}"})

    @cached_property
    def invoke_api(self) -> AdminClient:
        """The same address without the token: the Invoke API of the local stack asks for none."""
        return self._connect(self._checked_url(), {})

    def show_table(self, columns: Sequence[Column], found: Listing | Response) -> int:
        """The rows that the gateway returned. EXIT_OK, for a command that ends so."""
        if self.as_json:
            self.terminal.raw(found.text)
        else:
            self.terminal.table(columns, found.rows)
        return EXIT_OK

    def show_fields(self, values: Mapping[str, Any], found: Response) -> int:
        """The object that the gateway returned, as `values`. EXIT_OK."""
        if self.as_json:
            self.terminal.raw(found.text)
        else:
            self.terminal.fields(values)
        return EXIT_OK

    def close(self) -> None:
        """Close what was opened."""
        for name in ("gateway", "invoke_api"):
            if name in self.__dict__:
                self.__dict__[name].close()

    def _checked_url(self) -> str:
        if not self._url:
            raise CommandError("Set LLM_CP_URL or --url to the gateway's address.")
        if not self._url.startswith(("http://", "https://")):
            raise CommandError("The gateway's address must start with https:// or http://.")
        for path in _API_PATHS:
            gateway, separator, rest = self._url.rstrip("/").rpartition(path)
            if separator and not rest:
                use = f"use {shown(gateway)}."
                raise CommandError(f"The gateway's address must not end in {path}: {use}")
        return self._url

    def _connect(self, url: str, headers: dict[str, str]) -> AdminClient:
        # Not at the top: `--help` and `policy validate` need no HTTP client.
        from controlplane.cli.admin_client import connect

        return connect(url, headers, self._transport)
