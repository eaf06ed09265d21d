"""A receiver of webhooks on real sockets: HTTPS with a certificate of its own. It checks signatures
by its own code, and never by the gateway's."""

from __future__ import annotations

import asyncio
import base64
import datetime
import hashlib
import hmac
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TOLERANCE_SECONDS = 300


@dataclass
class Receiver:
    """`statuses` are answered in turn, then 204; what came is in `requests`."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    silent: bool = False
    seen: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/hook?team=a"

    def verified(self, index: int, secret: str) -> dict[str, Any]:
        """The body of a request whose signature, time and id are right."""
        headers, body = self.requests[index]
        stamp = headers["webhook-timestamp"]
        now = datetime.datetime.now(datetime.UTC).timestamp()
        assert abs(int(stamp) - now) < TOLERANCE_SECONDS, "a message of another time"
        assert secret.startswith("whsec_")
        key = base64.b64decode(secret[6:])
        assert 24 <= len(key) <= 64
        mac = hmac.new(
            key, b".".join([headers["webhook-id"].encode(), stamp.encode(), body]), hashlib.sha256
        )
        expected = "v1," + base64.b64encode(mac.digest()).decode()
        assert expected in headers["webhook-signature"].split(" ")
        read: dict[str, Any] = json.loads(body)
        return read

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in pairs} | {"request": head[0]}
        body = await reader.readexactly(int(headers["content-length"]))
        self.requests.append((headers, body))
        if self.silent:
            await asyncio.sleep(30)
        status = self.statuses.pop(0) if self.statuses else 204
        place = "location: https://localhost:1/\r\n" if status == 302 else ""
        writer.write(f"HTTP/1.1 {status} x\r\n{place}content-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiver(folder: Path, **options: Any) -> AsyncIterator[tuple[Receiver, ssl.SSLContext]]:
    """One that listens, and how a client trusts its certificate."""
    made = Receiver(**options)
    certificate, key = _certificate(folder)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate, key)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=server_side)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made, ssl.create_default_context(cafile=str(certificate))
    finally:
        server.close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a receiver of tests")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.2"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "receiver.pem", folder / "receiver.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, secret
