"""A TCP way to PostgreSQL that can stop or end, as the host behind it may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import URL, make_url


class FreezableProxy:
    """Forwards from 127.0.0.1 to the server; frozen connections stay open."""

    def __init__(self, target: URL) -> None:
        self._target = target
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._pipes: set[asyncio.Task[None]] = set()
        self.port = 0
        self.accepted = 0

    @property
    def url(self) -> str:
        """The address of the database by way of the proxy."""
        address = self._target.set(host="127.0.0.1", port=self.port, query={"sslmode": "disable"})
        return address.render_as_string(hide_password=False)

    def freeze(self) -> None:
        """From now on nothing passes, in either direction."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Pass on what has waited, and all that comes."""
        self._flowing.set()

    def cut(self) -> None:
        """End all connections, as a host that goes away does."""
        for pipe in self._pipes:
            pipe.cancel()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[FreezableProxy]:
        """Serve for as long as the block lasts."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for pipe in self._pipes:
                pipe.cancel()
            await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        upstream_reader, upstream_writer = await self._connect()
        for source, sink in ((reader, upstream_writer), (upstream_reader, writer)):
            pipe = asyncio.create_task(self._pass_on(source, sink))
            self._pipes.add(pipe)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = self._target.port or 5432
        if self._target.host:
            return await asyncio.open_connection(self._target.host, port)
        folder = self._target.query["host"]
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError):
                while data := await source.read(65_536):
                    await self._flowing.wait()
                    sink.write(data)
                    await sink.drain()
        finally:
            sink.close()


@asynccontextmanager
async def freezable(postgres_url: str) -> AsyncIterator[FreezableProxy]:
    """A proxy in front of the database at `postgres_url`."""
    async with FreezableProxy(make_url(postgres_url)).listening() as proxy:
        yield proxy
