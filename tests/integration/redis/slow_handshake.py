"""A Redis behind TLS whose handshake is slow, as a cold function finds it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class SlowHandshake:
    """TLS in front of a Redis: the handshake takes its time, and everything may stop."""

    def __init__(self, redis_url: str, certificate: ssl.SSLContext, seconds: float) -> None:
        self._target = urlsplit(redis_url)
        self._certificate = certificate
        self._seconds = seconds
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._pipes: set[asyncio.Task[None]] = set()
        self.url = ""

    def freeze(self) -> None:
        """From now on nothing passes."""
        self._flowing.clear()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[SlowHandshake]:
        """Serve for as long as the block lasts."""
        inner = await asyncio.start_server(self._inside, "127.0.0.1", 0, ssl=self._certificate)
        self._inner = inner.sockets[0].getsockname()
        outer = await asyncio.start_server(self._outside, "127.0.0.1", 0)
        port = outer.sockets[0].getsockname()[1]
        self.url = f"rediss://127.0.0.1:{port}{self._target.path}?ssl_cert_reqs=none"
        try:
            yield self
        finally:
            outer.close()
            inner.close()
            for pipe in self._pipes:
                pipe.cancel()
            await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _outside(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self._seconds)
        self._join(reader, writer, *await asyncio.open_connection(*self._inner))

    async def _inside(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place = self._target.hostname, self._target.port
        self._join(reader, writer, *await asyncio.open_connection(*place))

    def _join(self, *ends: Any) -> None:
        reader, writer, other_reader, other_writer = ends
        for source, sink in ((reader, other_writer), (other_reader, writer)):
            self._pipes.add(asyncio.create_task(self._pass_on(source, sink)))

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError):
                while data := await source.read(65_536):
                    await self._flowing.wait()
                    sink.write(data)
                    await sink.drain()
        finally:
            sink.close()


def self_signed(file: Path) -> ssl.SSLContext:
    """What a server shows whom nobody knows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "redis.test")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    pem = serialization.Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.sign(key, hashes.SHA256()).public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
