"""What a command works with: the gateway, reached when it is first asked, and the terminal."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from controlplane.cli.command import CommandError
from controlplane.cli.terminal import Terminal

if TYPE_CHECKING:
    import httpx

    from controlplane.cli.admin_client import AdminClient


class Session:
    """One run of the command. `transport` replaces the network in tests."""

    def __init__(
        self,
        url: str | None,
        token: str | None,
        terminal: Terminal,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.terminal = terminal
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
        return self._url

    def _connect(self, url: str, headers: dict[str, str]) -> AdminClient:
        # Not at the top: `--help` and `policy validate` need no HTTP client.
        connect = import_module("controlplane.cli.admin_client").connect
        client: AdminClient = connect(url, headers, self._transport)
        return client
