"""Detectors of secrets without an issuer: private keys, signed tokens, passwords in addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from controlplane.screening.detector import Detector, Span

_IN_URL = r"[^\s:@/\x00-\x1f\"'<>\\]"
_MAX_BLOCK_BYTES = 16 * 1024
_BLOCK_END = re.compile(rb"-----END [A-Z0-9 ]{0,40}-----")
_BLOCK_BODY = re.compile(rb"[A-Za-z0-9+/=\s\\:,-]*")
_KEY_LINE = re.compile(rb"[A-Za-z0-9+/=]{20}")
# What stands where a password would: `${PASSWORD}`, `<password>`, `****`, `[SECRET_1]`, and the
# words of examples.
_PLACEHOLDER = re.compile(
    rb"[$<{\[%*].*|x+|\.{3}|(?:my|your)?[-_]?(?:pass(?:word|wd)?|pwd|secret|token|user(?:name)?)"
    rb"|postgres|root|guest|admin|test|example|changeme",
    re.IGNORECASE,
)

_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQ"


def _block(data: bytes, start: int, end: int) -> Iterator[Span]:
    """From BEGIN to END; where END is missing, as far as it still looks like a key.

    Refused where nothing like a key is inside: code and prose speak of these lines too.
    """
    limit = min(end + _MAX_BLOCK_BYTES, len(data))
    for bound in (b"\x00", b"-----BEGIN"):
        found = data.find(bound, end, limit)
        limit = limit if found < 0 else found
    body = _BLOCK_END.search(data, end, limit) or _BLOCK_BODY.match(data, end, limit)
    if body and _KEY_LINE.search(data, end, body.end()):
        yield start, body.end()


def _password(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Refuses what only stands for a password."""
    if not _PLACEHOLDER.fullmatch(data, start, end):
        yield start, end


DETECTORS = (
    Detector(
        "private_key_block",
        "secret",
        "secrets",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----",
        refine=_block,
        matches=(
            f"-----BEGIN PRIVATE KEY-----\n{_LINE}\nAB==\n-----END PRIVATE KEY-----",
            f"-----BEGIN RSA PRIVATE KEY-----\\n{_LINE}\\nAB",
            f"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n{_LINE}\n-----END PGP",
            f"-----BEGIN EC PRIVATE KEY-----\nDEK-Info: AES-128-CBC,0A1B\n\n{_LINE}",
        ),
        ignores=(
            f"-----BEGIN PUBLIC KEY-----\n{_LINE}\n-----END PUBLIC KEY-----",
            f"-----BEGIN CERTIFICATE-----\n{_LINE}",
            "between -----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY-----",
        ),
    ),
    Detector(
        "jwt",
        "secret",
        "secrets",
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
        matches=(
            "Bearer eyJhbGciOiJSUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "aB3dE6gH9j" * 4,
        ),
        ignores=("eyJhbGciOiJSUzI1NiJ9", "eyJhbGciOiJSUzI1NiJ9.e30.abc"),
    ),
    Detector(
        "connection_string",
        "secret",
        "secrets",
        rf"(?i)\b[a-z][a-z0-9+.-]*://(?:{_IN_URL})*:((?:{_IN_URL}|:)+)@[a-z0-9\[]",
        refine=_password,
        matches=(
            "postgres://app:hunter2@db.example.com:5432/app",
            "postgresql+psycopg://app:p%40ss@10.0.0.1/app",
            "redis://:hunter2@cache:6379/0",
            "rediss://default:hunter2@cache",
            "mongodb+srv://app:hunter2@cluster0.abcde.mongodb.net/?retryWrites=true",
            "mysql://root:hunter2@localhost",
            "amqps://app:hunter2@queue",
            "https://app:hunter2@example.com/path",
        ),
        ignores=(
            "postgres://db.example.com/app",
            "postgres://app@db.example.com",
            "postgres://app:${PASSWORD}@db",
            "postgres://app:<password>@db",
            "postgres://app:****@db",
            "postgres://user:pass@localhost",
            "http://host:8080/a@b",
            "https://example.com:8080",
        ),
    ),
)
